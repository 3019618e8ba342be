from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.bursts import ZadoffChuFinding
from dsp.iq import IqBlock
from node.pipeline import Pipeline, PipelineSettings, Sighting, Step
from node.tracking.track import Track
from node.tracking.tracker import Tracker, TrackerSettings

Samples = NDArray[np.complex64]
RATE_HZ = 15.36e6
CENTRE_HZ = 2414.5e6


def _burst(rng: np.random.Generator) -> Samples:
    """Nine symbols of 600 carriers, QPSK but for the two sequences."""
    parts = []
    for number in range(9):
        prefix = 80 if number in (0, 8) else 72
        values = rng.choice([-1, 1], (600, 2)) @ [1, 1j] / np.sqrt(2)
        if number in (3, 5):
            n = np.arange(601)
            values = np.delete(np.exp(-1j * np.pi * (600 if number == 3 else 147) * n * (n + 1) / 601), 300)
        grid = np.zeros(1024, dtype=complex)
        grid[np.concatenate((np.arange(-300, 0), np.arange(1, 301))) % 1024] = values
        symbol = np.fft.ifft(grid) * 1024 / np.sqrt(600)
        parts.append(np.concatenate((symbol[-prefix:], symbol)))
    return np.concatenate(parts).astype(np.complex64)


def _scene(starts_s: tuple[float, ...], length_s: float) -> Samples:
    rng = np.random.default_rng(4)
    count = int(length_s * RATE_HZ)
    samples = (rng.standard_normal((count, 2)) @ [1, 1j] * 0.003).astype(np.complex64)
    for start_s in starts_s:
        one = _burst(rng)
        samples[int(start_s * RATE_HZ) : int(start_s * RATE_HZ) + len(one)] += one * np.float32(0.02)
    samples.flags.writeable = False
    return samples


def _run(samples: Samples, block: int) -> tuple[list[Step], list[Track]]:
    pipeline, tracker = Pipeline(PipelineSettings(), None, "test"), Tracker(TrackerSettings(), "test")
    steps: list[Step] = []
    last: dict[str, Track] = {}
    for first in range(0, len(samples), block):
        start_ns = round(first / RATE_HZ * 1e9)
        result = pipeline.process(
            IqBlock(samples[first : first + block], RATE_HZ, CENTRE_HZ, first, 0, start_ns, "test")
        )
        steps += result.steps
        last |= {c.track.track_id: c.track for c in tracker.observe(result)}
    result = pipeline.flush()
    steps += result.steps
    last |= {c.track.track_id: c.track for c in tracker.observe(result)}
    last |= {c.track.track_id: c.track for c in tracker.close(result.end_ns)}
    return steps, list(last.values())


def _proved(steps: list[Step]) -> list[Sighting]:
    return [s for step in steps for s in step.sightings if isinstance(s.burst.finding, ZadoffChuFinding)]


def test_two_bursts_are_one_drone_and_nothing_else() -> None:
    starts_s = (0.0315, 0.0942)
    steps, tracks = _run(_scene(starts_s, 0.15), 100_000)
    found = _proved(steps)
    assert [s.burst.start_ns * 1e-9 for s in found] == pytest.approx(starts_s, abs=5e-6)
    assert all(abs(s.burst.centre_hz - CENTRE_HZ) < 20e3 for s in found)
    assert [(t.label, t.family) for t in tracks] == [("dji-droneid", "drone-datalink")]
    # What the slices see of them is claimed by the bursts.
    for sighting in (s for step in steps for s in step.sightings if s not in found):
        burst = sighting.burst
        assert all(burst.end_ns < f.burst.start_ns or burst.start_ns > f.burst.end_ns for f in found)


def test_the_size_of_the_blocks_changes_nothing() -> None:
    samples = _scene((0.0268, 0.0529), 0.09)
    assert _run(samples, 30_000)[0] == _run(samples, 700_000)[0]


def test_a_lone_burst_is_no_track() -> None:
    assert not [t for t in _run(_scene((0.03,), 0.08), 100_000)[1] if t.family.startswith("drone")]
