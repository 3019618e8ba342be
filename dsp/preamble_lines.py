"""Lines in dechirped spectra that stand out of their surroundings as a preamble's do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.chirps import ChirpShape
from dsp.hidden import Hidden

GROUP = 8
"""Symbols summed: the shortest preamble of the records."""
STEP = 4
"""Windows from one sum to the next: in the worst case a preamble of eight fills six of the group."""
BLOCK_BINS = 16
"""Width of the cells that the strongest line is compared with: an emission of any other kind fills many bins."""
TRIGGER_RATIO = 2.4
"""Line over the mean of its surroundings, sixteen cells folded together: white noise exceeds it about five times a
second in a slice of 2.4 MHz (tests/dsp/test_weak_chirps.py), each worth a millisecond of proof. At 5 dB below the
demodulator's floor 55 to 90 % of the packets exceed it."""
LIMIT = np.float32(TRIGGER_RATIO / (3 * BLOCK_BINS))
"""The same for the sum of three blocks."""
ONES = np.ones(BLOCK_BINS, dtype=np.float32)
STEADY_LINES = 8
STEADY_PER_S = 48.0
"""More lines than this in one bin, at this rate, are a steady emission's: a link's packets come on many channels, and
where they begin in a window moves their tones. The most on one channel with one tone are mLRS's at 433 MHz, 31 a second
(31 Hz, two channels, both directions)."""
STEADY_RATIO = 4.0
"""Stronger lines are looked at all the same: a link's payload makes many of them at -3 dB."""
MOST_LINES = 100
"""Looked at in one call, the strongest. Noise makes ten in a segment; each is worth 50 us."""
LEAST_PART = 16
"""Blocks of a part of a row at least: parts whose strongest line is below the limit need no closer look."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Lines that stand out: arrays of one length."""

    run: NDArray[np.intp]
    """The first of the two runs whose windows hold it."""
    bin: NDArray[np.intp]
    ratio: NDArray[np.float32]
    noise: NDArray[np.float32]
    """Mean power of noise in one bin of one window beside it."""


class LineFinder:
    """Finds the lines of one shape's preambles.

    Parameters
    ----------
    shape
        The chirp.
    sample_rate_hz
        Of the slice.
    length
        Bins of a spectrum: the whole slice, zero first.
    """

    def __init__(self, shape: ChirpShape, sample_rate_hz: float, length: int) -> None:
        self.fold = round(shape.bandwidth_hz / sample_rate_hz * length)
        """Bins between the two lines of a symbol that wraps."""
        self._length = length
        self._run_s = STEP * shape.symbol_s
        self._run_samples = STEP * shape.symbol_s * sample_rate_hz
        self._blocks = length // BLOCK_BINS
        least = min(LEAST_PART, self._blocks)
        self._part = next(n for n in range(least, self._blocks + 1) if self._blocks % n == 0)

    def find(self, power: NDArray[np.float32], runs: NDArray[np.intp], hidden: Hidden | None) -> Lines | None:
        """Lines that stand out of their surroundings and are the strongest of their neighbours, where not hidden.

        Parameters
        ----------
        power
            (n, length) float32: spectra of runs of ``STEP`` windows; overwritten.
        runs
            (n,) their numbers, ascending.
        hidden
            Where stronger emissions make lines of their own.
        """
        count = len(power) - 1
        total = power[:-1] + power[1:]
        folded = power[:-1]
        np.add(total[:, self.fold :], total[:, : -self.fold], out=folded[:, self.fold :])
        np.add(total[:, : self.fold], total[:, -self.fold :], out=folded[:, : self.fold])
        blocks = self._blocks
        cells = folded.reshape(-1, BLOCK_BINS)
        sums = (cells @ ONES).reshape(count, blocks)
        around = sums.copy()
        around[:, 1:] += sums[:, :-1]
        around[:, :-1] += sums[:, 1:]
        around[:, 0] += sums[:, -1]
        around[:, -1] += sums[:, 0]
        # The strongest line of a part against its quietest surroundings: of noise few parts pass.
        strongest = np.maximum.reduce(folded.reshape(-1, self._part * BLOCK_BINS), axis=1)
        quietest = np.minimum.reduce(around.reshape(-1, self._part), axis=1)
        likely = np.flatnonzero(strongest > LIMIT * quietest)
        if not len(likely):
            return None
        # Two runs beside each other are a group where no stretch ends between them.
        grouped = runs[1:] - runs[:-1] == 1
        likely = likely[grouped[likely // (blocks // self._part)]]
        block = (likely[:, np.newaxis] * self._part + np.arange(self._part)).reshape(-1)
        above = cells[block] > (LIMIT * around.reshape(-1)[block])[:, np.newaxis]
        halves = above.view(np.uint64)  # a block's sixteen answers in two words
        block = block[(halves[:, 0] | halves[:, 1]) != 0]
        if not len(block):
            return None
        some = cells[block]
        peak, beside = np.maximum.reduce(some, axis=1), around.reshape(-1)[block]
        ratio = peak * np.float32(3 * BLOCK_BINS) / np.maximum(beside, np.float32(1e-30))
        row, column = np.divmod(block, blocks)
        # Only the strongest of a group's neighbours in time and frequency speaks.
        map_of = np.zeros((count + 2, blocks + 2), dtype=np.float32)
        map_of[row + 1, column + 1] = ratio
        near = np.array([0, 1, 2])
        neighbours = map_of[
            row[:, np.newaxis, np.newaxis] + near[:, np.newaxis], column[:, np.newaxis, np.newaxis] + near
        ]
        speaks = ratio >= np.maximum.reduce(neighbours, axis=(1, 2))
        if hidden is not None:
            starts = np.rint(runs[row] * self._run_samples)
            places = ((column + 0.5) * BLOCK_BINS / self._length + 0.5) % 1.0
            speaks &= ~hidden.at(starts, GROUP / STEP * self._run_samples, places)
        bins = column * BLOCK_BINS + some.argmax(axis=1)
        told = np.flatnonzero(speaks)
        if len(told) > STEADY_LINES:
            told = told[(ratio[told] > STEADY_RATIO) | ~self._steady(runs[row[told]], bins[told])]
        if not len(told):
            return None
        if len(told) > MOST_LINES:
            told = np.sort(told[np.argsort(-ratio[told])[:MOST_LINES]])
        noise = (beside - peak) * np.float32(1.0 / (2 * GROUP * (3 * BLOCK_BINS - 1)))
        return Lines(runs[row[told]], bins[told], ratio[told], noise[told])

    def _steady(self, runs: NDArray[np.intp], bins: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Which lines come again and again in one bin or its neighbours."""
        number = np.bincount(bins, minlength=self._length)
        number += np.roll(number, 1) + np.roll(number, -1)
        seconds = (int(runs[-1]) - int(runs[0])) * self._run_s
        steady: NDArray[np.bool_] = number[bins] > max(STEADY_LINES, STEADY_PER_S * seconds)
        return steady
