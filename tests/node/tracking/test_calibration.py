from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.tracking.calibration import calibrated, with_rivals

SHARES = st.floats(0.0, 1.0)


@pytest.mark.parametrize("drone", [False, True])
@given(one=SHARES, two=SHARES)
def test_more_evidence_never_means_less(drone: bool, one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert 0.0 < calibrated(low, drone=drone) <= calibrated(high, drone=drone) < 1.0


def test_torn_pieces_prove_little_and_clear_packets_much() -> None:
    assert calibrated(0.5, drone=False) < 0.4
    assert calibrated(0.9, drone=False) > 0.9
    assert calibrated(0.9, drone=True) > 0.95


@given(scores=st.lists(SHARES, min_size=1, max_size=5), confidence=SHARES)
def test_the_others_share_what_is_left(scores: list[float], confidence: float) -> None:
    named = [(f"label{number}", score) for number, score in enumerate(scores)]
    ranked = with_rivals(named, confidence)
    assert [name for name, _ in ranked] == [name for name, _ in named]
    assert ranked[0][1] == confidence
    assert sum(part for _, part in ranked) <= 1.001
    assert all(part >= 0.0 for _, part in ranked)
