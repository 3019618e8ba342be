"""A signal made of one loop of samples on a carrier that wanders."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.waveforms.loop import good_length, piece_of, slice_of
from sim.waveforms.wander import Wander


class LoopStream:
    """A periodic signal without end, cut to a slice.

    Parameters
    ----------
    spectrum
        (n,) Fourier transform of one loop, in FFT order, of any power.
    duration_s
        Length of the loop.
    sample_rate_hz
        Of the slice.
    rng
        Draws where the loop begins and how the carrier wanders.
    offset_hz
        Where 0 Hz of the samples lies relative to the signal's centre.
    wander_hz
        Spread of the carrier's frequency.

    Attributes
    ----------
    mean_power
        Mean power of the samples; the whole signal has 1, a slice of it less.
    """

    def __init__(
        self,
        spectrum: NDArray[np.complex64],
        duration_s: float,
        sample_rate_hz: float,
        rng: np.random.Generator,
        offset_hz: float = 0.0,
        wander_hz: float = 20.0,
    ) -> None:
        power = float(np.vdot(spectrum, spectrum).real) / len(spectrum) ** 2
        self._spectrum = spectrum / np.float32(math.sqrt(power))
        self._duration_s = duration_s
        self._length = good_length(duration_s * sample_rate_hz)
        self._wander = Wander(wander_hz, sample_rate_hz, rng)
        self._position = int(rng.integers(self._length))
        self.retune(offset_hz)

    def retune(self, offset_hz: float) -> None:
        """Move the slice; time goes on."""
        self._samples = slice_of(self._spectrum, self._length, round(offset_hz * self._duration_s))
        self.mean_power = float(np.vdot(self._samples, self._samples).real) / self._length

    def read(self, count: int) -> NDArray[np.complex64]:
        """Give the next (count,) complex64 samples."""
        samples = self._wander.phasor(count)
        samples *= piece_of(self._samples, self._position, count)
        self._position = (self._position + count) % self._length
        return samples
