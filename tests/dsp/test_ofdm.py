from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.bursts import CyclicPrefixFinding
from dsp.detector import DetectorSettings, SliceDetector, make_slice
from dsp.ofdm import BLOCK_SAMPLES, find_prefix, look_samples, prefix_score

Samples = NDArray[np.complex64]
RATE_HZ = 2.4e6
US = 1e-6
SIGNALS = (
    # Spacing, carriers, guard interval as part of the symbol, share of the time on air.
    ("lte 10 MHz", 15e3, 600, 0.07, 1.0),
    ("lte 1.4 MHz", 15e3, 72, 0.07, 1.0),
    ("802.11ah 1 MHz", 31.25e3, 26, 0.25, 0.3),
    ("802.11ah 4 MHz", 31.25e3, 114, 0.25, 0.3),
    ("802.11 5 MHz", 78.125e3, 52, 0.25, 0.3),
    ("dvb-t 2k", 1 / (224 * US), 1705, 1 / 16, 1.0),
    ("dvb-t 8k", 1 / (896 * US), 6817, 1 / 4, 1.0),
    ("dab", 1e3, 1536, 504 / 2048, 1.0),
)


def _noise(count: int, rng: np.random.Generator) -> Samples:
    noise: Samples = (rng.standard_normal((count, 2)) @ [1, 1j] / np.sqrt(2)).astype(np.complex64)
    return noise


def _resampled(samples: NDArray[np.complex128], fine_hz: float, offset_hz: float, count: int) -> Samples:
    """The part of a wide signal that a slice at an offset sees."""
    spectrum = np.fft.fftshift(np.fft.fft(samples))
    spectrum = np.roll(spectrum, -round(offset_hz * len(samples) / fine_hz))
    wanted = round(len(samples) * RATE_HZ / fine_hz / 2) * 2
    grid = np.zeros(max(wanted, len(samples)), dtype=complex)
    middle = len(grid) // 2
    grid[middle - len(samples) // 2 : middle - len(samples) // 2 + len(samples)] = spectrum
    cut = grid[middle - wanted // 2 : middle - wanted // 2 + wanted]
    return np.fft.ifft(np.fft.ifftshift(cut))[:count].astype(np.complex64)


def _ofdm(spacing_hz: float, carriers: int, guard: float, duty: float, seed: int, *, prefix: bool = True) -> Samples:
    """A look of 16-QAM on every carrier but the middle one, bursts of 4 ms where the duty is below 1; unit power on."""
    rng = np.random.default_rng(seed)
    size = 1 << int(np.ceil(np.log2(1.15 * carriers)))
    count = look_samples(RATE_HZ)
    symbols = int(1.02 * count / RATE_HZ * spacing_hz / (1 + guard)) + 2
    grid = np.zeros((symbols, size), dtype=complex)
    used = np.concatenate((np.arange(1, carriers // 2 + 1), np.arange(size - carriers // 2, size)))
    grid[:, used] = rng.choice([-3, -1, 1, 3], (symbols, len(used), 2)) @ [1, 1j]
    time = np.fft.ifft(grid, axis=1)
    length = max(1, round(guard * size))
    whole = np.concatenate((time[:, -length:] if prefix else time[:, :length], time), axis=1).reshape(-1)
    if not prefix:
        whole = time.reshape(-1)
        whole = np.resize(np.concatenate((whole, rng.permutation(whole))), symbols * (size + length))
    fine_hz = spacing_hz * size
    if duty < 1:
        period = 4e-3 / duty * fine_hz
        whole = whole * ((np.arange(len(whole)) + rng.integers(int(period))) % period < 4e-3 * fine_hz)
    cut = _resampled(whole, fine_hz, 0.1 * spacing_hz * carriers if spacing_hz * carriers > 3e6 else 40e3, count)
    power = float(np.mean(np.abs(cut) ** 2)) / duty
    scaled: Samples = (cut / np.sqrt(power)).astype(np.complex64)
    return scaled


@pytest.mark.parametrize(("name", "spacing_hz", "carriers", "guard", "duty"), SIGNALS)
def test_every_spacing_is_found_and_told_from_the_others_at_three_decibels(
    name: str, spacing_hz: float, carriers: int, guard: float, duty: float
) -> None:
    rng = np.random.default_rng(3)
    found = []
    for seed in range(3):
        signal = _ofdm(spacing_hz, carriers, guard, duty, seed) * 10 ** (3 / 20)
        found.append(find_prefix(signal + _noise(len(signal), rng), RATE_HZ))
    assert all(f is not None and abs(f.subcarrier_spacing_hz / spacing_hz - 1) < 0.002 for f in found), name


def test_the_duty_of_bursts_is_measured() -> None:
    signal = _ofdm(31.25e3, 56, 0.25, 0.3, 4) * 3
    found = find_prefix(signal + _noise(len(signal), np.random.default_rng(1)), RATE_HZ)
    assert found is not None
    assert 0.2 < found.duty < 0.45


def test_the_same_without_prefix_is_not_ofdm() -> None:
    rng = np.random.default_rng(5)
    for _, spacing_hz, carriers, guard, _ in SIGNALS:
        signal = _ofdm(spacing_hz, carriers, guard, 1.0, 2, prefix=False) * 3
        assert find_prefix(signal + _noise(len(signal), rng), RATE_HZ) is None


def _keyed(rng: np.random.Generator, count: int, make_fsk: Callable[..., Samples]) -> Samples:
    rate_bps = float(rng.choice([38.4e3, 100e3, 500e3]))
    return make_fsk(rate_bps, rate_bps / 2, RATE_HZ, int(count / RATE_HZ * rate_bps) + 2, int(rng.integers(99)))[:count]


def _repeated_chirps(rng: np.random.Generator, count: int) -> Samples:
    """Preambles without end: the symbol of SF7 at 500 kHz lasts as long as one of COFDM in 7 MHz."""
    chips = 2 ** int(rng.integers(5, 10))
    time_s = np.arange(count) / RATE_HZ
    frequency_hz = -250e3 + 500e3 * ((time_s * 500e3 / chips) % 1.0)
    return np.exp(2j * np.pi * np.cumsum(frequency_hz) / RATE_HZ).astype(np.complex64)


def test_nothing_else_is_taken_for_ofdm(fsk: Callable[..., Samples]) -> None:
    rng = np.random.default_rng(11)
    count = look_samples(RATE_HZ)
    index = np.arange(count)
    for _ in range(12):
        lines = np.exp(2j * np.pi * rng.uniform(-0.5, 0.5) * index) + 0.5
        band = np.fft.ifft(np.fft.fft(_noise(count, rng)) * (np.abs(np.fft.fftfreq(count)) < rng.uniform(0.05, 0.5)))
        pulses = (index % int(rng.integers(300, 5000)) < rng.integers(2, 60)).astype(complex)
        others = (
            np.zeros(count),
            lines,
            2 * band,
            pulses,
            _keyed(rng, count, fsk),
            _repeated_chirps(rng, count),
        )
        for signal in others:
            mixed = signal * 10 ** (rng.choice([0, 10, 30]) / 20) + _noise(count, rng)
            assert find_prefix(mixed.astype(np.complex64), RATE_HZ) is None


def _power(quarter: float, around: float) -> NDArray[np.float32]:
    """Correlation of a look, squared, with a peak of 0.05 at the symbol of 15 kHz and something at a quarter of it."""
    rng = np.random.default_rng(11)
    values = 0.008 * (rng.standard_normal((4096, 2)) @ [1, 1j])
    values[0] = 1.0
    values[25:56] = around
    values[40] = quarter
    values[160] = 0.05
    return (values.real**2 + values.imag**2).astype(np.float32)


def test_a_long_main_lobe_is_no_repetition() -> None:
    """A base station without traffic: its pilots alone are as strong at short lags as its prefix is at its own."""
    assert prefix_score(_power(0.06, 0.055), RATE_HZ, 15e3, 1.08e6) > 0.0


def test_what_repeats_faster_is_not_ofdm() -> None:
    assert prefix_score(_power(0.06, 0.01), RATE_HZ, 15e3, 1.08e6) == 0.0


@pytest.mark.parametrize(("spacing_hz", "carriers", "cut"), [(78.125e3, 52, True), (31.25e3, 26, False)])
def test_packets_wider_than_the_slice_are_cut_though_the_filter_hides_its_edges(
    spacing_hz: float, carriers: int, *, cut: bool
) -> None:
    rng = np.random.default_rng(7)
    look = _ofdm(spacing_hz, carriers, 0.25, 0.4, 2)
    count = 6 * len(look)
    scene = 0.2 * _noise(count, rng)
    scene[len(look) : 4 * len(look)] += np.tile(look, 3)
    spectrum = np.fft.fft(scene)
    away_hz = np.abs(np.fft.fftfreq(count, 1.0 / RATE_HZ))
    filtered = np.fft.ifft(spectrum * np.interp(away_hz, [1.05e6, 1.15e6], [1.0, 0.1])) + 0.02 * _noise(count, rng)
    settings = DetectorSettings()
    detector = SliceDetector(settings, make_slice(settings, RATE_HZ, 915e6, 0, known=True))
    found = [*detector.feed(filtered.astype(np.complex64)), *detector.flush().found]
    looks = [item.burst for item in found if isinstance(item.burst.finding, CyclicPrefixFinding)]
    assert looks
    assert all(burst.cut_low == burst.cut_high == cut for burst in looks)
    assert cut or all(burst.bandwidth_hz == pytest.approx(carriers * spacing_hz, rel=0.3) for burst in looks)


@pytest.mark.parametrize("steps", [0.2, 2.0])
def test_what_repeats_below_a_step_of_the_converter_is_its_own_error(steps: float) -> None:
    """Steady lines use a few steps; what is between them counts only where noise fills a step."""
    spacing_hz = 1 / (224 * US)
    signal = _ofdm(spacing_hz, 1705, 1 / 4, 1.0, 3)
    time_s = np.arange(len(signal)) / RATE_HZ
    lines = sum(np.exp(2j * np.pi * hz * time_s) for hz in (-0.73e6, 0.51e6, 0.81e6))
    levels = steps * (signal + 0.5 * _noise(len(signal), np.random.default_rng(4))) + 1.1 * lines
    samples = ((np.round(levels.real) + 1j * np.round(levels.imag)) / 127.5).astype(np.complex64)
    found = find_prefix(samples, RATE_HZ)
    assert (found is not None and abs(found.subcarrier_spacing_hz / spacing_hz - 1) < 0.002) == (steps > 1.0)


@pytest.mark.parametrize("level", [0.0, 1e-3])
def test_a_burst_behind_the_last_whole_block_is_nothing(level: float) -> None:
    """The rest of a look at the end of a recording: what is on air there lies in no whole block."""
    samples = _noise(2 * BLOCK_SAMPLES + 7000, np.random.default_rng(2))
    samples[: 2 * BLOCK_SAMPLES] *= np.float32(level)
    assert find_prefix(samples, RATE_HZ) is None
