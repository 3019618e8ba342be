"""Tests of how packets on one clock agree with a record."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.protocols.record import Answer, HopTiming
from node.tracking.agreement import airtime_agreement

NONE_S = np.zeros(0)


def test_lengths_as_in_the_record_agree_and_those_of_half_do_not() -> None:
    timing = HopTiming(20e-3, 1, 4e-3)
    scores = [airtime_agreement(4e-3 * part, NONE_S, NONE_S, timing, weak=False)[0] for part in (1.0, 0.9, 0.8, 0.5)]
    assert scores[0] == 1.0
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] == 0.0
    assert airtime_agreement(3.6e-3, NONE_S, NONE_S, timing, weak=False)[1] == pytest.approx(0.4e-3)


def test_noise_makes_weak_packets_shorter_never_longer() -> None:
    timing = HopTiming(20e-3, 1, 4e-3)
    shorter, longer = (
        [airtime_agreement(length_s, NONE_S, NONE_S, timing, weak=weak)[0] for weak in (False, True)]
        for length_s in (3.2e-3, 5e-3)
    )
    assert shorter[1] > shorter[0]
    assert longer[1] == longer[0]


def test_either_end_of_weak_packets_may_be_the_one_on_the_clock() -> None:
    timing = HopTiming(50e-3, 1, 8e-3, answer=Answer(25e-3, 4e-3))
    replies_s = np.full(8, 8e-3)
    score, off_s = airtime_agreement(4e-3, np.full(8, 4e-3), replies_s, timing, weak=True)
    assert score == pytest.approx(1.0)
    assert off_s == pytest.approx(0.0, abs=1e-9)
    assert airtime_agreement(4e-3, np.full(8, 4e-3), replies_s, timing, weak=False)[0] < 0.5
