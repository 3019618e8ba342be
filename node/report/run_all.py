"""Many runs in as many processes as wanted; what comes out does not depend on how many."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import active_children, get_context

from models.classifier import Classifier
from node.heap import keep_for_good
from node.report.perform import perform
from node.report.results import RunResult
from node.report.runs import Run

AHEAD = 2
"""Runs handed to the pool for each worker: a worker never waits, and little is thrown away at the end."""


@dataclass(frozen=True, slots=True)
class Work:
    """How runs are done."""

    chain: str
    with_model: bool = True
    workers: int = 1
    budget_s: float | None = None
    """No run is begun after this time; None: all are done."""


class WorkerLost(Exception):
    """A worker process died, most likely for want of memory."""


class _Worker:
    """What a process keeps between runs: a model cannot be sent from one to another."""

    def __init__(self, chain: str, *, with_model: bool) -> None:
        self._chain = chain
        self._classifier: Classifier | None = None
        if with_model:
            from models.onnx import load_classifier

            self._classifier = load_classifier()

    def do(self, run: Run) -> RunResult:
        """One run; a fault is a result too, so that one bad scene does not end a night's work."""
        try:
            return perform(run, self._classifier, self._chain)
        except Exception as fault:  # noqa: BLE001  # told in the report and by the exit code
            return RunResult(run, self._chain, fault=f"{type(fault).__name__}: {fault}")


_worker: _Worker | None = None


def _prepare(chain: str, with_model: bool) -> None:
    global _worker  # noqa: PLW0603  # the initialiser of a process has no other place
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends us
    _worker = _Worker(chain, with_model=with_model)
    keep_for_good()


def _do(run: Run) -> RunResult:
    assert _worker is not None
    return _worker.do(run)


def run_all(
    runs: Sequence[Run], work: Work, *, monotonic_s: Callable[[], float] = time.monotonic
) -> Iterator[RunResult]:
    """Give results as they are ready, in any order.

    Parameters
    ----------
    runs
        In the order in which they are begun.
    work
        How.
    monotonic_s
        Clock of the budget.

    Raises
    ------
    WorkerLost
        If a worker process died; what was given before stands.
    """
    begun_s = monotonic_s()

    def spent() -> bool:
        return work.budget_s is not None and monotonic_s() - begun_s >= work.budget_s

    if work.workers <= 1:
        worker: _Worker | None = None
        for run in runs:
            if spent():
                return
            worker = worker or _Worker(work.chain, with_model=work.with_model)
            yield worker.do(run)
        return
    if not runs or spent():
        return
    os.environ["OMP_NUM_THREADS"] = "1"  # inherited by the workers: they share the cores among themselves
    context = get_context("spawn")  # a forked ONNX Runtime or BLAS hangs
    pool = ProcessPoolExecutor(
        work.workers, mp_context=context, initializer=_prepare, initargs=(work.chain, work.with_model)
    )
    waiting = iter(runs)
    pending: set[Future[RunResult]] = set()
    try:
        while True:
            while len(pending) < AHEAD * work.workers and not spent():
                following = next(waiting, None)
                if following is None:
                    break
                pending.add(pool.submit(_do, following))
            if not pending:
                return
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    except BrokenProcessPool as fault:
        raise WorkerLost("a worker process died; was there too little memory for so many?") from fault
    except BaseException:
        # Interrupted, or nobody wants more: a run in the middle of its two minutes is given up.
        for child in active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
