"""Tests of which bursts have the length and the width of a mode's packets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dsp.bursts import Burst, ChirpFinding, KeyingFinding
from dsp.protocols.record import FskPhy
from node.tracking.candidates import (
    AIRTIME_RANGE,
    FSK_AIRTIME_RANGE,
    FSK_BANDWIDTH_RANGE,
    FSK_BANDWIDTH_ROOM_HZ,
    WEAK_AIRTIME_RANGE,
    Candidate,
    Candidates,
    chirp_candidates,
    keyed_candidates,
    weak_least_s,
)
from node.tracking.hops import folded_one_s
from node.tracking.packets import collect, is_weak


def _is_kin(candidate: Candidate, burst: Burst) -> bool:
    """One burst and one mode by themselves."""
    timing, phy = candidate.timing, candidate.mode.phy
    ratio = folded_one_s(burst.duration_s, timing) / timing.airtime_s
    if isinstance(phy, FskPhy):
        low_hz, high_hz = (part * phy.bandwidth_hz for part in FSK_BANDWIDTH_RANGE)
        wide = low_hz < burst.bandwidth_hz < high_hz + FSK_BANDWIDTH_ROOM_HZ
        return wide and FSK_AIRTIME_RANGE[0] < ratio < FSK_AIRTIME_RANGE[1]
    if AIRTIME_RANGE[0] < ratio < AIRTIME_RANGE[1]:
        return True
    least = weak_least_s(candidate.mode, timing.airtime_s) / timing.airtime_s
    return is_weak(burst) and least < ratio < WEAK_AIRTIME_RANGE[1]


def _agrees(candidates: Candidates, bursts: list[Burst]) -> int:
    kin = candidates.kin(collect(bursts))
    assert kin.tolist() == [[_is_kin(each, burst) for burst in bursts] for each in candidates.modes]
    return int(np.count_nonzero(kin))


@pytest.mark.parametrize("factor", [5, 6, 7, 8])
def test_chirps_of_all_lengths_strong_and_weak(factor: int) -> None:
    shape = ChirpFinding(factor, 500e3, 2**factor / 500e3, (500e3) ** 2 / 2**factor, 9.0)
    candidates = chirp_candidates(shape)
    assert candidates.modes
    rng = np.random.default_rng(factor)
    bursts = [
        Burst(
            k * 1_000_000,
            float(np.exp(rng.uniform(np.log(5e-4), np.log(0.2)))),
            915e6,
            500e3,
            rng.uniform(-20.0, 20.0),
            -30.0,
            shape,
        )
        for k in range(600)
    ]
    assert _agrees(candidates, bursts) > 60
    # Where none is weak the shortest are nobody's.
    assert _agrees(candidates, [replace(burst, snr_db=20.0) for burst in bursts]) > 30


def test_keyed_bursts_of_all_lengths_and_widths() -> None:
    rng = np.random.default_rng(3)
    bursts = [
        Burst(
            k * 1_000_000,
            float(np.exp(rng.uniform(np.log(5e-4), np.log(0.2)))),
            868e6,
            rng.uniform(20e3, 400e3),
            10.0,
            -30.0,
            KeyingFinding(20e3, None, 5.0),
        )
        for k in range(600)
    ]
    assert _agrees(keyed_candidates(), bursts) > 100


def test_no_modes_have_no_kin() -> None:
    burst = Burst(0, 5e-3, 868e6, 1e5, 10.0, -30.0, KeyingFinding(20e3, None, 5.0))
    assert Candidates(()).kin(collect([burst])).shape == (0, 1)
    assert keyed_candidates().kin(collect([])).shape[1] == 0
