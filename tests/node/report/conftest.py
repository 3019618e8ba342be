"""Results made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from node.report.intervals import Tally
from node.report.results import RunResult
from node.report.runs import Run

LINK = Run("link", "expresslrs", "200Hz", "FCC915", -10.0, 0, 8.0)
MakeResult = Callable[..., RunResult]


@pytest.fixture
def make_result() -> MakeResult:
    """A result of the link (or of ``run=``), with fields of the run and of the result changed by name."""

    def make(run: Run = LINK, chain: str = "c0ffee", **changes: object) -> RunResult:
        of_run = {
            name: changes.pop(name) for name in ("snr_db", "trial", "seconds", "mode", "label") if name in changes
        }
        result = RunResult(
            replace(run, **of_run),  # type: ignore[arg-type]  # names of its fields
            chain,
            cpu_s=2.0,
            render_s=0.5,
            tracks={"expresslrs": {"expresslrs": 1}},
            bursts={"expresslrs": {"expresslrs": 7, "unknown": 2}},
            track_tallies={"expresslrs": Tally.of([(0.93, True)])},
            burst_tally=Tally.of([(0.5, True), (0.5, False)]),
        )
        return replace(result, **changes)  # type: ignore[arg-type]  # names of its fields

    return make
