"""Grids of channels, and how well frequencies lie on them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from dsp.quantile import median

CHANNEL_TOLERANCE_HZ = 90e3
"""Bursts closer than this are on one channel: below half of the usual grids (250 kHz), above the centre's error."""
CHANNEL_OF_SPACING = 0.4
"""The same on a finer grid, as part of its spacing."""
EVEN_HZ = 1.0
FINE_GRID_ERROR = 0.12
"""Error of a channel on a fine grid, as part of its spacing."""


@lru_cache(maxsize=256)
def spacing_hz(channels_hz: tuple[float, ...]) -> float:
    """Least distance between two neighbours of a grid, infinite for fewer."""
    return min((b - a for a, b in pairwise(channels_hz)), default=float("inf"))


@lru_cache(maxsize=256)
def is_even(channels_hz: tuple[float, ...]) -> bool:
    """Whether all neighbours of a grid are as far apart."""
    return all(b - a < spacing_hz(channels_hz) + EVEN_HZ for a, b in pairwise(channels_hz))


def channel_tolerance_hz(channels_hz: tuple[float, ...]) -> float:
    """How far apart bursts on one channel of a grid may be."""
    return min(CHANNEL_TOLERANCE_HZ, CHANNEL_OF_SPACING * spacing_hz(channels_hz))


def nearest_of(grid_hz: Sequence[float], centre_hz: float) -> int:
    """Number of the channel of an ascending grid that is nearest to a frequency; of two equally near the lower."""
    above = bisect_left(grid_hz, centre_hz)
    if above == 0:
        return 0
    if above == len(grid_hz) or centre_hz - grid_hz[above - 1] <= grid_hz[above] - centre_hz:
        return above - 1
    return above


def middle_of(ordered: Sequence[float] | NDArray[np.float64]) -> float:
    """Median of values in order."""
    middle = len(ordered) // 2
    return float(ordered[middle] if len(ordered) % 2 else 0.5 * (ordered[middle - 1] + ordered[middle]))


def on_grid(
    channels_hz: tuple[float, ...], grid_hz: tuple[float, ...], tolerance_hz: float, *, any_offset: bool = False
) -> float:
    """Share of the channels that lie on a grid, allowing one common offset within the tolerance.

    On a grid finer than twice the tolerance, or one whose beginning nobody knows, any offset is allowed, and an error
    of a tenth of the spacing either way.
    """
    if not grid_hz or not channels_hz:
        return 0.0
    step_hz = spacing_hz(grid_hz)
    if any_offset or (step_hz < 2.0 * tolerance_hz and is_even(grid_hz)):
        centre = np.asarray(channels_hz)
        turn = np.exp(2j * np.pi * (centre - grid_hz[0]) / step_hz)
        apart = np.angle(turn * np.conj(turn.sum())) / (2.0 * np.pi)
        inside = (centre > grid_hz[0] - step_hz) & (centre < grid_hz[-1] + step_hz)
        return float(np.mean(inside & (np.abs(apart) < FINE_GRID_ERROR)))
    tolerance_hz = min(tolerance_hz, 0.5 * step_hz)
    errors = [c - grid_hz[nearest_of(grid_hz, c)] for c in channels_hz]
    common = middle_of(sorted(errors))
    if abs(common) > tolerance_hz:
        return 0.0
    return sum(abs(error - common) < 0.5 * tolerance_hz for error in errors) / len(errors)


def grid_error_hz(channels_hz: tuple[float, ...], grid_hz: tuple[float, ...]) -> float:
    """Root mean square distance of channels from a grid, but for an offset they have in common."""
    errors = [c - grid_hz[nearest_of(grid_hz, c)] for c in channels_hz]
    common = middle_of(sorted(errors))
    return sqrt(sum((error - common) ** 2 for error in errors) / len(errors))


def middle_error_hz(centre_hz: NDArray[np.float64], grid_hz: tuple[float, ...], *, any_offset: bool) -> float:
    """Middle distance of packets from a grid, but for an offset they have in common: a few wild ones do not count."""
    if any_offset:
        step_hz = spacing_hz(grid_hz)
        turn = np.exp(2j * np.pi * (centre_hz - grid_hz[0]) / step_hz)
        error_hz = np.angle(turn * np.conj(turn.sum())) * (step_hz / (2.0 * np.pi))
    else:
        error_hz = np.array([hz - grid_hz[nearest_of(grid_hz, hz)] for hz in centre_hz.tolist()])
    return median(np.abs(error_hz - median(error_hz)))
