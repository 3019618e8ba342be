"""`skypicket evaluate --report`: run what is missing, then write the report about all that there is."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from models.classifier import Classifier
from node.evaluate import Row, evaluate_recordings
from node.fusion.evaluate import SCENES, Figures, evaluate_scene
from node.report.machine import this_machine
from node.report.markdown import Report
from node.report.progress import Progress
from node.report.results import RunResult
from node.report.run_all import Work, WorkerLost, run_all
from node.report.runs import Run, belongs, planned
from node.report.store import ResultWriter, fingerprint, load
from node.report.summary import summarise
from node.report.write import write_report

TRIALS, FAST_TRIALS = 20, 1
HOURS, FAST_HOURS = 6.0, 40.0 / 3600.0
STORE_NAME = "runs.jsonl"
TELL_EVERY_S = 20.0


def run_report(args: argparse.Namespace) -> int:
    """Do what the arguments say; 1 if a run failed."""
    folder: Path = args.report
    trials = args.trials if args.trials is not None else FAST_TRIALS if args.fast else TRIALS
    hours = args.hours if args.hours is not None else FAST_HOURS if args.fast else HOURS
    store: Path = args.store or folder / STORE_NAME
    classifier: Classifier | None = None
    model = "none (rules only)"
    if not args.no_model:
        from models.onnx import load_classifier

        loaded = load_classifier()
        classifier, model = loaded, f"{loaded.model.name} {loaded.model.version}, SHA-256 {loaded.model.sha256[:12]}"
    chain = fingerprint(with_model=not args.no_model)
    wanted = planned(trials, hours, fast=args.fast, only=args.only)
    before = load(store, chain, any_chain=args.any_version)
    if before.others:
        _tell(f"{before.others} results of other versions of the chain in {store} are left out (--any-version)")
    if before.unreadable:
        _tell(f"{before.unreadable} lines of {store} cannot be read and are left out")
    done = {result.run.key for result in before.results}
    missing = [run for run in wanted if run.key not in done]
    if missing:
        signal_h = sum(run.seconds for run in missing) / 3600.0
        _tell(f"{len(done)} runs are there; {len(missing)} to do, {signal_h:.1f} h of signal")
    work = Work(chain, with_model=not args.no_model, workers=args.jobs, budget_s=args.budget)
    # What is short comes first, so that it is there when the long part is interrupted.
    rows: Sequence[Row] = ()
    if args.recordings is not None:
        _tell(f"recordings in {args.recordings}")
        rows = evaluate_recordings(args.recordings, classifier)
    fusion = _fusion(args.only) if args.fusion else ()
    new: list[RunResult] = []
    interrupted = False
    try:
        failed = _collect(missing, work, store, new)
    except KeyboardInterrupt:
        failed, interrupted = 0, True
        _tell("interrupted: results so far are kept, and the report is written about them")
    # All of this kind that there is, not only what was asked for now: background may be added alone.
    results = [r for r in (*before.results, *new) if belongs(r.run, fast=args.fast, only=args.only)]
    whole = {run.key for run in wanted} | {result.run.key for result in results}
    report = Report(
        datetime.now(UTC).date().isoformat(),
        this_machine(),
        model,
        summarise(results),
        tuple(rows),
        fusion,
        planned=len(whole),
        done=len(results),
    )
    write_report(report, folder)
    _tell(f"{len(results)} of {len(whole)} runs are in {folder / 'report.md'}")
    if interrupted:
        _tell("the same command goes on where this one was interrupted")
    return 1 if failed or interrupted else 0


def _fusion(only: str) -> tuple[Figures, ...]:
    """Figures of the fused picture; none, and a word about it, without Stone Soup."""
    if find_spec("stonesoup") is None:
        _tell("the fusion is left out: its metrics need Stone Soup; pip install 'skypicket[report]'")
        return ()
    _tell("scenes of the fusion")
    return tuple(evaluate_scene(name) for name in SCENES if only in name)


def _collect(missing: Sequence[Run], work: Work, store: Path, new: list[RunResult]) -> int:
    """Run what is missing, keep each result at once and add it to ``new``; the number of faults."""
    progress = Progress(missing, work.budget_s)
    told_s = begun_s = time.monotonic()
    with ResultWriter(store) as writer:
        try:
            for result in run_all(missing, work):
                writer.append(result)
                progress.take(result)
                if result.fault is None:
                    new.append(result)
                else:
                    _tell(f"{result.run.key}: {result.fault}")
                now_s = time.monotonic()
                if now_s - told_s >= TELL_EVERY_S or progress.done == 1:
                    told_s = now_s
                    _tell(progress.text(now_s - begun_s))
        except WorkerLost as fault:
            _tell(f"{fault} Everything before is kept: go on with fewer --workers")
            return progress.failed + 1
    return progress.failed


def _tell(text: str) -> None:
    sys.stderr.write(f"skypicket evaluate: {text}\n")
    sys.stderr.flush()
