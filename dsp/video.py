"""Analog video: the comb of its line rate on the envelope and the discriminator of the slice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.bursts import LineCombFinding
from dsp.fourier import workbench
from dsp.video_fields import lasts

PAL_LINE_HZ = 15625.0
"""Lines a second of 625/50 systems (ITU-R BT.470-6, table 1)."""
NTSC_LINE_HZ = 4.5e6 / 286.0
"""Lines a second of 525/59.94 systems: 15 734.27 Hz (ITU-R BT.470-6, table 1)."""
STANDARDS = (("pal", PAL_LINE_HZ), ("ntsc", NTSC_LINE_HZ))
WINDOW_S = 0.024
"""A look: 375 lines, resolution 42 Hz, so that the eighth harmonics of the standards are 21 resolutions apart."""
HARMONICS = 8
ENVELOPE_RATE_HZ = 300e3
"""The envelope is averaged down to at least this: the eighth harmonic is at 126 kHz."""
CONSTANT_KURTOSIS = 1.9
"""Below it something of constant envelope holds a third of the power (at 0 dB it is 1.75)."""
TRIALS = 25
"""Line rates of a standard that are tried, within its tolerance."""
LINE_TOLERANCE = 6e-4
"""Relative error of a camera's line rate: 600 ppm, wider than any crystal, a tenth of the standards' distance."""
NEIGHBOURHOOD_HZ = 3000.0
FIELD_SIDEBANDS_HZ = 700.0
"""Pictures put lines at multiples of the field rate beside each harmonic."""
LEAST_STANDING_OUT = 3
MOST_BETWEEN_DB = 9.0
"""Noise: 6 dB, the largest of five bins over the mean; chirps: 15 and more."""
BESIDE = 3.5e-3
"""Half of the standards' distance, within which no other comb may fit better."""
BESIDE_DB = 1.0
MOST_EVEN_DB = 10.0
"""Even harmonics over odd ones: pulses of twice the line rate, of monitors and power supplies, have no odd ones."""
ROUNDING = 1e-11
"""Power of the strongest line over that of the level itself; eight bits leave a thousand times more."""
FAINTEST = 1e-7
"""Lines more than 70 dB below the strongest are its leakage and the converter's, whatever lies between them."""
LEAST_HARMONICS = 4
HARMONIC_DB = 8.0
"""A harmonic counts when it stands this far above the median of its neighbourhood: one bin in 4 000 of noise does."""
COMB_DB = 8.5
"""Mean height of the harmonics that proves a comb; see tests/dsp/test_video.py for its rate of false alarms."""


@dataclass(frozen=True, slots=True)
class Comb:
    """The best comb of a look."""

    standard: str
    line_hz: float
    score_db: float
    harmonics: int
    fleeting: bool = False
    """A comb by all but the time it lasts."""


def window_samples(sample_rate_hz: float) -> int:
    """Samples of one look."""
    return round(WINDOW_S * sample_rate_hz)


def _averaged(values: NDArray[np.float32], decimation: int) -> NDArray[np.float32]:
    count = len(values) // decimation
    share = np.full(decimation, 1.0 / decimation, dtype=np.float32)
    means: NDArray[np.float32] = values[: count * decimation].reshape(count, decimation) @ share
    return means


def envelope(samples: NDArray[np.complex64], decimation: int) -> NDArray[np.float32]:
    """Power ``|x|^2`` averaged over ``decimation`` samples. One pass."""
    parts = samples.view(np.float32)
    count = len(samples) // decimation
    block = parts[: 2 * count * decimation].reshape(count, 2 * decimation)
    power: NDArray[np.float32] = np.einsum("ij,ij->i", block, block)
    return power


def discriminator(samples: NDArray[np.complex64], decimation: int) -> NDArray[np.float32]:
    """Normalised frequency ``Im(x[n] x*[n-1]) / (|x[n]|^2 + mean)``, averaged: no arctangent needed for a comb."""
    if len(samples) < 2 * decimation:
        return np.zeros(0, dtype=np.float32)
    product = np.conj(samples[:-1])
    product *= samples[1:]
    squares = samples.view(np.float32) ** 2
    power = squares[2::2] + squares[3::2]
    turn = product.imag / (power + np.float32(max(float(power.mean()), 1e-20)))
    return _averaged(turn, decimation)


@lru_cache(maxsize=8)
def _window(count: int) -> NDArray[np.float32]:
    hann = (0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(count) + 0.5) / count)).astype(np.float32)
    hann.flags.writeable = False
    return hann


def find_comb(signal: NDArray[np.float32], rate_hz: float) -> Comb | None:
    """Best line comb in a real signal.

    The power spectrum of the Hann-windowed signal, divided by its local median; for every standard and every line
    rate within the tolerance, the mean of the first eight harmonics in decibels (each limited to 25 dB, so that one
    strong line alone is no comb).

    Parameters
    ----------
    signal
        (n,) float32: envelope or discriminator.
    rate_hz
        Its sample rate.
    """
    count = len(signal)
    if count < 0.6 * WINDOW_S * rate_hz:
        return None
    length = int(fft.next_fast_len(2 * count, real=True))
    mean = np.add.reduce(signal) * np.float32(1.0 / count)
    spectrum = workbench().run_real((signal - mean) * _window(count), length)
    power = spectrum.real**2 + spectrum.imag**2
    strongest = float(np.maximum.reduce(power))
    # A constant leaves the rounding errors of its values.
    if strongest < ROUNDING * float(np.maximum.reduce(np.abs(signal))) ** 2 * count**2:
        return None
    bin_hz = rate_hz / length
    usable = min(HARMONICS, int(0.48 * rate_hz / NTSC_LINE_HZ))
    if usable < LEAST_HARMONICS:
        return None
    trials = _trials(bin_hz, usable, len(power))
    around = power.take(trials.around)
    around.partition(trials.middle, axis=1)
    faintest = np.float32(max(FAINTEST * strongest, 1e-30))
    levels = np.maximum(around[:, trials.middle] / np.float32(np.log(2.0)), faintest)
    peak = np.maximum.reduce(power.take(trials.beside))
    heights = 10.0 * np.log10(np.maximum(peak / levels[:, np.newaxis], np.float32(1e-3)))
    score = np.add.reduce(np.minimum(heights, np.float32(25.0)), axis=0) / usable
    best: Comb | None = None
    for number, (standard, nominal_hz) in enumerate(STANDARDS):
        first = number * TRIALS
        pick = first + int(np.argmax(score[first : first + TRIALS]))
        counted = int(np.count_nonzero(heights[:, pick] > HARMONIC_DB))
        fleeting = False
        line, line_hz, score_db = trials.at[:, pick], float(trials.line_hz[pick]), float(score[pick])
        # What is no comb by its height needs no further proof.
        if score_db > COMB_DB and counted >= LEAST_HARMONICS:
            references = levels.tolist()
            if (
                _standing_out(power, line, bin_hz) < LEAST_STANDING_OUT
                or _between(power, line, references) > MOST_BETWEEN_DB
                or _of_another_rate(power, nominal_hz / bin_hz, references, heights[:, pick])
            ):
                counted = 0
            else:
                fleeting = not lasts(signal, standard, line_hz / rate_hz, usable)
        if best is None or score_db > best.score_db:
            best = Comb(standard, line_hz, score_db, counted, fleeting)
    return best


@dataclass(frozen=True, slots=True, eq=False)
class _Trials:
    """Where the harmonics of all line rates that are tried lie in a spectrum."""

    line_hz: NDArray[np.float64]
    """(rates,): those of the first standard, then those of the next."""
    at: NDArray[np.intp]
    """(harmonics, rates)"""
    beside: NDArray[np.intp]
    """(3, harmonics, rates): the same and the bins on both sides."""
    around: NDArray[np.intp]
    """(harmonics, bins): the neighbourhood of each harmonic."""
    middle: int
    """Rank of the median of a neighbourhood."""


@lru_cache(maxsize=8)
def _trials(bin_hz: float, harmonics: int, bins: int) -> _Trials:
    orders = np.arange(1, harmonics + 1)[:, np.newaxis]
    tolerances = np.linspace(1.0 - LINE_TOLERANCE, 1.0 + LINE_TOLERANCE, TRIALS)
    line_hz = np.concatenate([tolerances * nominal_hz for _, nominal_hz in STANDARDS])
    half = round(NEIGHBOURHOOD_HZ / bin_hz)
    middles = np.rint(orders * (0.5 * (PAL_LINE_HZ + NTSC_LINE_HZ) / bin_hz)).astype(np.intp)
    around = np.clip(middles + np.arange(-half, half), 1, bins - 1)
    at = np.rint(line_hz * orders / bin_hz).astype(np.intp)
    return _Trials(line_hz, at, np.stack((at, at - 1, at + 1)), around, round(0.5 * (2 * half - 1)))


def _standing_out(power: NDArray[np.float32], at: NDArray[np.intp], bin_hz: float) -> int:
    """Harmonics that are taller than everything around them but their own field sidebands.

    A forest of lines that has nothing to do with video has some of them near the harmonics and taller ones between.
    """
    near, far = round(FIELD_SIDEBANDS_HZ / bin_hz), round(NEIGHBOURHOOD_HZ / bin_hz)
    count = 0
    for index in at.tolist():
        peak = float(power[index - 1 : index + 2].max())
        around = (power[max(1, index - far) : max(1, index - near)], power[index + near : index + far])
        count += all(peak > float(part.max()) for part in around if len(part))
    return count


def _between(power: NDArray[np.float32], at: NDArray[np.intp], references: list[float]) -> float:
    """Median height in decibels of the lines at quarters and halves of the line rate, between the harmonics.

    A LoRa chirp cut by the edge of the slice is a comb of its symbol rate, and that is the line rate of PAL over a
    power of two: 15 625 Hz at SF5, 7 812 at SF6, 3 906 at SF7, all at 500 kHz.
    """
    base = int(at[0])
    heights = []
    for part in (2, 4):
        inside = [
            (index - base + base * step // part, n) for n, index in enumerate(at.tolist()) for step in range(1, part)
        ]
        levels = [float(power[k - 2 : k + 3].max()) / references[n] for k, n in inside if k > 4]
        heights.append(10.0 * float(np.log10(max(float(np.median(levels)), 1e-3))) if levels else 0.0)
    return max(heights)


def _of_another_rate(
    power: NDArray[np.float32], line: float, references: list[float], heights: NDArray[np.float64]
) -> bool:
    """Whether the comb is that of pulses at a rate beside the line rate, or at twice the line rate.

    Parameters
    ----------
    line
        The standard's line rate in bins.
    heights
        Of the harmonics of the comb that was found, in decibels.
    """
    limited = np.minimum(heights, 25.0)
    if limited[1::2].mean() - limited[::2].mean() > MOST_EVEN_DB:
        return True
    beside = np.linspace(2.0 * LINE_TOLERANCE, BESIDE, 40)
    trials = line * (1.0 + np.concatenate((-beside, beside)))
    at = np.rint(trials * np.arange(1, len(heights) + 1)[:, np.newaxis]).astype(np.intp)
    levels = power[at] / np.asarray(references)[:, np.newaxis]
    best_db = float((10.0 * np.log10(np.maximum(levels, 1e-3))).mean(axis=0).max())
    return best_db > float(heights.mean()) + BESIDE_DB


def look(samples: NDArray[np.complex64], sample_rate_hz: float) -> tuple[LineCombFinding | None, bool]:
    """Look for analog video in one look of the slice.

    Envelope first; the discriminator, which costs four times as much, only where the envelope shows no comb but is
    steadier than noise (video that fits the slice whole has a constant envelope).

    Parameters
    ----------
    samples
        (n,) complex64, about ``window_samples`` long, or twice that.
    sample_rate_hz
        Its rate.

    Returns
    -------
    tuple[LineCombFinding | None, bool]
        What was found, and whether there is a comb that a longer look, of two whole fields, may prove.
    """
    decimation = max(1, int(sample_rate_hz / ENVELOPE_RATE_HZ))
    rate_hz = sample_rate_hz / decimation
    comb = find_comb(envelope(samples, decimation), rate_hz)
    fleeting = comb is not None and comb.fleeting
    if not _proven(comb) and _kurtosis(samples) < CONSTANT_KURTOSIS:
        comb = find_comb(discriminator(samples, decimation), rate_hz)
        fleeting = fleeting or (comb is not None and comb.fleeting)
    if comb is None or not _proven(comb):
        return None, fleeting
    return LineCombFinding(comb.standard, comb.line_hz, comb.score_db), False


def find_video(samples: NDArray[np.complex64], sample_rate_hz: float) -> LineCombFinding | None:
    """What one look proves: see ``look``."""
    return look(samples, sample_rate_hz)[0]


def _kurtosis(samples: NDArray[np.complex64]) -> float:
    """``E[p^2] / E[p]^2`` of every eighth sample: 2 for noise, towards 1 for a constant envelope."""
    some = samples[::8].copy()
    power = some.real**2 + some.imag**2
    if not len(power):
        return 2.0
    return len(power) * float(np.vdot(power, power)) / max(float(np.add.reduce(power)) ** 2, 1e-30)


def _proven(comb: Comb | None) -> bool:
    return comb is not None and not comb.fleeting and comb.score_db > COMB_DB and comb.harmonics >= LEAST_HARMONICS
