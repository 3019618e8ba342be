"""Signals made from first principles, not by the simulator: the detector must not agree with one generator only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Samples = NDArray[np.complex64]


def make_lora(
    spreading_factor: int,
    bandwidth_hz: float,
    sample_rate_hz: float,
    symbols: int,
    seed: int = 1,
    offset_hz: float = 0.0,
    *,
    falling: bool = False,
) -> Samples:
    """Preamble of eight, two sync symbols, 2.25 reversed, then random symbols: integrated frequency."""
    rng = np.random.default_rng(seed)
    chips = 2**spreading_factor
    symbol_s = chips / bandwidth_hz
    value = np.concatenate((np.zeros(8), [8, 16], [-1, -1, -1], rng.integers(0, chips, symbols)))
    length = np.concatenate((np.ones(12), [0.25], np.ones(symbols))) * symbol_s
    start = np.concatenate(([0.0], np.cumsum(length)))
    time_s = np.arange(int(start[-1] * sample_rate_hz)) / sample_rate_hz
    index = np.minimum(np.searchsorted(start, time_s, side="right") - 1, len(value) - 1)
    inside_s = time_s - start[index]
    slope = bandwidth_hz / symbol_s
    rising_hz = -bandwidth_hz / 2 + (value[index] * bandwidth_hz / chips + slope * inside_s) % bandwidth_hz
    frequency_hz = np.where(value[index] >= 0, rising_hz, bandwidth_hz / 2 - slope * inside_s)
    phase = 2 * np.pi * np.cumsum(frequency_hz * (-1 if falling else 1) + offset_hz) / sample_rate_hz
    wave: Samples = np.exp(1j * phase).astype(np.complex64)
    return wave


def make_fsk(
    bit_rate_bps: float, deviation_hz: float, sample_rate_hz: float, bits: int, seed: int = 1, offset_hz: float = 0.0
) -> Samples:
    """Random bits, two tones, continuous phase."""
    symbols = np.random.default_rng(seed).integers(0, 2, bits) * 2 - 1
    time = np.arange(int(bits / bit_rate_bps * sample_rate_hz)) / sample_rate_hz
    index = np.minimum((time * bit_rate_bps).astype(int), bits - 1)
    return np.exp(2j * np.pi * np.cumsum(symbols[index] * deviation_hz + offset_hz) / sample_rate_hz).astype(
        np.complex64
    )


def make_video(line_hz: float, sample_rate_hz: float, seconds: float, offset_hz: float, seed: int = 1) -> Samples:
    """A frequency-modulated line: sync tip, blanking and a random picture, cut to the slice by an ideal filter."""
    fine_hz = 12e6
    rng = np.random.default_rng(seed)
    count = int(seconds * fine_hz)
    position = (np.arange(count) * (line_hz / fine_hz)) % 1.0
    lines = int(seconds * line_hz) + 2
    number = np.minimum((np.arange(count) * (line_hz / fine_hz)).astype(int), lines - 1)
    picture = np.cumsum(rng.normal(0, 0.05, (lines, 64)), axis=1) % 1.0
    level = picture[number, np.minimum((position * 64).astype(int), 63)] * 0.7
    level = np.where(position < 0.075, -0.3, np.where((position < 0.16) | (position > 0.975), 0.0, level))
    phase = 2 * np.pi * np.cumsum((level - 0.25) * 4.5e6 - offset_hz) / fine_hz
    spectrum = np.fft.fft(np.exp(1j * phase))
    kept = int(count * sample_rate_hz / fine_hz) // 2 * 2
    cut = np.concatenate((spectrum[: kept // 2], spectrum[-kept // 2 :]))
    return (np.fft.ifft(cut) * kept / count).astype(np.complex64)


def add_noise(samples: Samples, snr_db: float, bandwidth_hz: float, sample_rate_hz: float, seed: int = 1) -> Samples:
    """White Gaussian noise for a signal of power 1 in its bandwidth."""
    rng = np.random.default_rng(seed)
    power = 10 ** (-snr_db / 10) * sample_rate_hz / bandwidth_hz
    noise = rng.standard_normal((len(samples), 2)) * np.sqrt(power / 2)
    noisy: Samples = (samples + noise[:, 0] + 1j * noise[:, 1]).astype(np.complex64)
    return noisy


@pytest.fixture
def lora() -> Callable[..., Samples]:
    return make_lora


@pytest.fixture
def fsk() -> Callable[..., Samples]:
    return make_fsk


@pytest.fixture
def video() -> Callable[..., Samples]:
    return make_video


@pytest.fixture
def noisy() -> Callable[..., Samples]:
    return add_noise
