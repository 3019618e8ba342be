"""Where a burst begins and ends by its own envelope."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.quantile import quantiles

LEAST_WIDTH = 8
"""Samples that the power is added up over at least."""
WIDTH_SNR = 24.0
"""Samples times signal-to-noise ratio of a weaker burst."""
LEAST_BLOCKS = 4


def refine_time(
    power: NDArray[np.float32], rate_hz: float, snr: float, first_s: float, end_s: float
) -> tuple[float, float]:
    """Start and end of a burst from its own envelope, to some ten microseconds.

    The power is added up in blocks, as long as the signal-to-noise ratio asks for. The outermost block with half of the
    plateau and the one beyond it say by how much they are filled where the edge is. Of a packet of steady envelope the
    error is 3 us at 6 dB and 1 us at 15 dB, in 900 kHz; of one like noise 10 us.

    Parameters
    ----------
    power
        (n,) float32, of the burst with a margin on both sides.
    rate_hz
        Samples a second.
    snr
        Linear, in the baseband's rate.
    first_s, end_s
        First estimate, seconds from the first sample; kept where the envelope shows no edge.
    """
    width = max(LEAST_WIDTH, min(int(WIDTH_SNR / max(snr, 0.1)), len(power) // 12))
    blocks = len(power) // width
    if blocks < LEAST_BLOCKS:
        return first_s, end_s
    sums = power[: blocks * width].reshape(blocks, width).dot(np.ones(width, dtype=np.float32))
    floor, plateau = quantiles(sums, (0.02, 0.6))
    floor = min(floor, 0.5 * plateau)
    above = sums > 0.5 * (floor + plateau)
    first, last = int(above.argmax()), blocks - 1 - int(above[::-1].argmax())
    if plateau <= 0.0 or not above[first]:
        return first_s, end_s
    block_s = width / rate_hz
    if first > 0:
        first_s = (first + 1 - _filled(sums[first - 1 : first + 1], floor, plateau)) * block_s
    if last < blocks - 1:
        end_s = (last + _filled(sums[last : last + 2], floor, plateau)) * block_s
    return first_s, end_s


def _filled(sums: NDArray[np.float32], floor: float, plateau: float) -> float:
    """How many blocks' worth of the burst some blocks hold, each one at most."""
    values: list[float] = sums.tolist()
    return sum(min(1.0, max(0.0, (value - floor) / (plateau - floor))) for value in values)
