"""Two makers' links with the same chirps and pace, told by the grids that their channels lie on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from dsp.bursts import Burst, ChirpFinding, KeyingFinding
from node.tracking.grids import on_grid
from node.tracking.track import TrackChange

Names = Callable[..., set[tuple[str, str | None]]]
SECONDS = 4.0
CENTRE_HZ = 867.2e6
SYMBOL_S = 64 / 500e3
CROSSFIRE_HZ = tuple(860.167e6 + 260.01e3 * number for number in range(50))
R9_HZ = tuple(863.25e6 + 250e3 * number for number in range(19))


def link(
    grid_hz: tuple[float, ...], airtime_s: float, answer_s: tuple[float, float], heard: float, seed: int
) -> list[Burst]:
    """A packet every 20 ms and the answer after it; ``answer_s`` is its delay and length."""
    rng = np.random.default_rng((seed, 17))
    finding = ChirpFinding(6, 500e3, SYMBOL_S, 500e3 / SYMBOL_S, 0.8)
    bursts = []
    for slot in range(int(SECONDS / 0.020)):
        for late_s, length_s in ((0.0, airtime_s), answer_s):
            channel_hz = float(rng.choice(grid_hz)) + 23e3
            if abs(channel_hz - CENTRE_HZ) < 0.95e6 and rng.random() < heard:
                start_ns = round((0.004 + slot * 0.020 + late_s) * 1e9)
                bursts.append(
                    Burst(start_ns, length_s, channel_hz + float(rng.normal(0, 3e3)), 500e3, 9.0, -20.0, finding)
                )
    return bursts


@pytest.fixture
def names(track: Callable[..., list[TrackChange]]) -> Names:
    return lambda bursts: {
        (c.track.label, c.track.mode)
        for c in track(bursts, SECONDS, CENTRE_HZ)
        if c.kind == "end" and c.track.family.startswith("drone")
    }


@pytest.mark.parametrize("seed", range(4))
def test_a_link_on_a_grid_of_260_kilohertz_is_not_one_of_250(names: Names, seed: int) -> None:
    bursts = link(CROSSFIRE_HZ, 7.07e-3, (11e-3, 5.15e-3), 0.5, seed)
    assert names(bursts) == {("crossfire", "50Hz")}


@pytest.mark.parametrize("seed", range(4))
def test_a_link_on_a_grid_of_250_kilohertz_is_not_one_of_260(names: Names, seed: int) -> None:
    bursts = link(R9_HZ, 5.28e-3, (11.6e-3, 5.28e-3), 0.9, seed)
    assert names(bursts) == {("frsky-r9", "14B-LBT")}


def weak(bursts: list[Burst], seed: int) -> list[Burst]:
    """At the demodulator's floor: ends come early, and the centre of every tenth is off by a hundred kilohertz."""
    rng = np.random.default_rng((seed, 31))
    found = []
    for each in bursts:
        error_hz = float(rng.normal(0, 4e3) if rng.random() > 0.1 else rng.uniform(-120e3, 120e3))
        missed_s = float(max(0, rng.geometric(0.5) - 1)) * SYMBOL_S
        found.append(
            replace(each, snr_db=-5.0, centre_hz=each.centre_hz + error_hz, duration_s=each.duration_s - missed_s)
        )
    return found


@pytest.mark.parametrize("seed", range(4))
def test_weak_packets_are_named_by_their_grid(names: Names, seed: int) -> None:
    bursts = weak(link(CROSSFIRE_HZ, 7.07e-3, (11e-3, 5.15e-3), 0.5, seed), seed)
    assert ("crossfire", "50Hz") in names(bursts)


@pytest.mark.parametrize("seed", range(4))
def test_weak_packets_are_named_by_the_lengths_of_both_ends(names: Names, seed: int) -> None:
    """Either end may be the one whose clock is found first; the short packets alone are another mode's."""
    grid_hz = tuple(860.0e6 + 500e3 * number for number in range(29))
    bursts = weak(link(grid_hz, 7.84e-3, (11.6e-3, 5.28e-3), 0.9, seed), seed)
    assert names(bursts) == {("frsky-r9", "26B")}
    bursts = weak(link(R9_HZ, 5.28e-3, (11.6e-3, 5.28e-3), 0.9, seed), seed)
    assert names(bursts) == {("frsky-r9", "14B-LBT")}


def test_a_grid_of_uneven_steps_has_its_channels_where_they_are() -> None:
    uneven_hz = (433.36e6, 433.48e6, 433.92e6)
    assert on_grid((433.482e6, 433.922e6), uneven_hz, 120e3) == 1.0
    assert on_grid((433.482e6, 433.722e6), uneven_hz, 120e3) < 1.0


@pytest.mark.parametrize("seed", range(4))
def test_a_neighbour_that_keeps_the_clock_now_and_then_is_no_channel(
    track: Callable[..., list[TrackChange]], seed: int
) -> None:
    """One of six channels is heard; a fifth of what keeps the clock is somebody's between two of the grid."""
    rng = np.random.default_rng((seed, 41))
    finding = KeyingFinding(36e3, 100e3, 4.0)
    starts_s = [(0.004 + slot * 0.020, 864.85e6, 200e3) for slot in range(1, 400, 6)]
    starts_s += [(start_s + 0.010, 864.85e6, 200e3) for start_s, _, _ in starts_s]
    starts_s += [(0.004 + int(slot) * 0.020, 865.59e6, 170e3) for slot in rng.permutation(66)[:16] * 6 + 2]
    bursts = [
        Burst(round(start_s * 1e9), 7.6e-3, hz - 19e3 + float(rng.normal(0, 500)), width_hz, 6.0, -20.0, finding)
        for start_s, hz, width_hz in sorted(starts_s)
    ]
    ends = [c.track for c in track(bursts, 8.2, 865.0e6) if c.kind == "end" and c.track.family.startswith("drone")]
    assert [(each.label, each.mode) for each in ends] == [("mlrs", "50HzFSK")]
    assert np.allclose(ends[0].channels_hz, [864.831e6], atol=2e3)
