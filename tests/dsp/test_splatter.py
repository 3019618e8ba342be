from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.bursts import Burst, ChirpFinding
from dsp.detector import DetectorSettings, SliceDetector, make_slice
from dsp.extents import Extent
from dsp.splatter import Splatter

Make = Callable[..., NDArray[np.complex64]]
RATE_HZ = 2.4e6
STRONG_HZ, WEAK_HZ = 600e3, -700e3
STARTS = (60_000, 72_000, 84_000, 200_000)
SNR_DB = 36.0


def _detect(samples: NDArray[np.complex64]) -> list[Burst]:
    settings = DetectorSettings()
    detector = SliceDetector(settings, make_slice(settings, RATE_HZ, 0.0, 0, known=True))
    return [item.burst for item in (*detector.feed(samples), *detector.flush().found)]


def _strong_link(lora: Make, noisy: Make, weak: NDArray[np.complex64] | None = None, at: int = 0) -> list[Burst]:
    """Packets that begin and end at full power, 36 dB over the noise, and something weak while one is on air."""
    scene = np.zeros(400_000, np.complex64)
    packet = lora(6, 500e3, RATE_HZ, 22, offset_hz=STRONG_HZ)
    for start in STARTS:
        scene[start : start + len(packet)] += packet
    if weak is not None:
        scene[at : at + len(weak)] += weak
    return _detect(noisy(scene, SNR_DB, 500e3, RATE_HZ))


def test_the_edges_of_strong_packets_are_no_bursts(lora: Make, noisy: Make) -> None:
    found = _strong_link(lora, noisy)
    assert [b for b in found if isinstance(b.finding, ChirpFinding)]
    assert not [b for b in found if b.centre_hz < 0.0]


@pytest.mark.parametrize("bits", [40, 200])
def test_a_weak_emitter_under_a_strong_packet_is_found(lora: Make, fsk: Make, noisy: Make, bits: int) -> None:
    # 30 dB less over the noise in 100 kHz than the link has in 500 kHz.
    size = np.float32(10 ** (-30.0 / 20) * np.sqrt(100e3 / 500e3))
    weak = fsk(50e3, 30e3, RATE_HZ, bits, offset_hz=WEAK_HZ) * size
    found = [b for b in _strong_link(lora, noisy, weak, at=STARTS[0] + 300) if b.centre_hz < 0.0]
    assert len(found) == 1
    assert found[0].centre_hz == pytest.approx(WEAK_HZ, abs=10e3)
    assert found[0].duration_s == pytest.approx(bits / 50e3, abs=0.2e-3)


def test_chirps_far_below_a_strong_link_are_found(lora: Make, noisy: Make) -> None:
    weak = lora(7, 500e3, RATE_HZ, 8, offset_hz=WEAK_HZ) * np.float32(10 ** (-38.0 / 20))
    found = [b for b in _strong_link(lora, noisy, weak, at=STARTS[0] + 300) if b.centre_hz < 0.0]
    assert [type(b.finding) for b in found] == [ChirpFinding]


ROWS, COLUMNS = 60, 256
BAND = slice(20, 60)


def _rows(strong_rows: slice, weak_rows: slice, weak_columns: slice, weak: float) -> NDArray[np.float32]:
    power = np.ones((ROWS, COLUMNS), np.float32)
    power[strong_rows, BAND] += 10**4.6
    power[weak_rows, weak_columns] += weak
    return power


def _extent(rows: slice, columns: slice, snr: float) -> Extent:
    width = columns.stop - columns.start
    return Extent(rows.start, rows.stop, columns.start, columns.stop, snr, snr * width, 1.0)


def test_what_goes_on_when_the_strong_signal_is_gone_is_no_splatter() -> None:
    columns, strong = slice(150, 160), slice(10, 30)
    floor = np.ones(COLUMNS, np.float32)
    for rows, expected in ((slice(12, 28), True), (slice(20, 50), False)):
        power = _rows(strong, rows, columns, 3.0)
        assert Splatter(power, floor).has(_extent(rows, columns, 3.0)) is expected


def test_a_steady_line_is_no_reason() -> None:
    columns, rows = slice(150, 160), slice(12, 28)
    floor = np.ones(COLUMNS, np.float32)
    floor[BAND] += 10**4.6
    power = _rows(slice(0, ROWS), rows, columns, 3.0)
    assert not Splatter(power, floor).has(_extent(rows, columns, 3.0))


def test_a_wide_signal_beside_a_narrow_one_of_little_more_power_is_none() -> None:
    columns, rows = slice(100, 200), slice(12, 28)
    power = np.ones((ROWS, COLUMNS), np.float32)
    power[rows, 30] += 10**5.0
    power[rows, columns] += 1.0
    assert not Splatter(power, np.ones(COLUMNS, np.float32)).has(_extent(rows, columns, 1.0))
