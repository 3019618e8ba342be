"""Cycle counters of TI mmWave radars: which rate, stamps without the jitter of delivery, damage, wraps, restarts."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.radar.ti_clock import ODD_IN_A_ROW, CycleClock
from firmware_bridge.radar.ti_mmwave import TiMmwaveSettings
from sim.serial_devices.sensor import Detection
from sim.serial_devices.ti_mmwave import oob_packet

START_NS = 1_767_225_600_000_000_000
S = 1_000_000_000
FIRST = 2**32 - 100_000_000
"""Wraps within the first second."""


def stream(
    rate_hz: float, seconds: float, period_s: float = 0.1, drift: float = 0.0, seed: int = 3
) -> list[tuple[int, int, int]]:
    """True time, counter and arrival of each packet: 8 ms on the line and up to 16 ms late."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(int(seconds / period_s)):
        built_s = number * period_s
        late_s = 0.008 + float(rng.uniform(0, 0.016))
        cycles = (FIRST + round(built_s * rate_hz * (1 + drift))) % 2**32
        found.append((START_NS + round(built_s * S), cycles, START_NS + round((built_s + late_s) * S)))
    return found


@pytest.mark.parametrize("rate_hz", [200e6, 600e6])
@pytest.mark.parametrize("period_s", [1 / 30, 0.1, 0.5])
def test_the_rate_is_measured_and_the_jitter_vanishes(rate_hz: float, period_s: float) -> None:
    clock = CycleClock()
    errors = [
        clock.observe(cycles, arrival_ns) - built_ns
        for built_ns, cycles, arrival_ns in stream(rate_hz, 60.0, period_s, 40e-6)
    ]
    assert clock.rate_hz == pytest.approx(rate_hz)
    late = np.array(errors[int(15 / period_s) :]) / 1e6
    assert late.min() > 7.0
    assert late.max() < (13.0 if period_s < 0.5 else 20.0)  # two packets a second find the quickest way later
    assert late.std() < (0.8 if period_s < 0.5 else 3.0)


def test_another_rate_is_not_taken_for_one_of_these() -> None:
    clock = CycleClock()
    for _, cycles, arrival_ns in stream(330e6, 20.0):
        assert clock.observe(cycles, arrival_ns) == arrival_ns
    assert clock.rate_hz is None


def test_a_replay_without_times_stays_with_its_arrivals() -> None:
    clock = CycleClock()
    assert all(clock.observe(cycles, START_NS) == START_NS for _, cycles, _ in stream(200e6, 20.0))


def test_damaged_counters_do_not_move_the_others() -> None:
    rng = np.random.default_rng(8)
    packets = stream(600e6, 120.0)
    clock = CycleClock()
    errors = []
    for built_ns, cycles, arrival_ns in packets:
        hurt = rng.random() < 0.05
        stamp_ns = clock.observe(int(rng.integers(2**32)) if hurt else cycles, arrival_ns)
        assert stamp_ns <= arrival_ns
        errors += [] if hurt else [(stamp_ns - built_ns) / 1e6]
    late = np.array(errors[200:])
    assert np.quantile(late, [0.02, 0.98]) == pytest.approx([8.0, 8.0], abs=9.0)
    assert np.median(np.abs(late - np.median(late))) < 1.5


def test_a_radar_that_starts_anew_is_measured_anew() -> None:
    clock = CycleClock()
    for _, cycles, arrival_ns in stream(200e6, 10.0):
        clock.observe(cycles, arrival_ns)
    later = [(built, (cycles * 7 + 12345) % 2**32, arrival + 20 * S) for built, cycles, arrival in stream(200e6, 1.0)]
    for _, cycles, arrival_ns in later:  # nonsense: no clock at all
        assert clock.observe(cycles, arrival_ns) <= arrival_ns
    errors = []
    for built_ns, cycles, arrival_ns in stream(200e6, 30.0):
        errors.append(clock.observe((cycles + 999) % 2**32, arrival_ns + 60 * S) - built_ns - 60 * S)
    assert np.array(errors[-100:]).std() / 1e6 < 1.0
    assert ODD_IN_A_ROW < 100


def test_a_busy_node_that_reads_late_stamps_as_if_it_had_not() -> None:
    clock = CycleClock()
    packets = stream(200e6, 40.0)
    held_ns = packets[320][2] + S
    errors = []
    for number, (built_ns, cycles, arrival_ns) in enumerate(packets):
        seen_ns = max(arrival_ns, held_ns) if 320 <= number < 330 else arrival_ns
        errors.append((clock.observe(cycles, seen_ns) - built_ns) / 1e6)
    assert max(errors[320:330]) < 30.0


def test_contacts_of_the_driver_carry_the_time_of_their_packet() -> None:
    one = Detection(0.0, 5.0, 0.0, 5.0, 0.0, 0.0, -1.0, 20.0, None)
    module = TiMmwaveSettings().make()
    errors = []
    for number, (built_ns, cycles, arrival_ns) in enumerate(stream(200e6, 30.0)):
        (contact,) = module.feed(oob_packet(number, cycles, [one]), arrival_ns)
        errors.append((contact.time_ns - built_ns) / 1e6)
    assert np.array(errors[:15]).std() > 2.0  # arrivals at first
    assert np.array(errors[100:]).std() < 1.0


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("file", "period_s", "rate_hz"),
    [
        ("ti_mmwave/vehicle_30fps", 1 / 30, 200e6),
        ("ti_mmwave/pedestrian_10fps", 0.1, 200e6),
        ("ti_mmwave_restricted/iwr6843_automated_doors", 1 / 30, 600e6),
    ],
)
def test_counters_of_real_radars(file: str, period_s: float, rate_hz: float) -> None:
    path = Path(os.environ.get("SKYPICKET_SHARED", "../shared")) / "vectors" / "serial" / f"{file}.frames.jsonl"
    if not path.is_file():
        pytest.skip(f"no serial vectors: {path} is not there (set SKYPICKET_SHARED)")
    data = path.with_name(path.name.replace(".frames.jsonl", ".bin")).read_bytes()
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    at, clock, first = -1, CycleClock(), None
    magic = bytes((2, 1, 4, 3, 6, 5, 8, 7))
    while (at := data.find(magic, at + 1)) >= 0 and at + 40 <= len(data):
        frame, cycles = struct.unpack_from("<II", data, at + 20)
        first = frame if first is None else first
        if 0 <= frame - first <= len(rows) + 10:  # some numbers are damaged in these captures
            clock.observe(cycles, START_NS + round((frame - first) * period_s * S))
    assert clock.rate_hz == pytest.approx(rate_hz)
