"""The report as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from node.evaluate import Row
from node.report.intervals import Tally
from node.report.machine import Machine
from node.report.protocol_text import basis_lines, protocol_lines
from node.report.summary import Summary
from node.report.tables import (
    alert_table,
    background_table,
    condition_table,
    confusion_table,
    false_verdict,
    level_table,
    markdown_table,
    target_table,
)

PICTURES = {
    "pd": "Share of links found over the signal-to-noise ratio",
    "naming": "Share of links with label and mode right over the signal-to-noise ratio",
    "alerts": "Time to the first alert",
    "confusion_tracks": "Confusion matrix of tracks",
    "confusion_bursts": "Confusion matrix of bursts",
    "calibration": "Calibration curves of tracks and bursts",
    "false_tracks": "False drone tracks an hour",
}
"""Every picture by its file's stem, and what it shows."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything in the report."""

    date: str
    machine: Machine
    model: str
    summary: Summary
    recordings: tuple[Row, ...]
    planned: int
    """Runs that the protocol wants; fewer were done where a budget ended it."""
    done: int
    pictures: tuple[str, ...] = ()
    """Stems of the pictures there are."""


def report_text(report: Report) -> str:
    """The whole report in Markdown."""
    summary = report.summary
    lines = [
        "<!-- Written by `make report`; do not edit. -->",
        "",
        "# What skypicket finds",
        "",
        *_origin(report),
        "",
        "## What rests on simulation",
        "",
        *basis_lines(),
        "",
        "## Against the design's budgets",
        "",
        "Pd of at least 0.9 at the first level, label and mode right in at least 0.9 of the trials at the second. "
        "*open*: the interval has 0.9 inside, so more trials could turn it.",
        "",
        *target_table(summary, budgeted=True),
        "",
        "Modes that the design sets no levels for, at the levels of their kind:",
        "",
        *target_table(summary, budgeted=False),
        "",
        *_picture(report, "pd"),
        *_picture(report, "naming"),
        "Grey lines: the levels of the table above. Error bars: 95 % intervals.",
        "",
        "## What each condition costs",
        "",
        "Over all modes with levels of the design; a scene may have several conditions.",
        "",
        *condition_table(summary),
        "",
        "## Time to the first alert",
        "",
        "At +10 dB, from switching on. Links that were never found count as later than any other.",
        "",
        *alert_table(summary),
        "",
        *_picture(report, "alerts"),
        "## False drone tracks",
        "",
        *background_table(summary.backgrounds),
        "",
        false_verdict(summary.backgrounds),
        "",
        *_picture(report, "false_tracks"),
        *_confusers(summary),
        "",
        "## Confusion",
        "",
        "Of all scenes with one emitter and its company; `(nothing)` on air: no emitter was there.",
        "",
        "Tracks:",
        "",
        *confusion_table(summary.tracks),
        "",
        *_picture(report, "confusion_tracks"),
        "Bursts (evidence, not yet a verdict; those shared by several emitters are left out; what an overloaded "
        "converter makes up is nobody's):",
        "",
        *confusion_table(summary.bursts),
        "",
        *_picture(report, "confusion_bursts"),
        "## Calibration",
        "",
        _calibration("tracks", summary.track_tally),
        _calibration("bursts", summary.burst_tally),
        "",
        *_picture(report, "calibration"),
        "## Real recordings",
        "",
        *_recordings(report.recordings),
        "",
        "## All levels",
        "",
        *level_table(summary.levels),
        "",
        "## Protocol",
        "",
        *protocol_lines(),
        "",
        "## Cost of the evaluation",
        "",
        *_costs(summary),
        "",
    ]
    return "\n".join(lines)


def _origin(report: Report) -> list[str]:
    machine, summary = report.machine, report.summary
    memory = f", {machine.memory_gib:g} GiB" if machine.memory_gib else ""
    chains = ", ".join(f"`{chain}`" for chain in summary.chains) or "none"
    several = " - **several versions of the chain are mixed here**" if len(summary.chains) > 1 else ""
    cut = f", {report.planned - report.done} more are wanted" if report.done < report.planned else ""
    return [
        f"{report.date}, on {machine.processor}, {machine.cores} cores{memory}, {machine.system}, Python "
        f"{machine.python}, NumPy {machine.numpy}, SciPy {machine.scipy}.",
        "",
        f"{report.done} runs of the protocol{cut}. Model: {report.model}. Fingerprint of chain and simulator: {chains}"
        f"{several}.",
    ]


def _picture(report: Report, stem: str) -> list[str]:
    return [f"![{PICTURES[stem]}]({stem}.png)", ""] if stem in report.pictures else []


def _confusers(summary: Summary) -> list[str]:
    if not summary.confuser_runs:
        return ["No single harmless emitters were run."]
    if not summary.confuser_false:
        return [f"{summary.confuser_runs} scenes with one harmless emitter: none was taken for a drone."]
    return [
        f"{summary.confuser_runs} scenes with one harmless emitter; taken for a drone:",
        "",
        *(f"- {each}" for each in summary.confuser_false),
    ]


def _calibration(name: str, tally: Tally) -> str:
    if tally.error is None:
        return f"- {name}: none judged."
    return f"- {name}: expected calibration error {tally.error:.3f} over {tally.total} (aim: at most 0.05)."


def _recordings(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return ["Not run: no folder of recordings was given (`--recordings DIR`)."]
    false = [row.name for row in rows if row.drone_link is False and row.drone_tracks]
    links = [row for row in rows if row.drone_link]
    found = sum(row.verdict.startswith("ok") for row in links)
    return [
        f"{found} of {len(links)} recordings with a drone link are told to have one; of the "
        f"{sum(row.drone_link is False for row in rows)} without, {len(false)} gave a drone track"
        f"{': ' + ', '.join(false) if false else ''}.",
        "",
        *markdown_table(
            ("recording", "on air", "verdict", "drone tracks", "other tracks", "bursts"),
            (
                (
                    row.name,
                    row.expected,
                    row.verdict,
                    "; ".join(row.drone_tracks) or "-",
                    _counted(row.other_tracks),
                    _counted(row.burst_labels),
                )
                for row in rows
            ),
        ),
    ]


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "-"


def _costs(summary: Summary) -> list[str]:
    return markdown_table(
        ("part", "runs", "signal", "simulator, CPU s a second of signal", "chain, CPU s a second of signal"),
        (
            (each.part, str(each.runs), f"{each.signal_s:g} s", f"{each.render:.2f}", f"{each.chain:.2f}")
            for each in summary.costs
        ),
    )
