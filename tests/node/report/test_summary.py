from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from node.report.figures import Share
from node.report.intervals import Tally
from node.report.results import RunResult
from node.report.runs import Run
from node.report.summary import summarise

MakeResult = Callable[..., RunResult]
LINK = Run("link", "expresslrs", "200Hz", "FCC915", -10.0, 0, 8.0)
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
    assert (alert.mode, alert.band, alert.trials, alert.found) == ("200Hz", "", 20, 19)
    assert alert.median_s == pytest.approx(1.0)
    assert alert.p95_s == pytest.approx(1.9)
    results.append(make_result(trial=20, snr_db=10.0))
    assert summarise(results).alerts[0].p95_s is None


def test_alert_times_of_a_band_are_of_all_its_modes(make_result: MakeResult) -> None:
    here = [make_result(trial=k, mode=mode, snr_db=10.0, alert_s=t, found=True) for k, (mode, t) in enumerate(
        (("200Hz", 0.4), ("50Hz", 0.8), ("25Hz", 1.2))
    )]  # fmt: skip
    there = make_result(replace(LINK, band="EU433"), snr_db=10.0, alert_s=0.1, found=True)
    figures = {(each.label, each.band): each for each in summarise([*here, there]).band_alerts}
    assert set(figures) == {("expresslrs", "FCC915"), ("expresslrs", "EU433")}
    assert figures["expresslrs", "FCC915"].median_s == 0.8
    assert figures["expresslrs", "FCC915"].mode == ""
    assert figures["expresslrs", "EU433"].trials == 1


def test_the_aims_of_the_design_take_the_links_they_are_about(make_result: MakeResult) -> None:
    inside = replace(LINK, band="EU433")
    results = [
        make_result(inside, snr_db=10.0, alert_s=0.3, found=True, conditions=("all channels", "fading")),
        make_result(inside, snr_db=10.0, alert_s=9.0, found=True, trial=1, conditions=("fading",)),
        make_result(snr_db=10.0, alert_s=1.4, found=True),
        make_result(snr_db=10.0, alert_s=1.6, found=True, trial=1),
        make_result(snr_db=10.0, alert_s=1.7, found=True, trial=2),
    ]
    aims = {aim.what: aim for aim in summarise(results).aims}
    whole = aims["expresslrs 200Hz, all channels in the slice"]
    assert (whole.median_s, whole.within.successes, whole.within.trials) == (0.3, 1, 1)
    wide = aims["expresslrs 200Hz at FCC915"]
    assert (wide.median_s, wide.within.successes, wide.within.trials) == (1.6, 1, 3)
    assert aims["analog-video"].within.trials == 0


def test_modes_of_a_protocol_are_judged_together_each_at_its_own_level(make_result: MakeResult) -> None:
    results = [make_result(mode="200Hz", snr_db=-10.0, found=True), make_result(mode="50Hz", snr_db=-15.0)]
    results += [make_result(mode="50Hz", snr_db=-10.0, found=True, named=True, mode_right=True)]
    results += [make_result(mode="50Hz", snr_db=10.0, found=True)]
    summary = summarise(results)
    protocol = next(each for each in summary.protocols if each.label == "expresslrs")
    assert (protocol.found.successes, protocol.found.trials) == (1, 2)
    assert (protocol.mode_right.successes, protocol.mode_right.trials) == (1, 1)
    steps = [(each.step_db, each.found.successes, each.found.trials) for each in summary.steps]
    assert steps == [(0.0, 1, 2), (5.0, 1, 1), (None, 1, 1)]


def test_tracks_that_claim_a_drone_are_tallied_apart(make_result: MakeResult) -> None:
    right, wrong = Tally.of([(0.95, True)]), Tally.of([(0.85, False)])
    summary = summarise([make_result(track_tallies={"expresslrs": right, "wmbus": wrong})])
    assert summary.drone_tally == right
    assert summary.track_tally == right + wrong
    assert summary.track_tally.error == pytest.approx(0.45)


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
    figures = [each for each in summarise(results).conditions if "channel" not in each.condition]
    found = {each.condition: (each.found.successes, each.found.trials) for each in figures}
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
    assert summary.drone_tally == summary.track_tally
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
