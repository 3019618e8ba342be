from __future__ import annotations

from collections.abc import Callable

from node.report.link_scenes import trial_of
from node.report.results import RunResult
from node.report.runs import Run
from node.report.slices import shows_hops, whole_channels
from node.report.summary import summarise

MakeResult = Callable[..., RunResult]


def _au433(trial: int) -> Run:
    return Run("link", "expresslrs", "100Hz", "AU433", -12.5, trial, 8.0)


def test_channels_across_the_edge_are_not_whole() -> None:
    seen: set[int | None] = set()
    for trial in range(24):
        channels = whole_channels(_au433(trial))
        assert channels is not None
        # Of three channels half a megahertz apart the home channel is in the slice unless it lies across its edge.
        assert channels > 0 or "edge" in trial_of(_au433(trial)).conditions
        seen.add(channels)
    assert 3 in seen
    assert len(seen) > 1


def test_what_does_not_hop_is_shown_whole() -> None:
    picture = Run("link", "analog-video", "pal", "1.2GHz", 0.0, 0, 2.5)
    assert whole_channels(picture) is None
    assert shows_hops(picture)


def test_links_are_judged_apart_by_what_the_slice_shows(make_result: MakeResult) -> None:
    runs = [_au433(trial) for trial in range(24)]
    results = [make_result(run, found=shows_hops(run)) for run in runs]
    protocol = next(each for each in summarise(results).protocols if each.label == "expresslrs")
    shown = sum(shows_hops(run) for run in runs)
    assert 0 < shown < 24
    assert (protocol.found.successes, protocol.found.trials) == (shown, 24)
    assert (protocol.found_hopping.successes, protocol.found_hopping.trials) == (shown, shown)
    one = next(each for each in summarise(results).conditions if each.condition == "one whole channel in the slice")
    assert one.found.successes == 0
    assert one.found.trials <= 24 - shown
