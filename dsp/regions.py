"""Regions of energy in time and frequency: two-dimensional detection against the noise floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dsp.quantile import quantile

STROKE_CORRELATION = 0.8
"""Rows and columns of an oblique stroke are this well correlated at least."""
CORE_LEVEL = 0.05
"""Columns with less than this part (-13 dB) of the strongest column's energy are leakage or key clicks."""
STROKE_FILL = 0.62
"""Share of its box that a region of strokes fills at most; an emission that keeps its band fills more."""
WIDEST_CHIRP_HZ = 700e3
EDGE_COLUMNS = 3
EDGE_GAP_ROWS = 8
"""A chirp of SF9 at 500 kHz is out of the slice for a millisecond at most."""
STROKE_GAP_ROWS = 3
"""The mask may miss this much of a slow chirp; the gap between two packets of SF7 and slower is six rows."""
SCRAP_ROWS = 12
"""A scrap is shorter than this: 2.6 ms, two symbols of SF9 at 500 kHz."""
SMALLEST_REGION_CELLS = 4
"""A region of fewer cells is a noise peak."""
NARROW_HZ = 60e3
"""Narrower regions may be the pulses of one keyed transmission."""
NARROW_GAP_S = 0.012
"""Pulses this close together on one frequency are one transmission (remote controls: gaps up to 10 ms)."""
DIP_LEVEL = 0.35
"""A row whose power is below this part of the plateau lies in a gap; a row that is half in a gap is above it."""
EDGE_LEVEL = 0.2
"""The occupied band ends where the mean power falls to this part (-7 dB) of its plateau."""


@dataclass(frozen=True, slots=True)
class Region:
    """Rows and columns of one region; ends are exclusive.

    The columns are those of its core; key clicks and window leakage reach from ``low_column`` to ``high_column``.
    """

    first_row: int
    end_row: int
    first_column: int
    end_column: int
    low_column: int
    high_column: int
    parts: int = 1
    """Pieces it was put together from."""
    stroke: bool = False
    """Oblique, or so sparsely filled that it must be made of oblique strokes."""


def find_regions(mask: NDArray[np.bool_], power: NDArray[np.float32], row_s: float, column_hz: float) -> list[Region]:
    """Connected regions of a mask, with the pieces of one emission put together.

    Pieces are the pulses of a keyed carrier (narrow, on one frequency, ``NARROW_GAP_S`` apart at most) and the strokes
    of a slow chirp (oblique, of one slope, the next beginning where the last ends).

    Parameters
    ----------
    mask, power
        (rows, columns) bool and float32.
    row_s, column_hz
        Spacing of rows and columns.
    """
    labels, count = ndimage.label(mask, structure=np.ones((3, 3), dtype=np.int8))
    if count == 0:
        return []
    width = mask.shape[1]
    cell = np.flatnonzero(mask)
    rows = cell // width
    columns = cell - rows * width
    names = labels.ravel().take(cell) - 1
    weights = power.ravel().take(cell)
    spread = np.bincount(names * width + columns, weights=weights, minlength=count * width)
    by_column = spread.reshape(count, width)
    core = by_column > CORE_LEVEL * by_column.max(axis=1, keepdims=True)
    core_first = core.argmax(axis=1)
    core_end = width - core[:, ::-1].argmax(axis=1)
    boxed = np.array([(r.start, r.stop, c.start, c.stop) for r, c in ndimage.find_objects(labels)], dtype=np.float64)
    first_row, end_row, first_column, end_column = boxed.T
    cells = np.bincount(names, minlength=count).astype(np.float64)
    # Moments about the middle of the box, so that squares stay small.
    row_off = rows - first_row[names]
    column_off = columns - first_column[names]
    mean_row = np.bincount(names, weights=row_off, minlength=count) / cells
    mean_column = np.bincount(names, weights=column_off, minlength=count) / cells
    row_variance = np.bincount(names, weights=row_off * row_off, minlength=count) / cells - mean_row**2
    column_variance = np.bincount(names, weights=column_off * column_off, minlength=count) / cells - mean_column**2
    covariance = np.bincount(names, weights=row_off * column_off, minlength=count) / cells - mean_row * mean_column
    straight = covariance / np.sqrt(np.maximum(row_variance * column_variance, 1e-9))
    oblique = (np.abs(straight) > STROKE_CORRELATION) & (end_row - first_row >= 3) & (end_column - first_column >= 5)
    filled = cells / ((end_row - first_row) * (end_column - first_column))
    stroke = (oblique & (filled < STROKE_FILL + 0.2)) | ((filled < STROKE_FILL) & (end_column - first_column >= 8))
    big = cells >= SMALLEST_REGION_CELLS
    boxes = (
        np.stack((first_row, end_row, core_first, core_end, first_column, end_column), axis=1)[big]
        .astype(np.intp)
        .tolist()
    )
    return _join_pieces(
        [
            Region(r0, r1, c0, c1, low, high, stroke=is_stroke)
            for (r0, r1, c0, c1, low, high), is_stroke in zip(boxes, stroke[big].tolist(), strict=True)
        ],
        max(1, int(NARROW_GAP_S / row_s)),
        max(2, int(NARROW_HZ / column_hz)),
        WIDEST_CHIRP_HZ / column_hz,
        mask.shape[1],
    )


def _join_pieces(regions: list[Region], gap: int, narrow: int, widest_chirp: float, columns: int) -> list[Region]:
    """Put the pieces of one emission together; ``gap`` in rows, ``narrow`` and ``widest_chirp`` in columns."""
    done: list[Region] = []
    open_ones: list[Region] = []
    for region in sorted(regions, key=lambda r: (r.first_row, r.first_column)):
        current = region
        still_open: list[Region] = []
        for other in open_ones:
            if current.first_row - other.end_row > gap:
                done.append(other)
            elif (
                _same_pulses(other, current, narrow)
                or _same_strokes(other, current, widest_chirp)
                or _scrap(other, current)
                or _same_edge(other, current, columns)
            ):
                current = _together(other, current)
            else:
                still_open.append(other)
        open_ones = [*still_open, current]
    return sorted([*done, *open_ones], key=lambda r: (r.first_row, r.first_column))


def _together(one: Region, two: Region) -> Region:
    return Region(
        min(one.first_row, two.first_row),
        max(one.end_row, two.end_row),
        min(one.first_column, two.first_column),
        max(one.end_column, two.end_column),
        min(one.low_column, two.low_column),
        max(one.high_column, two.high_column),
        one.parts + two.parts,
        one.stroke or two.stroke,
    )


def _same_pulses(one: Region, two: Region, narrow: int) -> bool:
    return (
        one.first_column < two.end_column
        and two.first_column < one.end_column
        and max(one.end_column, two.end_column) - min(one.first_column, two.first_column) <= narrow
    )


def _same_edge(one: Region, two: Region, columns: int) -> bool:
    """Strokes of a chirp that sweeps out of the slice and comes back within a symbol."""
    low = one.low_column <= EDGE_COLUMNS and two.low_column <= EDGE_COLUMNS
    high = min(one.high_column, two.high_column) >= columns - EDGE_COLUMNS
    return (low or high) and (one.stroke or two.stroke) and two.first_row - one.end_row <= EDGE_GAP_ROWS


def _scrap(one: Region, two: Region) -> bool:
    """A scrap of a chirp that the mask has torn off its strokes: short, in their band, in their time."""
    return (
        one.stroke
        and two.first_row - one.end_row <= STROKE_GAP_ROWS
        and two.end_row - two.first_row <= SCRAP_ROWS
        and two.first_column >= one.first_column - 2
        and two.end_column <= one.end_column + 2
    )


def _same_strokes(one: Region, two: Region, widest: float) -> bool:
    return (
        one.stroke
        and two.stroke
        and -8 <= two.first_row - one.end_row <= STROKE_GAP_ROWS
        and max(one.end_column, two.end_column) - min(one.first_column, two.first_column) <= widest
    )


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
    above = np.flatnonzero(profile > level)
    if len(above) == 0:
        return 0.0, float(len(profile))
    first, last = int(above[0]), int(above[-1])
    low, high = float(first), float(last + 1)
    if first > 0:
        below, at = float(profile[first - 1]), float(profile[first])
        low = first + 0.5 - (at - level) / (at - below)
    if last + 1 < len(profile):
        below, at = float(profile[last + 1]), float(profile[last])
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
    columns = inner.mean(axis=0)
    np.maximum(columns, 0.0, out=columns)
    if len(columns) >= 12:
        smooth = columns.copy()
        smooth[1:] += columns[:-1]
        smooth[:-1] += columns[1:]
        smooth /= np.float32(3.0)
        edge_profile = smooth
    else:
        edge_profile = columns
    plateau = quantile(edge_profile, 0.8) if len(columns) >= 8 else float(edge_profile.max())
    low, high = _crossings(edge_profile, EDGE_LEVEL * plateau)
    i0, i1 = max(0, int(low)), max(int(low) + 1, min(len(columns), int(np.ceil(high))))
    rows = box[:, i0:i1].sum(axis=1)
    inner_rows = rows[region.first_row - r0 : region.end_row - r0]
    level = quantile(inner_rows, 0.7)
    noise = float(floor[c0 + i0 : c0 + i1].sum())
    parts = [(0, len(rows))]
    # A chirp that runs out of the slice is gone for part of every symbol: that is no gap between packets.
    at_edge = region.stroke and (
        region.low_column <= EDGE_COLUMNS or region.high_column >= power.shape[1] - EDGE_COLUMNS
    )
    if not at_edge and region.end_column - region.first_column > narrow and level > 2.0 * noise / np.sqrt(i1 - i0):
        parts = _split(rows, level)
    extents: list[Extent] = []
    for begin, stop in parts:
        first, end = _crossings(rows[begin:stop], 0.5 * level)
        signal = float(rows[begin + int(first) : max(begin + int(first) + 1, begin + round(end))].mean())
        occupied = np.maximum(columns[i0:i1], 1e-20)
        flatness = float(np.exp(np.mean(np.log(occupied))) / np.mean(occupied))
        extents.append(
            Extent(r0 + begin + first, r0 + begin + end, c0 + low, c0 + high, signal / noise, signal, flatness)
        )
    return extents


def _split(rows: NDArray[np.float32], level: float) -> list[tuple[int, int]]:
    """Parts of a power profile between dips below ``DIP_LEVEL``."""
    on = rows > DIP_LEVEL * level
    edges = np.flatnonzero(np.diff(np.concatenate(([False], on, [False]))))
    parts = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if rows[a:b].max() > 0.5 * level]
    if len(parts) < 2:
        return [(0, len(rows))]
    return [(max(0, a - 1), min(len(rows), b + 1)) for a, b in parts]
