"""Where stronger emissions hide the preambles of chirps below the noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COARSE = 4
"""Rows and columns of the energy mask taken together."""
BYTES_ADDED = np.uint32(0x01010101)
COVERED_SHARE = 0.45
"""Where the energy mask covers this share of a band as wide as a chirp, packets are left to the regions."""


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """Where energy stands out: a packet there is left to the analysis of the regions.

    Parameters
    ----------
    map
        (rows, columns) bool over the slice's time and frequency, ascending.
    first_sample, row_samples
        Start of row 0 and length of a row, in samples of the slice.
    """

    map: NDArray[np.bool_]
    first_sample: int
    row_samples: int

    def at(self, samples: NDArray[np.float64], length: float, places: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether stretches of ``length`` samples at places (0 to 1 across the slice) are hidden anywhere; of pairs."""
        rows, columns = self.map.shape
        first = np.floor((samples - self.first_sample) / self.row_samples) - 1.0
        reach = np.arange(int(length / self.row_samples) + 4)
        row = np.minimum(np.maximum(first[:, np.newaxis] + reach, 0), rows - 1).astype(np.intp)
        column = np.minimum((places * columns).astype(np.intp), columns - 1)
        hidden: NDArray[np.bool_] = np.logical_or.reduce(self.map[row, column[:, np.newaxis]], axis=1)
        return hidden


def hide(mask: NDArray[np.bool_], first_sample: int, points: int, width_share: float) -> Hidden | None:
    """What the energy mask shows, widened to where it makes lines when it is dechirped.

    A band of a chirp's width that is covered in a row hides all lines within one and a half bandwidths of its
    middle.

    Parameters
    ----------
    mask
        (rows, columns) bool: cells where energy stands out; a row is ``points`` samples long.
    first_sample
        Of row 0, in samples of the slice.
    width_share
        Bandwidth of the widest chirp over the sample rate.
    """
    rows, columns = len(mask) // COARSE, mask.shape[1] // COARSE
    if not rows or not columns or not mask.any():
        return None
    cells = mask[: rows * COARSE, : columns * COARSE].view(np.uint8).reshape(rows, COARSE, columns * COARSE)
    # Four bytes of at most four each added up in the highest of them.
    fours = cells.view(np.uint32)
    by_row = fours[:, 0] + fours[:, 1] + fours[:, 2] + fours[:, 3]
    running = np.zeros((rows, columns + 1), dtype=np.uint32)
    np.add.accumulate((by_row * BYTES_ADDED) >> 24, axis=1, out=running[:, 1:])
    width = min(columns, max(1, int(width_share * columns)))
    covered = (running[:, width:] - running[:, :-width]) > np.uint32(COVERED_SHARE * width * COARSE**2)
    if not covered.any():
        return None
    # A covered band that begins at column c hides columns c - width to c + 2 width. The tone of a chirp near one
    # edge comes out at the other: frequencies go round.
    across = min(3 * width + 1, columns)
    beginning = np.zeros((rows, columns + across), dtype=np.int32)
    beginning[:, : covered.shape[1]] = covered
    beginning[:, columns:] = beginning[:, :across]
    total = np.zeros((rows, columns + across + 1), dtype=np.int32)
    np.add.accumulate(beginning, axis=1, out=total[:, 1:])
    # Column c is hidden by those that begin at c - 2 width to c + width.
    hidden = np.empty((rows, columns), dtype=np.bool_)
    late = 2 * width % columns
    after, before = total[:, across : across + columns], total[:, :columns]
    np.greater(after[:, : columns - late], before[:, : columns - late], out=hidden[:, late:])
    np.greater(after[:, columns - late :], before[:, columns - late :], out=hidden[:, :late])
    return Hidden(hidden, first_sample, COARSE * points)
