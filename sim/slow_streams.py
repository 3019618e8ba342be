"""Narrow streams, made at a low sample rate and brought to their place in the slice piece by piece."""

from __future__ import annotations

import math

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from sim.cut import CUT_PASS, CUT_STOP
from sim.slow_packets import REACH, mixed
from sim.waveforms import Stream

CUT_SAMPLES = 256
"""Length of the cut's impulse response, in samples of the slice ..."""
GROUP = 32
"""Samples of the low rate that are filtered together."""
FEWEST_TAPS = 16
"""... and at least so many of the low rate."""


class SlowStream:
    """A stream in the slice.

    Parameters
    ----------
    source
        The stream at ``1 / divisor`` of the slice's rate, 0 Hz at its centre.
    divisor
        Between the rates.
    """

    def __init__(self, source: Stream, divisor: int) -> None:
        self._source = source
        self._divisor = divisor
        self._taps: NDArray[np.complex64] | None = None
        self._reach = max(CUT_SAMPLES // divisor, FEWEST_TAPS) // 2
        self._raw = source.read(2 * self._reach)
        self._kept = self._fresh(2 * REACH)
        self._skipped = 0
        self._turns = 0.0

    def place(self, cycles: float, *, cut: bool) -> None:
        """Where in the slice it will be.

        Parameters
        ----------
        cycles
            Offset of its centre, in cycles a sample of the slice.
        cut
            Whether it reaches the slice's edges, so that what lies beyond must be left out.
        """
        self._taps = None
        if cut:
            frequency = cycles + scipy.fft.fftfreq(2 * self._reach) / self._divisor
            response = np.clip((CUT_STOP - np.abs(frequency)) / (CUT_STOP - CUT_PASS), 0.0, 1.0)
            taps = np.roll(scipy.fft.ifft(response), self._reach) * np.hanning(2 * self._reach + 1)[:-1]
            # A row of taps for each sample of a group: one multiplication of matrices filters all groups.
            self._taps = np.zeros((2 * self._reach + GROUP - 1, GROUP), np.complex64)
            for place in range(GROUP):
                self._taps[place : place + 2 * self._reach, place] = taps[::-1]

    def _fresh(self, count: int) -> NDArray[np.complex64]:
        """The next samples at the low rate."""
        self._raw = np.concatenate([self._raw, self._source.read(count)])
        raw, self._raw = self._raw, self._raw[count:]
        if self._taps is None:
            return raw[self._reach : self._reach + count]
        groups = -(-count // GROUP)
        padded = np.zeros(groups * GROUP + 2 * self._reach, np.complex64)
        padded[: len(raw) - 1] = raw[1:]
        windows = np.lib.stride_tricks.as_strided(
            padded, (groups, len(self._taps)), (GROUP * padded.itemsize, padded.itemsize)
        )
        return (windows @ self._taps).reshape(-1)[:count]

    def read(self, count: int, cycles: float, begin: complex, end: complex) -> NDArray[np.complex64]:
        """Give the next (count,) samples on a carrier.

        Parameters
        ----------
        cycles
            Of the carrier in a sample; its phase goes on from the last read.
        begin, end
            Its amplitude at the first sample and after the last; straight in between.
        """
        last = (self._skipped + count - 1) // self._divisor
        missing = last + 1 + 2 * REACH - len(self._kept)
        if missing > 0:
            self._kept = np.concatenate([self._kept, self._fresh(missing)])
        amplitude, kept = begin, self._kept
        if end != begin:
            # Kept sample REACH stands ``skipped`` samples before the first of the slice's.
            at = ((np.arange(len(kept)) - REACH) * self._divisor - self._skipped) / count
            amplitude, kept = 1.0, kept * (begin + (end - begin) * at).astype(np.complex64)
        amplitude *= np.exp(2j * np.pi * self._turns)
        samples = mixed(kept, self._divisor, self._skipped, count, cycles, amplitude)
        self._turns = math.fmod(self._turns + cycles * count, 1.0)
        used, self._skipped = divmod(self._skipped + count, self._divisor)
        self._kept = self._kept[used:]
        return samples
