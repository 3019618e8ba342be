"""Splatter: the edges, skirts and intermodulation of a strong signal, all over the slice while that is on air."""

from __future__ import annotations

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


def is_splatter(extent: Extent, power: NDArray[np.float32], floor: NDArray[np.float32], strongest: float) -> bool:
    """Whether an extent is there only while something else is on air that is very much stronger.

    Steady lines are part of the floor and no reason: they splatter nothing. Costs one comparison where nothing is that
    strong, else a hundredth of what it costs to analyse the extent.

    Parameters
    ----------
    extent
        Rows and columns as in ``power``.
    power
        (rows, columns) float32.
    floor
        (columns,) float32, mean noise power.
    strongest
        Greatest of ``power``.
    """
    low, high = int(extent.low_column), max(int(extent.low_column) + 1, ceil(extent.high_column))
    mean = extent.power / (high - low)
    if strongest * WEAKER_CELL < mean:
        return False
    first, end = max(0, int(extent.first_row)), min(len(power), ceil(extent.end_row))
    around = max(0, first - 1)
    rows = power[around : end + 1]
    if float(rows.max()) * WEAKER_CELL < mean:
        return False
    ratio = rows / floor
    peaks, wholes = (
        _widened(values)[first - around : end - around]
        for values in (ratio.max(axis=1), ratio.sum(axis=1) - np.float32(ratio.shape[1]))
    )
    own = ratio[first - around : end - around, low:high].mean(axis=1) - np.float32(1.0)
    total = float(own.sum())
    if total <= 0.0:
        return False
    level = float(own.dot(own)) / total
    strong = (peaks * np.float32(WEAKER_CELL) > level) & (wholes * np.float32(WEAKER_WHOLE) > level * (high - low))
    return float(own[~strong].sum()) < ALONE_SHARE * total


def _widened(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Greatest of each value and its two neighbours: a packet begins within a row."""
    wide = values.copy()
    np.maximum(wide[1:], values[:-1], out=wide[1:])
    np.maximum(wide[:-1], values[1:], out=wide[:-1])
    return wide
