"""Long narrow packets, kept at a low sample rate and brought to the slice's rate piece by piece.

A LoRa packet of SF12 lasts seconds: at 2.4 MS/s it would take 100 MB, at three times its bandwidth it takes 8.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from dsp.protocols.record import Mode
from sim.bandwidth import bandwidth_hz
from sim.waveforms import packet

RATE_OVER_BANDWIDTH = 3.0
"""Lowest sample rate kept, in bandwidths."""
REACH = 5
"""Kept samples on each side that one interpolated sample rests on."""
KERNEL_WIDTH = 64
"""Samples that one row of weights gives at least: the multiplication of matrices likes them wide."""
WIDEST_MIX = 256
"""Largest divisor of which weights on a carrier are made: they are made for each packet."""
KERNELS_KEPT = 64
KAISER_BETA = 7.0
"""Window of the interpolation: cut-off at half the kept rate, flat over half of that, which is one and a half times the
signal's bandwidth; images of what lies there below -70 dB."""


def divisor_for(mode: Mode, sample_rate_hz: float) -> int:
    """Greatest whole divisor of the slice's rate at which a mode can be kept; 1 for none."""
    return max(1, int(sample_rate_hz / (RATE_OVER_BANDWIDTH * bandwidth_hz(mode.phy))))


def slow_packet(
    mode: Mode, sample_rate_hz: float, divisor: int, offset_hz: float, rng: np.random.Generator
) -> NDArray[np.complex64]:
    """A packet at ``sample_rate / divisor`` without what lies outside the slice, ``REACH`` zeros on both sides.

    Parameters
    ----------
    mode
        Its kind.
    sample_rate_hz
        Of the slice.
    divisor
        Of the rate.
    offset_hz
        Where in the slice it will be put.
    rng
        Draws the content.
    """
    rate_hz = sample_rate_hz / divisor
    samples = packet(mode, rate_hz, rng)
    if abs(offset_hz) + rate_hz / 2.0 > sample_rate_hz / 2.0:
        length = scipy.fft.next_fast_len(len(samples))
        place_hz = offset_hz + scipy.fft.fftfreq(length, 1.0 / rate_hz)
        spectrum = scipy.fft.fft(samples, length)
        spectrum[np.abs(place_hz) > sample_rate_hz / 2.0] = 0.0
        samples = scipy.fft.ifft(spectrum)[: len(samples)]
    return np.pad(samples, REACH).astype(np.complex64)


@lru_cache(maxsize=KERNELS_KEPT)
def _kernel(divisor: int) -> NDArray[np.float32]:
    """Weights of kept samples for those in between: a windowed sinc; for several at once if the divisor is low.

    Returns
    -------
    NDArray[np.float32]
        (2 REACH + group - 1, divisor group): ``group`` kept samples and their neighbours give so many of the slice's.
    """
    place = (np.arange(divisor) / divisor)[np.newaxis, :] - (np.arange(2 * REACH) - REACH + 1)[:, np.newaxis]
    window = np.i0(KAISER_BETA * np.sqrt(np.clip(1.0 - (place / REACH) ** 2, 0.0, None))) / np.i0(KAISER_BETA)
    weights = np.sinc(place) * window
    weights /= weights.sum(axis=0)
    group = max(1, KERNEL_WIDTH // divisor)
    kernel = np.zeros((2 * REACH + group - 1, divisor * group), np.float32)
    for number in range(group):
        kernel[number : number + 2 * REACH, number * divisor : (number + 1) * divisor] = weights
    return kernel


def interpolated(slow: NDArray[np.complex64], divisor: int, start: int, count: int) -> NDArray[np.complex64]:
    """Samples ``start`` to ``start + count`` of a packet of ``slow_packet`` at the slice's rate."""
    kernel = _kernel(divisor)
    taps, width = kernel.shape
    first = start // divisor
    skipped = start - first * divisor
    rows = -(-(skipped + count) // width)
    # Kept sample k stands at k + REACH of the padded array; its neighbours k - REACH + 1 to k + REACH.
    needed = (rows - 1) * (width // divisor) + taps
    piece = slow[first + 1 : first + 1 + needed]
    planes = np.zeros((2, needed), np.float32)
    planes[0, : len(piece)], planes[1, : len(piece)] = piece.real, piece.imag
    windows = np.lib.stride_tricks.sliding_window_view(planes, taps, axis=1)[:, :: width // divisor]
    block = (windows.reshape(2 * rows, taps) @ kernel).reshape(2, rows * width)[:, skipped : skipped + count]
    samples = np.empty(count, np.complex64)
    samples.real, samples.imag = block
    return samples


@lru_cache(maxsize=KERNELS_KEPT)
def _mixing_kernel(divisor: int, cycles: float) -> NDArray[np.float32]:
    """``_kernel`` on a carrier, in real numbers: (2 taps, 2 width), pairs of real and imaginary part on both sides."""
    weights = _kernel(divisor)
    taps, width = weights.shape
    moved = weights * np.exp(2j * np.pi * (cycles * np.arange(width)))
    kernel = np.empty((taps, 2, width, 2), np.float32)
    kernel[:, 0, :, 0] = kernel[:, 1, :, 1] = moved.real
    kernel[:, 0, :, 1] = moved.imag
    kernel[:, 1, :, 0] = -moved.imag
    return kernel.reshape(2 * taps, 2 * width)


def mixed(
    slow: NDArray[np.complex64], divisor: int, start: int, count: int, cycles: float, amplitude: complex
) -> NDArray[np.complex64]:
    """``amplitude exp(2 pi j cycles n)`` times ``interpolated``, n = 0 at the first sample, in one step.

    Parameters
    ----------
    slow, divisor, start, count
        As for ``interpolated``; the divisor at most ``WIDEST_MIX``.
    cycles
        Of the carrier in a sample of the slice.
    amplitude
        At the first sample.
    """
    kernel = _mixing_kernel(divisor, cycles)
    taps, width = kernel.shape[0] // 2, kernel.shape[1] // 2
    group = width // divisor
    first = start // divisor
    skipped = start - first * divisor
    rows = -(-(skipped + count) // width)
    needed = (rows - 1) * group + taps
    piece = slow[first + 1 : first + 1 + needed]
    if len(piece) < needed:
        piece = np.concatenate([piece, np.zeros(needed - len(piece), np.complex64)])
    windows = np.lib.stride_tricks.as_strided(piece, (rows, taps), (group * piece.itemsize, piece.itemsize))
    turns = cycles * (width * np.arange(rows) - skipped)
    carrier = (amplitude * np.exp(2j * np.pi * (turns - np.floor(turns)))).astype(np.complex64)
    block = (windows * carrier[:, np.newaxis]).view(np.float32) @ kernel
    samples: NDArray[np.complex64] = block.reshape(-1).view(np.complex64)[skipped : skipped + count]
    return samples


def full_length(slow: NDArray[np.complex64], divisor: int) -> int:
    """Length of the packet at the slice's rate."""
    return (len(slow) - 2 * REACH) * divisor
