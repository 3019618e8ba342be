"""OFDM by its cyclic prefix: the autocorrelation of a look at the slice has a sharp peak one symbol later."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from dsp.bursts import CyclicPrefixFinding
from dsp.fourier import workbench
from dsp.long_fourier import FIRST, POINTS, SECOND, in_order, long_transforms
from dsp.protocols import PROTOCOLS
from dsp.protocols.record import OfdmPhy
from dsp.quantile import median, quantile, quantiles

LOOK_S = 0.06
"""A look: 840 LTE symbols, 65 of DVB-T 8k; noise of the correlation 1 / sqrt(samples) = 0.003 at 2.4 MS/s."""
BLOCK_SAMPLES = POINTS
"""Power spectra of blocks are summed; at the longest lag of the records, 1.02 ms, a third of a block has no partner."""
BLOCKS_AT_A_TIME = 4
"""Transformed together: they stay in the second-level cache."""
ROW_SAMPLES = 512
ROWS_A_BLOCK = BLOCK_SAMPLES // ROW_SAMPLES
BURSTY_RATIO = 2.0
"""Rows this much stronger at their 90 % than at their 10 % quantile: bursts; the rest is left out."""
LIMIT_RATIO = 2.0
"""Rows stronger than this times the median are scaled down, so that one near transmitter is not all that is seen."""
LINE_RATIO = 4.0
LINE_BINS = 128
"""A bin this far above the median of its group is a steady line, or the receiver's direct current."""
LEAST_LAG = 7.0
"""Shorter lags lie in the main lobe of the correlation."""
GUARD_LAGS = 3
NEIGHBOURS = (0.72, 1.32)
"""Lags around the symbol, as parts of it, where only chance and pilots correlate."""
LEAST_SCORE = 5.0
"""Over the root mean square of the neighbours: a Rayleigh variable passes once in 10^10, its neighbours' few count."""
STRONG_SCORE = 3.3
STRONG_CORRELATION = 0.03
"""A base station without traffic repeats itself: its neighbours are more than noise. No noise is this strong."""
LEAST_CORRELATION = 0.009
"""DVB-T with a guard interval of 1/32 gives 0.03 without noise, LTE up to 0.07, all others more."""
SHORT_LAG = 24.0
SHORT_CORRELATION = 0.07
"""Closer to the main lobe than ``SHORT_LAG`` samples its tail is as strong as 0.04; 802.11 gives 0.2 without noise."""
RIVAL_LEVEL = 0.6
RIVAL_SHARE = 0.02
"""Share of the neighbours that reach ``RIVAL_LEVEL`` of the peak: a smooth or periodic signal has many peaks."""
BAND_SHARE = 0.55
"""The peak is as narrow as the record's bandwidth, or the slice, makes it; LoRa repeats too, but is narrower."""
REPEATS = (2, 4)
"""A signal that repeats faster, as the lines of a picture do, is not OFDM; its pilots repeat at a third and a sixth."""
REPEAT_RATIO = 2.0
"""A repetition stands so far above the correlation around it; a base station without traffic has a long main lobe."""
REPEAT_REACH = 12
"""Lags on either side that it is compared with."""
WIFI_20_MHZ = (312.5e3, 16.25e6)
"""802.11 at full rate: in no record below 1.8 GHz, and told from the others by its own lag."""

LEAST_STEPS_SQUARED = 0.5
"""Least power between the lines in steps of the converter, squared. Noise of half a step in I and in Q, and the error's
own 1/6, are 0.67: there the error is a hundredth of what it is without noise [1]; four to six steps in use gave
0.15 to 0.31.

[1] B. Widrow and I. Kollar, "Quantization Noise", Cambridge University Press, 2008: exp(-2 pi^2 sigma^2)
"""
PERIODIC_LEVEL = 0.6
"""Pulses of one rate are as alike two periods apart as one. A prefix repeats its own symbol only; of the shortest
802.11 packets, whose training field does repeat, the correlation two symbols apart is a fifth of that at one."""


@dataclass(frozen=True, slots=True)
class Autocorrelation:
    """Correlation of a look with itself.

    Parameters
    ----------
    values
        (lags,) complex64, normalised to the power of the look; lag 0 first.
    duty
        Share of the look that was taken as on air.
    between
        Mean power of a sample without the steady lines, full scale squared.
    """

    values: NDArray[np.complex64]
    duty: float
    between: float


def look_samples(sample_rate_hz: float) -> int:
    """Samples of one look."""
    return round(LOOK_S * sample_rate_hz)


@lru_cache(maxsize=1)
def spacings() -> tuple[tuple[float, float], ...]:
    """Subcarrier spacings of all records, each with the least bandwidth that has it."""
    found: dict[float, float] = dict([WIFI_20_MHZ])
    for protocol in PROTOCOLS:
        for mode in protocol.modes:
            if isinstance(mode.phy, OfdmPhy):
                spacing_hz = round(mode.phy.subcarrier_spacing_hz, 3)
                found[spacing_hz] = min(found.get(spacing_hz, np.inf), mode.phy.bandwidth_hz)
    return tuple(sorted(found.items()))


def autocorrelate(samples: NDArray[np.complex64]) -> Autocorrelation:
    """Correlation at all lags by the power spectrum (Wiener and Khinchin): one transform there and a short one back.

    Rows without signal are left out where it comes in bursts, strong rows limited, steady lines cut down to their
    surroundings.

    Parameters
    ----------
    samples
        (n,) complex64, at least one block.
    """
    blocks = len(samples) // BLOCK_SAMPLES
    parts = samples[: len(samples) // ROW_SAMPLES * ROW_SAMPLES].view(np.float32).reshape(-1, 2 * ROW_SAMPLES)
    power: NDArray[np.float32] = np.matmul(parts[:, np.newaxis], parts[:, :, np.newaxis]).reshape(-1)
    quiet, loud = quantiles(power, (0.1, 0.9))
    on = power > np.sqrt(quiet * loud) if loud > BURSTY_RATIO * quiet else np.ones(len(power), dtype=np.bool_)
    gain = on.astype(np.float32)
    limit = LIMIT_RATIO * quantile(power[on], 0.5) if on.any() else 1.0
    gain *= np.sqrt(np.minimum(1.0, limit / np.maximum(power, 1e-30))).astype(np.float32)
    squares = np.zeros(2 * BLOCK_SAMPLES, dtype=np.float32)
    # Blocks without signal have nothing to add.
    live = np.flatnonzero(on[: blocks * ROWS_A_BLOCK].reshape(blocks, ROWS_A_BLOCK).any(axis=1)) * ROWS_A_BLOCK
    for first in range(0, len(live), BLOCKS_AT_A_TIME):
        some = live[first : first + BLOCKS_AT_A_TIME]
        transforms = long_transforms(len(some))
        for begin, place in zip(some.tolist(), transforms.rows, strict=True):
            rows = slice(begin, begin + ROWS_A_BLOCK)
            room = place.view(np.float32).reshape(ROWS_A_BLOCK, -1)
            np.multiply(parts[rows], gain[rows, np.newaxis], out=room)
        spectra = transforms.run().view(np.float32).reshape(-1, 2 * BLOCK_SAMPLES)
        squares += np.einsum("ij,ij->j", spectra, spectra)
    density = in_order((squares[0::2] + squares[1::2]).reshape(FIRST, SECOND))
    groups = density.reshape(-1, LINE_BINS)
    middle = LINE_BINS // 2
    medians = np.partition(groups, middle, axis=1)[:, middle : middle + 1]
    np.minimum(groups, np.float32(LINE_RATIO) * medians, out=groups)
    between = float(medians.mean()) / (BLOCK_SAMPLES * blocks)
    # Of something real, back is the conjugate of there.
    values = np.conj(workbench().run_real(density, BLOCK_SAMPLES)[: BLOCK_SAMPLES // 2])
    values /= np.float32(max(float(abs(values[0])), 1e-30))
    return Autocorrelation(values, float(on.mean()), between)


def prefix_score(power: NDArray[np.float32], sample_rate_hz: float, spacing_hz: float, bandwidth_hz: float) -> float:
    """How far the lag of one OFDM symbol stands out; 0.0 where it is none.

    Parameters
    ----------
    power
        (lags,) float32: the square of what ``autocorrelate`` gives.
    sample_rate_hz
        Of the look.
    spacing_hz, bandwidth_hz
        Subcarrier spacing, and the narrowest signal that has it.
    """
    lag = sample_rate_hz / spacing_hz
    if lag < LEAST_LAG or NEIGHBOURS[1] * lag + GUARD_LAGS >= len(power):
        return 0.0
    at = max(range(round(lag) - 1, round(lag) + 2), key=power.item)
    peak = power.item(at)
    if sqrt(peak) < (SHORT_CORRELATION if lag < SHORT_LAG else LEAST_CORRELATION):
        return 0.0
    low = min(int(NEIGHBOURS[0] * lag), at - GUARD_LAGS - 3)
    high = max(int(NEIGHBOURS[1] * lag), at + GUARD_LAGS + 4)
    around = np.concatenate((power[max(1, low) : at - GUARD_LAGS + 1], power[at + GUARD_LAGS : high]))
    # The median of a Rayleigh variable's power is 0.69 of the mean; pilots do not move it.
    chance = median(around) / log(2.0)
    rivals = int(np.count_nonzero(around > RIVAL_LEVEL**2 * peak))
    score = sqrt(peak / max(chance, 1e-12))
    least = STRONG_SCORE if sqrt(peak) > STRONG_CORRELATION else LEAST_SCORE
    least = least if lag >= SHORT_LAG else 0.5 * LEAST_SCORE
    if score < least or rivals > RIVAL_SHARE * len(around):
        return 0.0
    reach = int(min(max(sample_rate_hz / 0.25e6, GUARD_LAGS), lag / 3.0))
    lobe = power[at - reach : at + reach + 1] / peak
    width = float(lobe.sum()) - (2 * reach + 1) * chance / peak
    least_hz = BAND_SHARE * min(bandwidth_hz, 0.9 * sample_rate_hz)
    if sample_rate_hz / max(width, 1.0) < least_hz:
        return 0.0
    if any(_repeats(power, round(at / part), peak) for part in REPEATS if at / part > SHORT_LAG):
        return 0.0
    return 0.0 if _periodic(power, at, peak) else score


def _repeats(power: NDArray[np.float32], lag: int, peak: float) -> bool:
    """Whether the correlation at a lag is above a peak, and a peak itself."""
    value = float(power[lag])
    low = power[max(1, lag - REPEAT_REACH) : lag - GUARD_LAGS + 1]
    around = np.concatenate((low, power[lag + GUARD_LAGS : lag + REPEAT_REACH + 1]))
    return value > peak and value > REPEAT_RATIO**2 * median(around)


def _periodic(power: NDArray[np.float32], at: int, peak: float) -> bool:
    """Whether pulses of one rate explain what is seen at a lag: it is their period, or something is that is stronger.

    The lines of a picture are such pulses. What is beside their own period is products of how their lines are cut down.
    """
    if float(power[2 * at - 2 : 2 * at + 3].max(initial=0.0)) > PERIODIC_LEVEL**2 * peak:
        return True
    first = int(SHORT_LAG) + REPEAT_REACH
    period = first + int(np.argmax(power[first : len(power) // 2 - 2]))
    twice = float(power[2 * period - 2 : 2 * period + 3].max())
    return twice > PERIODIC_LEVEL**2 * float(power[period]) and _repeats(power, period, peak)


def find_prefix(samples: NDArray[np.complex64], sample_rate_hz: float) -> CyclicPrefixFinding | None:
    """Look for a cyclic prefix of any subcarrier spacing that a record has.

    Parameters
    ----------
    samples
        (n,) complex64, a look.
    sample_rate_hz
        Of ``samples``.
    """
    if len(samples) < 2 * BLOCK_SAMPLES:
        return None
    correlation = autocorrelate(samples)
    power = correlation.values.real**2 + correlation.values.imag**2
    best: CyclicPrefixFinding | None = None
    for spacing_hz, bandwidth_hz in spacings():
        score = prefix_score(power, sample_rate_hz, spacing_hz, bandwidth_hz)
        if score and (best is None or score > best.score):
            best = CyclicPrefixFinding(spacing_hz, score, correlation.duty)
    return None if best is not None and _of_the_converter(samples, correlation.between) else best


def _of_the_converter(samples: NDArray[np.complex64], between: float) -> bool:
    """Whether what lies between the lines is the converter's own error, which repeats itself as the lines do.

    Parameters
    ----------
    samples
        A look, in the converter's steps where they are few.
    between
        Its power without the lines.
    """
    values = np.unique(samples.real[:BLOCK_SAMPLES])
    step = float(np.diff(values).min(initial=1.0)) if len(values) > 1 else 0.0
    return between < LEAST_STEPS_SQUARED * step * step
