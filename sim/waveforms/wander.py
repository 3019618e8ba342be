"""Slow random wander of an oscillator."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.waveforms.carrier_table import from_turns

KNOT_S = 0.01
"""The frequency runs linearly between values this far apart."""
ROW, PIECE_ROWS = 64, 8
"""Samples between exact phases of a phasor, and how many of them have one slope."""
MANY_SAMPLES = 8192
"""A knot of so many lets the frequency change little within a piece."""
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
        return self._read_some(count, 1)[:-1]

    def phasor(self, count: int) -> NDArray[np.complex64]:
        """Give ``exp(2 pi j phase)`` of the next (count,) samples; at high sample rates by products of short tables.

        Then the phase is exact at every 64th sample; between them the frequency is the mean over 512 samples.
        """
        if self._samples_per_knot < MANY_SAMPLES:
            return from_turns(self.read(count))
        turns = self._read_some(count, ROW)
        rows = len(turns) - 1
        pieces = -(-rows // PIECE_ROWS)
        edges = np.minimum(np.arange(pieces + 1) * PIECE_ROWS, rows)
        slopes = np.diff(turns[edges]) / np.diff(np.minimum(edges * ROW, count))
        coarse = from_turns(np.resize(turns, pieces * PIECE_ROWS)).reshape(pieces, PIECE_ROWS, 1)
        fine = from_turns(slopes[:, np.newaxis] * np.arange(ROW))[:, np.newaxis]
        product: NDArray[np.complex64] = (coarse * fine).reshape(-1)[:count]
        return product

    def _read_some(self, count: int, every: int) -> NDArray[np.float64]:
        """Phases of every so many of the next samples in turns, and that of the sample after the last."""
        turns = np.empty(-(-count // every) + 1, dtype=np.float64)
        done = taken = 0
        while done < count:
            piece = min(count - done, self._samples_per_knot - self._into)
            first = -done % every
            # The first value is for the phase so far, the last for the phase to come.
            step = self._into + np.concatenate(([0], np.arange(first, piece, every), [piece])).astype(np.float64)
            path = step * self._slope_from + step * step * (
                (self._slope_to - self._slope_from) / (2 * self._samples_per_knot)
            )
            path += self._phase_turns - path[0]
            turns[taken : taken + len(path) - 2] = path[1:-1]
            taken += len(path) - 2
            self._phase_turns = float(path[-1])
            done += piece
            self._into += piece
            if self._into == self._samples_per_knot:
                self._into = 0
                self._slope_from, self._slope_to = self._slope_to, self._next(self._slope_to)
        turns[-1] = self._phase_turns
        self._phase_turns %= 1.0
        return turns
