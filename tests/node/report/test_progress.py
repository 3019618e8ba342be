from __future__ import annotations

from collections.abc import Callable

from node.report.progress import Progress
from node.report.results import RunResult
from node.report.runs import Run

MakeResult = Callable[..., RunResult]
BUSY = Run("background", "EU868", "", "", None, 0, 120.0)
LINK = Run("link", "expresslrs", "200Hz", "FCC915", -10.0, 0, 8.0)


def test_time_left_goes_by_seconds_of_signal(make_result: MakeResult) -> None:
    progress = Progress([LINK, BUSY, BUSY], None)
    assert progress.text(0.0) == "0 of 3 runs, 0.00 h of background, 0.0 min"
    progress.take(make_result(LINK))
    assert progress.text(60.0).endswith("1.0 min, 30.0 min left")  # 240 s of signal at 8 s a minute
    progress.take(make_result(BUSY))
    assert progress.text(960.0) == "2 of 3 runs, 0.03 h of background, 16.0 min, 15.0 min left"


def test_a_budget_that_will_not_do_is_said(make_result: MakeResult) -> None:
    progress = Progress([LINK] * 10, 300.0)
    progress.take(make_result(LINK))
    assert "the budget ends it in 4.0 min at about 50% of all (10 min would do it)" in progress.text(60.0)
    progress.take(make_result(LINK))
    progress.take(make_result(LINK))
    assert progress.text(60.0).endswith("2.3 min left")


def test_faults_are_counted_apart(make_result: MakeResult) -> None:
    progress = Progress([LINK, LINK], None)
    progress.take(make_result(LINK, fault="ValueError: no"))
    assert (progress.done, progress.failed) == (0, 1)
    assert "1 of 2 runs" in progress.text(1.0)
    assert progress.text(1.0).endswith("1 failed")
