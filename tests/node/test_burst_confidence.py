from __future__ import annotations

import typing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.bursts import (
    Burst,
    ChirpFinding,
    CyclicPrefixFinding,
    EnergyFinding,
    Finding,
    KeyingFinding,
    LineCombFinding,
    PulseFinding,
    ZadoffChuFinding,
)
from models.classifier import Classification, ModelRef
from node.burst_confidence import KNOTS, Evidence, calibrated, evidence_of, told_label
from node.explain import burst_line
from node.pipeline import Sighting
from node.tracking.labels import burst_label

SHARES = st.floats(0.0, 1.0)
LORA = ChirpFinding(7, 500e3, 256e-6, 1.95e9, 8.0)
SENSOR = ChirpFinding(7, 125e3, 1024e-6, 1.22e8, 8.0)
TONES = KeyingFinding(20e3, 38.4e3, 5.0)


def _sighting(finding: Finding, said: tuple[str, float] | None = None) -> Sighting:
    burst = Burst(0, 9e-3, 868.3e6, 120e3, 12.0, -30.0, finding)
    classification = Classification(*said, np.ones(1, np.float32), ModelRef("m", "1", "0")) if said else None
    return Sighting(burst, classification, "test", tuning_known=True, slice_centre_hz=868e6, slice_rate_hz=2.4e6)


@pytest.mark.parametrize(
    ("finding", "said", "evidence"),
    [
        (LORA, None, "chirp"),
        (SENSOR, None, "chirp-calm"),
        (LORA, ("expresslrs", 0.8), "chirp-said"),
        (LORA, ("sik", 0.8), "chirp"),
        (CyclicPrefixFinding(15e3, 9.0), None, "prefix"),
        (LineCombFinding("pal", 15625.0, 16.0), None, "proof"),
        (ZadoffChuFinding((0.9, 0.9)), None, "proof"),
        (TONES, ("sik", 0.9), "said"),
        (TONES, None, "keying"),
        (PulseFinding(5e-6, 1), None, "pulses"),
        (EnergyFinding(0.5), None, "energy"),
    ],
)
def test_why_a_burst_has_its_label(finding: Finding, said: tuple[str, float] | None, evidence: Evidence) -> None:
    sighting = _sighting(finding, said)
    assert evidence_of(sighting, burst_label(sighting)[0]) == evidence


def test_every_kind_of_evidence_is_measured() -> None:
    assert set(KNOTS) == set(typing.get_args(Evidence))


@pytest.mark.parametrize("evidence", typing.get_args(Evidence))
@given(one=SHARES, two=SHARES)
def test_more_evidence_never_means_less(evidence: Evidence, one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert 0.0 < calibrated(low, evidence) <= calibrated(high, evidence) < 1.0


def test_two_tones_alone_are_nobodys_and_a_picture_is_a_picture() -> None:
    assert told_label(_sighting(TONES))[1] < 0.1
    label, confidence = told_label(_sighting(LineCombFinding("pal", 15625.0, 16.0)))
    assert (label, confidence > 0.95) == ("analog-video", True)


def test_unknown_claims_nothing_and_keeps_its_score() -> None:
    sighting = _sighting(EnergyFinding(0.5))
    assert told_label(sighting) == burst_label(sighting)
    assert told_label(sighting)[0] == "unknown"


def test_the_tracker_goes_on_with_the_scores() -> None:
    assert burst_label(_sighting(TONES)) == ("ism-fsk", 0.3)


def test_what_is_explained_has_the_measured_confidence() -> None:
    sighting = _sighting(LORA, ("expresslrs", 0.9))
    label, confidence = told_label(sighting)
    assert f"burst {label} {confidence:.2f}" in burst_line(sighting)
