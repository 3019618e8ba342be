"""Tests of the clock of turns."""

from __future__ import annotations

import numpy as np
import pytest

from node.tracking.turn_clock import fit_clock, may_keep_a_clock
from node.tracking.turns import LEAST_TURNS

INTERVAL_S, TOLERANCE_S = 0.11, 1.3e-3


@pytest.mark.parametrize("count", [3, 6, 12, 40])
def test_where_no_clock_may_be_none_is_found(count: int) -> None:
    rng = np.random.default_rng(count)
    kinds = {True: 0, False: 0}
    for _ in range(300):
        start_s = np.sort(rng.uniform(0.0, 8.0, count))
        if rng.uniform() < 0.3:  # some on a clock
            at = rng.choice(count, 3, replace=False)
            start_s[at] = np.rint(start_s[at] / INTERVAL_S) * INTERVAL_S + rng.uniform(-1.1, 1.1, 3) * TOLERANCE_S
            start_s.sort()
        start_s -= start_s[0]
        likely = rng.uniform(size=count) < 0.8
        likely[0] = True
        expected_s = float(rng.uniform(0.0, INTERVAL_S)) if rng.uniform() < 0.5 else None
        may = may_keep_a_clock(start_s.tolist(), INTERVAL_S, TOLERANCE_S)
        kinds[may] += 1
        if not may:
            _, _, sharp = fit_clock(start_s, likely, INTERVAL_S, TOLERANCE_S, expected_s)
            assert np.count_nonzero(sharp) < LEAST_TURNS
    assert kinds[True] > 10
    assert kinds[False] > 100 or count > 10


def test_a_clock_may_be_across_the_end_of_its_interval() -> None:
    assert may_keep_a_clock([0.0, INTERVAL_S - 1e-3, 3 * INTERVAL_S + 1e-3], INTERVAL_S, TOLERANCE_S)
    assert not may_keep_a_clock([0.0, INTERVAL_S - 5e-3, 3 * INTERVAL_S + 5e-3], INTERVAL_S, TOLERANCE_S)
