"""Regions of energy in time and frequency: two-dimensional detection against the noise floor."""

from __future__ import annotations

from math import ceil
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dsp.runs import join_runs

STROKE_CORRELATION = 0.8
"""Rows and columns of an oblique stroke are this well correlated at least."""
CORE_LEVEL = 0.05
"""Columns with less than this part (-13 dB) of the strongest column's energy are leakage or key clicks."""
BRIDGE_HZ = 280e3
"""Columns of the core this far apart are of two emissions, which the edges of strong packets bridge; the two tones of
no record are."""
STROKE_FILL = 0.62
"""Share of its box that a region of strokes fills at most; an emission that keeps its band fills more."""
WIDEST_CHIRP_HZ = 700e3
EDGE_COLUMNS = 3
EDGE_GAP_ROWS = 8
"""A chirp of SF9 at 500 kHz is out of the slice for a millisecond at most."""
STROKE_GAP_ROWS = 3
"""The mask may miss this much of a slow chirp; the gap between two packets of SF7 and slower is six rows."""
SAME_BAND_SHARE = 0.7
"""Of the columns of two regions that are one emission's; cores of pieces of one chirp have nine tenths in common."""
SCRAP_ROWS = 12
"""A scrap is shorter than this: 2.6 ms, two symbols of SF9 at 500 kHz."""
PASSES = 2
"""Over what is open for a piece that has grown: more find next to nothing, and of a mask full of holes cost much."""
SCRAP_COLUMNS = 4
"""So far (38 kHz) beyond the core of its chirp a scrap may lie, where the chirp wraps; not as far as key clicks reach,
where others are on air."""
SMALLEST_REGION_CELLS = 4
"""A region of fewer cells is a noise peak."""
NARROW_HZ = 60e3
"""Narrower regions may be the pulses of one keyed transmission."""
NARROW_GAP_S = 0.012
"""Pulses this close together on one frequency are one transmission (remote controls: gaps up to 10 ms)."""


class Region(NamedTuple):
    """Rows and columns of one region; ends are exclusive. A named tuple: hundreds are made a second.

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


IN_ORDER = attrgetter("first_row", "first_column")


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
    if not mask.any():
        return []
    rows, width = mask.shape
    # Runs of cells along the rows; a column without any ends those at the edge.
    walled = np.zeros((rows, width + 1), dtype=np.bool_)
    walled[:, :width] = mask
    flat = walled.reshape(-1)
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    if flat[0]:
        edges = np.concatenate((np.zeros(1, dtype=edges.dtype), edges))
    begin, end = edges[::2], edges[1::2]
    name, count = join_runs(begin, end, width + 1)
    length = end - begin
    big = np.bincount(name, weights=length, minlength=count) >= SMALLEST_REGION_CELLS
    if not big.all():
        kept = big[name]
        name, begin, length = (np.cumsum(big) - 1)[name[kept]], begin[kept], length[kept]
        count = int(np.count_nonzero(big))
        if not count:
            return []
    row = begin // (width + 1)
    column = begin - row * (width + 1)
    # Runs come in order of rows, and the last assignment counts.
    first_row, end_row = np.empty(count, dtype=np.intp), np.empty(count, dtype=np.intp)
    first_row[name[::-1]] = row[::-1]
    end_row[name] = row + 1
    first_column, end_column = np.full(count, width), np.zeros(count, dtype=np.intp)
    np.minimum.at(first_column, name, column)
    np.maximum.at(end_column, name, column + length)
    by_column = _energy_by_column(power, name, begin - row, length, row, count)
    core = by_column > CORE_LEVEL * by_column.max(axis=1, keepdims=True)
    core_first = core.argmax(axis=1)
    core_end = width - core[:, ::-1].argmax(axis=1)

    def total(values: NDArray[np.float64] | NDArray[np.intp]) -> NDArray[np.float64]:
        sums: NDArray[np.float64] = np.bincount(name, weights=values, minlength=count).astype(np.float64, copy=False)
        return sums

    cells = total(length)
    # Moments about the corner of the box, so that squares stay small; of a run about its middle.
    row_off = row - first_row[name]
    column_off = column + 0.5 * (length - 1) - first_column[name]
    mean_row = total(length * row_off) / cells
    mean_column = total(length * column_off) / cells
    row_variance = total(length * row_off * row_off) / cells - mean_row**2
    in_runs = length * (column_off * column_off + (length * length - 1) / 12.0)
    column_variance = total(in_runs) / cells - mean_column**2
    covariance = total(length * row_off * column_off) / cells - mean_row * mean_column
    straight = covariance / np.sqrt(np.maximum(row_variance * column_variance, 1e-9))
    oblique = (np.abs(straight) > STROKE_CORRELATION) & (end_row - first_row >= 3) & (end_column - first_column >= 5)
    filled = cells / ((end_row - first_row) * (end_column - first_column))
    stroke = (oblique & (filled < STROKE_FILL + 0.2)) | ((filled < STROKE_FILL) & (end_column - first_column >= 8))
    boxes = np.stack((first_row, end_row, core_first, core_end, first_column, end_column), axis=1).tolist()
    regions = [
        Region(r0, r1, c0, c1, low, high, 1, is_stroke)
        for (r0, r1, c0, c1, low, high), is_stroke in zip(boxes, stroke.tolist(), strict=True)
    ]
    bridge = ceil(BRIDGE_HZ / column_hz)
    hollow = core_end - core_first - np.add.reduce(core, axis=1) >= bridge
    if hollow.any():
        regions = [
            part
            for region, one_core, is_hollow in zip(regions, core, hollow.tolist(), strict=True)
            for part in (_unbridged(region, one_core, power, bridge) if is_hollow else (region,))
        ]
    return _join_pieces(
        regions,
        max(1, int(NARROW_GAP_S / row_s)),
        max(2, int(NARROW_HZ / column_hz)),
        WIDEST_CHIRP_HZ / column_hz,
        mask.shape[1],
    )


def _unbridged(region: Region, core: NDArray[np.bool_], power: NDArray[np.float32], bridge: int) -> tuple[Region, ...]:
    """The emissions of a region that only the splatter of one of them joins, each in the rows that it fills."""
    columns = np.flatnonzero(core)
    gaps = np.flatnonzero(columns[1:] - columns[:-1] > bridge)
    if not len(gaps):
        return (region,)
    firsts = [int(columns[0]), *columns[gaps + 1].tolist()]
    ends = [*(columns[gaps] + 1).tolist(), int(columns[-1]) + 1]
    walls = [region.low_column, *((e + f) // 2 for e, f in zip(ends[:-1], firsts[1:], strict=True)), region.high_column]
    parts: list[Region] = []
    for first, end, low, high in zip(firsts, ends, walls[:-1], walls[1:], strict=True):
        by_row = power[region.first_row : region.end_row, first:end].sum(axis=1)
        rows = region.first_row + np.flatnonzero(by_row > CORE_LEVEL * by_row.max())
        begin, stop = int(rows[0]), int(rows[-1]) + 1
        parts.append(Region(begin, stop, first, end, low, high, region.parts, region.stroke))
    return tuple(parts)


def _energy_by_column(
    power: NDArray[np.float32],
    name: NDArray[np.intp],
    begin: NDArray[np.intp],
    length: NDArray[np.intp],
    row: NDArray[np.intp],
    count: int,
) -> NDArray[np.float64]:
    """(count, columns): power of every region's cells, given as runs in order, summed over the rows."""
    width = power.shape[1]
    until = np.cumsum(length)
    place = np.arange(until[-1])
    place += np.repeat(begin - until + length, length)
    weights = power.ravel().take(place)
    place += np.repeat((name - row) * width, length)
    energy = np.bincount(place, weights=weights, minlength=count * width).astype(np.float64, copy=False)
    return energy.reshape(count, width)


def _join_pieces(regions: list[Region], gap: int, narrow: int, widest_chirp: float, columns: int) -> list[Region]:
    """Put the pieces of one emission together; ``gap`` in rows, ``narrow`` and ``widest_chirp`` in columns."""
    done: list[Region] = []
    open_ones: list[Region] = []
    for region in sorted(regions, key=IN_ORDER):
        current = region
        still_open = open_ones
        for _ in range(PASSES):  # what was passed over may lie in what has become of the piece
            grown = False
            open_ones, still_open = still_open, []
            for other in open_ones:
                apart = current.first_row - other.end_row
                if apart > gap:
                    done.append(other)
                elif (
                    other.first_column < current.end_column
                    and current.first_column < other.end_column
                    and (
                        _same_pulses(other, current, narrow)
                        or (apart <= 0 and _same_band(other, current, narrow, widest_chirp))
                    )
                ) or (
                    apart <= EDGE_GAP_ROWS
                    and (other.stroke or current.stroke)
                    and (
                        _same_strokes(other, current, widest_chirp)
                        or _scrap(other, current)
                        or _torn_off(current, other)
                        or _same_edge(other, current, columns)
                    )
                ):
                    current = _together(other, current)
                    grown = current.stroke
                else:
                    still_open.append(other)
            if not grown:
                break
        open_ones = [*still_open, current]
    return sorted([*done, *open_ones], key=IN_ORDER)


def _together(one: Region, two: Region) -> Region:
    row, end_row, first, end, low, high, parts, stroke = one
    row_2, end_row_2, first_2, end_2, low_2, high_2, parts_2, stroke_2 = two
    return Region(
        min(row, row_2),
        max(end_row, end_row_2),
        min(first, first_2),
        max(end, end_2),
        min(low, low_2),
        max(high, high_2),
        parts + parts_2,
        stroke or stroke_2,
    )


def _same_pulses(one: Region, two: Region, narrow: int) -> bool:
    """Whether two that have columns in common are pulses of one keyed carrier."""
    return max(one.end_column, two.end_column) - min(one.first_column, two.first_column) <= narrow


def _same_edge(one: Region, two: Region, columns: int) -> bool:
    """Strokes of a chirp that sweeps out of the slice and comes back within a symbol."""
    low = one.low_column <= EDGE_COLUMNS and two.low_column <= EDGE_COLUMNS
    high = min(one.high_column, two.high_column) >= columns - EDGE_COLUMNS
    return (low or high) and (one.stroke or two.stroke) and two.first_row - one.end_row <= EDGE_GAP_ROWS


def _scrap(one: Region, two: Region) -> bool:
    """A scrap of a chirp that the mask has torn off its strokes: short, in their band, in their time."""
    return (
        one.stroke
        and two.first_row >= one.first_row
        and two.first_row - one.end_row <= STROKE_GAP_ROWS
        and two.end_row - two.first_row <= SCRAP_ROWS
        and two.first_column >= one.first_column - SCRAP_COLUMNS
        and two.end_column <= one.end_column + SCRAP_COLUMNS
    )


def _torn_off(one: Region, two: Region) -> bool:
    """A scrap within what its chirp has become since; half of the band is an emission of its own."""
    return 2 * (two.end_column - two.first_column) <= one.end_column - one.first_column and _scrap(one, two)


def _same_band(one: Region, two: Region, narrow: int, widest: float) -> bool:
    """Whether two that touch or overlap in time are in one band: the mask tears a strong slow chirp where it wraps.

    Narrow ones are the pulses of ``_same_pulses``, or lie beside them.
    """
    low, high = max(one.first_column, two.first_column), min(one.end_column, two.end_column)
    across = max(one.end_column, two.end_column) - min(one.first_column, two.first_column)
    narrowest = min(one.end_column - one.first_column, two.end_column - two.first_column)
    return narrowest > narrow and high - low >= SAME_BAND_SHARE * across and across <= widest


def _same_strokes(one: Region, two: Region, widest: float) -> bool:
    return (
        one.stroke
        and two.stroke
        and -8 <= two.first_row - one.end_row <= STROKE_GAP_ROWS
        and max(one.end_column, two.end_column) - min(one.first_column, two.first_column) <= widest
    )
