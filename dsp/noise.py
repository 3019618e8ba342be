"""The running noise floor of every column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dsp.quantile import quantile, quantiles

QUANTILE = 0.2
"""Share of the rows that must be free of signal: a link that is on one channel 80 % of the time still shows noise."""
QUANTILE_OVER_MEAN = 0.493
"""The 20 % quantile of a cell of pure noise over its mean, for two half-overlapping Hann frames by two bins.

Measured with white Gaussian noise; tests/dsp/test_noise.py measures it again.
"""
LOWER_HALF_OVER_MEAN = 0.905
"""Mean of the lower half of many segments' quantiles over the mean of all, for segments of 64 rows of noise."""
LONGEST_MEMORY = 40
"""Segments of history: about one second of 27 ms segments."""
THINNING = 4
"""Every fourth row is enough for the quantile; neighbours share half of their samples anyway."""
FITS_PER_MEMORY = 3
"""Fits of the floor while as many segments pass as the history holds: it changes over seconds, gain steps apart."""
DYNAMIC_RANGE = 1e-6
"""The floor is at least this far (60 dB) below the strongest cell: more than an 8-bit converter can show."""
SMALLEST_FLOOR = 1e-14
"""Floor of exact silence (-140 dBFS a column), so that a ratio stays finite."""
STEP_RATIO = 1.6
"""A change of level (2 dB) common to the whole slice is a gain step."""
STEP_SPREAD = 1.45
"""Columns agree on a gain step when the quartiles of their change are within this ratio."""


QUIET_SHARE = 0.3
"""This share of the columns is taken to be free of steady wide emissions."""
SHAPE_RATIO = 1.25
"""The receiver's own shape rises less than this (1 dB) above the quiet columns."""
LINE_COLUMNS = 10
LINE_RATIO = 2.0
"""A column twice as strong as the median of its surroundings holds a steady line."""


@dataclass(frozen=True, slots=True, eq=False)
class NoiseFloor:
    """Mean noise power of each column.

    Parameters
    ----------
    power
        (columns,) float32, same unit as the spectrogram.
    smooth
        (columns,) float32: the same without narrow lines, the receiver's own shape.
    """

    power: NDArray[np.float32]
    smooth: NDArray[np.float32]


class NoiseTracker:
    """Follows the noise floor: a low quantile over time, the least of about one second, rescaled at gain steps.

    Minimum statistics [1] on a low quantile instead of a smoothed periodogram, so that a transmitter that is on most
    of the time does not lift it. Costs one partition of a quarter of the cells and a few median filters a second: 0.17
    bare transform passes.

    [1] R. Martin, "Noise power spectral density estimation based on optimal smoothing and minimum statistics", IEEE
    Trans. Speech and Audio Processing 9(5), 2001.
    """

    def __init__(self) -> None:
        self._history: list[NDArray[np.float32]] = []
        self._heard: NDArray[np.float32] | None = None
        self._floor: NoiseFloor | None = None
        self._since_fit = 0

    def reset(self) -> None:
        """Forget everything: another frequency, or a long gap."""
        self._history.clear()
        self._floor = None

    def observe(self, power: NDArray[np.float32]) -> NoiseFloor:
        """Take one segment of rows and give the floor to judge them by.

        Parameters
        ----------
        power
            (rows, columns) float32, at least one row.
        """
        thinned = power[::THINNING] if len(power) >= 16 * THINNING else power
        rank = min(int(QUANTILE * len(thinned)), len(thinned) - 1)
        segment = np.partition(thinned, rank, axis=0)[rank] * np.float32(1.0 / QUANTILE_OVER_MEAN)
        heard = np.maximum(segment, np.float32(SMALLEST_FLOOR))
        segment = np.maximum(heard, np.float32(float(power.max()) * DYNAMIC_RANGE))
        stepped = self._rescale_at_step(segment, heard)
        self._heard = heard
        self._history.append(segment)
        del self._history[:-LONGEST_MEMORY]
        self._since_fit += 1
        due = self._since_fit * FITS_PER_MEMORY >= len(self._history)
        if self._floor is None or stepped or due:
            self._floor, self._since_fit = self._fit(), 0
        return self._floor

    def _fit(self) -> NoiseFloor:
        # The least of several quantiles is biased low by less than their spread; the mean of the lower half is not.
        stack = np.stack(self._history)
        if len(stack) > 2:
            half = (len(stack) + 1) // 2
            least = np.partition(stack, half - 1, axis=0)[:half].mean(axis=0) * np.float32(1.0 / LOWER_HALF_OVER_MEAN)
        else:
            least = stack.min(axis=0)
        width = min(63, max(3, len(least) // 4 * 2 + 1))
        smooth = ndimage.median_filter(least, size=width, mode="nearest")
        # A wide emission that is nearly always on has lifted its columns: hold them to the quiet part of the slice.
        smooth = np.minimum(smooth, np.float32(quantile(smooth, QUIET_SHARE) * SHAPE_RATIO))
        # Steady lines stay in the floor, so that they do not ring for ever; nothing else stands out of it.
        line_width = min(2 * LINE_COLUMNS + 1, width)
        lines = least > LINE_RATIO * ndimage.median_filter(least, size=line_width, mode="nearest")
        floor = np.where(lines, least, np.clip(least, smooth * np.float32(0.8), smooth * np.float32(1.2)))
        return NoiseFloor(floor.astype(np.float32), smooth.astype(np.float32))

    def _rescale_at_step(self, segment: NDArray[np.float32], heard: NDArray[np.float32]) -> bool:
        """Whether the gain has stepped; the history is brought to the new gain.

        What brings the slice back to its floor is no step of the gain: the end of an overload, whose last segment was
        lifted evenly by what it splattered. Neither is a strong signal that lifts the floor by ``DYNAMIC_RANGE`` alone,
        while the noise that is ``heard`` between its packets stays what it was.
        """
        if not self._history or self._floor is None or self._heard is None:
            return False
        low, middle, high = quantiles(segment / self._history[-1], (0.25, 0.5, 0.75))
        if high > low * STEP_SPREAD or not _stepped(middle):
            return False
        noisy = float(self._heard.max()) > SMALLEST_FLOOR
        if not _stepped(quantile(segment / self._floor.power, 0.5)) or (
            noisy and not _stepped(quantile(heard / self._heard, 0.5))
        ):
            return False
        self._history = [row * np.float32(middle) for row in self._history]
        return True


def _stepped(ratio: float) -> bool:
    return not 1.0 / STEP_RATIO <= ratio <= STEP_RATIO
