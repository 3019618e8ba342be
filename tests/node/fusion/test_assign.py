from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from node.fusion.assign import FORBIDDEN, assigned


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_same_cost_as_scipy(rows: int, columns: int, seed: int) -> None:
    cost = np.random.default_rng(seed).normal(0.0, 20.0, (rows, columns))
    pairs = assigned(cost.tolist())
    at, to = linear_sum_assignment(cost)
    assert len(pairs) == min(rows, columns)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert math.isclose(sum(cost[row, column] for row, column in pairs), cost[at, to].sum(), abs_tol=1e-6)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_forbidden_pairs_are_never_made_and_the_rest_is_as_large_as_can_be(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    cost = rng.normal(0.0, 20.0, (rows, columns))
    closed = rng.random((rows, columns)) < 0.5
    table = np.where(closed, FORBIDDEN, cost)
    pairs = assigned(table.tolist())
    assert all(not closed[pair] for pair in pairs)
    dear = np.where(closed, 1e6, cost)
    at, to = linear_sum_assignment(dear)
    kept = [(row, column) for row, column in zip(at, to, strict=True) if not closed[row, column]]
    assert len(pairs) == len(kept)
    assert math.isclose(sum(cost[pair] for pair in pairs), sum(cost[pair] for pair in kept), abs_tol=1e-4)


def test_nothing_gives_nothing() -> None:
    assert assigned([]) == []
    assert assigned([[]]) == []
    assert assigned([[FORBIDDEN]]) == []
