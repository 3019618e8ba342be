"""Keying: on-off and frequency-shift keying measured on one burst, and the shape of its envelope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.baseband import Baseband
from dsp.quantile import quantile, quantiles

LONGEST_LOOK_SAMPLES = 2048
LEAST_SAMPLES = 32
LLOYD_STEPS = 3
INDEPENDENT_SHARE = 0.7
"""Samples of a baseband at twice the bandwidth, neighbours averaged, that count as independent."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """How the power of a burst varies.

    Parameters
    ----------
    kurtosis
        ``E[p^2] / E[p]^2``: 1 constant envelope, 2 Gaussian noise, more for pulses.
    on_share
        Share of the samples above half of the on-level.
    depth_db
        90 % over 10 % quantile of the smoothed power.
    pulses
        Times the power rises through half of the on-level.
    pulse_s
        Median length of a pulse.
    """

    kurtosis: float
    on_share: float
    depth_db: float
    pulses: int
    pulse_s: float


@dataclass(frozen=True, slots=True)
class Keying:
    """How the frequency of a burst varies.

    Parameters
    ----------
    deviation_hz
        Half the distance of the two tones.
    separation
        Distance of the tones over their spread: below 2 is no keying, a clean 2-FSK has 4 and more.
    symbol_rate_hz
        Clock of the changes; None where there is none.
    steadiness
        How surely the envelope is not that of noise: ``(2 - E[p^2] / E[p]^2) sqrt(n) / 2``, in standard deviations.
        Noise, OFDM and spread spectrum give 0, pulses less, a keyed carrier at 3 dB 4 to 10, at 12 dB 10 to 20.
    centre_hz
        Middle of the two tones, relative to the baseband's 0 Hz.
    tone_share
        Share of the power in the strongest line: 1 for a carrier.
    """

    deviation_hz: float
    separation: float
    symbol_rate_hz: float | None
    steadiness: float
    centre_hz: float
    tone_share: float


def _box(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Moving mean of ``width`` values."""
    if width <= 1 or len(values) < width:
        return values
    if width == 3:
        return (values[:-2] + values[1:-1] + values[2:]) * np.float32(1.0 / 3.0)
    total = np.cumsum(values, dtype=np.float64)
    total[width:] -= total[:-width].copy()
    return (total[width - 1 :] / width).astype(np.float32)


def measure_envelope(baseband: Baseband, noise_power: float) -> Envelope:
    """Measure the envelope of a burst.

    Parameters
    ----------
    baseband
        The burst.
    noise_power
        Mean noise power in the baseband's band, taken off the kurtosis' moments.
    """
    samples = baseband.samples
    power = samples.real**2 + samples.imag**2
    mean = float(power.mean())
    signal = max(mean - noise_power, 0.05 * mean, 1e-30)
    # Moments of signal plus Gaussian noise: E[p^2] = S2 + 4 S N + 2 N^2.
    second = float((power * power).mean()) - 4.0 * signal * noise_power - 2.0 * noise_power**2
    width = max(1, len(power) // 512)
    smooth = _box(power, width)
    # Neighbours of a moving mean are alike.
    low, high = quantiles(smooth[:: max(1, width // 2)], (0.1, 0.9))
    level = 0.5 * high
    above = smooth > level
    rises = np.flatnonzero(above[1:] & ~above[:-1]) + 1
    falls = np.flatnonzero(~above[1:] & above[:-1]) + 1
    if above.size and above[0]:
        rises = np.concatenate((np.zeros(1, dtype=rises.dtype), rises))
    if above.size and above[-1]:
        falls = np.append(falls, len(above))
    lengths = falls[: len(rises)] - rises[: len(falls)]
    pulse_s = float(np.median(lengths)) / baseband.rate_hz if len(lengths) else len(power) / baseband.rate_hz
    depth_db = float(10.0 * np.log10(max(high, 1e-30) / max(low, 1e-30)))
    return Envelope(max(0.5, second / signal**2), float(above.mean()), min(depth_db, 60.0), len(rises), pulse_s)


def measure_keying(baseband: Baseband) -> Keying:
    """Measure the frequency keying of a burst.

    The discriminator ``f = arg(x[n] x*[n-1]) rate / 2 pi`` of the samples that are on, split into two groups by
    their means (Lloyd's algorithm in one dimension), and the clock that fits the times between changes of group.
    Two groups are found in noise too (2.65 spreads apart where it is Gaussian): a steady envelope must come to it.
    """
    samples = baseband.samples[:LONGEST_LOOK_SAMPLES]
    if len(samples) < LEAST_SAMPLES:
        return Keying(0.0, 0.0, None, 0.0, 0.0, 0.0)
    transformed = fft.fft(samples[: 1 << (len(samples).bit_length() - 1)])
    spectrum = transformed.real**2 + transformed.imag**2
    peak = int(spectrum.argmax())
    around = float(spectrum[peak - 1] + spectrum[peak] + spectrum[(peak + 1) % len(spectrum)])
    tone_share = around / max(float(spectrum.sum()), 1e-30)
    steadiness = _steadiness(samples)
    product = samples[1:] * np.conj(samples[:-1])
    weight = np.abs(product)
    frequency = (np.angle(product) * (baseband.rate_hz / (2.0 * np.pi))).astype(np.float32)
    on = weight > 0.25 * quantile(weight, 0.8)
    kept = _box(frequency[on], 3)
    if len(kept) < LEAST_SAMPLES:
        return Keying(0.0, 0.0, None, steadiness, 0.0, tone_share)
    low, high = quantiles(kept, (0.15, 0.85))
    total, spread = float(kept.sum(dtype=np.float64)), 0.0
    for _ in range(LLOYD_STEPS):
        upper = kept > 0.5 * (low + high)
        above = int(np.count_nonzero(upper))
        if not 0 < above < len(kept):
            break
        of_upper = float(kept.dot(upper))
        low, high = (total - of_upper) / (len(kept) - above), of_upper / above
    middle = 0.5 * (low + high)
    upper = kept > middle
    above = int(np.count_nonzero(upper))
    if 0 < above < len(kept):
        off = kept - np.where(upper, np.float32(high), np.float32(low))
        squares = off * off
        of_upper = float(squares.dot(upper))
        spread = float(np.sqrt(0.5 * (of_upper / above + (float(squares.sum()) - of_upper) / (len(kept) - above))))
    separation = (high - low) / max(spread, 1.0)
    changes = np.flatnonzero(upper[1:] != upper[:-1])
    rate_hz = _clock_hz(np.diff(changes).astype(np.float64), baseband.rate_hz)
    return Keying(0.5 * (high - low), min(separation, 20.0), rate_hz, steadiness, middle, tone_share)


def measure_steadiness(baseband: Baseband) -> float:
    """``Keying.steadiness`` alone, at a twentieth of the cost of ``measure_keying``."""
    samples = baseband.samples[:LONGEST_LOOK_SAMPLES]
    return _steadiness(samples) if len(samples) >= LEAST_SAMPLES else 0.0


def _steadiness(samples: NDArray[np.complex64]) -> float:
    """See ``Keying.steadiness``; neighbours are averaged, which takes off half of the noise beside the signal."""
    pairs = samples[1:] + samples[:-1]
    power = pairs.real**2 + pairs.imag**2
    mean = float(np.add.reduce(power)) / len(power)
    kurtosis = float(power.dot(power)) / len(power) / max(mean * mean, 1e-30)
    return float(max(-100.0, (2.0 - kurtosis) * np.sqrt(INDEPENDENT_SHARE * len(power)) / 2.0))


def _clock_hz(runs: NDArray[np.float64], rate_hz: float) -> float | None:
    """Symbol rate that the lengths between changes are whole multiples of."""
    runs = runs[runs >= 2]
    if len(runs) < 8:
        return None
    symbol = max(2.0, quantile(runs.astype(np.float32), 0.2))
    for _ in range(3):
        counts = np.maximum(1.0, np.rint(runs / symbol))
        symbol = float(runs.sum() / counts.sum())
    return rate_hz / symbol
