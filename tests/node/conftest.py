"""Links made from first principles, not by the simulator: whole hopping links as a dongle would hear them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.iq import IqBlock

Samples = NDArray[np.complex64]
RATE_HZ = 2.4e6


@dataclass(frozen=True)
class LinkPlan:
    """A hopping link: every figure free, so that nothing has to agree with the simulator."""

    interval_s: float
    per_hop: int
    channels_hz: tuple[float, ...]
    spreading_factor: int = 0
    symbols: int = 20
    preamble: float = 8.0
    bit_rate_bps: float = 0.0
    deviation_hz: float = 0.0
    bits: int = 0
    snr_db: float = 10.0
    seed: int = 1
    ppm: float = 5.0
    delay_s: float = 0.0
    every: int = 1
    """Only every so many slots are used, the others are silent (telemetry of an absent end)."""


def chirp_packet(plan: LinkPlan, rng: np.random.Generator, rate_hz: float, start: float, shift_hz: float) -> Samples:
    """LoRa by integrated frequency, 500 kHz: starts between two samples, at any phase, with any data."""
    width_hz, chips = 500e3, 2**plan.spreading_factor
    symbol_s = chips / width_hz
    whole = int(plan.preamble)
    value = np.concatenate(
        (np.zeros(whole), rng.integers(0, chips, 2), [-1, -1, -1], rng.integers(0, chips, plan.symbols))
    )
    length = np.concatenate((np.ones(whole + 4), [0.25], np.ones(plan.symbols))) * symbol_s
    begin = np.concatenate(([0.0], np.cumsum(length)))
    time_s = (np.arange(int(begin[-1] * rate_hz)) + (1.0 - start % 1.0)) / rate_hz
    time_s = time_s[time_s < begin[-1]]
    index = np.minimum(np.searchsorted(begin, time_s, side="right") - 1, len(value) - 1)
    inside_s = time_s - begin[index]
    slope = width_hz / symbol_s
    rising_hz = -width_hz / 2 + (value[index] * width_hz / chips + slope * inside_s) % width_hz
    frequency_hz = np.where(value[index] >= 0, rising_hz, width_hz / 2 - slope * inside_s)
    phase = 2 * np.pi * (np.cumsum(frequency_hz) / rate_hz + shift_hz * time_s) + rng.uniform(0, 2 * np.pi)
    packet: Samples = np.exp(1j * phase).astype(np.complex64)
    return packet


def keyed_packet(plan: LinkPlan, rng: np.random.Generator, rate_hz: float, start: float, shift_hz: float) -> Samples:
    """2-FSK: random bits, two tones, continuous phase."""
    bits = rng.integers(0, 2, plan.bits) * 2 - 1
    time_s = (np.arange(int(plan.bits / plan.bit_rate_bps * rate_hz)) + (1.0 - start % 1.0)) / rate_hz
    index = np.minimum((time_s * plan.bit_rate_bps).astype(int), plan.bits - 1)
    phase = 2 * np.pi * (np.cumsum(bits[index] * plan.deviation_hz) / rate_hz + shift_hz * time_s)
    packet: Samples = np.exp(1j * (phase + rng.uniform(0, 2 * np.pi))).astype(np.complex64)
    return packet


def render(plans: list[LinkPlan], centre_hz: float, seconds: float, seed: int = 1, rate_hz: float = RATE_HZ) -> Samples:
    """Links in a slice with noise, a receiver's filter edge left out, eight bits and a DC spike."""
    rng = np.random.default_rng((seed, 77))
    count = int(seconds * rate_hz)
    noise_power = 1e-3
    out = rng.standard_normal(2 * count, dtype=np.float32).view(np.complex64) * np.float32(np.sqrt(noise_power / 2))
    for plan in plans:
        draw = np.random.default_rng((plan.seed, 5))
        width_hz = 500e3 if plan.spreading_factor else 2 * plan.deviation_hz + plan.bit_rate_bps
        level = np.float32(np.sqrt(noise_power * 10 ** (plan.snr_db / 10) * width_hz / rate_hz))
        order: list[int] = []
        shift_hz = 0.0
        for slot in range(int(seconds / plan.interval_s)):
            if slot % plan.per_hop == 0:
                order = order or draw.permutation(len(plan.channels_hz)).tolist()
                channel_hz = plan.channels_hz[order.pop()]
                shift_hz = channel_hz * (1 + plan.ppm * 1e-6) - centre_hz
            if abs(shift_hz) > rate_hz / 2 - 0.3 * width_hz or slot % plan.every:
                continue
            at_s = plan.delay_s + 0.003 + slot * plan.interval_s * (1 - plan.ppm * 1e-6) + draw.normal(0, 3e-6)
            make = chirp_packet if plan.spreading_factor else keyed_packet
            packet = make(plan, draw, rate_hz, at_s * rate_hz, shift_hz) * level
            first = int(np.ceil(at_s * rate_hz))
            room = out[first : first + len(packet)]
            room += packet[: len(room)]
    out = out * np.float32(0.15 / np.sqrt(np.mean(np.abs(out[:100_000]) ** 2))) + np.complex64(0.004 - 0.003j)
    parts = np.clip(np.rint(out.view(np.float32) * 127.5 + 127.4), 0, 255)
    quantised: Samples = ((parts - np.float32(127.4)) / np.float32(127.5)).astype(np.float32).view(np.complex64)
    return quantised


def cut(samples: Samples, centre_hz: float, size: int = 65_536, rate_hz: float = RATE_HZ) -> Iterator[IqBlock]:
    """Blocks of any size."""
    for first in range(0, len(samples), size):
        yield IqBlock(
            samples[first : first + size].copy(), rate_hz, centre_hz, first, 0, round(first * 1e9 / rate_hz), "made"
        )


@pytest.fixture
def make_links() -> Callable[..., Samples]:
    return render


@pytest.fixture
def blocks_of() -> Callable[..., Iterator[IqBlock]]:
    return cut


@pytest.fixture
def plan() -> type[LinkPlan]:
    return LinkPlan
