"""Tests of which bursts the classifier is asked about."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dsp.bursts import (
    Burst,
    ChirpFinding,
    CyclicPrefixFinding,
    EnergyFinding,
    Finding,
    KeyingFinding,
    LineCombFinding,
)
from dsp.protocols import BY_LABEL
from models.classifier import Classification, ModelRef
from node.chirp_records import protocols_that_chirp
from node.patch_budget import PatchBudget, is_open
from node.pipeline import Sighting
from node.tracking.labels import burst_label, family_of


def _burst(finding: Finding, centre_hz: float = 868.3e6) -> Burst:
    return Burst(0, 5e-3, centre_hz, 400e3, 12.0, -20.0, finding)


def _chirp(factor: int, bandwidth_hz: float) -> ChirpFinding:
    symbol_s = 2**factor / bandwidth_hz
    return ChirpFinding(factor, bandwidth_hz, symbol_s, bandwidth_hz / symbol_s, 9.0)


def test_harmless_chirps_and_what_has_no_name_are_open() -> None:
    assert is_open(_burst(_chirp(7, 125e3)), tuning_known=True)
    assert is_open(_burst(KeyingFinding(50e3, None, 5.0)), tuning_known=True)
    assert is_open(_burst(EnergyFinding(0.5)), tuning_known=True)


def test_chirps_that_only_drones_send_and_findings_that_name_are_not() -> None:
    assert not is_open(_burst(_chirp(6, 500e3), 915.0e6), tuning_known=True)
    assert not is_open(_burst(LineCombFinding("pal", 15625.0, 20.0), 5.8e9), tuning_known=True)
    assert not is_open(_burst(CyclicPrefixFinding(15e3, 9.0), 2.4e9), tuning_known=True)


def test_a_chirp_of_no_record_is_not() -> None:
    assert not is_open(_burst(_chirp(12, 500e3), 101.0e6), tuning_known=True)


@pytest.mark.parametrize("factor", range(5, 13))
@pytest.mark.parametrize("bandwidth_hz", [125e3, 250e3, 500e3, 812.5e3])
@pytest.mark.parametrize("centre_hz", [433.92e6, 868.3e6, 915.0e6, 2.44e9])
@pytest.mark.parametrize("known", [True, False])
def test_where_it_is_not_asked_no_answer_would_make_another_emitter(
    factor: int, bandwidth_hz: float, centre_hz: float, known: bool
) -> None:
    burst = _burst(_chirp(factor, bandwidth_hz), centre_hz)
    if is_open(burst, tuning_known=known):
        return
    kinds = set()
    for label in (None, "unknown", *BY_LABEL):
        said = None
        if label is not None:
            said = Classification(label, 0.9, np.ones(1, dtype=np.float32), ModelRef("m", "1", "0"))
        name, _ = burst_label(Sighting(burst, said, "r", known, centre_hz, 2.4e6))
        kinds.add(name if family_of(name) == "unknown" else family_of(name).startswith("drone"))
    assert kinds in ({True}, {"unknown"})


def test_the_budget_is_kept_and_a_second_is_saved_up_at_most() -> None:
    budget, burst = PatchBudget(10.0, 4.0), _burst(EnergyFinding(0.5))
    budget.refill(100.0)
    assert sum(budget.take(burst) for _ in range(50)) == 10
    budget.refill(0.5)
    assert sum(budget.take(burst) for _ in range(50)) == 5


def test_a_shape_of_chirp_gets_no_more_than_its_own() -> None:
    budget = PatchBudget(10.0, 4.0)
    assert sum(budget.take(_burst(_chirp(7, 125e3))) for _ in range(50)) == 4
    assert sum(budget.take(_burst(_chirp(8, 125e3))) for _ in range(50)) == 4
    assert sum(budget.take(_burst(EnergyFinding(0.5))) for _ in range(50)) == 2
    budget.refill(0.25)
    assert sum(budget.take(_burst(_chirp(7, 125e3))) for _ in range(50)) == 1


def test_records_tell_who_chirps_like_this() -> None:
    shape = _chirp(7, 125e3)
    names = {p.label for p, _ in protocols_that_chirp(7, 125e3, shape.slope_hz_per_s)}
    assert "lorawan" in names


def test_a_weak_emitter_has_its_turn_beside_strong_ones() -> None:
    budget = PatchBudget(4.0, 4.0)
    strong = [replace(_burst(EnergyFinding(0.5), 868.1e6), start_ns=n) for n in range(9)]
    weak = replace(_burst(EnergyFinding(0.5), 869.5e6), snr_db=3.0)
    asked = [0, 0]
    for _ in range(10):
        bursts = [*strong, weak]
        taken = [bursts[i] for i in budget.order(bursts) if budget.take(bursts[i])]
        asked[0] += sum(burst is not weak for burst in taken)
        asked[1] += sum(burst is weak for burst in taken)
        budget.refill(0.25)
    assert asked[1] >= 3
    assert asked[0] >= asked[1]


def test_of_one_kind_the_strongest_come_first() -> None:
    bursts = [replace(_burst(EnergyFinding(0.5)), snr_db=snr_db) for snr_db in (3.0, 9.0, 6.0)]
    assert PatchBudget(10.0, 4.0).order(bursts) == [1, 2, 0]
