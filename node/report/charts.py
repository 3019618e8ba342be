"""Curves of the report: found and named over signal-to-noise ratio, calibration, alert times, false tracks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from node.figures import new_figure
from node.report.figures import AlertFigure, BackgroundFigure, Share, StepFigure
from node.report.intervals import Tally
from node.report.tables import HIGHEST_CALIBRATION_ERROR, HIGHEST_FALSE_PER_HOUR, REQUIRED

DPI = 100
PAPER, INK, FAINT = "white", "#22222a", "#c9c9d2"
COLOURS = ("#0b6e99", "#d1495b", "#3a8f4d")
NAMED_STEP_DB = 5.0
"""Above the level where a link must be found, it must be named."""
STRONG_AT_DB = 15.0
"""Where strong links are drawn on an axis that ends at +10 dB."""
COLUMNS = 4


def curves(steps: Sequence[StepFigure], path: Path) -> None:
    """One panel for each protocol: shares found and named over the level above the required one."""
    labels = list(dict.fromkeys(each.label for each in steps))
    columns = min(COLUMNS, max(1, len(labels)))
    rows = max(1, math.ceil(len(labels) / columns))
    figure = new_figure(3.7 * max(columns, 2), 3.0 * rows + 0.5, dpi=DPI, paper=PAPER)
    figure.suptitle(
        "Links found (blue), and label and mode right (red): share of scenes with 95 % intervals",
        color=INK, fontsize=12, x=0.01, ha="left",
    )  # fmt: skip
    for number, label in enumerate(labels):
        axes = figure.add_subplot(rows, columns, number + 1)
        mine = [each for each in steps if each.label == label]
        axes.axhline(REQUIRED, color=INK, linewidth=0.9, linestyle="--", zorder=0)
        for which, (name, from_db) in enumerate((("found", 0.0), ("label and mode right", NAMED_STEP_DB))):
            axes.axvline(from_db, color=COLOURS[which], linewidth=1.0, alpha=0.35, zorder=0)
            points = [(_at_db(each), each.found if which == 0 else each.mode_right) for each in mine]
            points = [(at_db + 0.25 * (2 * which - 1), share) for at_db, share in points if share.trials]
            _line(axes, points, COLOURS[which], name)
        axes.set_ylim(-0.04, 1.06)
        axes.set_xlim(-6.5, STRONG_AT_DB + 1.5)
        axes.set_xticks((-5, 0, 5, 10, STRONG_AT_DB), ("-5", "0", "+5", "+10", "strong"))
        trials = sum(each.found.trials for each in mine)
        axes.set_title(f"{label} ({trials} scenes)", color=INK, fontsize=10.5, loc="left")
        _plain(axes)
        if number + columns >= len(labels):
            axes.set_xlabel("SNR above the required level, dB", fontsize=9, color=INK)
        if number % columns == 0:
            axes.set_ylabel("share of scenes", fontsize=9, color=INK)
        if number == 0:
            axes.legend(fontsize=8, frameon=False, loc="lower right")
    figure.savefig(path, facecolor=PAPER)


def _at_db(step: StepFigure) -> float:
    return STRONG_AT_DB if step.step_db is None else step.step_db


def _line(axes: Any, points: Sequence[tuple[float, Share]], colour: str, name: str = "") -> None:
    """Shares with their intervals."""
    axes.errorbar(
        [at for at, _ in points],
        [share.value for _, share in points],
        yerr=(
            [max(0.0, share.value - share.low) for _, share in points],
            [max(0.0, share.high - share.value) for _, share in points],
        ),
        color=colour,
        marker="o",
        markersize=4.5,
        linewidth=1.5,
        elinewidth=1.0,
        capsize=2.5,
        label=name,
    )  # fmt: skip


def calibration(tallies: Sequence[tuple[str, Tally]], path: Path) -> None:
    """What was right against what was said; below each how many there were."""
    figure = new_figure(4.6 * len(tallies), 5.4, dpi=DPI, paper=PAPER)
    figure.suptitle(
        f"Reliability of confidences (aim: expected calibration error at most {HIGHEST_CALIBRATION_ERROR:g})",
        color=INK, fontsize=12, x=0.01, ha="left",
    )  # fmt: skip
    grid = figure.add_gridspec(2, len(tallies), height_ratios=(3.2, 1.0))
    for column, (name, tally) in enumerate(tallies):
        axes = figure.add_subplot(grid[0, column])
        used = [bin_ for bin_ in range(len(tally.counts)) if tally.counts[bin_]]
        points = [
            (
                tally.confidence[bin_] / tally.counts[bin_],
                Share.of([True] * tally.right[bin_] + [False] * (tally.counts[bin_] - tally.right[bin_])),
            )
            for bin_ in used
        ]
        axes.plot((0, 1), (0, 1), color=INK, linestyle="--", linewidth=0.9)
        _line(axes, points, COLOURS[column % len(COLOURS)])
        error = "none judged" if tally.error is None else f"error {tally.error:.3f}, {tally.total} judged"
        axes.set_title(f"{name}: {error}", color=INK, fontsize=10.5, loc="left")
        axes.set_xlim(0, 1)
        axes.set_ylim(-0.02, 1.02)
        _plain(axes)
        below = figure.add_subplot(grid[1, column], sharex=axes)
        width = 1.0 / len(tally.counts)
        below.bar([(b + 0.5) * width for b in range(len(tally.counts))], tally.counts, 0.85 * width, color=FAINT)
        below.set_xlabel("confidence said", fontsize=9, color=INK)
        if column == 0:
            axes.set_ylabel("share that was right", fontsize=9, color=INK)
            below.set_ylabel("number", fontsize=9, color=INK)
        _plain(below)
    figure.savefig(path, facecolor=PAPER)


def alerts(figures: Sequence[AlertFigure], aims: Sequence[tuple[str, str, float]], path: Path) -> None:
    """Median and 95 % point of the time to the first alert, a line for each protocol and band.

    Parameters
    ----------
    figures
        By band.
    aims
        (protocol, band or nothing for all its bands, seconds): a mark where a median is asked for.
    path
        Of the picture.
    """
    shown = list(reversed(figures))
    figure = new_figure(9.5, 1.3 + 0.25 * max(len(shown), 4), dpi=DPI, paper=PAPER)
    axes = figure.add_subplot()
    for row, each in enumerate(shown):
        if row and shown[row - 1].label != each.label:
            axes.axhline(row - 0.5, color=FAINT, linewidth=0.6, zorder=0)
        if each.median_s is not None and each.p95_s is not None:
            axes.plot((each.median_s, each.p95_s), (row, row), color=FAINT, linewidth=2.5, zorder=1)
            axes.plot(each.p95_s, row, "|", color=COLOURS[1], markersize=9, markeredgewidth=2)
        if each.median_s is not None:
            axes.plot(each.median_s, row, "o", color=COLOURS[0], markersize=5)
        for label, band, aim_s in aims:
            if each.label == label and band in ("", each.band):
                axes.plot(aim_s, row, "<", color=COLOURS[2], markersize=5, zorder=0)
        axes.annotate(
            f"{each.found}/{each.trials}", (1.0, row), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", fontsize=7.5, color=INK, va="center",
        )  # fmt: skip
    axes.set_yticks(range(len(shown)), [f"{each.label} {each.band}" for each in shown], fontsize=8)
    axes.set_ylim(-0.8, max(len(shown), 1) - 0.2)
    axes.set_xlim(left=0)
    axes.set_xlabel("time from switching on to the first alert, s", fontsize=9, color=INK)
    figure.suptitle(
        "Time to the first alert: median (dot), 95 % point (bar), aims (triangles); right: alerted/run",
        color=INK, fontsize=11, x=0.01, ha="left",
    )  # fmt: skip
    _plain(axes)
    figure.savefig(path, facecolor=PAPER)


def false_tracks(figures: Sequence[BackgroundFigure], path: Path) -> None:
    """Rate and upper bound for each band; the aim as a line."""
    figure = new_figure(8.0, 1.4 + 0.5 * max(len(figures), 2), dpi=DPI, paper=PAPER)
    axes = figure.add_subplot()
    for row, each in enumerate(reversed(figures)):
        bound = each.upper_per_hour
        if bound is None:
            continue
        rate = each.per_hour or 0.0
        axes.plot((max(rate, 1e-3), bound), (row, row), color=FAINT, linewidth=3.0, zorder=1)
        axes.plot(bound, row, "|", color=COLOURS[1], markersize=12, markeredgewidth=2.5)
        if rate:
            axes.plot(rate, row, "o", color=COLOURS[0], markersize=7)
        text = f"{each.false_tracks} in {each.hours:.2f} h, below {bound:.2g} an hour (95 %)"
        axes.annotate(text, (bound, row), xytext=(0, 9), textcoords="offset points", fontsize=8, color=INK, ha="right")
    axes.axvline(HIGHEST_FALSE_PER_HOUR, color=COLOURS[2], linewidth=1.2, linestyle="--", label="aim: 0.1 an hour")
    axes.set_xscale("log")
    axes.set_xlim(1e-3, max([10.0, *((each.upper_per_hour or 0.0) * 2 for each in figures)]))
    axes.set_ylim(-0.6, max(len(figures), 1) - 0.2)
    axes.set_yticks(range(len(figures)), [each.name for each in reversed(figures)])
    axes.set_xlabel("false drone tracks an hour of signal: counted (dot, where any) and upper bound (bar)", color=INK)
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    _plain(axes)
    figure.savefig(path, facecolor=PAPER)


def _plain(axes: Any) -> None:
    """Fewer lines."""
    axes.tick_params(colors=INK, labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
