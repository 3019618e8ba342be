"""Long narrow packets, kept at a low sample rate and brought to the slice's rate piece by piece.

A LoRa packet of SF12 lasts seconds: at 2.4 MS/s it would take 100 MB, at three times its bandwidth it takes 8.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from dsp.protocols.record import Mode
from sim.bandwidth import bandwidth_hz
from sim.waveforms import packet

RATE_OVER_BANDWIDTH = 3.0
"""Lowest sample rate kept, in bandwidths."""
REACH = 8
"""Kept samples on each side that one interpolated sample rests on."""
KAISER_BETA = 8.0
"""Window of the interpolation: cut-off at half the kept rate, flat over 0.8 of it, images below -70 dB."""


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


def _kernel(divisor: int) -> NDArray[np.complex64]:
    """(2 REACH, divisor) weights of the kept samples for each of the samples in between: a windowed sinc."""
    place = (np.arange(divisor) / divisor)[np.newaxis, :] - (np.arange(2 * REACH) - REACH + 1)[:, np.newaxis]
    window = np.i0(KAISER_BETA * np.sqrt(np.clip(1.0 - (place / REACH) ** 2, 0.0, None))) / np.i0(KAISER_BETA)
    weights = np.sinc(place) * window
    result: NDArray[np.complex64] = (weights / weights.sum(axis=0)).astype(np.complex64)
    return result


_KERNELS: dict[int, NDArray[np.complex64]] = {}


def interpolated(slow: NDArray[np.complex64], divisor: int, start: int, count: int) -> NDArray[np.complex64]:
    """Samples ``start`` to ``start + count`` of a packet of ``slow_packet`` at the slice's rate."""
    if divisor not in _KERNELS:
        _KERNELS[divisor] = _kernel(divisor)
    first, last = start // divisor, -(-(start + count) // divisor)
    # Kept sample k stands at k + REACH of the padded array; its neighbours k - REACH + 1 to k + REACH.
    windows = np.lib.stride_tricks.sliding_window_view(slow, 2 * REACH)[first + 1 : last + 1]
    block: NDArray[np.complex64] = (windows @ _KERNELS[divisor]).reshape(-1)
    return block[start - first * divisor : start - first * divisor + count]


def full_length(slow: NDArray[np.complex64], divisor: int) -> int:
    """Length of the packet at the slice's rate."""
    return (len(slow) - 2 * REACH) * divisor
