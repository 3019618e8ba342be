"""Where the host's clock meets the count of samples; every clock here is the test's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from dsp.units import NS_PER_S
from node.sources.live_clock import FAR_NS, LOOK_S, LOOKS, SLEW_PPM, STEP_NS, Moment, SampleTime

RATE_HZ = 1_000_000.0
BLOCK = 10_000
BLOCK_NS = 10_000_000
START_NS = 1_777_000_000_000_000_000
STEADY_NS = 5_000_000_000


def arrivals(seconds: float, *, ppm: float = 0.0, delays_ns: Iterator[int] | None = None) -> Iterator[tuple[int, int]]:
    """(Samples so far, steady time of arrival since the start) of a sample clock that is fast by ``ppm``."""
    for number in range(1, round(seconds * RATE_HZ / BLOCK) + 1):
        late_ns = next(delays_ns) if delays_ns is not None else 0
        yield number * BLOCK, round(number * BLOCK_NS / (1.0 + ppm * 1e-6)) + late_ns


def moment(since_start_ns: int, set_by_ns: int = 0) -> Moment:
    return Moment(START_NS + since_start_ns + set_by_ns, STEADY_NS + since_start_ns)


def test_the_first_block_had_just_ended_when_it_arrived() -> None:
    time = SampleTime(RATE_HZ)
    assert time.arrived(BLOCK, moment(BLOCK_NS)) == 0
    assert time.unix_ns(0) == START_NS
    assert time.unix_ns(3 * BLOCK) == START_NS + 3 * BLOCK_NS


def test_a_given_start_does_without_the_host() -> None:
    time = SampleTime(RATE_HZ, start_ns=77)
    for samples, at_ns in arrivals(60.0, ppm=300.0):
        assert time.arrived(samples, moment(2 * at_ns)) == 0
    assert time.unix_ns(1_000_000) == 77 + NS_PER_S


def test_uneven_arrival_does_not_show() -> None:
    """Even a network that stands still for 3 s and then delivers all at once, as long as it catches up."""
    rng = np.random.default_rng(1)
    time = SampleTime(RATE_HZ)
    for samples, at_ns in arrivals(60.0):
        stall_ns = max(3 * NS_PER_S - (at_ns - 20 * NS_PER_S), 0) if at_ns >= 20 * NS_PER_S else 0
        late_ns = int(rng.exponential(2e6)) if at_ns > BLOCK_NS else 0
        assert time.arrived(samples, moment(at_ns + max(stall_ns, late_ns))) == 0
    assert time.unix_ns(0) == pytest.approx(START_NS, abs=2_000_000)


@pytest.mark.parametrize("ppm", [-150.0, -30.0, 30.0, 150.0])
def test_the_sample_clock_is_followed_without_steps(ppm: float) -> None:
    """An hour of a crystal that is off: stamps stay with the host, nothing counts as lost, time never runs back."""
    time = SampleTime(RATE_HZ)
    before_ns = 0
    for samples, at_ns in arrivals(3600.0 / 10, ppm=ppm):
        assert time.arrived(samples, moment(at_ns)) == 0
        block_ns = time.unix_ns(samples - BLOCK)
        if before_ns:
            assert abs(block_ns - before_ns - BLOCK_NS) <= SLEW_PPM * 1e-6 * LOOK_S * NS_PER_S + 1
            assert block_ns > before_ns
        before_ns = block_ns
        assert time.unix_ns(samples) == pytest.approx(START_NS + at_ns, abs=2e6)


def test_a_late_first_block_is_soon_forgotten() -> None:
    """It came 40 ms after its last sample: times begin too late, and must not run back while they are put right."""
    time = SampleTime(RATE_HZ)
    before_ns = 0
    for samples, at_ns in arrivals(6.0):
        time.arrived(samples, moment(at_ns + (40_000_000 if samples == BLOCK else 0)))
        block_ns = time.unix_ns(samples - BLOCK)
        assert block_ns > before_ns
        before_ns = block_ns
    assert time.unix_ns(0) == pytest.approx(START_NS, abs=1000)


def test_samples_lost_upstream_are_found() -> None:
    time = SampleTime(RATE_HZ)
    missed = lost = 0
    for samples, at_ns in arrivals(30.0):
        late_ns = 300_000_000 if at_ns > 12 * NS_PER_S else 0  # 0.3 s of samples never came
        missed = time.arrived(samples + lost, moment(at_ns + late_ns))
        lost += missed
        if missed:
            assert at_ns <= (12 + (LOOKS + 2) * LOOK_S) * NS_PER_S
    assert lost == 300_000


def test_a_small_loss_is_slewed_over() -> None:
    time = SampleTime(RATE_HZ)
    for samples, at_ns in arrivals(300.0):
        late_ns = STEP_NS // 2 if at_ns > 12 * NS_PER_S else 0
        assert time.arrived(samples, moment(at_ns + late_ns)) == 0
    assert time.unix_ns(0) == pytest.approx(START_NS + STEP_NS // 2, abs=1000)


def test_a_server_slower_than_it_says_is_no_loss_until_time_is_far_off() -> None:
    """3 % slow, as one that sleeps after every block: 1.8 s behind after a minute."""
    time = SampleTime(RATE_HZ)
    lost = 0
    for samples, at_ns in arrivals(190.0, ppm=-30_000.0):
        lost += time.arrived(samples + lost, moment(at_ns))
        assert abs(START_NS + at_ns - time.unix_ns(samples + lost)) < FAR_NS + LOOKS * LOOK_S * NS_PER_S * 0.04
        if at_ns < 60 * NS_PER_S:
            assert lost == 0
    assert 4_000_000 < lost < 4_400_000


def test_a_server_faster_than_it_says_is_no_loss() -> None:
    time = SampleTime(RATE_HZ)
    for samples, at_ns in arrivals(60.0, ppm=10_000_000.0):
        assert time.arrived(samples, moment(at_ns)) == 0


@pytest.mark.parametrize("set_by_s", [-3600, 86_400 * 365])
def test_a_host_clock_that_is_set_moves_time_and_loses_nothing(set_by_s: int) -> None:
    """A small board boots in the past and learns the time from the network a minute later."""
    time = SampleTime(RATE_HZ)
    for samples, at_ns in arrivals(30.0):
        set_by_ns = set_by_s * NS_PER_S if at_ns > 12 * NS_PER_S else 0
        assert time.arrived(samples, moment(at_ns, set_by_ns)) == 0
    assert time.clock_steps == 1
    assert time.unix_ns(0) == START_NS + set_by_s * NS_PER_S
