"""Packets of chirps below the noise: a trigger proved by adding its preamble in phase, then measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.chirp_preamble import align, chirp_reference, resampled
from dsp.chirps import ChirpShape
from dsp.preamble_lines import GROUP
from dsp.preambles import Trigger
from dsp.windows import windows as windows_of

PROOF = 27.0
"""Coherent power of the preamble over the noise. A trigger is the strongest of a million cells already, and some
thousand more are tried: noise reaches this about once in fifty triggers (tests/dsp/test_weak_chirps.py)."""
BEFORE_SYMBOLS = 6
"""Looked at before the trigger: the group may have begun inside the preamble."""
LONGEST_PREAMBLE = 24
DATA_AFTER_PREAMBLE = 4.25
"""Sync word and start-of-frame delimiter between preamble and data, in symbols [1].

[1] Semtech SX1276 data sheet rev. 7, 4.1.1.
"""
DROP = 4.0
"""Symbols of gap that end a packet."""
USUAL_SYMBOLS = 64
"""Enough for most packets; only those that reach its end are looked at again in full."""
LEAST_ROOM_SYMBOLS = 6
FRACTIONS = (0.0, 1.0 / 3.0, 2.0 / 3.0)
"""Fractions of a sample tried for the grid of the data symbols."""
HEADER_SYMBOLS = 8
"""Every payload has at least one block of eight symbols [1]."""
LEAST_DROP = 5.5
"""However weak: the sum of a packet's own symbols falls this much by chance."""
DELIMITER_POWER = 15.0
"""Two windows of noise, over three places and all cells, reach 13 about once in a hundred."""
LONGEST_SYMBOLS = 190
"""Longest packet of a hopping link (mLRS 19 Hz: 22.6 ms of SF6), and a margin."""
LONGEST_S = 0.036
"""The same in seconds (ExpressLRS 25 Hz: 30 ms)."""


@dataclass(frozen=True, slots=True)
class ChirpPacket:
    """A proved packet.

    Parameters
    ----------
    shape
        The chirp.
    start_sample, duration_s
        Of the packet, in samples of the slice; good to a symbol.
    offset_hz
        Carrier relative to the middle of the slice.
    snr
        Linear, in the chirp's bandwidth.
    noise_power
        Mean noise power in the chirp's bandwidth, full scale squared.
    proof
        Coherent power of eight symbols over the noise.
    concentration
        Share of a symbol's power in its tone, noise taken off.
    """

    shape: ChirpShape
    start_sample: float
    duration_s: float
    offset_hz: float
    snr: float
    noise_power: float
    proof: float
    concentration: float


def longest_s(shape: ChirpShape) -> float:
    """Longest packet worth waiting for."""
    return min(LONGEST_S, LONGEST_SYMBOLS * shape.symbol_s)


def _longest_run(values: NDArray[np.float64]) -> tuple[int, int]:
    """First and end index of the stretch with the largest sum."""
    running, start, best, found = 0.0, 0, -np.inf, (0, 0)
    for index, value in enumerate(values.tolist()):
        if running <= 0:
            running, start = 0.0, index
        running += value
        if running > best:
            best, found = running, (start, index + 1)
    return found


def _run_before_drop(values: NDArray[np.float64], drop: float) -> int:
    """Length of the run whose sum is largest before the sum has fallen by ``drop``."""
    total, best, length = 0.0, 0.0, 0
    for index, value in enumerate(values.tolist()):
        total += value
        if total > best:
            best, length = total, index + 1
        elif total < best - drop:
            break
    return length


def _carrier_correction_hz(
    view: NDArray[np.complex64],
    noise: float,
    preamble_end: float,
    step: float,
    shape: ChirpShape,
    tone: int,
    rate_hz: float,
) -> float:
    """What the delimiter's down-chirps say of the carrier; 0.0 where they are not clear.

    A start taken ``tau`` too late moves the tone of an up-chirp by ``slope tau`` and that of a down-chirp by as much
    the other way, so their mean is the carrier's own error.
    """
    points = 2**shape.spreading_factor
    reference = np.conj(chirp_reference(points, rate_hz, shape.bandwidth_hz / shape.symbol_s))
    best, best_bin = 0.0, 0
    for place in (1, 2, 3):
        starts = np.rint(preamble_end + (place + np.arange(2)) * step).astype(np.intp)
        if starts[-1] >= len(view):
            break
        spectrum = fft.fft(view[starts] * reference, axis=1)
        summed = (spectrum.real**2 + spectrum.imag**2).sum(axis=0) / noise
        at = int(np.argmax(summed))
        if float(summed[at]) > best:
            best, best_bin = float(summed[at]), at
    if best < DELIMITER_POWER:
        return 0.0
    half = points // 2
    up = (tone - half + half) % points - half
    down = (best_bin - half + half) % points - half
    mean = 0.5 * (_wrapped(up - half, points) + _wrapped(down - half, points))
    mean = _wrapped(mean, half)
    return float(mean * rate_hz / points) if abs(mean) < points / 4 else 0.0


def _wrapped(value: float, period: float) -> float:
    """The equivalent value nearest to 0."""
    return value - period * round(value / period)


def prove(
    samples: NDArray[np.complex64], first_sample: int, sample_rate_hz: float, trigger: Trigger
) -> ChirpPacket | None:
    """Prove a trigger and measure its packet; None if it is noise or a chirp of another kind.

    Costs about a millisecond.

    Parameters
    ----------
    samples
        (n,) complex64: a stretch from ``BEFORE_SYMBOLS`` before the trigger to ``LONGEST_S`` after it, or what there is
        of it.
    first_sample
        Index of ``samples[0]`` in the slice.
    sample_rate_hz
        Of the slice.
    trigger
        The line.
    """
    shape = trigger.shape
    symbol = shape.symbol_s * sample_rate_hz
    begin = max(0, int(trigger.first_sample - 1.5 * symbol) - first_sample)
    end = min(len(samples), int(trigger.first_sample + (GROUP + 3) * symbol) - first_sample)
    (wide,), rate_hz, shifted_hz = resampled(
        samples[begin:end], sample_rate_hz, trigger.tone_hz, min(2.2 * shape.bandwidth_hz, sample_rate_hz), exact=False
    )
    scale = rate_hz / sample_rate_hz
    aligned = align(wide, rate_hz, shape, (trigger.first_sample - first_sample - begin) * scale)
    if aligned is None or aligned.power < PROOF or aligned.aliased:
        return None
    carrier_hz = shifted_hz + aligned.tone_hz + 0.5 * shape.bandwidth_hz
    if abs(carrier_hz) > 0.5 * sample_rate_hz:
        return None
    aligned_sample = begin + aligned.at / scale
    for symbols in (USUAL_SYMBOLS, LONGEST_SYMBOLS):
        look_s = min(symbols * shape.symbol_s, LONGEST_S)
        stretch = samples[: int(aligned_sample + look_s * sample_rate_hz)]
        packet = _measure(stretch, first_sample, sample_rate_hz, shape, aligned_sample, carrier_hz, aligned.power)
        if packet is None or packet.duration_s < look_s - LEAST_ROOM_SYMBOLS * shape.symbol_s:
            break
    return packet


def _measure(
    samples: NDArray[np.complex64],
    first_sample: int,
    sample_rate_hz: float,
    shape: ChirpShape,
    aligned_sample: float,
    carrier_hz: float,
    proof: float,
) -> ChirpPacket | None:
    symbol = shape.symbol_s * sample_rate_hz
    back = min(BEFORE_SYMBOLS, int(aligned_sample / symbol))
    begin = round(aligned_sample - back * symbol)
    begin = max(begin, 0)
    bands, rate_hz, shifted_hz = resampled(samples[begin:], sample_rate_hz, carrier_hz, shape.bandwidth_hz, FRACTIONS)
    band = bands[0]
    scale = rate_hz / sample_rate_hz
    points = 2**shape.spreading_factor
    step = shape.symbol_s * rate_hz
    count = int((len(band) - points - 0.25 * step) / step)
    if count < GROUP:
        return None
    offset = (aligned_sample - back * symbol - begin) * scale
    reference = chirp_reference(points, rate_hz, shape.bandwidth_hz / shape.symbol_s)
    view = windows_of(band, points)

    def windows(of: NDArray[np.complex64], shift: float) -> NDArray[np.float32]:
        rows = windows_of(of, points)
        starts = np.clip(np.rint(offset + (np.arange(count) + shift) * step), 0, len(rows) - 1).astype(np.intp)
        spectrum = fft.fft(rows[starts] * reference, axis=1, overwrite_x=True)
        powers: NDArray[np.float32] = spectrum.real**2 + spectrum.imag**2
        return powers

    power = windows(band, 0.0)
    noise = float(np.median(power)) / np.log(2.0)
    tone = round((-0.5 * shape.bandwidth_hz + carrier_hz - shifted_hz) / rate_hz * points) % points
    level = np.maximum(power[:, tone], np.maximum(power[:, (tone - 1) % points], power[:, (tone + 1) % points])) / noise
    rho = max(proof / GROUP - 1.0, 1.0)
    noise_level = 1.8
    head = level[: back + LONGEST_PREAMBLE].astype(np.float64)
    first, preamble_end = _longest_run(head - 0.5 * (noise_level + max(rho, noise_level)) - 0.5)
    if preamble_end - first < GROUP // 2:
        return None
    rho = max(float(level[first:preamble_end].mean()) - 1.0, 1.0)
    # Data symbols: the strongest cell of each, on the grid that the quarter chirp of the delimiter has shifted.
    # A symbol that wraps gives two tones in one cell; their phase depends on the fraction of a sample the grid is off.
    data_first = preamble_end + int(DATA_AFTER_PREAMBLE)
    trials = [windows(each, DATA_AFTER_PREAMBLE % 1.0).max(axis=1) / noise for each in bands]
    data = max(trials, key=lambda trial: float(trial[data_first : data_first + HEADER_SYMBOLS].sum()))
    expected = np.log(points) + 0.577
    threshold = 0.5 * (expected + max(rho + 1.0, expected + 1.5))
    data_symbols = _run_before_drop(
        data[data_first:].astype(np.float64) - threshold, max(DROP * (threshold - expected), LEAST_DROP)
    )
    symbols = preamble_end - first + DATA_AFTER_PREAMBLE + data_symbols
    carrier_hz += _carrier_correction_hz(view, noise, offset + preamble_end * step, step, shape, tone, rate_hz)
    start_sample = first_sample + begin + (offset + first * step) / scale
    chirp_noise = noise / points
    concentration = rho / (rho + points)
    return ChirpPacket(
        shape,
        start_sample,
        symbols * shape.symbol_s,
        carrier_hz,
        rho / points,
        chirp_noise,
        proof,
        float(concentration),
    )
