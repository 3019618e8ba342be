"""Where a burst begins and ends by its own envelope."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.baseband import Baseband
from dsp.quantile import quantiles


def refine_time(baseband: Baseband, snr: float, first_s: float, end_s: float) -> tuple[float, float]:
    """Start and end of a burst from its own envelope, to some ten microseconds.

    Half of the plateau of the power, smoothed over as many samples as the signal-to-noise ratio asks for.

    Parameters
    ----------
    baseband
        The burst with a margin on both sides.
    snr
        Linear, in the baseband's rate.
    first_s, end_s
        First estimate, seconds from the baseband's first sample; kept where the envelope shows no edge.
    """
    parts = baseband.samples.view(np.float32)
    count = len(parts) // 2
    width = max(8, min(int(24.0 / max(snr, 0.1)), count // 12))
    blocks = count // width
    if blocks < 4:
        return first_s, end_s
    in_blocks = parts[: 2 * blocks * width].reshape(blocks, 2 * width)
    coarse = np.einsum("ij,ij->i", in_blocks, in_blocks)
    floor, plateau = quantiles(coarse, (0.02, 0.6))
    level = 0.5 * (min(floor, 0.5 * plateau) + plateau)
    above = np.flatnonzero(coarse > level)
    if len(above) == 0:
        return first_s, end_s
    # The moving mean crosses the level within two widths of the first and last block that are above it.
    begin, stop = max(0, (int(above[0]) - 1) * width), min(count, (int(above[-1]) + 2) * width)
    first = begin + _first_above(parts[2 * begin : 2 * (begin + 3 * width)], width, level)
    last = stop - width - _first_above(parts[2 * (stop - 3 * width) : 2 * stop][::-1], width, level)
    half = 0.5 * width
    start_s = (first + half) / baseband.rate_hz if first > 0 else first_s
    stop_s = (last + half) / baseband.rate_hz if last < count - width - 1 else end_s
    return start_s, stop_s


def _first_above(parts: NDArray[np.float32], width: int, level: float) -> int:
    """Index of the first ``width`` samples, given by their parts, whose power adds up to a level; 0 if none does."""
    total = np.cumsum(parts * parts)[1::2]
    sums = total[width - 1 :].copy()
    sums[1:] -= total[:-width]
    return int((sums > level).argmax())
