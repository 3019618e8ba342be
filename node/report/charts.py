"""Curves of the report: detection and naming over signal-to-noise ratio, calibration, alert times, false tracks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from node.figures import new_figure
from node.report.intervals import Tally
from node.report.results import Matrix
from node.report.summary import AlertFigure, BackgroundFigure, LevelFigure, Share, TargetFigure

DPI = 100
PAPER, INK, FAINT = "white", "#22222a", "#c9c9d2"
COLOURS = (
    "#0b6e99", "#d1495b", "#3a8f4d", "#8a5cc2", "#e07b1f", "#6b4a33", "#d65db1", "#5d6d7e", "#98a61d", "#14a3a3",
    "#1f3b8b", "#b03a2e", "#7f8c1b",
)  # fmt: skip
MARKERS = "osD^vP*Xh<>dp"
REQUIRED = 0.9
"""Share that has to be found, and named."""
HIGHEST_FALSE_PER_HOUR = 0.1


def curves(
    levels: Sequence[LevelFigure],
    targets: Sequence[TargetFigure],
    value: Callable[[LevelFigure], Share],
    required_db: Callable[[TargetFigure], float],
    title: str,
    path: Path,
) -> None:
    """One panel for each protocol, one line for each mode with 95 % intervals.

    Parameters
    ----------
    levels, targets
        Figures of all modes.
    value
        Which share to draw.
    required_db
        Where a share of ``REQUIRED`` is wanted: a grey line at each such level.
    title, path
        Of the picture.
    """
    labels = list(dict.fromkeys(figure.label for figure in levels))
    columns = min(3, max(1, len(labels)))
    rows = max(1, math.ceil(len(labels) / columns))
    figure = new_figure(4.9 * columns, 3.6 * rows + 0.5, dpi=DPI, paper=PAPER)
    figure.suptitle(title, color=INK, fontsize=13, x=0.01, ha="left")
    for number, label in enumerate(labels):
        axes = figure.add_subplot(rows, columns, number + 1)
        mine = [each for each in levels if each.label == label]
        modes = list(dict.fromkeys(each.mode for each in mine))
        for snr_db in sorted({required_db(t) for t in targets if t.label == label and t.budgeted}):
            axes.axvline(snr_db, color=FAINT, linewidth=1.0, zorder=0)
        axes.axhline(REQUIRED, color=FAINT, linewidth=1.0, linestyle="--", zorder=0)
        for index, mode in enumerate(modes):
            points = sorted((each for each in mine if each.mode == mode), key=lambda each: each.snr_db)
            # Modes lie on top of each other at 0 and 1: each is moved a little aside.
            aside_db = 0.12 * (index - (len(modes) - 1) / 2)
            shares = [value(each) for each in points]
            axes.errorbar(
                [each.snr_db + aside_db for each in points],
                [share.value for share in shares],
                yerr=(
                    [max(0.0, share.value - share.low) for share in shares],
                    [max(0.0, share.high - share.value) for share in shares],
                ),
                color=COLOURS[index % len(COLOURS)],
                marker=MARKERS[index % len(MARKERS)],
                markersize=4.5,
                linewidth=1.3,
                elinewidth=0.6,
                capsize=1.5,
                label=mode,
            )  # fmt: skip
        axes.set_ylim(-0.04, 1.04)
        axes.set_title(label, color=INK, fontsize=11, loc="left")
        _plain(axes)
        axes.set_xlabel("signal-to-noise ratio in dB", fontsize=9, color=INK)
        axes.legend(fontsize=7, ncols=2 if len(modes) > 5 else 1, frameon=False, loc="lower right")
    figure.savefig(path, facecolor=PAPER)


def calibration(tracks: Tally, bursts: Tally, path: Path) -> None:
    """What was right against what was said, tracks and bursts; below each how many there were."""
    figure = new_figure(10.5, 5.6, dpi=DPI, paper=PAPER)
    figure.suptitle("Calibration of the confidences", color=INK, fontsize=13, x=0.01, ha="left")
    grid = figure.add_gridspec(2, 2, height_ratios=(3.2, 1.0))
    for column, (name, tally) in enumerate((("tracks", tracks), ("bursts", bursts))):
        axes = figure.add_subplot(grid[0, column])
        used = [bin_ for bin_ in range(len(tally.counts)) if tally.counts[bin_]]
        said = [tally.confidence[bin_] / tally.counts[bin_] for bin_ in used]
        shares = [Share.of([True] * tally.right[b] + [False] * (tally.counts[b] - tally.right[b])) for b in used]
        axes.plot((0, 1), (0, 1), color=FAINT, linestyle="--", linewidth=1.2)
        axes.errorbar(
            said,
            [share.value for share in shares],
            yerr=([max(0.0, s.value - s.low) for s in shares], [max(0.0, s.high - s.value) for s in shares]),
            color=COLOURS[column],
            marker="o",
            capsize=2.5,
            linewidth=1.6,
        )
        error = "none judged" if tally.error is None else f"expected calibration error {tally.error:.3f}"
        axes.set_title(f"{name}: {error}", color=INK, fontsize=11, loc="left")
        axes.set_xlim(0, 1)
        axes.set_ylim(-0.02, 1.02)
        axes.set_ylabel("share that was right", fontsize=10, color=INK)
        _plain(axes)
        below = figure.add_subplot(grid[1, column], sharex=axes)
        width = 1.0 / len(tally.counts)
        below.bar([(b + 0.5) * width for b in range(len(tally.counts))], tally.counts, 0.85 * width, color=FAINT)
        below.set_xlabel("confidence", fontsize=10, color=INK)
        below.set_ylabel("number", fontsize=10, color=INK)
        _plain(below)
    figure.savefig(path, facecolor=PAPER)


def alerts(figures: Sequence[AlertFigure], path: Path) -> None:
    """Median and 95 % point of the time to the first alert, a line for each mode."""
    shown = [each for each in figures if each.median_s is not None]
    figure = new_figure(9.0, 1.2 + 0.24 * max(len(shown), 4), dpi=DPI, paper=PAPER)
    axes = figure.add_subplot()
    for row, each in enumerate(reversed(shown)):
        median_s = each.median_s or 0.0
        if each.p95_s is not None:
            axes.plot((median_s, each.p95_s), (row, row), color=FAINT, linewidth=2.5, zorder=1)
            axes.plot(each.p95_s, row, "|", color=COLOURS[1], markersize=9, markeredgewidth=2)
        axes.plot(median_s, row, "o", color=COLOURS[0], markersize=5)
    axes.set_yticks(range(len(shown)), [f"{each.label} {each.mode}" for each in reversed(shown)], fontsize=8)
    axes.set_ylim(-0.8, max(len(shown), 1) - 0.2)
    axes.set_xlim(left=0)
    axes.set_xlabel("seconds from switching on", fontsize=10, color=INK)
    axes.set_title(
        "Time to the first alert: median (dot) and 95 % point (bar; none where over 5 % were missed)",
        color=INK, fontsize=10.5, loc="left", x=-0.2,
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


def confusion(matrix: Matrix, title: str, path: Path) -> None:
    """Rows: on air; columns: called; colour: share of the row; number: how many."""
    rows = list(matrix)
    columns = sorted(
        {called for row in matrix.values() for called in row}, key=lambda name: (name.startswith("unkn"), name)
    )
    order = [name for name in rows if name in columns] + [name for name in columns if name not in rows]
    figure = new_figure(2.6 + 0.42 * max(len(order), 6), 2.2 + 0.3 * max(len(rows), 4), dpi=DPI, paper=PAPER)
    axes = figure.add_subplot()
    shares = [[matrix[row].get(c, 0) / max(sum(matrix[row].values()), 1) for c in order] for row in rows]
    if shares and order:
        axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    for y, row in enumerate(rows):
        for x, called in enumerate(order):
            count = matrix[row].get(called, 0)
            if count:
                text = f"{count}" if count < 10_000 else f"{count / 1000:.0f}k"
                colour = "white" if shares[y][x] > 0.55 else INK
                axes.text(x, y, text, ha="center", va="center", fontsize=6.5, color=colour)
    axes.set_xticks(range(len(order)), order, rotation=60, ha="right", fontsize=8)
    axes.set_yticks(range(len(rows)), rows, fontsize=8)
    axes.set_xlabel("called", color=INK)
    axes.set_ylabel("on air", color=INK)
    axes.set_title(title, color=INK, fontsize=12, loc="left")
    figure.savefig(path, facecolor=PAPER)


def _plain(axes: Any) -> None:
    """Fewer lines."""
    axes.tick_params(colors=INK, labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
