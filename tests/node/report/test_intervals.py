from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.report.intervals import BINS, Z_TWO_SIDED, Tally, poisson_upper, quantile, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (15, 20, 0.5313, 0.8881),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),  # the example of Newcombe, Stat. Med. 17 (1998) 857
    ],
)
def test_wilson_gives_published_values(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson(successes, trials) == pytest.approx((low, high), abs=6e-5)


@given(trials=st.integers(1, 5000), share=st.floats(0, 1))
def test_wilson_ends_are_where_the_score_test_turns(trials: int, share: float) -> None:
    successes = round(share * trials)
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            score = (successes / trials - end) / math.sqrt(end * (1 - end) / trials)
            assert abs(score) == pytest.approx(Z_TWO_SIDED, rel=1e-6)


def test_no_trials_say_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="3 successes of 2"):
        wilson(3, 2)


@pytest.mark.parametrize("events", [0, 1, 2, 7, 40])
def test_poisson_bound_leaves_a_twentieth(events: int) -> None:
    mean = poisson_upper(events)
    at_most = sum(math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(events + 1))
    assert at_most == pytest.approx(0.05, rel=1e-9)


def test_poisson_bound_of_nothing_is_three() -> None:
    assert poisson_upper(0) == pytest.approx(2.9957, abs=1e-4)
    with pytest.raises(ValueError, match="-1 events"):
        poisson_upper(-1)


def test_what_was_never_found_is_later_than_all() -> None:
    times = [0.4, None, 0.1, 0.3, 0.2]
    assert quantile(times, 0.5) == 0.3
    assert quantile(times, 0.8) == 0.4
    assert quantile(times, 0.95) is None
    assert quantile([], 0.5) is None
    assert quantile([None, None, 1.0], 0.5) is None
    assert quantile([float(number) for number in range(1, 21)], 0.95) == 19.0


def test_calibration_error_of_a_known_case() -> None:
    # Ten at 0.85 of which seven are right, ten at 0.35 of which four are.
    judged = [(0.85, number < 7) for number in range(10)] + [(0.35, number < 4) for number in range(10)]
    tally = Tally.of(judged)
    assert tally.counts[8] == 10
    assert tally.right[3] == 4
    assert tally.total == 20
    assert tally.error == pytest.approx(0.5 * 0.15 + 0.5 * 0.05)
    assert Tally().error is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40), st.integers(0, 40))
def test_tallies_of_parts_add_up(judged: list[tuple[float, bool]], cut: int) -> None:
    whole, parts = Tally.of(judged), Tally.of(judged[:cut]) + Tally.of(judged[cut:])
    assert parts.counts == whole.counts
    assert parts.right == whole.right
    assert parts.confidence == pytest.approx(whole.confidence, abs=1e-5)
    if whole.error is not None:
        assert 0 <= whole.error <= 1


def test_certainty_falls_into_the_last_bin() -> None:
    assert Tally.of([(1.0, True), (0.0, False)]).counts == (1, *(0,) * (BINS - 2), 1)
    with pytest.raises(ValueError, match="more right than counted"):
        Tally(counts=(0,) * BINS, right=(1,) * BINS)
    with pytest.raises(ValueError, match="bins"):
        Tally(counts=(0,))
