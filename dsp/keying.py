"""Keying: on-off and frequency-shift keying measured on one burst, and the shape of its envelope."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from dsp.baseband import Baseband, power_of
from dsp.fourier import transformed
from dsp.quantile import median, quantile, quantiles

LONGEST_LOOK_SAMPLES = 2048
LEAST_SAMPLES = 32
LLOYD_STEPS = 3
CLOCK_STEPS = 3
LEAST_RUNS = 8
"""Fewer times between changes have no clock."""
THINNING = 4
"""Of neighbours, which are alike, every fourth is enough for a level to begin with."""
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
    """

    deviation_hz: float
    separation: float
    symbol_rate_hz: float | None
    steadiness: float
    centre_hz: float


def _moving_sum(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Sums of ``width`` neighbours; the values as they are where there are fewer.

    Sums of twice as many from two of the sums so far, and one more, as the binary digits of the width say: no value is
    taken off a large total again.
    """
    if len(values) < width:
        return values
    sums, have = values, 1
    for digit in f"{width:b}"[1:]:
        sums = sums[:-have] + sums[have:]
        have *= 2
        if digit == "1":
            sums = sums[:-1] + values[have:]
            have += 1
    return sums


def measure_envelope(baseband: Baseband, noise_power: float) -> Envelope:
    """Measure the envelope of a burst.

    Parameters
    ----------
    baseband
        The burst.
    noise_power
        Mean noise power in the baseband's band, taken off the kurtosis' moments.
    """
    power = power_of(baseband.samples)
    mean = float(np.add.reduce(power)) / len(power)
    signal = max(mean - noise_power, 0.05 * mean, 1e-30)
    # Moments of signal plus Gaussian noise: E[p^2] = S2 + 4 S N + 2 N^2.
    second = float(power.dot(power)) / len(power) - 4.0 * signal * noise_power - 2.0 * noise_power**2
    width = max(1, len(power) // 512)
    smooth = _moving_sum(power, width)
    # Neighbours of a moving sum are alike.
    low, high = quantiles(smooth[:: max(1, width // 2)], (0.1, 0.9))
    level = 0.5 * high
    walled = np.zeros(len(smooth) + 2, dtype=np.bool_)
    above = np.greater(smooth, level, out=walled[1:-1])
    # Rises and falls in turn.
    edges = (walled[1:] != walled[:-1]).nonzero()[0]
    lengths = edges[1::2] - edges[::2]
    pulse_s = (median(lengths.astype(np.float64)) if len(lengths) else len(power)) / baseband.rate_hz
    depth_db = 10.0 * log10(max(high, 1e-30) / max(low, 1e-30))
    on_share = int(np.count_nonzero(above)) / len(above)
    return Envelope(max(0.5, second / signal**2), on_share, min(depth_db, 60.0), len(lengths), pulse_s)


def measure_keying(baseband: Baseband, steadiness: float | None = None) -> Keying:
    """Measure the frequency keying of a burst.

    The discriminator ``f = arg(x[n] x*[n-1]) rate / 2 pi`` of the samples that are on, split into two groups by
    their means (Lloyd's algorithm in one dimension), and the clock that fits the times between changes of group.
    Two groups are found in noise too (2.65 spreads apart where it is Gaussian): a steady envelope must come to it.

    Parameters
    ----------
    baseband
        The burst.
    steadiness
        From ``measure_steadiness``, where it is known already.
    """
    samples = baseband.samples[:LONGEST_LOOK_SAMPLES]
    if len(samples) < LEAST_SAMPLES:
        return Keying(0.0, 0.0, None, 0.0, 0.0)
    if steadiness is None:
        steadiness = _steadiness(samples)
    product = samples[1:] * samples[:-1].conj()
    weight = np.abs(product)
    on = weight > 0.25 * quantile(weight[::THINNING], 0.8)
    if int(np.count_nonzero(on)) < len(on):
        product = product[on]
    # Three times the phase from sample to sample.
    turns = _moving_sum(np.arctan2(product.imag, product.real), 3)
    if len(turns) < LEAST_SAMPLES:
        return Keying(0.0, 0.0, None, steadiness, 0.0)
    low, high = quantiles(turns[::THINNING], (0.15, 0.85))
    total, above = float(np.add.reduce(turns)), 0
    upper = turns > 0.5 * (low + high)
    for _ in range(LLOYD_STEPS):
        count = int(np.count_nonzero(upper))
        if count in (above, len(turns)):
            break
        above, of_upper = count, float(turns.dot(upper))
        low, high = (total - of_upper) / (len(turns) - above), of_upper / above
        upper = turns > 0.5 * (low + high)
    spread = _spread(turns, upper, low, high)
    changes = (upper[1:] != upper[:-1]).nonzero()[0]
    rate_hz = _clock_hz(changes[1:] - changes[:-1], baseband.rate_hz)
    to_hz = baseband.rate_hz / (6.0 * pi)
    separation = min((high - low) * to_hz / max(spread * to_hz, 1.0), 20.0)
    return Keying(0.5 * (high - low) * to_hz, separation, rate_hz, steadiness, 0.5 * (low + high) * to_hz)


def _spread(values: NDArray[np.float32], upper: NDArray[np.bool_], low: float, high: float) -> float:
    """How far the values are from the level of their group, root of the mean of both groups' mean squares."""
    count = int(np.count_nonzero(upper))
    others = len(values) - count
    if not count or not others:
        return 0.0
    squares = values * values
    of_upper, of_upper_squares = float(values.dot(upper)), float(squares.dot(upper))
    of_lower = float(np.add.reduce(values)) - of_upper
    of_lower_squares = float(np.add.reduce(squares)) - of_upper_squares
    above = (of_upper_squares - 2.0 * high * of_upper) / count + high * high
    below = (of_lower_squares - 2.0 * low * of_lower) / others + low * low
    return sqrt(0.5 * max(0.0, above + below))


def measure_tone_share(baseband: Baseband) -> float:
    """Share of the power of a burst in its strongest line: 1 for a carrier."""
    samples = baseband.samples[:LONGEST_LOOK_SAMPLES]
    if len(samples) < LEAST_SAMPLES:
        return 0.0
    spectrum = power_of(transformed(samples[np.newaxis, : 1 << (len(samples).bit_length() - 1)])[0])
    peak = int(spectrum.argmax())
    around = float(spectrum[peak - 1] + spectrum[peak] + spectrum[(peak + 1) % len(spectrum)])
    return around / max(float(np.add.reduce(spectrum)), 1e-30)


def measure_steadiness(baseband: Baseband) -> float:
    """``Keying.steadiness`` alone, at a tenth of the cost of ``measure_keying``."""
    samples = baseband.samples[:LONGEST_LOOK_SAMPLES]
    return _steadiness(samples) if len(samples) >= LEAST_SAMPLES else 0.0


def _steadiness(samples: NDArray[np.complex64]) -> float:
    """See ``Keying.steadiness``; neighbours are averaged, which takes off half of the noise beside the signal."""
    pairs = samples[1:] + samples[:-1]
    power = pairs.real**2 + pairs.imag**2
    mean = float(np.add.reduce(power)) / len(power)
    kurtosis = float(power.dot(power)) / len(power) / max(mean * mean, 1e-30)
    return float(max(-100.0, (2.0 - kurtosis) * np.sqrt(INDEPENDENT_SHARE * len(power)) / 2.0))


def _clock_hz(runs: NDArray[np.intp], rate_hz: float) -> float | None:
    """Symbol rate that the lengths between changes are whole multiples of.

    Many runs are of few lengths: the work is done on their histogram.
    """
    if len(runs) < LEAST_RUNS:
        return None
    often = np.bincount(runs)
    often[:2] = 0
    lengths = often.nonzero()[0]
    times = often[lengths]
    upto = np.add.accumulate(times)
    count = int(upto[-1]) if len(upto) else 0
    if count < LEAST_RUNS:
        return None
    symbol = float(lengths[upto.searchsorted(round(0.2 * (count - 1)), side="right")])
    total = float(lengths.dot(times))
    for _ in range(CLOCK_STEPS):
        symbols = np.rint(lengths * (1.0 / symbol))
        before, symbol = symbol, total / float(np.maximum(symbols, 1.0, out=symbols).dot(times))
        if symbol == before:
            break
    return rate_hz / symbol
