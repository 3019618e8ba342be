"""Conversions between units: the only place with ``10 * log10``."""

from __future__ import annotations

from math import log10
from typing import overload

import numpy as np
from numpy.typing import NDArray

NS_PER_S = 1_000_000_000
SMALLEST_POWER = 1e-20
"""Power that stands for "nothing" in a logarithm: -200 dB, below any 8- to 16-bit receiver."""


@overload
def to_db(power: float) -> float: ...
@overload
def to_db(power: NDArray[np.floating]) -> NDArray[np.float32]: ...
def to_db(power: float | NDArray[np.floating]) -> float | NDArray[np.float32]:
    """Power ratio to decibels, ``10 log10(power)``; zero and below give -200 dB."""
    if isinstance(power, np.ndarray):
        levels_db: NDArray[np.float32] = (10.0 * np.log10(np.maximum(power, SMALLEST_POWER))).astype(np.float32)
        return levels_db
    return 10.0 * log10(max(power, SMALLEST_POWER))


def from_db(level_db: float) -> float:
    """Decibels to power ratio, ``10^(level_db / 10)``."""
    return float(10.0 ** (level_db / 10.0))


def to_ns(duration_s: float) -> int:
    """Seconds to nanoseconds, rounded to the nearest."""
    return round(duration_s * NS_PER_S)


def to_s(duration_ns: int) -> float:
    """Nanoseconds to seconds."""
    return duration_ns / NS_PER_S
