"""A module's clock against the host's: delays, drift, wraps, restarts."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.clock import DeviceClock

START_NS = 1_700_000_000_000_000_000
S = 1_000_000_000


def errors_ns(drift: float, seconds: int, *, bits: int | None = None, first_tick: int = 0) -> np.ndarray:
    """Errors of the estimates: a frame every 50 ms, delivered 1 ms to 17 ms late as over a slow USB adapter."""
    rng = np.random.default_rng(5)
    clock = DeviceClock(1000.0, bits)
    errors = []
    for number in range(seconds * 20):
        true_ns = number * 50_000_000
        ticks = first_tick + round(true_ns * (1 + drift) / 1000)
        late_ns = 1_000_000 + int(rng.integers(0, 16_000_000))
        ticks = ticks if bits is None else ticks % 2**bits
        errors.append(clock.observe(ticks, START_NS + true_ns + late_ns) - START_NS - true_ns)
    assert clock.restarts == 0
    return np.array(errors)


@pytest.mark.parametrize("drift", [0.0, 50e-6, -200e-6])
def test_the_spread_of_delivery_vanishes_and_only_its_shortest_stays(drift: float) -> None:
    late_ns = errors_ns(drift, 120)[200:]
    assert np.all(np.abs(late_ns - 1_000_000) < 2_000_000)
    assert late_ns.std() < 600_000


def test_never_later_than_the_arrival_and_never_before_the_past() -> None:
    clock = DeviceClock(1000.0, 32)
    for number in range(500):
        arrival_ns = START_NS + number * 10_000_000
        assert clock.observe(number * 10_000, arrival_ns) <= arrival_ns


def test_a_wrap_of_the_counter_is_no_event() -> None:
    wrapping = errors_ns(20e-6, 60, bits=32, first_tick=2**32 - 20_000_000)
    assert np.all(np.abs(wrapping[200:] - 1_000_000) < 2_000_000)


def test_a_silence_longer_than_the_wrap() -> None:
    clock = DeviceClock(1000.0, 32)
    clock.observe(5, START_NS)
    later_s = 3 * 2**32 // 1_000_000 + 10
    ticks = (5 + later_s * 1_000_000) % 2**32
    assert abs(clock.observe(ticks, START_NS + later_s * S) - START_NS - later_s * S) < S
    assert clock.restarts == 0


def test_a_restart_is_counted_and_begins_anew() -> None:
    clock = DeviceClock(1000.0, 32)
    for number in range(100):
        clock.observe(500_000_000 + number * 100_000, START_NS + number * S // 10)
    again_ns = START_NS + 60 * S
    assert clock.observe(20, again_ns) == again_ns
    assert clock.restarts == 1
    assert clock.observe(100_020, again_ns + S // 10 + 5_000_000) == again_ns + S // 10


def test_a_host_clock_that_is_set_begins_anew_without_a_restart() -> None:
    clock = DeviceClock(1000.0, 32)
    clock.observe(0, START_NS)
    clock.observe(1_000_000, START_NS + S)
    assert clock.observe(2_000_000, START_NS + 3600 * S) == START_NS + 3600 * S
    assert clock.restarts == 0
