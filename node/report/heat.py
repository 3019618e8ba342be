"""Coloured tables of the report: shares of every mode at every level, and confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from node.figures import box, new_figure
from node.report.charts import COLOURS, DPI, INK, PAPER
from node.report.figures import LevelFigure, Share, TargetFigure
from node.report.results import NOTHING, Matrix
from node.report.runs import STRONG_DB
from node.report.tables import in_order

STEPS_DB: tuple[float | None, ...] = (-5.0, 0.0, 5.0, 10.0, None)
STEP_NAMES = ("-5 dB", "0", "+5 dB", "+10 dB", "strong")
DARK = 0.55
"""Cells with a larger share have white figures."""


def modes(levels: Sequence[LevelFigure], targets: Sequence[TargetFigure], path: Path) -> None:
    """A row for each mode, a column for each step above the level where it must be found."""
    run = {(each.label, each.mode) for each in levels}
    rows = [t for t in targets if t.budgeted and (t.label, t.mode) in run]
    split = len(rows)
    rows += [t for t in targets if not t.budgeted and (t.label, t.mode) in run]
    figure = new_figure(9.6, 1.6 + 0.2 * max(len(rows), 5), dpi=DPI, paper=PAPER)
    for column, (title, required_db) in enumerate((("found", 0.0), ("label and mode right", 5.0))):
        axes = figure.add_subplot(1, 2, column + 1)
        table = [[_share(levels, row, step_db, named=column == 1) for step_db in STEPS_DB] for row in rows]
        shares = [[share.value if share is not None else float("nan") for share in row] for row in table]
        if rows:
            axes.imshow(shares, cmap="RdYlGn", vmin=0.0, vmax=1.0, aspect="auto", alpha=0.6)
        for y, row in enumerate(table):
            for x, share in enumerate(row):
                if share is not None:
                    text = f"{share.successes}/{share.trials}"
                    axes.text(x, y, text, ha="center", va="center", fontsize=7, color=INK)
        frame = box(
            (STEPS_DB.index(required_db) - 0.5, -0.5), 1, split, fill=False, edgecolor=INK, linewidth=1.6, clip_on=False
        )
        axes.add_patch(frame)
        axes.axhline(split - 0.5, color=INK, linewidth=1.2)
        axes.set_xticks(range(len(STEPS_DB)), STEP_NAMES, fontsize=8)
        names = [f"{row.label} {row.mode} ({row.detect_db:+g} dB)" for row in rows]
        axes.set_yticks(range(len(rows)), names if column == 0 else [""] * len(rows), fontsize=7.5)
        axes.set_xlabel("SNR above the level in brackets", fontsize=9, color=INK)
        axes.set_title(title, color=INK, fontsize=11, loc="left")
        _bare(axes)
    figure.savefig(path, facecolor=PAPER)


def _share(levels: Sequence[LevelFigure], row: TargetFigure, step_db: float | None, *, named: bool) -> Share | None:
    """Share of a mode at a step, if it was run there."""
    wanted_db = STRONG_DB if step_db is None else row.detect_db + step_db
    if step_db is not None and wanted_db == STRONG_DB:
        return None
    found = next((e for e in levels if (e.label, e.mode, e.snr_db) == (row.label, row.mode, wanted_db)), None)
    if found is None:
        return None
    return found.mode_right if named else found.found


def confusion(matrix: Matrix, title: str, path: Path) -> None:
    """Rows: on air; columns: called; colour: share of the row; number: how many."""
    rows = in_order(matrix)
    called = in_order({name for row in matrix.values() for name in row})
    order = [name for name in rows if name in called or name != NOTHING]
    order += [name for name in called if name not in order]
    order = in_order(order)
    figure = new_figure(2.8 + 0.42 * max(len(order), 6), 2.2 + 0.3 * max(len(rows), 4), dpi=DPI, paper=PAPER)
    axes = figure.add_subplot()
    shares = [[matrix[row].get(name, 0) / max(sum(matrix[row].values()), 1) for name in order] for row in rows]
    if shares and order:
        axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    for y, row in enumerate(rows):
        for x, name in enumerate(order):
            count = matrix[row].get(name, 0)
            if count:
                text = f"{count}" if count < 10_000 else f"{count / 1000:.0f}k"
                colour = "white" if shares[y][x] > DARK else INK
                axes.text(x, y, text, ha="center", va="center", fontsize=6.5, color=colour)
            if row == name:
                axes.add_patch(box((x - 0.5, y - 0.5), 1, 1, fill=False, edgecolor=COLOURS[2], linewidth=1.0))
    axes.set_xticks(range(len(order)), order, rotation=60, ha="right", fontsize=8)
    axes.set_yticks(range(len(rows)), rows, fontsize=8)
    axes.set_xlabel("called (framed: right)", color=INK)
    axes.set_ylabel("on air", color=INK)
    axes.set_title(title, color=INK, fontsize=12, loc="left")
    _bare(axes)
    figure.savefig(path, facecolor=PAPER)


def _bare(axes: Any) -> None:
    axes.tick_params(colors=INK, length=0)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
