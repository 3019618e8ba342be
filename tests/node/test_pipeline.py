from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.iq import IqBlock
from node.pipeline import Pipeline, PipelineSettings, Sighting, Step
from node.tracking.track import TrackChange
from node.tracking.tracker import Tracker, TrackerSettings

Samples = NDArray[np.complex64]
CENTRE_HZ = 866.7e6
EU868_HZ = tuple(863.275e6 + 525e3 * channel for channel in range(13))


@pytest.fixture(scope="module")
def mixed() -> Samples:
    """A second of keyed bursts, pulses and a carrier in noise: something for every stage."""
    rng = np.random.default_rng(8)
    count = 2_400_000
    out = rng.standard_normal(2 * count, dtype=np.float32).view(np.complex64) * np.float32(0.01)
    time_s = np.arange(count) / 2.4e6
    out += np.float32(0.01) * np.exp(2j * np.pi * 0.31e6 * time_s).astype(np.complex64)
    for burst in range(60):
        first = int(rng.integers(0, count - 30_000))
        length = int(rng.integers(2_000, 28_000))
        bits = np.repeat(rng.integers(0, 2, length // 24 + 1) * 2 - 1, 24)[:length]
        turn = np.cumsum(bits * 50e3 + rng.uniform(-1e6, 1e6)) / 2.4e6
        keyed = np.exp(2j * np.pi * turn) * (1.0 if burst % 3 else (np.arange(length) // 1200) % 2)
        out[first : first + length] += (keyed * rng.uniform(0.01, 0.2)).astype(np.complex64)
    return out


def run(blocks: Iterator[IqBlock]) -> tuple[list[Step], list[TrackChange]]:
    pipeline = Pipeline(PipelineSettings(), None, "r")
    tracker = Tracker(TrackerSettings(), "node")
    steps: list[Step] = []
    changes: list[TrackChange] = []
    for block in blocks:
        result = pipeline.process(block)
        steps += result.steps
        changes += tracker.observe(result)
    result = pipeline.flush()
    steps += result.steps
    changes += tracker.observe(result)
    return steps, changes + tracker.close(result.end_ns)


@pytest.mark.parametrize("size", [1_000, 4_096, 7_919, 1_000_000])
def test_the_size_of_the_blocks_changes_nothing(
    mixed: Samples, blocks_of: Callable[..., Iterator[IqBlock]], size: int
) -> None:
    steps, changes = run(blocks_of(mixed, CENTRE_HZ, 65_536))
    again, changes_again = run(blocks_of(mixed, CENTRE_HZ, size))
    assert sum(len(step.sightings) for step in steps) > 50
    assert repr(again) == repr(steps)
    assert changes
    assert repr(changes_again) == repr(changes)


def test_a_wide_recording_gives_the_same_in_blocks_of_any_size(blocks_of: Callable[..., Iterator[IqBlock]]) -> None:
    rng = np.random.default_rng(3)
    wide = (rng.standard_normal((1_200_000, 2)) @ np.array([1.0, 1j]) * 0.01).astype(np.complex64)
    wide[400_000:500_000] += np.exp(2j * np.pi * 3.3e6 / 10e6 * np.arange(100_000)).astype(np.complex64) * 0.1
    first = run(blocks_of(wide, CENTRE_HZ, 65_536, 10e6))
    assert any(step.sightings for step in first[0])
    assert repr(run(blocks_of(wide, CENTRE_HZ, 9_973, 10e6))) == repr(first)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(600_000, np.complex64),
        np.full(600_000, 1 + 1j, np.complex64),
        np.full(600_000, 0.9 + 0j, np.complex64),
        np.where(np.arange(600_000) // 50_000 % 2, 0, 1).astype(np.complex64),
        np.exp(1j * np.arange(600_000)).round().astype(np.complex64),
    ],
    ids=["silence", "full scale", "dc", "gated", "clipped"],
)
def test_unnatural_signals_are_no_fault_and_no_drone(
    samples: Samples, blocks_of: Callable[..., Iterator[IqBlock]]
) -> None:
    steps, changes = run(blocks_of(samples, CENTRE_HZ))
    for step in steps:
        for sighting in step.sightings:
            burst = sighting.burst
            assert np.isfinite([burst.duration_s, burst.centre_hz, burst.bandwidth_hz, burst.snr_db]).all()
    assert not any(change.track.family.startswith("drone") for change in changes)


@pytest.mark.parametrize("rate_hz", [200e3, 250e3, 1.024e6, 3.2e6, 20e6, 61.44e6])
def test_any_rate_works(rate_hz: float, blocks_of: Callable[..., Iterator[IqBlock]]) -> None:
    rng = np.random.default_rng(4)
    count = int(0.12 * rate_hz)
    samples = rng.standard_normal(2 * count, dtype=np.float32).view(np.complex64) * np.float32(0.01)
    tone = slice(count // 3, count // 2)
    samples[tone] += np.exp(2j * np.pi * 0.2 * np.arange(count)[tone]).astype(np.complex64) * np.float32(0.2)
    steps, _ = run(blocks_of(samples, 900e6, 65_536, rate_hz))
    bursts = [sighting.burst for step in steps for sighting in step.sightings]
    assert any(abs(burst.centre_hz - 900e6 - 0.2 * rate_hz) < 20e3 + 0.002 * rate_hz for burst in bursts)


def test_retunes_and_gaps_are_data(mixed: Samples) -> None:
    blocks = []
    first = 0
    for number, start in enumerate(range(0, 2_400_000 - 240_000, 240_000)):
        lost = 12_345 if number % 3 == 2 else 0
        first += lost
        samples = mixed[start : start + 240_000].copy()
        blocks.append(IqBlock(samples, 2.4e6, 866e6 + 1e6 * (number % 2), first, lost, round(first / 2.4e-3), "r"))
        first += len(samples)
    steps, _ = run(iter(blocks))
    assert [step.end_ns for step in steps] == sorted(step.end_ns for step in steps)
    centres = {sighting.slice_centre_hz for step in steps for sighting in step.sightings}
    assert centres == {866e6, 867e6}
    for step in steps:
        for sighting in step.sightings:
            assert abs(sighting.burst.centre_hz - sighting.slice_centre_hz) < 1.3e6


def test_memory_stays_bounded(mixed: Samples, blocks_of: Callable[..., Iterator[IqBlock]]) -> None:
    pipeline = Pipeline(PipelineSettings(), None, "r")
    carrier = (0.3 * np.exp(2j * np.pi * 0.1e6 / 2.4e6 * np.arange(len(mixed)))).astype(np.complex64)
    for block in blocks_of(mixed + carrier, CENTRE_HZ):
        pipeline.process(block)
    assert pipeline._tuning is not None
    for detector in pipeline._tuning.detectors:
        assert len(detector._samples) < 0.25 * 2.4e6
        assert len(detector._mask) < 0.25 * 2.4e6 / 512


def test_a_link_of_another_make_is_named_soon(
    make_links: Callable[..., Samples], plan: type, blocks_of: Callable[..., Iterator[IqBlock]]
) -> None:
    link = plan(0.005, 4, EU868_HZ, spreading_factor=6, symbols=22)
    _, changes = run(blocks_of(make_links([link], CENTRE_HZ, 1.5), CENTRE_HZ))
    drones = [change for change in changes if change.track.family.startswith("drone")]
    assert {change.track.track_id for change in drones} == {drones[0].track.track_id}
    assert (drones[-1].track.label, drones[-1].track.mode) == ("expresslrs", "200Hz")
    assert drones[0].time_ns < 0.5e9
    assert drones[0].time_ns - drones[0].track.last_ns < 150e6
    assert drones[-1].track.centre_hz is not None
    assert min(abs(drones[-1].track.centre_hz - channel_hz) for channel_hz in EU868_HZ) < 20e3


def test_a_clock_that_was_set_is_followed_and_one_that_is_drawn_is_not(
    mixed: Samples, blocks_of: Callable[..., Iterator[IqBlock]]
) -> None:
    def sightings(shift_ns: int) -> list[Sighting]:
        blocks = [
            replace(block, start_ns=block.start_ns + shift_ns) if block.first_sample > len(mixed) // 2 else block
            for block in blocks_of(mixed, CENTRE_HZ, 65_536)
        ]
        pipeline = Pipeline(PipelineSettings(), None, "r")
        results = [*(pipeline.process(block) for block in blocks), pipeline.flush()]
        return [sighting for result in results for sighting in result.sightings]

    usual = sightings(0)
    assert sightings(5_000_000) == usual
    start_ns, hour_ns = min(one.burst.start_ns for one in usual), 3_600_000_000_000
    for shift_ns in (-hour_ns, hour_ns):
        moved = [one for one in sightings(shift_ns) if abs(one.burst.start_ns - start_ns) > hour_ns // 2]
        assert len(moved) > len(usual) // 4
        assert all(0.4e9 < one.burst.start_ns - shift_ns - start_ns < 1.1e9 for one in moved)
