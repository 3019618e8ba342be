from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.tracking.calibration import EMITTER_KNOTS, Ground, emitter_probability, link_probability, with_rivals

SHARES = st.floats(0.0, 1.0)


@pytest.mark.parametrize("ground", EMITTER_KNOTS)
@given(one=SHARES, two=SHARES)
def test_more_evidence_of_an_emitter_never_means_less(ground: Ground, one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert 0.0 < emitter_probability(low, ground) <= emitter_probability(high, ground) < 1.0


@given(one=SHARES, two=SHARES)
def test_more_evidence_of_a_link_never_means_less(one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert 0.0 < link_probability(low) <= link_probability(high) < 1.0


def test_torn_pieces_prove_little_and_clear_packets_much() -> None:
    assert emitter_probability(0.5, "said") < 0.4
    assert emitter_probability(0.9, "said") > 0.9
    assert link_probability(0.9) > 0.95


def test_a_rule_alone_proves_next_to_nothing() -> None:
    assert emitter_probability(1.0, "rule") < emitter_probability(1.0, "plain") < emitter_probability(0.5, "said")


@given(scores=st.lists(SHARES, min_size=1, max_size=5), confidence=SHARES)
def test_the_others_share_what_is_left(scores: list[float], confidence: float) -> None:
    named = [(f"label{number}", score) for number, score in enumerate(scores)]
    ranked = with_rivals(named, confidence)
    assert [name for name, _ in ranked] == [name for name, _ in named]
    assert ranked[0][1] == confidence
    assert sum(part for _, part in ranked) <= 1.001
    assert all(part >= 0.0 for _, part in ranked)
