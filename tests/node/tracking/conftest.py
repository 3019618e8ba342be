"""Bursts through the tracker, step by step, as a pipeline gives them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dsp.bursts import Burst
from node.pipeline import BlockResult, PipelineCounters, Sighting, Step
from node.tracking.track import TrackChange
from node.tracking.tracker import Tracker, TrackerSettings

STEP_NS = 27_306_667
"""128 rows of 512 samples at 2.4 MS/s."""


@pytest.fixture
def track() -> Callable[..., list[TrackChange]]:
    """Give the bursts of some seconds, in a slice of 2.4 MHz, to a new tracker; all changes, the last at its end."""

    def tracked(bursts: list[Burst], seconds: float, centre_hz: float) -> list[TrackChange]:
        tracker = Tracker(TrackerSettings(), "test")
        ordered = sorted(bursts, key=lambda burst: burst.end_ns)
        at, changes = 0, []
        for end_ns in range(STEP_NS, round(seconds * 1e9) + STEP_NS, STEP_NS):
            first = at
            while at < len(ordered) and ordered[at].end_ns < end_ns:
                at += 1
            sightings = tuple(
                Sighting(b, None, "r", tuning_known=True, slice_centre_hz=centre_hz, slice_rate_hz=2.4e6)
                for b in ordered[first:at]
            )
            changes += tracker.observe(BlockResult((Step(end_ns, sightings),), end_ns, "r", PipelineCounters()))
        return changes + tracker.close(round(seconds * 1e9))

    return tracked
