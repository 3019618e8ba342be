"""Periodic signals: their lengths, and slices of their spectra."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import fft

LENGTH_TOLERANCE = 20e-6
"""How far a loop's length may be moved for the sake of a fast transform: below the error of a crystal."""
EDGE_SHARE = 0.02
"""Share of the slice on each side where it falls off, so that nothing rings."""


def good_length(samples: float) -> int:
    """Whole number near ``samples`` with small prime factors, within 20 ppm; otherwise the nearest."""
    nearest = round(samples)
    reach = math.floor(samples * LENGTH_TOLERANCE)
    fast = fft.next_fast_len(max(nearest - reach, 1))
    if fast > nearest + reach:
        return nearest
    best = fast
    while fast <= nearest + reach:
        best = fast if abs(fast - nearest) < abs(best - nearest) else best
        fast = fft.next_fast_len(fast + 1)
    return int(best)


def slice_of(spectrum: NDArray[np.complex64], length: int, centre_bin: int) -> NDArray[np.complex64]:
    """Cut ``length`` bins around a bin out of a spectrum in FFT order and transform them back.

    Where the slice reaches beyond the spectrum there is nothing. Amplitudes are those of the whole signal.

    Returns
    -------
    NDArray[np.complex64]
        (length,) samples of one loop.
    """
    total = len(spectrum)
    cut = np.zeros(length, np.complex64)
    # Below and above the centre, and there below and above 0 Hz of the spectrum: each part lies together in both.
    for first, end in ((-(length // 2), 0), (0, length - length // 2)):
        low, high = max(first + centre_bin, -(total // 2)), min(end + centre_bin, total - total // 2)
        for start, stop in ((low, min(high, 0)), (max(low, 0), high)):
            if start < stop:
                place = (start - centre_bin) % length
                cut[place : place + stop - start] = spectrum[start % total : start % total + stop - start]
    upper = length - length // 2
    into = np.arange(min(math.ceil(EDGE_SHARE * length) + 1, length // 2))
    cut[upper : upper + len(into)] *= _fall(length // 2 - into, length)
    cut[upper - len(into) : upper] *= _fall(upper - 1 - into, length)[::-1]
    samples = fft.ifft(cut, overwrite_x=True)
    samples *= length / total
    return np.asarray(samples, dtype=np.complex64)


def _fall(from_centre: NDArray[np.integer], length: int) -> NDArray[np.float32]:
    """Amplitude of bins at the edges of a slice."""
    from_edge = (length / 2.0 - from_centre) / (EDGE_SHARE * length)
    fall: NDArray[np.float32] = np.sin(np.clip(from_edge, 0.0, 1.0) * (np.pi / 2.0)).astype(np.float32)
    return fall


def piece_of(loop: NDArray[np.complex64], start: int, count: int) -> NDArray[np.complex64]:
    """(count,) samples of a loop from ``start`` within it on, around its end as often as need be."""
    if start + count <= len(loop):
        return loop[start : start + count]
    rounds, rest = divmod(count - (len(loop) - start), len(loop))
    return np.concatenate([loop[start:], *[loop] * rounds, loop[:rest]])
