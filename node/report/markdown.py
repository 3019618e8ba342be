"""The report as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from node.evaluate import Row
from node.fusion.evaluate import STEP_S, Figures
from node.report.figures import Summary
from node.report.headline import aim_verdict, calibration_verdict, false_verdict, headline, verdict
from node.report.intervals import Tally
from node.report.machine import Machine
from node.report.pictures import CAPTIONS, PICTURES
from node.report.protocol_text import basis_lines, protocol_lines
from node.report.runs import STRONG_DB
from node.report.tables import (
    HIGHEST_CALIBRATION_ERROR,
    REQUIRED,
    aim_table,
    alert_table,
    background_table,
    claim_table,
    condition_table,
    confusion_table,
    fusion_table,
    level_table,
    markdown_table,
    protocol_table,
    reliability_table,
    target_table,
)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything in the report."""

    date: str
    machine: Machine
    model: str
    summary: Summary
    recordings: tuple[Row, ...]
    fusion: tuple[Figures, ...]
    """Of the shipped scenes; empty if they were not played."""
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
        "Simulated links, one at a time and switched on in a slice of 2.4 MHz with fading, clipping neighbours and "
        "other traffic, and busy bands without a drone, through the chain as it is shipped; then real recordings. "
        "Figures read *share (successes/scenes, 95 % interval)*; *open*: the interval has the aim inside, so more "
        "trials could turn the verdict. Processor time, memory and latency are measured by `skypicket bench`.",
        "",
        *headline(summary, report.recordings),
        "",
        *_origin(report),
        "",
        "## What rests on simulation only",
        "",
        *basis_lines(),
        "",
        "## Against the design's budgets",
        "",
        "All modes of a protocol together, each at its own level:",
        "",
        *protocol_table(summary, verdict),
        "",
        *_picture(report, "pd"),
        f"Mode by mode: Pd of at least {REQUIRED:g} at the first level, label and mode right in at least {REQUIRED:g} "
        "of the trials at the second.",
        "",
        *target_table(summary, verdict, budgeted=True),
        "",
        "Modes that the design sets no levels for, at the levels of their kind:",
        "",
        *target_table(summary, verdict, budgeted=False),
        "",
        *_picture(report, "modes"),
        "## What each condition costs",
        "",
        "Over all modes with levels of the design; a scene may have several conditions. A link that hops is told by "
        "two channels (docs/false-alarms.md); at the edge of a slice, in bands of three or four, there may be one.",
        "",
        *condition_table(summary),
        "",
        "## Time to the first alert",
        "",
        f"In signal time from switching on to the first message that tells a drone, at {STRONG_DB:+g} dB. Links that "
        "were never found count as later than any other.",
        "",
        *aim_table(summary, [aim_verdict(aim) for aim in summary.aims]),
        "",
        "By band, all modes of a protocol together:",
        "",
        *alert_table(summary.band_alerts),
        "",
        *_picture(report, "alerts"),
        "By mode, all bands together:",
        "",
        *alert_table(summary.alerts),
        "",
        "## False drone tracks",
        "",
        *background_table(summary.backgrounds),
        "",
        false_verdict(summary),
        "",
        *_picture(report, "false_tracks"),
        *_confusers(summary),
        "",
        "## Calibration",
        "",
        _calibration("tracks that say drone", summary.drone_tally),
        _calibration("all tracks with a name", summary.track_tally),
        _calibration("bursts with a name", summary.burst_tally),
        "",
        *reliability_table(summary.tallies),
        "",
        *_picture(report, "calibration"),
        "Tracks by what they were called:",
        "",
        *claim_table(summary.track_tallies),
        "",
        "## Confusion",
        "",
        "Of all scenes with one emitter and its company; `(nothing)` on air: no emitter was there. Tracks, the pieces "
        "of a link from before it was understood among them:",
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
        "## Fusion",
        "",
        *_fusion(report.fusion),
        "",
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


def _fusion(figures: Sequence[Figures]) -> list[str]:
    if not figures:
        return ["Not run: `--fusion` was not given, or Stone Soup, which computes the metrics, is not installed."]
    return [
        "The shipped scenes with their simulated radars, cameras and Remote ID through the node's fusion, the picture "
        f"compared with the truth every {STEP_S:g} s (metrics: Stone Soup). Missed and false objects: mean number at a "
        "time; a dash: no object within a radar's sight. GOSPA in metres, smaller is better; completeness 1, ambiguity "
        "1 and spuriousness 0 are perfect.",
        "",
        *fusion_table(figures),
    ]


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
    return [f"![{PICTURES[stem]}]({stem}.png)", "", CAPTIONS[stem], ""] if stem in report.pictures else []


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
    return (
        f"- {name}: expected calibration error {tally.error:.3f} over {tally.total} "
        f"(aim: at most {HIGHEST_CALIBRATION_ERROR:g}; {calibration_verdict(tally)})."
    )


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
