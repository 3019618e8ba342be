"""The report on disk: text, figures as JSON, pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from node.report import charts, heat
from node.report.markdown import Report, report_text
from node.report.pictures import PICTURES
from node.report.runs import PROTOCOL_NAME

ALERT_AIMS = (("expresslrs", "FCC915", 1.5), ("crossfire", "", 2.0), ("sik", "", 2.0), ("analog-video", "", 0.5))
"""Medians that the design asks for, as far as they are of whole bands."""
Draw = Callable[[Path], None]


def write_report(report: Report, folder: Path) -> None:
    """Write ``report.md``, ``report.json`` and the pictures; each file is replaced as a whole.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn = _pictures(report)
    for stem in PICTURES:
        path = folder / f"{stem}.png"
        if stem not in drawn:
            path.unlink(missing_ok=True)
            continue
        part = path.with_name(f".{stem}.part.png")
        try:
            drawn[stem](part)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    complete = replace(report, pictures=tuple(stem for stem in PICTURES if stem in drawn))
    _replace(folder / "report.json", report_json(complete))
    _replace(folder / "report.md", report_text(complete))


def report_json(report: Report) -> str:
    """All figures for machines."""
    from dsp.protocols import PROTOCOLS

    basis = {protocol.label: protocol.rests_on_simulation for protocol in PROTOCOLS}
    data = {"protocol": PROTOCOL_NAME, "rests_on_simulation": basis, **asdict(report)}
    summary = data["summary"]
    summary["drone_track_calibration_error"] = report.summary.drone_tally.error
    summary["track_calibration_error"] = report.summary.track_tally.error
    summary["burst_calibration_error"] = report.summary.burst_tally.error
    return json.dumps(data, indent=1, sort_keys=True, allow_nan=False) + "\n"


def _pictures(report: Report) -> dict[str, Draw]:
    """Those that there are figures for."""
    summary = report.summary
    drawn: dict[str, Draw] = {}
    if summary.levels:
        drawn["pd"] = lambda path: charts.curves(summary.steps, path)
        drawn["modes"] = lambda path: heat.modes(summary.levels, summary.targets, path)
    if any(figure.median_s is not None for figure in summary.band_alerts):
        drawn["alerts"] = lambda path: charts.alerts(summary.band_alerts, ALERT_AIMS, path)
    if summary.tracks:
        title = "Tracks: what was on air, and what it was called"
        drawn["confusion_tracks"] = lambda path: heat.confusion(summary.tracks, title, path)
    if summary.bursts:
        drawn["confusion_bursts"] = lambda path: heat.confusion(
            summary.bursts, "Bursts: what was on air, and what it was called", path
        )
    if any(tally.total for _, tally in summary.tallies):
        drawn["calibration"] = lambda path: charts.calibration(summary.tallies, path)
    if summary.backgrounds:
        drawn["false_tracks"] = lambda path: charts.false_tracks(summary.backgrounds, path)
    return drawn


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
