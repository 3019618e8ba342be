"""Short-time Fourier power of a stretch of samples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.fourier import RowTransforms, aligned
from dsp.units import NS_PER_S
from dsp.windows import windows as windows_of

FRAMES_PER_ROW = 2
BINS_PER_COLUMN = 2
"""Averaging of the raw transform: about eight degrees of freedom a cell instead of two, at a quarter of the cells."""
SQUARES_MEAN = np.full(2 * BINS_PER_COLUMN, 1.0 / FRAMES_PER_ROW, dtype=np.float32)
"""Weights of the squares of a column's bins, real and imaginary, that two frames have been summed to."""
PIECE_SAMPLES = 65_536
"""Samples of frames transformed at a time: a megabyte in and out."""


@dataclass(frozen=True, slots=True)
class StftSettings:
    """How finely to look.

    Parameters
    ----------
    bin_hz
        Wanted width of a raw bin. 4.69 kHz is 512 points at 2.4 MS/s: a frame of 213 us, short enough to see the
        0.35 ms gaps of the fastest control link and long enough to find a 10 kHz remote control.
    """

    bin_hz: float = 4687.5

    def __post_init__(self) -> None:
        """Check the width."""
        if not 100.0 <= self.bin_hz <= 50e3:
            raise ValueError(f"bin_hz must be 100 to 50000, not {self.bin_hz}")

    def points(self, sample_rate_hz: float) -> int:
        """Length of the transform: near ``sample_rate / bin_hz``, a multiple of four with small prime factors."""
        quarter = max(2, round(sample_rate_hz / self.bin_hz / 4))
        return 4 * int(fft.next_fast_len(quarter))


@dataclass(frozen=True, slots=True, eq=False)
class Spectrogram:
    """Power over time and frequency.

    Parameters
    ----------
    power
        (rows, columns) float32, linear, full scale squared a column; ascending frequency.
    row_s, column_hz
        Spacing of the rows and columns.
    lowest_hz
        Frequency of the middle of column 0.
    start_ns
        Unix time of the start of row 0.
    """

    power: NDArray[np.float32]
    row_s: float
    column_hz: float
    lowest_hz: float
    start_ns: int

    def frequency_hz(self, column: float) -> float:
        """Frequency of the middle of a column; fractions interpolate."""
        return self.lowest_hz + column * self.column_hz

    def time_ns(self, row: float) -> int:
        """Unix time of the start of a row; fractions interpolate."""
        return self.start_ns + round(row * self.row_s * NS_PER_S)


@lru_cache(maxsize=8)
def _window(points: int) -> NDArray[np.float32]:
    """Hann window of unit power gain, alternating in sign so that the transform comes out in ascending frequency."""
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(points) + 0.5) / points)
    hann *= np.where(np.arange(points) % 2 == 0, 1.0, -1.0)
    scaled: NDArray[np.float32] = (hann / np.sqrt(np.sum(hann**2) * points)).astype(np.float32)
    scaled.flags.writeable = False
    return scaled


def rows_in(samples: int, points: int) -> int:
    """Whole rows that a number of samples gives."""
    hop = points // 2
    frames = (samples - points) // hop + 1 if samples >= points else 0
    return frames // FRAMES_PER_ROW


class ShortTimeTransform:
    """Short-time transform: Hann window of unit power gain, half overlap, ascending frequency; and its power.

    Works in pieces that stay in the processor's cache: 0.75 bare passes of design section 7 for both. Keeps buffers,
    so not for two threads at once.

    Parameters
    ----------
    points
        Length of the transform, a multiple of four.
    """

    def __init__(self, points: int) -> None:
        self._points = points
        self._window = _window(points)
        self._frames = max(FRAMES_PER_ROW, PIECE_SAMPLES // points // FRAMES_PER_ROW * FRAMES_PER_ROW)
        self._transforms = RowTransforms(self._frames, points)

    def run(
        self, samples: NDArray[np.complex64], spectrum: NDArray[np.complex64], power: NDArray[np.float32] | None = None
    ) -> None:
        """Transform a stretch.

        Parameters
        ----------
        samples
            (n,) complex64.
        spectrum
            (2 * rows, points) complex64 to be filled, rows as ``rows_in`` says; frame f starts at sample
            ``f * points / 2``, bin ``points / 2`` is 0 Hz.
        power
            (rows, points / 2) float32 to be filled with ``row_power``.
        """
        if len(spectrum) == 0:
            return
        points = self._points
        view = windows_of(samples, points, points // 2)
        for first in range(0, len(spectrum), self._frames):
            count = min(self._frames, len(spectrum) - first)
            np.multiply(view[first : first + count], self._window, out=self._transforms.rows[:count])
            # The transform jumps about in what it writes: in the cache, and copied, it is done sooner.
            piece = self._transforms.run(count)
            if power is not None:
                row_power(piece, power[first // FRAMES_PER_ROW : (first + count) // FRAMES_PER_ROW])
            spectrum[first : first + count] = piece


def transform(samples: NDArray[np.complex64], points: int) -> NDArray[np.complex64]:
    """Short-time transform of a stretch: see ``ShortTimeTransform``.

    Returns
    -------
    (2 * rows, points) complex64; frame f starts at sample ``f * points / 2``, bin ``points / 2`` is 0 Hz.
    """
    spectrum = aligned((rows_in(len(samples), points) * FRAMES_PER_ROW, points))
    ShortTimeTransform(points).run(samples, spectrum)
    return spectrum


def window_gain(points: int) -> float:
    """What the window of ``transform`` multiplies a plain Hann window (peak 1) by."""
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(points) + 0.5) / points)
    return float(1.0 / np.sqrt(np.sum(hann**2) * points))


def power_rows(samples: NDArray[np.complex64], points: int) -> NDArray[np.float32]:
    """Averaged short-time power of ``transform``: see ``row_power``."""
    return row_power(transform(samples, points))


def row_power(spectrum: NDArray[np.complex64], out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Power of a short-time transform averaged over two frames and two bins.

    The sum over the columns of a row is the mean power of its samples.

    Parameters
    ----------
    spectrum
        (frames, points) complex64 as from ``transform``.
    out
        Array to be filled, without gaps between its rows.

    Returns
    -------
    (frames / 2, points / 2) float32; row r starts at sample ``r * points`` (two hops of half a transform).
    """
    frames, points = spectrum.shape
    parts = spectrum.view(np.float32).reshape(frames // FRAMES_PER_ROW, FRAMES_PER_ROW, 2 * points)
    both = np.einsum("ijk,ijk->ik", parts, parts)
    rows = np.empty((len(both), points // BINS_PER_COLUMN), dtype=np.float32) if out is None else out
    # The sum of a column's squares as a product with ones: strided additions cost three times as much.
    np.dot(both.reshape(-1, len(SQUARES_MEAN)), SQUARES_MEAN, out=rows.reshape(-1))
    return rows
