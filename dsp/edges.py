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
    power = baseband.samples.real**2 + baseband.samples.imag**2
    width = int(np.clip(24.0 / max(snr, 0.1), 8, max(8, len(power) // 12)))
    blocks = len(power) // width
    if blocks < 4:
        return first_s, end_s
    coarse = np.add.reduce(power[: blocks * width].reshape(blocks, width), axis=1)
    floor, plateau = quantiles(coarse, (0.02, 0.6))
    level = 0.5 * (min(floor, 0.5 * plateau) + plateau)
    above = np.flatnonzero(coarse > level)
    if len(above) == 0:
        return first_s, end_s
    # The moving mean crosses the level within two widths of the first and last block that are above it.
    begin, stop = max(0, (int(above[0]) - 1) * width), min(len(power), (int(above[-1]) + 2) * width)
    first = begin + _first_above(power[begin : begin + 3 * width], width, level)
    last = stop - width - _first_above(power[stop - 3 * width : stop][::-1], width, level)
    half = 0.5 * width
    start_s = (first + half) / baseband.rate_hz if first > 0 else first_s
    stop_s = (last + half) / baseband.rate_hz if last < len(power) - width - 1 else end_s
    return start_s, stop_s


def _first_above(power: NDArray[np.float32], width: int, level: float) -> int:
    """Index of the first ``width`` values whose sum is above a level; 0 if there are none."""
    total = np.cumsum(power)
    sums = total[width - 1 :].copy()
    sums[1:] -= total[:-width]
    return int((sums > level).argmax())
