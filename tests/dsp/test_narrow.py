from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.bursts import Burst, EnergyFinding
from dsp.detector import DetectorSettings, SliceDetector, make_slice

Make = Callable[..., NDArray[np.complex64]]
RATE_HZ = 2.4e6
CENTRE_HZ = 868e6
ORIGIN_NS = 1_000_000_000
COLUMN_HZ = 9375.0
SLOW = {
    2e3: (1.9e3, 5.8e3, 6e-3),
    4e3: (3.75e3, 11.5e3, 2.5e-3),
    8e3: (8.1e3, 24.2e3, 1.6e-3),
    16e3: (16.25e3, 48.5e3, 1.0e-3),
}
"""Rate: deviation, width by Carson's rule, and how well an edge must be found."""


def detect(samples: NDArray[np.complex64], cuts: list[int] | None = None) -> list[Burst]:
    settings = DetectorSettings()
    detector = SliceDetector(settings, make_slice(settings, RATE_HZ, CENTRE_HZ, ORIGIN_NS, known=True))
    found = []
    for part in np.split(samples, cuts or []):
        found += detector.feed(part)
    found += detector.flush().found
    return sorted((item.burst for item in found), key=lambda b: (b.start_ns, b.centre_hz))


def integrated(bursts: list[Burst]) -> list[Burst]:
    return [b for b in bursts if isinstance(b.finding, EnergyFinding) and b.finding.integrated]


@pytest.mark.parametrize("rate_bps", sorted(SLOW))
@pytest.mark.parametrize("offset_hz", [-911e3, 137.4e3, 402.3e3])
def test_a_slow_packet_at_0_db_is_found_with_its_edges(
    fsk: Make, noisy: Make, rate_bps: float, offset_hz: float
) -> None:
    deviation_hz, width_hz, edge_s = SLOW[rate_bps]
    packet = fsk(rate_bps, deviation_hz, RATE_HZ, 136, offset_hz=offset_hz)
    samples = np.zeros(round(0.7 * RATE_HZ), np.complex64)
    at = round(0.3 * RATE_HZ)
    samples[at : at + len(packet)] = packet
    found = integrated(detect(noisy(samples, 0.0, width_hz, RATE_HZ, seed=5)))
    mine = [b for b in found if abs(b.centre_hz - CENTRE_HZ - offset_hz) < 7e3]
    assert 1 <= len(mine) <= 2  # in windows of both lengths where the shorter one shows a part only
    assert len(found) <= len(mine) + 1  # noise may give one
    begin_s = min(b.start_ns - ORIGIN_NS for b in mine) * 1e-9
    end_s = max(b.end_ns - ORIGIN_NS for b in mine) * 1e-9
    assert begin_s == pytest.approx(0.3, abs=edge_s)
    assert end_s == pytest.approx(0.3 + 136 / rate_bps, abs=edge_s)
    # Noise moves an edge by a column of 9.4 kHz on each side.
    assert all(0.3 * width_hz < b.bandwidth_hz < 1.3 * width_hz + 2.0 * COLUMN_HZ for b in mine)


def test_noise_gives_next_to_nothing(noisy: Make) -> None:
    found = integrated(detect(noisy(np.zeros(round(3.0 * RATE_HZ), np.complex64), 0.0, RATE_HZ, RATE_HZ, seed=8)))
    assert len(found) <= 3


def test_what_a_region_shows_whole_is_not_told_again(fsk: Make, noisy: Make) -> None:
    packet = fsk(8e3, 8.1e3, RATE_HZ, 300, offset_hz=-300e3)
    samples = np.zeros(round(0.6 * RATE_HZ), np.complex64)
    samples[500_000 : 500_000 + len(packet)] = packet
    bursts = detect(noisy(samples, 20.0, 24e3, RATE_HZ))
    assert len(bursts) == 1
    assert not integrated(bursts)


def test_what_is_wide_is_left_to_the_regions(fsk: Make, noisy: Make) -> None:
    packet = fsk(100e3, 60e3, RATE_HZ, 3000, offset_hz=200e3)
    samples = np.zeros(round(0.6 * RATE_HZ), np.complex64)
    samples[500_000 : 500_000 + len(packet)] = packet
    assert not integrated(detect(noisy(samples, 3.0, 220e3, RATE_HZ)))


def test_the_size_of_the_blocks_changes_nothing(fsk: Make, noisy: Make) -> None:
    packet = fsk(4e3, 3.75e3, RATE_HZ, 136, offset_hz=50.3e3)
    samples = np.zeros(round(0.6 * RATE_HZ), np.complex64)
    samples[600_000 : 600_000 + len(packet)] = packet
    scene = noisy(samples, 1.0, 11.5e3, RATE_HZ)
    cuts = sorted(np.random.default_rng(3).integers(1, len(scene), 40).tolist())
    assert detect(scene) == detect(scene, cuts)
