from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.bursts import Burst, EnergyFinding, PulseFinding
from dsp.detector import DetectorSettings, SliceDetector, make_slice
from dsp.pulses import find_pulses, merge_pulses, widened

Samples = NDArray[np.complex64]
RATE_HZ = 2.4e6


def _noise(count: int, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    noise: Samples = (rng.standard_normal((count, 2)) @ [1, 1j] / np.sqrt(2)).astype(np.complex64)
    return noise


def _mode_s(bits: int, rng: np.random.Generator, rate_hz: float = RATE_HZ) -> Samples:
    """Preamble and pulse position modulation, drawn at 24 MS/s and averaged down."""
    halves = np.zeros(2 * (8 + bits))
    halves[[0, 2, 7, 9]] = 1
    values = rng.integers(0, 2, bits)
    halves[16 + 2 * np.arange(bits) + (1 - values)] = 1
    fine = np.repeat(halves, 12)
    step = round(24e6 / rate_hz)
    fine = fine[: len(fine) // step * step].reshape(-1, step).mean(axis=1)
    turned: Samples = (fine * np.exp(2j * np.pi * rng.uniform())).astype(np.complex64)
    return turned


def _pair(spacing_s: float) -> Samples:
    """Two rounded pulses of 3.5 us between their half amplitudes."""
    time_s = np.arange(int((spacing_s + 12e-6) * RATE_HZ)) / RATE_HZ
    sigma_s = 3.5e-6 / 2.355
    centres_s = (6e-6, 6e-6 + spacing_s)
    shape = sum(np.exp(-0.5 * ((time_s - centre_s) / sigma_s) ** 2) for centre_s in centres_s)
    return np.asarray(shape, dtype=np.complex64)


def _detect(samples: Samples, centre_hz: float) -> list[Burst]:
    settings = DetectorSettings()
    detector = SliceDetector(settings, make_slice(settings, RATE_HZ, centre_hz, 0, known=True))
    found = [*detector.feed((samples * 0.01).astype(np.complex64)), *detector.flush().found]
    return [item.burst for item in found]


@pytest.mark.parametrize(("bits", "length_s"), [(56, 64e-6), (112, 120e-6)])
def test_messages_of_mode_s_are_timed_to_some_microseconds(bits: int, length_s: float) -> None:
    rng = np.random.default_rng(bits)
    samples = _noise(int(0.5 * RATE_HZ), 1)
    starts = [int((0.02 + 0.031 * k) * RATE_HZ) for k in range(15)]
    for start in starts:
        message = _mode_s(bits, rng)
        samples[start : start + len(message)] += message * 10 ** (22 / 20)
    found = [b for b in _detect(samples, 1090e6) if isinstance(b.finding, PulseFinding)]
    timed = 0
    for start in starts:
        near = [b for b in found if abs(b.start_ns * 1e-9 - start / RATE_HZ) < 5e-6]
        timed += len(near) == 1 and abs(near[0].duration_s - length_s) < 6e-6
    assert timed >= 13


def test_pairs_of_pulses_are_two_pulses_of_the_right_length() -> None:
    samples = _noise(int(0.1 * RATE_HZ), 2)
    for k in range(8):
        pair = _pair(12e-6)
        start = int((0.02 + 0.009 * k) * RATE_HZ)
        samples[start : start + len(pair)] += pair * 10 ** (20 / 20)
    found = [b.finding for b in _detect(samples, 1000e6) if isinstance(b.finding, PulseFinding)]
    assert len(found) >= 7
    assert np.median([f.pulses for f in found]) == 2
    assert 2e-6 < float(np.median([f.pulse_s for f in found])) < 5e-6


@pytest.mark.parametrize("seed", range(20))
def test_noise_and_steady_packets_are_no_pulses(seed: int) -> None:
    noise = _noise(3000, seed)
    assert find_pulses(noise, RATE_HZ) is None
    packet = noise.copy()
    packet[400:2600] += 4.0
    assert find_pulses(packet, RATE_HZ) is None
    like_noise = noise.copy()
    like_noise[900:2100] += 6.0 * _noise(1200, 100 + seed)
    assert find_pulses(like_noise, RATE_HZ) is None


def _burst(finding: PulseFinding | EnergyFinding, start_us: int, centre_hz: float, snr_db: float) -> Burst:
    return Burst(start_us * 1000, 100e-6, centre_hz, 200e3, snr_db, -20.0, finding)


def test_regions_of_one_pulse_are_put_together() -> None:
    pulse = PulseFinding(0.5e-6, 30)
    bursts = [
        _burst(pulse, 0, 1089.5e6, 5.0),
        _burst(EnergyFinding(1.0), 0, 1090e6, 5.0),
        _burst(pulse, 20, 1090.3e6, 9.0),
        _burst(pulse, 500, 1090.3e6, 9.0),
    ]
    part_of = merge_pulses(bursts)
    assert part_of == [2, None, None, None]
    whole = widened(bursts[2], [bursts[0]])
    assert whole.centre_hz == pytest.approx(1089.9e6)
    assert whole.bandwidth_hz == pytest.approx(1.0e6)
