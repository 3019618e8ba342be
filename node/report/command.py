"""`skypicket evaluate --report`: run what is missing, then write the report about all that there is."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from models.classifier import Classifier
from node.evaluate import Row, evaluate_recordings
from node.report.machine import this_machine
from node.report.markdown import Report
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
    work = Work(chain, with_model=not args.no_model, workers=args.jobs, budget_s=args.budget)
    failed, new = _collect(missing, work, store)
    rows: Sequence[Row] = evaluate_recordings(args.recordings, classifier) if args.recordings is not None else ()
    # All of this kind that there is, not only what was asked for now: background may be added alone.
    results = [r for r in (*before.results, *new) if belongs(r.run, fast=args.fast, only=args.only)]
    whole = {run.key for run in wanted} | {result.run.key for result in results}
    report = Report(
        datetime.now(UTC).date().isoformat(),
        this_machine(),
        model,
        summarise(results),
        tuple(rows),
        planned=len(whole),
        done=len(results),
    )
    write_report(report, folder)
    _tell(f"{len(results)} of {len(whole)} runs are in {folder / 'report.md'}")
    return 1 if failed else 0


def _collect(missing: Sequence[Run], work: Work, store: Path) -> tuple[int, list[RunResult]]:
    """Run what is missing and keep each result at once; the number of faults, and the others."""
    failed, new = 0, []
    told_s = begun_s = time.monotonic()
    with ResultWriter(store) as writer:
        try:
            for result in run_all(missing, work):
                writer.append(result)
                if result.fault is None:
                    new.append(result)
                else:
                    failed += 1
                    _tell(f"{result.run.key}: {result.fault}")
                now_s = time.monotonic()
                if now_s - told_s >= TELL_EVERY_S:
                    told_s = now_s
                    _tell(f"{failed + len(new)} of {len(missing)} runs in {(now_s - begun_s) / 60:.1f} min")
        except WorkerLost as fault:
            failed += 1
            _tell(f"{fault} Everything before is kept: go on with fewer --workers")
    return failed, new


def _tell(text: str) -> None:
    sys.stderr.write(f"skypicket evaluate: {text}\n")
    sys.stderr.flush()
