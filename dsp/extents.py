"""Extents: where a region's plateau begins and ends in time and frequency, and how strong it is."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from dsp.quantile import quantile
from dsp.regions import EDGE_COLUMNS, Region

DIP_LEVEL = 0.35
"""A row whose power is below this part of the plateau lies in a gap; a row that is half in a gap is above it."""
CELL_FREEDOM = 2.0
"""A sum of columns of one row is spread as that of so many independent powers each (measured on white noise)."""
SPLIT_STRONG = 4.0
"""A part this much above a weak plateau is a packet of its own."""
EDGE_LEVEL = 0.2
"""The occupied band ends where the mean power falls to this part (-7 dB) of its plateau."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A region measured: fractional rows and columns, and levels."""

    first_row: float
    end_row: float
    low_column: float
    high_column: float
    snr: float
    """Mean power over the floor in the occupied band, linear, minus the noise."""
    power: float
    """Mean power of the signal, full scale squared."""
    flatness: float


def _crossings(profile: NDArray[np.float32], level: float) -> tuple[float, float]:
    """First and last fractional index where a profile is above a level, interpolated; ends are cell edges."""
    above = (profile > level).nonzero()[0]
    if len(above) == 0:
        return 0.0, float(len(profile))
    first, last = above.item(0), above.item(-1)
    low, high = float(first), float(last + 1)
    if first > 0:
        below, at = profile.item(first - 1), profile.item(first)
        low = first + 0.5 - (at - level) / (at - below)
    if last + 1 < len(profile):
        below, at = profile.item(last + 1), profile.item(last)
        high = last + 0.5 + (at - level) / (at - below)
    return low, high


def measure(power: NDArray[np.float32], floor: NDArray[np.float32], region: Region, narrow: int) -> list[Extent]:
    """Measure a region: where its plateau begins and ends in time and frequency, how strong it is.

    A region wider than ``narrow`` columns is split where the power of its band falls away for a row or more: packets
    that follow each other closer than the mask can tell.

    The band ends at ``EDGE_LEVEL`` of the plateau (80 % quantile of the columns), the time at half of the mean level,
    both interpolated between cells.

    Parameters
    ----------
    power, floor
        (rows, columns) and (columns,) float32.
    region
        Where to look.
    """
    margin = 2
    c0, c1 = max(0, region.first_column - margin), min(power.shape[1], region.end_column + margin)
    r0, r1 = max(0, region.first_row - margin), min(power.shape[0], region.end_row + margin)
    box = power[r0:r1, c0:c1] - floor[c0:c1]
    inner = box[region.first_row - r0 : region.end_row - r0]
    # Sums, not means, over the rows: all that is asked of this profile is relative.
    columns = np.add.reduce(inner, axis=0)
    np.maximum(columns, np.float32(0.0), out=columns)
    if len(columns) >= 12:
        edge_profile = columns.copy()
        edge_profile[1:] += columns[:-1]
        edge_profile[:-1] += columns[1:]
    else:
        edge_profile = columns
    plateau = quantile(edge_profile, 0.8) if len(columns) >= 8 else float(edge_profile.max())
    low, high = _crossings(edge_profile, EDGE_LEVEL * plateau)
    i0, i1 = max(0, int(low)), max(int(low) + 1, min(len(columns), ceil(high)))
    rows = np.add.reduce(box[:, i0:i1], axis=1)
    level = quantile(rows[region.first_row - r0 : region.end_row - r0], 0.7)
    noise = float(np.add.reduce(floor[c0 + i0 : c0 + i1]))
    root = sqrt(i1 - i0)
    parts = [(0, len(rows))]
    # A chirp that runs out of the slice is gone for part of every symbol: that is no gap between packets.
    at_edge = region.stroke and (
        region.low_column <= EDGE_COLUMNS or region.high_column >= power.shape[1] - EDGE_COLUMNS
    )
    if not at_edge and region.end_column - region.first_column > narrow and level > 2.0 * noise / root:
        parts = _split(rows, level, sure=_shows_gaps(level / noise, i1 - i0, len(rows)))
    occupied = np.maximum(columns[i0:i1], np.float32(1e-20 * len(inner)))
    count = len(occupied)
    flatness = exp(float(np.add.reduce(np.log(occupied))) / count) * count / float(np.add.reduce(occupied))
    extents: list[Extent] = []
    for begin, stop in parts:
        first, end = _crossings(rows[begin:stop], 0.5 * level)
        plateau_rows = rows[begin + int(first) : max(begin + int(first) + 1, begin + round(end))]
        signal = float(np.add.reduce(plateau_rows)) / len(plateau_rows)
        extents.append(
            Extent(r0 + begin + first, r0 + begin + end, c0 + low, c0 + high, signal / noise, signal, flatness)
        )
    return extents


def _shows_gaps(snr: float, columns: int, rows: int) -> bool:
    """Whether a dip in the power of a band is a gap: noise makes one in a hundred emissions of so many rows.

    The power of a row with a steady signal is spread by ``sqrt((1 + 2 snr) / n)`` of the noise, ``n`` independent
    powers; a dip is ``(1 - DIP_LEVEL) snr`` below it.
    """
    deviations = (1.0 - DIP_LEVEL) * snr * sqrt(CELL_FREEDOM * columns / (1.0 + 2.0 * snr))
    return deviations > sqrt(2.0 * log(8.0 * rows))


def _split(rows: NDArray[np.float32], level: float, *, sure: bool) -> list[tuple[int, int]]:
    """Parts of a power profile between dips below ``DIP_LEVEL``; parts no stronger than an unsure level are one."""
    on = rows > DIP_LEVEL * level
    edges = ((on[1:] != on[:-1]).nonzero()[0] + 1).tolist()
    if on[0]:
        edges.insert(0, 0)
    if on[-1]:
        edges.append(len(on))
    if len(edges) == 2:
        return [(0, len(rows))]
    parts: list[tuple[int, int]] = []
    last_weak = False
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        strongest = float(np.maximum.reduce(rows[begin:end]))
        if strongest <= 0.5 * level:
            continue
        weak = not sure and strongest < SPLIT_STRONG * level
        if weak and last_weak:
            parts[-1] = (parts[-1][0], end)
        else:
            parts.append((begin, end))
        last_weak = weak
    if len(parts) < 2:
        return [(0, len(rows))]
    return [(max(0, begin - 1), min(len(rows), end + 1)) for begin, end in parts]
