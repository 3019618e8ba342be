"""Slow random wander of an oscillator."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KNOT_S = 0.01
"""The frequency runs linearly between values this far apart."""
MEMORY_S = 0.5
"""Time constant of the wander."""


class Wander:
    """Phase of an oscillator whose frequency wanders about 0 Hz, kept across reads and independent of their sizes.

    The frequency is a first-order Gauss-Markov process of the given standard deviation, in steps of 10 ms.
    """

    def __init__(self, spread_hz: float, sample_rate_hz: float, rng: np.random.Generator) -> None:
        self._spread = spread_hz / sample_rate_hz
        self._samples_per_knot = max(round(KNOT_S * sample_rate_hz), 1)
        self._rng = rng
        self._memory = float(np.exp(-KNOT_S / MEMORY_S))
        self._slope_from = self._spread * float(rng.standard_normal())
        self._slope_to = self._next(self._slope_from)
        self._into = 0
        self._phase_turns = float(rng.uniform())

    def _next(self, value: float) -> float:
        fresh = float(self._rng.standard_normal()) * self._spread * np.sqrt(1.0 - self._memory**2)
        return float(self._memory * value + fresh)

    def read(self, count: int) -> NDArray[np.float64]:
        """Give the phases of the next (count,) samples in turns."""
        turns = np.empty(count, dtype=np.float64)
        done = 0
        while done < count:
            piece = min(count - done, self._samples_per_knot - self._into)
            step = np.arange(self._into, self._into + piece + 1, dtype=np.float64)
            path = step * self._slope_from + step * step * (
                (self._slope_to - self._slope_from) / (2 * self._samples_per_knot)
            )
            path += self._phase_turns - path[0]
            turns[done : done + piece] = path[:-1]
            self._phase_turns = float(path[-1] % 1.0)
            done += piece
            self._into += piece
            if self._into == self._samples_per_knot:
                self._into = 0
                self._slope_from, self._slope_to = self._slope_to, self._next(self._slope_to)
        return turns
