"""Every finding has words."""

from __future__ import annotations

import typing

import pytest

from dsp.bursts import (
    ChirpFinding,
    CyclicPrefixFinding,
    EnergyFinding,
    Finding,
    KeyingFinding,
    LineCombFinding,
    PulseFinding,
    ZadoffChuFinding,
)
from node.explain import finding_text

EXAMPLES: list[tuple[Finding, str]] = [
    (ChirpFinding(6, 500e3, 128e-6, -3.9e9, 8.0), "down-chirps SF6 over 500 kHz"),
    (KeyingFinding(42.5e3, 85.1e3, 0.9), "two tones, deviation 42.5 kHz at 85.1 kBd"),
    (KeyingFinding(20e3, None, 0.9), "two tones, deviation 20.0 kHz"),
    (LineCombFinding("pal", 15_625.0, 12.0), "lines of pal video, 15625 Hz"),
    (CyclicPrefixFinding(15e3, 4.0), "cyclic prefix of OFDM, subcarriers 15.00 kHz apart"),
    (PulseFinding(0.5e-6, 60), "60 pulses of 0.5 us"),
    (ZadoffChuFinding((0.91, 0.88)), "Zadoff-Chu sequences, 0.91, 0.88 of the power"),
    (EnergyFinding(0.7), "energy, flatness 0.70"),
]


@pytest.mark.parametrize(("finding", "text"), EXAMPLES)
def test_a_finding_in_words(finding: Finding, text: str) -> None:
    assert finding_text(finding) == text


def test_every_kind_of_finding_has_an_example() -> None:
    assert {type(finding) for finding, _ in EXAMPLES} == set(typing.get_args(Finding))
