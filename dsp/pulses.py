"""Pulses: emissions shorter than a row of the spectrogram, timed on the samples of the whole slice."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dsp.baseband import power_of
from dsp.bursts import Burst, PulseFinding
from dsp.quantile import median, quantile

SEARCHED_S = 2.5e-3
"""Regions of a few rows; what lasts longer is no pulse, though many may follow each other."""
LONGEST_S = 0.35e-3
"""From the first pulse to the last: a message of Mode S takes 120 us, of DME 46 us, a swept radar pulse 100 us."""
LONGEST_PULSE_S = 0.15e-3
"""One of them; packets of 0.3 ms (UAT) are keyed."""
TRAIN_DUTY = 0.5
TRAIN_PULSE_S = 40e-6
TRAIN_PULSES = 3
"""A longer region is a train where pulses this short are on air for a part of it (beacons of DME: 2700 pairs a second;
messages of Mode S, half of which is pulses, one over the other)."""
WIDTH = 2
"""Samples that the power is smoothed over."""
PEAK_RATIO = 13.0
"""Strongest sample over the noise (11 dB); the largest of 3000 samples of noise, two smoothed, is 7 times the mean, and
of a keyed or noise-like signal 9 times."""
ABOVE_MEAN = 4.0
"""The strongest is at least this far above the mean, whatever the noise: spares steady emissions the rest."""
LEVEL = 0.25
"""A pulse lasts while the power is above this part (-6 dB) of the strongest."""
NOISE_LEVEL = 6.0
BETWEEN_SHARE = 0.3
"""Between pulses the power falls to this part (-5 dB) of theirs at least; to 0.4 between the peaks of noise."""
MEDIAN_TO_MEAN = 1.0 / 0.84
"""Of the mean of two powers of Gaussian noise."""


@dataclass(frozen=True, slots=True)
class Pulses:
    """Pulses in a stretch of samples.

    Parameters
    ----------
    first_sample, end_sample
        Begin of the first and end of the last.
    count
        How many.
    pulse_samples
        Median length.
    on_samples
        Sum of the lengths.
    """

    first_sample: int
    end_sample: int
    count: int
    pulse_samples: float
    on_samples: int


def find_pulses(samples: NDArray[np.complex64], sample_rate_hz: float) -> Pulses | None:
    """Pulses among the noise of a short stretch, most of which must be noise.

    Parameters
    ----------
    samples
        (n,) complex64; pulses and some hundred microseconds around them.
    sample_rate_hz
        Of ``samples``.

    Returns
    -------
    None where nothing stands out, or what does lasts too long for pulses.
    """
    if len(samples) < 64:
        return None
    power = power_of(samples)
    smooth = power[1:] + power[:-1]
    peak = float(np.maximum.reduce(smooth))
    if peak < ABOVE_MEAN * float(np.add.reduce(smooth)) / len(smooth):
        return None
    # Every sample once.
    noise = quantile(smooth[::WIDTH], 0.5) * MEDIAN_TO_MEAN
    if peak < PEAK_RATIO * noise:
        return None
    above = smooth > max(LEVEL * peak, NOISE_LEVEL * noise)
    framed = np.zeros(len(above) + 2, dtype=np.bool_)
    framed[1:-1] = above
    edges = (framed[1:] != framed[:-1]).nonzero()[0]
    first, last = edges[::2], edges[1::2]
    lengths = np.maximum(1, last - first - (WIDTH - 1))
    on_samples = int(np.add.reduce(lengths))
    found = Pulses(int(first[0]), int(last[-1]) + 1, len(first), median(lengths), on_samples)
    length_s = (found.end_sample - found.first_sample) / sample_rate_hz
    train = (
        found.on_samples < TRAIN_DUTY * (found.end_sample - found.first_sample)
        and found.pulse_samples < TRAIN_PULSE_S * sample_rate_hz
        and found.count >= TRAIN_PULSES
    )
    if found.pulse_samples > LONGEST_PULSE_S * sample_rate_hz:
        return None
    inside, on = smooth[found.first_sample : last[-1]], above[found.first_sample : last[-1]]
    between = inside[~on]
    total, quiet = float(np.add.reduce(inside)), float(np.add.reduce(between))
    if quiet * (len(inside) - len(between)) > BETWEEN_SHARE * (total - quiet) * len(between):
        return None
    return found if length_s <= LONGEST_S or train else None


def merge_pulses(bursts: list[Burst]) -> list[int | None]:
    """Which pulses are the same: wide pulses leave several regions in the spectrogram, one above the other.

    Parameters
    ----------
    bursts
        Of one slice and segment.

    Returns
    -------
    For each burst the index of the one it is a part of; None for those that stand for themselves. The strongest in
    its bandwidth stands for the others.
    """
    part_of: list[int | None] = [None] * len(bursts)
    ranked = sorted(
        (i for i, burst in enumerate(bursts) if isinstance(burst.finding, PulseFinding)),
        key=lambda i: (-bursts[i].bandwidth_hz * 10.0 ** (bursts[i].snr_db / 10.0), i),
    )
    rank_of = {i: rank for rank, i in enumerate(ranked)}
    # Heads do not overlap each other: in order of time their begins and their ends ascend.
    heads: list[int] = []
    begins: list[int] = []
    ends: list[int] = []
    for i in ranked:
        begin_ns, end_ns = bursts[i].start_ns, bursts[i].end_ns
        first, last = bisect_right(ends, begin_ns), bisect_left(begins, end_ns)
        if first < last:
            part_of[i] = min(heads[first:last], key=rank_of.__getitem__)
        else:
            heads.insert(first, i)
            begins.insert(first, begin_ns)
            ends.insert(first, end_ns)
    return part_of


def widened(head: Burst, parts: list[Burst]) -> Burst:
    """A pulse over the bands of all its parts."""
    every = [head, *parts]
    low_hz = min(burst.centre_hz - 0.5 * burst.bandwidth_hz for burst in every)
    high_hz = max(burst.centre_hz + 0.5 * burst.bandwidth_hz for burst in every)
    return replace(
        head,
        centre_hz=0.5 * (low_hz + high_hz),
        bandwidth_hz=high_hz - low_hz,
        cut_low=any(burst.cut_low for burst in every),
        cut_high=any(burst.cut_high for burst in every),
    )
