"""Splatter: the edges, skirts and intermodulation of a strong signal, all over the slice while that is on air."""

from __future__ import annotations

from functools import cached_property
from math import ceil

import numpy as np
from numpy.typing import NDArray

from dsp.extents import Extent

WEAKER_CELL = 10**-3.7
"""A cell this far (37 dB) below the strongest of its row. A chirp spread over its band is 3 to 5 dB below its strongest
cell, so an emitter 30 dB below a strong link is above this. Measured on ExpressLRS at 40 and 45 dB: 88 and 96 % of what
its packets' edges and skirts leave is below it; of a packet that overloads the converter by 3 dB nearly everything."""
WEAKER_WHOLE = 10**-3.4
"""A band this far (34 dB) below the power of its whole row: a wide weak signal beside a strong line is not."""
ALONE_SHARE = 0.15
"""Of the energy of splatter no more than this, a chance of the noise, lies where nothing strong is on air."""

LONGEST_EDGE_S = 1.2e-3
"""What a packet's edges leave is shorter; of longer splatter what keeps a chirp's slope or two tones is a signal."""


class Splatter:
    """Tells what is there only while something else is on air that is very much stronger.

    Steady lines are part of the floor and no reason: they splatter nothing.

    Parameters
    ----------
    power
        (rows, columns) float32.
    floor
        (columns,) float32, mean noise power.
    """

    def __init__(self, power: NDArray[np.float32], floor: NDArray[np.float32]) -> None:
        self._power = power
        self._floor = floor

    @cached_property
    def _strongest(self) -> float:
        return float(np.maximum.reduce(self._power, axis=None))

    @cached_property
    def _rows(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Of every row and its neighbours: the strongest cell, as it is and over the floor, and the sum over the floor.

        Two passes over all the power, once and only where something strong is on air.
        """
        ratio = self._power / self._floor
        wholes = np.add.reduce(ratio, axis=1)
        wholes -= np.float32(ratio.shape[1])
        peaks = np.maximum.reduce(self._power, axis=1)
        return _widened(peaks), _widened(np.maximum.reduce(ratio, axis=1)), _widened(wholes)

    def has(self, extent: Extent) -> bool:
        """Whether an extent is splatter; its rows and columns are those of the power.

        Costs one comparison where nothing is that strong, else a hundredth of what it costs to analyse the extent.
        """
        low, high = int(extent.low_column), max(int(extent.low_column) + 1, ceil(extent.high_column))
        mean = extent.power / (high - low)
        if self._strongest * WEAKER_CELL < mean:
            return False
        rows = slice(max(0, int(extent.first_row)), min(len(self._power), ceil(extent.end_row)))
        strongest, peaks, wholes = (values[rows] for values in self._rows)
        if float(np.maximum.reduce(strongest)) * WEAKER_CELL < mean:
            return False
        own = np.add.reduce(self._power[rows, low:high] / self._floor[low:high], axis=1)
        own *= np.float32(1.0 / (high - low))
        own -= np.float32(1.0)
        total = float(np.add.reduce(own))
        if total <= 0.0:
            return False
        level = float(own.dot(own)) / total
        strong = (peaks * np.float32(WEAKER_CELL) > level) & (wholes * np.float32(WEAKER_WHOLE) > level * (high - low))
        return float(np.add.reduce(own[~strong])) < ALONE_SHARE * total


def _widened(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Greatest of each value and its two neighbours: a packet begins within a row."""
    wide = values.copy()
    np.maximum(wide[1:], values[:-1], out=wide[1:])
    np.maximum(wide[:-1], values[1:], out=wide[:-1])
    return wide
