"""How far the runs are, and how long the rest will take."""

from __future__ import annotations

from collections.abc import Sequence

from node.report.results import RunResult
from node.report.runs import Run


class Progress:
    """Counts results against the runs that were wanted.

    Runs differ in length by a factor of fifty: time is reckoned by seconds of signal, not by their number.

    Parameters
    ----------
    runs
        What is to be done.
    budget_s
        No run is begun after this time; None: all are done.
    """

    def __init__(self, runs: Sequence[Run], budget_s: float | None) -> None:
        self._runs = len(runs)
        self._signal_s = sum(run.seconds for run in runs)
        self._budget_s = budget_s
        self._done_signal_s = 0.0
        self._background_s = 0.0
        self.done = 0
        self.failed = 0

    def take(self, result: RunResult) -> None:
        """Count one."""
        self._done_signal_s += result.run.seconds
        if result.fault is not None:
            self.failed += 1
            return
        self.done += 1
        if result.run.part == "background":
            self._background_s += result.run.seconds

    def text(self, elapsed_s: float) -> str:
        """One line: done, time, what is left, and where the budget will end it."""
        ended = self.done + self.failed
        parts = [f"{ended} of {self._runs} runs", f"{self._background_s / 3600:.2f} h of background"]
        parts.append(f"{elapsed_s / 60:.1f} min")
        if self._done_signal_s and elapsed_s > 0:
            left_s = elapsed_s * (self._signal_s - self._done_signal_s) / self._done_signal_s
            budget_left_s = None if self._budget_s is None else max(0.0, self._budget_s - elapsed_s)
            if budget_left_s is not None and budget_left_s < left_s:
                share = (elapsed_s + budget_left_s) / (elapsed_s + left_s)
                parts.append(
                    f"the budget ends it in {budget_left_s / 60:.1f} min at about {share:.0%} of all "
                    f"({(elapsed_s + left_s) / 60:.0f} min would do it)"
                )
            else:
                parts.append(f"{left_s / 60:.1f} min left")
        if self.failed:
            parts.append(f"{self.failed} failed")
        return ", ".join(parts)
