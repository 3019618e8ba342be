"""Draws of many seeds at once are those of NumPy's generators, one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.draws import Draws, first_words

SEEDS = st.lists(st.integers(0, 2**70), min_size=1, max_size=4)
NUMBERS = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 1000), min_size=1, max_size=20)


@given(seed=SEEDS, numbers=NUMBERS)
def test_first_words_are_those_of_numpy(seed: list[int], numbers: list[int]) -> None:
    expected = [np.random.SeedSequence((*seed, number)).generate_state(1)[0] for number in numbers]
    assert first_words(tuple(seed), np.array(numbers, np.uint64)).tolist() == expected


@given(
    seed=SEEDS,
    numbers=NUMBERS,
    bounds=st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 2**32 - 2)), max_size=6),
)
def test_draws_are_those_of_numpy_in_any_order(
    seed: list[int], numbers: list[int], bounds: list[tuple[int, int]]
) -> None:
    draws = Draws(tuple(seed), np.array(numbers, np.uint64))
    generators = [np.random.default_rng((*seed, number)) for number in numbers]
    for low, span in bounds:
        expected = [generator.integers(low, low + span, endpoint=True) for generator in generators]
        assert draws.integers(low, low + span).tolist() == expected
        assert draws.uniform(low, low + 0.1).tolist() == [generator.uniform(low, low + 0.1) for generator in generators]


@pytest.mark.parametrize("span", [2**31, 3 * 2**30])
def test_numbers_are_drawn_again_where_the_bound_does_not_divide(span: int) -> None:
    """About a third of these draws is refused at first."""
    numbers = np.arange(2000)
    draws = Draws((1,), numbers.astype(np.uint64))
    generators = [np.random.default_rng((1, int(number))) for number in numbers]
    for _ in range(3):
        assert draws.integers(0, span).tolist() == [each.integers(0, span, endpoint=True) for each in generators]
