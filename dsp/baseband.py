"""Cut one emission out of the slice: shifted to 0 Hz, filtered, at a lower rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

TAPER = 0.08
"""Share of the kept band at each side that is tapered, against ringing."""


@dataclass(frozen=True, slots=True, eq=False)
class Baseband:
    """One emission around 0 Hz.

    Parameters
    ----------
    samples
        (n,) complex64, same amplitude scale as the block.
    rate_hz
        Samples a second.
    offset_hz
        What was shifted to 0 Hz, relative to the middle of the slice.
    """

    samples: NDArray[np.complex64]
    rate_hz: float
    offset_hz: float


def extract(samples: NDArray[np.complex64], sample_rate_hz: float, offset_hz: float, least_rate_hz: float) -> Baseband:
    """Cut a band out of a stretch of samples by the fast Fourier transform.

    The transform of the stretch, the bins around ``offset_hz``, the inverse transform of those: an ideal filter with
    a raised-cosine edge. Costs one transform of the stretch and one shorter by the decimation.

    Parameters
    ----------
    samples
        (n,) complex64, at least one.
    sample_rate_hz
        Of ``samples``.
    offset_hz
        Frequency to shift to 0 Hz.
    least_rate_hz
        The result's rate is ``sample_rate_hz / D`` with the largest whole D that stays above this.
    """
    decimation = max(1, int(sample_rate_hz / max(least_rate_hz, 1.0)))
    kept = int(fft.next_fast_len(-(-len(samples) // decimation)))
    kept += kept % 2
    total = kept * decimation
    spectrum = fft.fft(samples, n=total)
    middle = round(offset_hz * total / sample_rate_hz)
    picked = np.take(spectrum, np.arange(middle - kept // 2, middle + kept // 2), mode="wrap")
    edge = max(1, int(kept * TAPER))
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge)).astype(np.float32)
    if decimation > 1:
        picked[:edge] *= ramp
        picked[-edge:] *= ramp[::-1]
    # Bins beyond the edge of the slice do not exist; what wraps around is another frequency.
    half = total // 2
    first, last = middle - kept // 2, middle + kept // 2
    if first < -half:
        picked[: -half - first] = 0
    if last > half:
        picked[half - last :] = 0
    swapped = np.concatenate((picked[kept // 2 :], picked[: kept // 2]))
    out = np.asarray(fft.ifft(swapped, overwrite_x=True), dtype=np.complex64)
    out *= np.float32(1.0 / decimation)
    length = -(-len(samples) // decimation)
    return Baseband(out[:length], sample_rate_hz / decimation, middle * sample_rate_hz / total)
