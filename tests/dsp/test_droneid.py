from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.droneid import DroneIdBurst, DroneIdLook
from dsp.protocols.dji_droneid import BURST_S

Samples = NDArray[np.complex64]
FINE_HZ = 15.36e6


def _burst(rng: np.random.Generator) -> Samples:
    """Nine OFDM symbols at 15.36 MS/s made by sums of exponentials: QPSK, and the two sequences where they belong."""
    carriers = np.concatenate((np.arange(-300, 0), np.arange(1, 301)))
    parts = []
    for number in range(9):
        prefix = 80 if number in (0, 8) else 72
        values = (rng.integers(0, 2, 600) * 2 - 1 + 1j * (rng.integers(0, 2, 600) * 2 - 1)) / np.sqrt(2)
        if number in (3, 5):
            n = np.arange(601)
            sequence = np.exp(-1j * np.pi * (600 if number == 3 else 147) * n * (n + 1) / 601)
            values = np.delete(sequence, 300)
        grid = np.zeros(1024, dtype=complex)
        grid[carriers % 1024] = values
        symbol = np.fft.ifft(grid) * 1024 / np.sqrt(600)
        parts.append(np.concatenate((symbol[-prefix:], symbol)))
    return np.concatenate(parts).astype(np.complex64)


def _scene(rate_hz: float, snr_db: float, offset_hz: float, count: int, seed: int) -> tuple[Samples, list[float]]:
    """Bursts in noise at a rate and an offset, resampled by interpolation of the padded transform."""
    rng = np.random.default_rng(seed)
    length = int(0.02 * FINE_HZ) * 4
    up = np.zeros(length, dtype=complex)
    starts = []
    for index in range(count):
        one = _burst(rng)
        first = int((0.15 + 0.8 * index / count) * length / 4)
        starts.append(first / FINE_HZ)
        up[first : first + len(one)] += one
    total = length // 4
    spectrum = np.fft.fft(up[:total])
    wanted = int(total * rate_hz / FINE_HZ)
    wide = np.zeros(max(wanted, total), dtype=complex)
    middle = len(wide) // 2
    wide[middle - total // 2 : middle - total // 2 + total] = np.fft.fftshift(spectrum)
    begin = middle - wanted // 2
    samples = np.fft.ifft(np.fft.ifftshift(wide[begin : begin + wanted])) * wanted / total
    time_s = np.arange(wanted) / rate_hz
    samples = samples * np.exp(2j * np.pi * offset_hz * time_s)
    noise_power = 10 ** (-snr_db / 10) * rate_hz / 9e6
    noise = rng.standard_normal((wanted, 2)) * np.sqrt(noise_power / 2)
    return (samples + noise[:, 0] + 1j * noise[:, 1]).astype(np.complex64), starts


def _look(samples: Samples, rate_hz: float, block: int = 65_536) -> list[DroneIdBurst]:
    look = DroneIdLook(rate_hz)
    found: list[DroneIdBurst] = []
    for first in range(0, len(samples), block):
        found += look.feed(samples[first : first + block])
    return found + look.feed(samples[:0], final=True)


@pytest.mark.parametrize(
    ("rate_hz", "offset_hz"), [(10e6, 40e3), (15.36e6, -0.8e6), (20e6, 3.3e6), (30.72e6, -7.4e6), (50e6, 14.1e6)]
)
def test_bursts_are_found_at_any_rate_and_offset(rate_hz: float, offset_hz: float) -> None:
    samples, starts = _scene(rate_hz, 3.0, offset_hz, 3, 5)
    found = _look(samples, rate_hz)
    assert len(found) == len(starts)
    for burst, start_s in zip(found, starts, strict=True):
        assert abs(burst.start_sample / rate_hz - start_s) < 5e-6
        assert abs(burst.offset_hz - offset_hz) < 20e3


def test_one_decibel_below_the_noise_is_enough() -> None:
    samples, starts = _scene(20e6, -1.0, 2.1e6, 4, 9)
    assert len(_look(samples, 20e6)) >= len(starts) - 1


def test_blocks_change_nothing() -> None:
    samples, _ = _scene(20e6, 6.0, -1e6, 2, 3)
    assert _look(samples, 20e6, 10_000) == _look(samples, 20e6, 400_000)


def test_noise_and_other_ofdm_are_not_it() -> None:
    rng = np.random.default_rng(8)
    noise = rng.standard_normal((600_000, 2)).astype(np.float32).view(np.complex64).ravel()
    assert _look(noise, 20e6) == []
    other = noise.copy()
    for first in range(20_000, 560_000, 60_000):
        grid = np.zeros((12, 1024), dtype=complex)
        values = rng.integers(0, 4, (12, 600))
        grid[:, 212:812] = np.exp(0.5j * np.pi * values)
        part = (np.fft.ifft(np.fft.ifftshift(grid, axes=1), axis=1) * 90).ravel()
        other[first : first + len(part)] += part.astype(np.complex64)
    assert _look(other, 20e6) == []


def test_narrow_input_is_not_searched() -> None:
    assert DroneIdLook(2.4e6).feed(np.ones(100_000, dtype=np.complex64), final=True) == []


def test_a_burst_lasts_as_long_as_the_record_says() -> None:
    assert abs(BURST_S - len(_burst(np.random.default_rng(1))) / FINE_HZ) < 1e-7
