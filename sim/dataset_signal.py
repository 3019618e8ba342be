"""The signal of one example, and what receiver and channel do to it."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.iq import complex64_to_u8, u8_to_complex64
from dsp.protocols import BY_LABEL
from dsp.protocols.record import Answer, HopTiming, Mode, SporadicTiming
from sim.bandwidth import bandwidth_hz
from sim.cut import cut_packet, reaches_edge
from sim.dataset_conditions import Conditions
from sim.emission import of_length
from sim.phasor import phasor
from sim.slow_packets import divisor_for, full_length, interpolated, slow_packet
from sim.waveform_pool import longest_packet_s
from sim.waveforms import packet

LONG_SAMPLES = 1 << 20
"""Longer packets are made at a lower rate, and only the wanted piece of them is brought to the slice's."""
LONGEST_EXAMPLE_S = 0.2
FROM_START_SHARE = 0.5
"""How often a long packet is heard from its beginning; otherwise the example starts somewhere within it."""
ANSWER_SHARE = 0.4
"""How often the other end's packet stands for a hopping link that has one."""
NOISE_SEED = 5489
NOISE_SAMPLES = 1 << 21
NEIGHBOUR_GUARD_HZ = 25e3
PEAK_QUANTILE = 0.998
BACK_END_DBFS = -48.0
"""Noise after the gain: 0.4 counts of an 8-bit converter in each component, so that silence is never a constant."""
FILTER_FLAT = 0.8
FILTER_EDGE_DB = (4.0, 20.0)


def one_packet(mode: Mode, rate_hz: float, offset_hz: float, rng: np.random.Generator) -> NDArray[np.complex64]:
    """One packet at its place in the slice, cut at the slice's edges, at most ``LONGEST_EXAMPLE_S`` long.

    Where the slice holds only a part of the bandwidth the part has unit power, otherwise the whole packet has.
    """
    longest = int(LONGEST_EXAMPLE_S * rate_hz)
    width_hz = bandwidth_hz(mode.phy)
    answer = mode.timing.answer if isinstance(mode.timing, HopTiming) else None
    if isinstance(answer, Answer) and rng.random() < ANSWER_SHARE:
        mode = of_length(mode, answer.airtime_s)
    divisor = divisor_for(mode, rate_hz)
    if divisor > 1 and longest_packet_s(mode) * rate_hz > LONG_SAMPLES:
        slow = slow_packet(mode, rate_hz, divisor, offset_hz, rng)
        total = full_length(slow, divisor)
        count = min(longest, total)
        start = 0 if rng.random() < FROM_START_SHARE else int(rng.integers(total - count + 1))
        return interpolated(slow, divisor, start, count) * phasor(count, offset_hz / rate_hz, 0.0)
    if reaches_edge(offset_hz, width_hz, rate_hz):
        whole = cut_packet(mode, rate_hz, offset_hz, rng)
        if width_hz > rate_hz:
            whole = whole / np.float32(math.sqrt(max(float(np.vdot(whole, whole).real) / len(whole), 1e-12)))
    else:
        whole = packet(mode, rate_hz, rng)
        whole = whole * phasor(len(whole), offset_hz / rate_hz, 0.0)
    if len(whole) > longest and rng.random() >= FROM_START_SHARE:
        start = int(rng.integers(len(whole) - longest + 1))
        return whole[start : start + longest]
    return whole[:longest]


def message(mode: Mode, rate_hz: float, offset_hz: float, rng: np.random.Generator) -> NDArray[np.complex64]:
    """Packets of one device: a message with its repeats, or a few short packets one after the other."""
    first = one_packet(mode, rate_hz, offset_hz, rng)
    longest = int(LONGEST_EXAMPLE_S * rate_hz)
    parts = [first]
    if isinstance(mode.timing, SporadicTiming) and mode.timing.repeats[1] > 1:
        copies = int(rng.integers(mode.timing.repeats[0], mode.timing.repeats[1], endpoint=True))
        gap = int(rate_hz * float(rng.uniform(0.002, 0.03)))
        fresh = False
    else:
        copies = int(rng.integers(1, 4)) if len(first) < 0.02 * rate_hz else 1
        gap = int(rate_hz * float(rng.uniform(0.003, 0.015)))
        fresh = True
    for _ in range(copies - 1):
        if sum(len(part) for part in parts) + gap > longest:
            break
        parts += [
            np.zeros(gap, dtype=np.complex64),
            one_packet(mode, rate_hz, offset_hz, rng) if fresh else first,
        ]
    return np.concatenate(parts)[:longest]


@lru_cache(maxsize=2)
def _noise_bank(key: int) -> NDArray[np.complex64]:
    """Noise of unit power to cut from; drawing it anew for every example would take a fifth of the time."""
    rng = np.random.Generator(np.random.SFC64((NOISE_SEED, key)))
    bank = rng.standard_normal(2 * NOISE_SAMPLES, dtype=np.float32).view(np.complex64)
    bank *= np.float32(math.sqrt(0.5))
    bank.flags.writeable = False
    return bank


def white_noise(count: int, power: float, key: int, rng: np.random.Generator) -> NDArray[np.complex64]:
    """Complex noise of a given mean power, cut from a bank at a random place and turned by a random phase.

    Parameters
    ----------
    key
        Of the conditions: each has a bank of its own.
    """
    factor = np.complex64(math.sqrt(power) * np.exp(2j * np.pi * rng.random()))
    start = int(rng.integers(NOISE_SAMPLES))
    bank = _noise_bank(key)
    if start + count <= NOISE_SAMPLES:
        return np.asarray(bank[start : start + count] * factor)
    return np.asarray(bank.take(np.arange(start, start + count), mode="wrap") * factor)


def through_channel(
    signal: NDArray[np.complex64], rate_hz: float, conditions: Conditions, rng: np.random.Generator
) -> NDArray[np.complex64]:
    """Fading and an echo."""
    if rng.random() < conditions.fading_share:
        depth, beat_hz = rng.uniform(*conditions.fading_depth), rng.uniform(*conditions.fading_hz)
        time = np.arange(len(signal), dtype=np.float32) * np.float32(2.0 * np.pi * beat_hz / rate_hz)
        signal = signal * (1.0 + depth * np.sin(time + np.float32(2.0 * np.pi * rng.random()))).astype(np.float32)
    if rng.random() < conditions.echo_share:
        delay = max(round(float(rng.uniform(*conditions.echo_s)) * rate_hz), 1)
        gain = 10.0 ** (rng.uniform(*conditions.echo_db) / 20.0) * np.exp(2j * np.pi * rng.random())
        echoed = signal.copy()
        echoed[delay:] += signal[:-delay] * np.complex64(gain)
        signal = echoed
    return signal


def add_neighbour(
    mixed: NDArray[np.complex64],
    place: tuple[float, float, float],
    conditions: Conditions,
    rng: np.random.Generator,
) -> None:
    """Put a carrier or packets of something else into the slice, clear of the signal, in place.

    Parameters
    ----------
    place
        Sample rate of the slice, offset and width of the signal.
    """
    rate_hz, offset_hz, width_hz = place
    label, name = conditions.neighbours[int(rng.integers(len(conditions.neighbours)))]
    level = np.float32(10.0 ** (rng.uniform(*conditions.neighbour_db) / 20.0))
    mode = next((mode for mode in BY_LABEL[label].modes if mode.name == name), None) if label else None
    other_hz = bandwidth_hz(mode.phy) if mode else 0.0
    reach_hz = 0.5 * (rate_hz - other_hz)
    if reach_hz <= 0.0:
        return
    centre_hz = float(rng.uniform(-0.96, 0.96)) * reach_hz
    if abs(centre_hz - offset_hz) < 0.7 * (width_hz + other_hz) + NEIGHBOUR_GUARD_HZ:
        return
    if mode is None:
        mixed += level * phasor(len(mixed), centre_hz / rate_hz, float(rng.random()))
        return
    start = int(rng.integers(len(mixed)))
    part = packet(mode, rate_hz, rng)[: len(mixed) - start]
    mixed[start : start + len(part)] += level * part * phasor(len(part), centre_hz / rate_hz, 0.0)


def received(
    mixed: NDArray[np.complex64], noise_power: float, conditions: Conditions, rng: np.random.Generator
) -> NDArray[np.complex64]:
    """What the receiver makes of it: filter, gain, direct current, mirror image, eight bits with clipping.

    Parameters
    ----------
    noise_power
        Of the noise in ``mixed``: the gain is set by it, and lowered where the peaks would be too high.
    """
    count = len(mixed)
    if rng.random() < conditions.filter_share:
        length = fft.next_fast_len(count)
        frequency = np.abs(fft.fftfreq(length)).astype(np.float32) * 2.0
        excess = np.clip((frequency - FILTER_FLAT) / (1.0 - FILTER_FLAT), 0.0, None)
        response = 10.0 ** (-np.float32(rng.uniform(*FILTER_EDGE_DB)) / 20.0 * excess**2)
        mixed = fft.ifft(fft.fft(mixed, length) * response, overwrite_x=True)[:count]
    clipped = rng.random() < conditions.clipping_share
    peak = max(float(np.quantile(mixed.real[::7] ** 2 + mixed.imag[::7] ** 2, PEAK_QUANTILE)), 1e-30)
    gain = 10.0 ** (rng.uniform(*conditions.noise_dbfs) / 10.0) / noise_power
    highest = 10.0 ** (rng.uniform(*(conditions.clipping_dbfs if clipped else conditions.peak_dbfs)) / 10.0)
    gain = highest / peak if clipped else min(gain, highest / peak)
    scaled = mixed * np.float32(math.sqrt(gain))
    dc = 10.0 ** (rng.uniform(*conditions.dc_dbfs) / 20.0) * np.exp(2j * np.pi * rng.random())
    image = 10.0 ** (rng.uniform(*conditions.image_dbc) / 20.0) * np.exp(2j * np.pi * rng.random())
    scaled = scaled + np.complex64(image) * np.conj(scaled) + np.complex64(dc)
    if rng.random() < conditions.unquantised_share and not clipped:
        return np.asarray(scaled, dtype=np.complex64)
    scaled = scaled + white_noise(count, 10.0 ** (BACK_END_DBFS / 10.0), conditions.key, rng)
    return u8_to_complex64(complex64_to_u8(np.asarray(scaled, dtype=np.complex64)).tobytes()).copy()
