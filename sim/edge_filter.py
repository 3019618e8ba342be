"""The low-pass before the converter, which rolls off the edges of the slice."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from dsp.fourier import RowTransforms

FLAT_SHARE = 5.0 / 6.0
"""Share of the slice that the filter leaves alone: +-1.0 MHz at 2.4 MS/s."""
EDGE_DB = 10.0
"""Attenuation at the very edge of the slice."""
FILTER_REACH = 64
"""The filter's impulse response reaches so many samples to both sides."""
POINTS = 1024
"""Of the transforms; each gives ``POINTS - 2 FILTER_REACH`` samples ..."""
ROWS = 73
CHUNK_SAMPLES = ROWS * (POINTS - 2 * FILTER_REACH)
"""... and so many of them a chunk: 65408 samples, rendered at a time."""


@lru_cache(maxsize=1)
def _response() -> NDArray[np.complex64]:
    """Frequency response of a linear-phase filter with ``2 FILTER_REACH + 1`` taps, delay included, over ``POINTS``."""
    taps = 2 * FILTER_REACH + 1
    frequency = np.abs(scipy.fft.fftfreq(taps)) * 2.0
    excess = np.clip((frequency - FLAT_SHARE) / (1.0 - FLAT_SHARE), 0.0, None)
    impulse = np.roll(scipy.fft.ifft(10.0 ** (-EDGE_DB * excess**2 / 20.0)).real, FILTER_REACH) * np.hamming(taps)
    response: NDArray[np.complex64] = (scipy.fft.fft(impulse, POINTS) / POINTS).astype(np.complex64)
    return response


class EdgeFilter:
    """Filters chunks; each is filtered by itself, from itself and its neighbourhood. Not for two threads at once."""

    def __init__(self) -> None:
        self._forward = RowTransforms(ROWS, POINTS)
        self._back = RowTransforms(ROWS, POINTS, inverse=True)

    def run(self, composite: NDArray[np.complex64], gain: float = 1.0, offset: complex = 0.0) -> NDArray[np.complex64]:
        """One chunk.

        Parameters
        ----------
        composite
            The chunk and ``FILTER_REACH`` more samples on both sides.
        gain, offset
            What else is done to the samples, for nothing: ``gain filtered + offset``.

        Returns
        -------
        NDArray[np.complex64]
            (CHUNK_SAMPLES,) samples.
        """
        windows = np.lib.stride_tricks.sliding_window_view(composite, POINTS)
        self._forward.rows[...] = windows[:: POINTS - 2 * FILTER_REACH]
        spectra = self._forward.run(ROWS)
        np.multiply(spectra, _response() * np.float32(gain), out=self._back.rows)
        self._back.rows[:, 0] += np.complex64(offset)
        return self._back.run(ROWS)[:, 2 * FILTER_REACH :].reshape(-1)
