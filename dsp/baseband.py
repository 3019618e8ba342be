"""Cut one emission out of the slice: shifted to 0 Hz, filtered, at a lower rate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.fourier import quick_length, workbench
from dsp.spectrogram import window_gain

TAPER = 0.08
"""Share of the kept band at each side that is tapered, against ringing."""


LEAST_BINS = 16
"""Shortest inverse transform of ``resynthesise``."""


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


@lru_cache(maxsize=64)
def _weights(bins: int, points: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What ``resynthesise`` multiplies the parts, real and imaginary, of the kept bins and of the samples with.

    Returns
    -------
    weights
        (2 bins,) a raised-cosine edge, but for the whole slice, and the gains of window and transforms taken back.
    signs
        (bins,) of the samples of half a frame: the middle bin becomes 0 Hz.
    """
    weights = np.full(bins, 1.0 / (points * window_gain(points)), dtype=np.float32)
    if bins < points:
        edge = max(1, int(bins * TAPER))
        ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge)).astype(np.float32)
        weights[:edge] *= ramp
        weights[-edge:] *= ramp[::-1]
    signs = np.where(np.arange(bins // 2) % 2, np.float32(-1.0), np.float32(1.0))
    of_parts = np.repeat(weights, 2), np.repeat(signs, 2)
    for values in of_parts:
        values.flags.writeable = False
    return of_parts


def power_of(samples: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Power of each of some consecutive samples."""
    parts = samples.view(np.float32)
    squares = parts * parts
    return squares[0::2] + squares[1::2]


def resynthesise(
    spectrum: NDArray[np.complex64], sample_rate_hz: float, offset_hz: float, least_rate_hz: float
) -> Baseband:
    """Cut a band out of a short-time transform that is there already.

    The bins around ``offset_hz`` of every frame, their short inverse transform, frames overlapped and added: half
    overlapping Hann windows add up to one. Costs a fraction ``kept bins / points`` of the transform.

    Parameters
    ----------
    spectrum
        (frames, points) complex64 as from ``dsp.spectrogram.transform``, at least two frames.
    sample_rate_hz
        Of the samples that were transformed.
    offset_hz
        Frequency to shift to 0 Hz; the nearest bin is taken.
    least_rate_hz
        The result's rate is the bins kept, an even number, times the width of a bin: not below this.

    Returns
    -------
    Begins half a transform after the first frame does; the first and last half frame have no partner.
    """
    frames, points = spectrum.shape
    bin_hz = sample_rate_hz / points
    half = max(int(np.ceil(least_rate_hz / bin_hz / 2.0)), LEAST_BINS // 2)
    bins = min(2 * quick_length(half), points)
    middle = round(offset_hz / bin_hz) + points // 2
    first = middle - bins // 2
    low, high = max(first, 0), min(first + bins, points)
    half = bins // 2
    picked = workbench().rows(frames, bins)
    # Bins beyond the edge of the slice do not exist; what wraps around is another frequency.
    if high - low < bins:
        picked[...] = 0
    weights, signs = _weights(bins, points)
    if low < high:
        here = slice(2 * (low - first), 2 * (high - first))
        parts = spectrum.view(np.float32)[:, 2 * low : 2 * high]
        # A complex number times a real one would be worked out as the product of two complex ones.
        np.multiply(parts, weights[here], out=picked.view(np.float32)[:, here])
    turned = workbench().run(frames, bins, inverse=True)
    heads, tails = turned[1:, :half], turned[:-1, half:]
    out = np.empty((frames - 1, half), dtype=np.complex64)
    if (middle - points // 2) % 2:
        # From one frame to the next the shift to 0 Hz makes half a turn.
        np.subtract(tails[0::2], heads[0::2], out=out[0::2])
        np.subtract(heads[1::2], tails[1::2], out=out[1::2])
    else:
        np.add(heads, tails, out=out)
    out_parts = out.view(np.float32)
    out_parts *= signs
    return Baseband(out.reshape(-1), sample_rate_hz * bins / points, (middle - points // 2) * bin_hz)
