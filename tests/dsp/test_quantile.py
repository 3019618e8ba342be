from __future__ import annotations

import numpy as np
import pytest

from dsp.quantile import SORTED, median, quantile, quantiles


@pytest.mark.parametrize("count", [1, 2, 5, 6, SORTED, SORTED + 1, 3 * SORTED])
def test_ranks_are_those_of_the_values_in_order_whatever_their_number(count: int) -> None:
    values = np.random.default_rng(count).standard_normal(count).astype(np.float32)
    before = values.copy()
    ordered = sorted(values.tolist())
    shares = (0.0, 0.1, 0.5, 0.9, 0.9, 1.0)
    expected = tuple(ordered[round(share * (count - 1))] for share in shares)
    assert quantiles(values, shares) == expected
    assert tuple(quantile(values, share) for share in shares) == expected
    assert median(values) == pytest.approx(float(np.median(values)), rel=1e-6)
    assert np.array_equal(values, before)


def test_nothing_has_zeros() -> None:
    nothing = np.zeros(0, dtype=np.float32)
    assert quantile(nothing, 0.5) == 0.0
    assert quantiles(nothing, (0.1, 0.2)) == (0.0, 0.0)
    assert median(nothing) == 0.0
