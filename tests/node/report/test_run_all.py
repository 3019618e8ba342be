from __future__ import annotations

from dataclasses import replace

from node.report.results import RunResult
from node.report.run_all import Work, run_all
from node.report.runs import Run

LINKS = [
    Run("link", "expresslrs", "200Hz", "EU433", 10.0, 0, 1.0),
    Run("link", "analog-video", "ntsc", "1.2GHz", 10.0, 1, 1.0),
    Run("confuser", "lorawan", "SF7BW250-up", "EU868", None, 0, 1.0),
    Run("background", "EU868", "", "", None, 0, 1.0),
]


def without_cost(results: list[RunResult]) -> dict[str, RunResult]:
    return {result.run.key: replace(result, cpu_s=0.0, render_s=0.0) for result in results}


def test_the_number_of_workers_changes_nothing() -> None:
    alone = list(run_all(LINKS, Work("x", with_model=False)))
    together = list(run_all(LINKS, Work("x", with_model=False, workers=2)))
    assert [result.run for result in alone] == LINKS
    assert without_cost(alone) == without_cost(together)
    assert [result.fault for result in alone] == [None] * 4
    link = alone[0]
    assert link.found
    assert link.named
    assert link.alert_s is not None
    assert 0 < link.alert_s <= 1.0
    assert link.tracks["expresslrs"]["expresslrs"] >= 1
    assert sum(link.bursts["expresslrs"].values()) > 10
    assert not alone[2].false_drones
    assert all(0 < result.render_s < result.cpu_s for result in alone)


def test_a_bad_run_is_a_result_with_the_reason() -> None:
    bad = Run("background", "moon", "", "", None, 0, 1.0)
    results = list(run_all([bad, LINKS[2]], Work("x", with_model=False)))
    assert results[0].fault is not None
    assert "no such background: moon" in results[0].fault
    assert results[1].fault is None


def test_nothing_is_begun_after_the_budget() -> None:
    times = iter([0.0, 0.0, 5.0, 11.0])
    bad = [Run("background", "moon", "", "", None, number, 1.0) for number in range(9)]
    results = list(run_all(bad, Work("x", with_model=False, budget_s=10.0), monotonic_s=lambda: next(times)))
    assert [result.run.trial for result in results] == [0, 1]
    assert list(run_all(bad, Work("x", with_model=False, budget_s=0.0))) == []
    assert list(run_all(bad, Work("x", with_model=False, workers=2, budget_s=0.0))) == []
