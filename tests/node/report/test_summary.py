from __future__ import annotations

from collections.abc import Callable

import pytest

from node.report.results import RunResult
from node.report.runs import Run
from node.report.summary import Share, summarise

MakeResult = Callable[..., RunResult]
BUSY = Run("background", "EU868", "", "", None, 0, 120.0)
SENSOR = Run("confuser", "lorawan", "SF7BW125-up", "EU868", None, 0, 6.0)


def test_levels_count_found_and_named(make_result: MakeResult) -> None:
    results = [
        make_result(trial=k, found=k < 6, named=k < 5, mode_right=k < 3, alert_s=1.0 if k < 6 else None)
        for k in range(8)
    ]
    results += [make_result(trial=k, snr_db=10.0, found=True, surplus=1) for k in range(2)]
    summary = summarise(results)
    low, high = summary.levels
    assert (low.label, low.mode, low.snr_db, high.snr_db) == ("expresslrs", "200Hz", -10.0, 10.0)
    assert [(s.successes, s.trials) for s in (low.found, low.named, low.mode_right)] == [(6, 8), (5, 8), (3, 8)]
    assert (low.surplus, high.surplus) == (0, 2)
    assert low.found.low < 0.75 < low.found.high
    target = next(t for t in summary.targets if t.found.trials)
    assert (target.label, target.mode, target.budgeted) == ("expresslrs", "200Hz", True)
    assert (target.found.successes, target.found.trials) == (6, 8)
    assert target.mode_right.trials == 0  # nothing was run at -5 dB, where names count


def test_alert_times_are_of_the_strong_level_and_know_never(make_result: MakeResult) -> None:
    times = [0.1 * k for k in range(1, 20)] + [None]
    results = [make_result(trial=k, snr_db=10.0, alert_s=t, found=t is not None) for k, t in enumerate(times)]
    results += [make_result(trial=99, alert_s=77.0, found=True)]
    (alert,) = summarise(results).alerts
    assert alert.trials == 20
    assert alert.median_s == pytest.approx(1.0)
    assert alert.p95_s == pytest.approx(1.9)
    results.append(make_result(trial=20, snr_db=10.0))
    assert summarise(results).alerts[0].p95_s is None


def test_false_tracks_an_hour_with_their_bound(make_result: MakeResult) -> None:
    results = [make_result(BUSY, trial=k) for k in range(30)]
    results[7] = make_result(BUSY, trial=7, false_drones=("sik 64k",), hoppers=2)
    results += [make_result(BUSY, label="US915", trial=k) for k in range(30)]
    first, second, whole = summarise(results).backgrounds
    assert (first.name, first.hours, first.false_tracks, first.called, first.hoppers) == (
        "EU868", 1.0, 1, ("sik 64k (1)",), 2,
    )  # fmt: skip
    assert first.per_hour == 1.0
    assert first.upper_per_hour == pytest.approx(4.7439, abs=1e-3)
    assert second.upper_per_hour == pytest.approx(2.9957, abs=1e-3)
    assert (whole.name, whole.hours, whole.false_tracks) == ("together", 2.0, 1)
    assert whole.upper_per_hour == pytest.approx(4.7439 / 2, abs=1e-3)


def test_conditions_are_set_against_none_of_them(make_result: MakeResult) -> None:
    results = [
        make_result(trial=1, found=True, conditions=()),
        make_result(trial=2, found=True, conditions=("fading", "crowd")),
        make_result(trial=3, found=False, conditions=("fading",)),
        make_result(trial=4, snr_db=-15.0, found=False, conditions=("edge",)),  # not at a required level
    ]
    found = {each.condition: (each.found.successes, each.found.trials) for each in summarise(results).conditions}
    assert found == {"none of these": (1, 1), "fading": (1, 2), "edge": (0, 0), "overload": (0, 0), "crowd": (1, 1)}


def test_harmless_emitters_taken_for_drones_are_named(make_result: MakeResult) -> None:
    summary = summarise(
        [make_result(SENSOR, trial=1), make_result(SENSOR, trial=2, false_drones=("expresslrs 100Hz",))]
    )
    assert summary.confuser_runs == 2
    assert summary.confuser_false == ("lorawan SF7BW125-up: expresslrs 100Hz",)


def test_confusion_calibration_and_cost_add_up(make_result: MakeResult) -> None:
    summary = summarise(
        [make_result(trial=1), make_result(trial=2, tracks={"expresslrs": {"sik": 2}}), make_result(BUSY)]
    )
    assert summary.tracks == {"expresslrs": {"expresslrs": 1, "sik": 2}}
    assert summary.bursts == {"expresslrs": {"expresslrs": 14, "unknown": 4}}
    assert summary.track_tally.total == 2
    assert summary.burst_tally.error == 0.0
    link, background = summary.costs
    assert (link.part, link.runs, link.signal_s) == ("link", 2, 16.0)
    assert (link.render, link.chain) == pytest.approx((0.0625, 0.1875), abs=1e-3)
    assert (background.part, background.runs, background.signal_s) == ("background", 1, 120.0)
    assert (background.render, background.chain) == pytest.approx((0.004, 0.0125), abs=1e-3)


def test_the_order_of_results_does_not_matter(make_result: MakeResult) -> None:
    results = [make_result(trial=k, found=k % 3 == 0, alert_s=0.1 * k, snr_db=10.0) for k in range(9)]
    results += [make_result(BUSY, trial=k, false_drones=("sik 64k",) * (k % 2)) for k in range(5)]
    assert summarise(results) == summarise(results[::-1])


def test_nothing_gives_an_empty_summary() -> None:
    summary = summarise([])
    assert (summary.levels, summary.alerts, summary.backgrounds, summary.costs) == ((), (), (), ())
    assert all(target.found == Share(0, 0, 0.0, 1.0) for target in summary.targets)
