from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.bursts import Burst, ChirpFinding, KeyingFinding, LineCombFinding
from dsp.detector import LONGEST_REGION_S, DetectorSettings, SliceDetector, make_slice, segment_ns
from dsp.video import PAL_LINE_HZ

Make = Callable[..., NDArray[np.complex64]]
RATE_HZ = 2.4e6
CENTRE_HZ = 868e6
ORIGIN_NS = 1_000_000_000


def detect(samples: NDArray[np.complex64], cuts: list[int] | None = None, rate_hz: float = RATE_HZ) -> list[Burst]:
    settings = DetectorSettings()
    detector = SliceDetector(settings, make_slice(settings, rate_hz, CENTRE_HZ, ORIGIN_NS, known=True))
    found = []
    for part in np.split(samples, cuts or []):
        found += detector.feed(part)
    found += detector.flush().found
    return sorted((item.burst for item in found), key=lambda b: (b.start_ns, b.centre_hz))


def place(packets: list[tuple[int, NDArray[np.complex64]]], length: int) -> NDArray[np.complex64]:
    out = np.zeros(length, np.complex64)
    for at, packet in packets:
        out[at : at + len(packet)] += packet
    return out


@pytest.mark.parametrize(("factor", "symbols"), [(5, 32), (6, 22), (7, 22), (8, 22), (9, 15)])
def test_packets_of_a_control_link_are_measured(lora: Make, noisy: Make, factor: int, symbols: int) -> None:
    packet = lora(factor, 500e3, RATE_HZ, symbols, offset_hz=300e3)
    starts = [60_000, 60_000 + len(packet) + 2_400, 250_000]
    scene = noisy(place([(at, packet) for at in starts], 400_000), 10.0, 500e3, RATE_HZ)
    bursts = [b for b in detect(scene) if isinstance(b.finding, ChirpFinding)]
    assert len(bursts) == 3
    for at, burst in zip(starts, bursts, strict=True):
        assert isinstance(burst.finding, ChirpFinding)
        assert burst.finding.spreading_factor == factor
        assert burst.centre_hz == pytest.approx(CENTRE_HZ + 300e3, abs=15e3)
        assert burst.duration_s == pytest.approx(len(packet) / RATE_HZ, rel=0.1)
        assert (burst.start_ns - ORIGIN_NS) * 1e-9 == pytest.approx(at / RATE_HZ, abs=0.2e-3)
        assert burst.snr_db == pytest.approx(10.0, abs=2.5)


@pytest.mark.parametrize("snr_db", [8.0, 20.0])
@pytest.mark.parametrize(("factor", "bandwidth_hz"), [(9, 500e3), (9, 250e3), (7, 125e3)])
def test_a_strong_packet_of_slow_chirps_is_one_burst(
    lora: Make, noisy: Make, factor: int, bandwidth_hz: float, snr_db: float
) -> None:
    # At the end of every symbol the mask may be torn, and what is torn off lies in the box of the rest.
    packets = [lora(factor, bandwidth_hz, RATE_HZ, 14, offset_hz=-400e3, seed=seed) for seed in range(8)]
    starts = [60_000 + number * (len(packets[0]) + 40_000) for number in range(8)]
    length = starts[-1] + len(packets[-1]) + 60_000
    scene = noisy(place(list(zip(starts, packets, strict=True)), length), snr_db, bandwidth_hz, RATE_HZ)
    chirps = [b for b in detect(scene) if isinstance(b.finding, ChirpFinding)]
    assert len(chirps) == len(packets)
    for burst in chirps:
        assert burst.duration_s == pytest.approx(len(packets[0]) / RATE_HZ, rel=0.02)


def test_a_keyed_burst_shows_its_tones_and_its_clock(fsk: Make, noisy: Make) -> None:
    packet = fsk(100e3, 50e3, RATE_HZ, 800, offset_hz=-400e3)
    bursts = detect(noisy(place([(100_000, packet)], 300_000), 15.0, 200e3, RATE_HZ))
    assert len(bursts) == 1
    finding = bursts[0].finding
    assert isinstance(finding, KeyingFinding)
    assert finding.deviation_hz == pytest.approx(50e3, rel=0.25)
    assert finding.symbol_rate_hz == pytest.approx(100e3, rel=0.1)


def test_noise_alone_gives_nothing(noisy: Make) -> None:
    bursts = detect(noisy(np.zeros(5_000_000, np.complex64), 0.0, RATE_HZ, RATE_HZ))
    assert len(bursts) <= 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_size_of_the_blocks_changes_nothing(lora: Make, fsk: Make, noisy: Make, seed: int) -> None:
    packets = [(50_000, lora(6, 500e3, RATE_HZ, 22)), (120_000, fsk(50e3, 25e3, RATE_HZ, 600, offset_hz=-5e5))]
    scene = noisy(place(packets, 350_000), 12.0, 300e3, RATE_HZ)
    cuts = sorted(np.random.default_rng(seed).integers(1, len(scene), 40).tolist())
    assert detect(scene) == detect(scene, cuts)


def test_pulses_of_one_remote_control_are_one_burst(noisy: Make) -> None:
    rng = np.random.default_rng(1)
    on = np.concatenate([np.repeat([1.0, 0.0], [1200, 1200 if bit else 2400]) for bit in rng.integers(0, 2, 25)])
    scene = noisy(place([(100_000, on.astype(np.complex64) * 5)], 400_000), 10.0, 20e3, RATE_HZ)
    bursts = [b for b in detect(scene) if b.snr_db > 8]
    assert len(bursts) == 1
    assert bursts[0].duration_s == pytest.approx(len(on) / RATE_HZ, rel=0.1)


def test_a_carrier_is_cut_into_bounded_pieces_that_say_so(noisy: Make) -> None:
    tone = np.zeros(1_200_000, np.complex64)
    tone[300_000:] = np.exp(2j * np.pi * 0.2e6 / RATE_HZ * np.arange(900_000))
    bursts = [b for b in detect(noisy(tone, 5.0, 100e3, RATE_HZ)) if abs(b.centre_hz - CENTRE_HZ - 0.2e6) < 2e4]
    assert bursts
    segment_s = segment_ns(DetectorSettings(), RATE_HZ) / 1e9
    assert all(b.duration_s < LONGEST_REGION_S + segment_s for b in bursts)
    assert any(b.cut_end for b in bursts)


def test_video_in_the_slice_gives_looks_of_its_standard(video: Make, noisy: Make) -> None:
    signal = video(PAL_LINE_HZ, RATE_HZ, 0.06, 0.0)
    signal = (signal / np.sqrt(np.mean(np.abs(signal) ** 2))).astype(np.complex64)
    bursts = detect(noisy(signal, 6.0, RATE_HZ, RATE_HZ))
    looks = [b.finding for b in bursts if isinstance(b.finding, LineCombFinding)]
    assert len(looks) >= 2
    assert all(look.standard == "pal" for look in looks)


@pytest.mark.parametrize("samples", [0, 1, 100, 5_000])
def test_a_scrap_of_signal_is_no_fault(samples: int) -> None:
    assert detect(np.zeros(samples, np.complex64)) == []


def test_exact_silence_around_a_burst_is_no_fault(fsk: Make) -> None:
    bursts = detect(place([(50_000, fsk(10e3, 20e3, 1e6, 300))], 200_000), rate_hz=1e6)
    assert 1 <= len(bursts) <= 3
