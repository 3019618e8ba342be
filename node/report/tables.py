"""Tables of the report in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from node.report.charts import HIGHEST_FALSE_PER_HOUR, REQUIRED
from node.report.results import Matrix
from node.report.summary import BackgroundFigure, LevelFigure, Share, Summary

AIMS_S = {
    ("expresslrs", "200Hz"): "1.5 at FCC915, 0.5 with all channels in the slice",
    ("crossfire", "150Hz"): "2",
    ("sik", "64k"): "2",
    ("analog-video", "pal"): "0.5",
    ("analog-video", "ntsc"): "0.5",
}
"""Median time to the first message that the design asks for, with the slice parked."""


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table, or a word about there being none."""
    rows = list(rows)
    if not rows:
        return ["None was run."]
    return [
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]


def share_text(share: Share) -> str:
    """``0.95 (19/20, 0.76 to 0.99)``."""
    if not share.trials:
        return "-"
    return f"{share.value:.2f} ({share.successes}/{share.trials}, {share.low:.2f} to {share.high:.2f})"


def verdict(share: Share) -> str:
    """Whether a share of ``REQUIRED`` is met, and whether the trials are enough to be sure of it."""
    if not share.trials:
        return "not run"
    met = share.value >= REQUIRED
    sure = share.low >= REQUIRED if met else share.high < REQUIRED
    return ("met" if met else "**missed**") + ("" if sure else ", open")


def target_table(summary: Summary, *, budgeted: bool) -> list[str]:
    """Modes at the levels where they have to be found and named."""
    head = ("protocol", "mode", "found at", "Pd", "", "named at", "label and mode right", "")
    return markdown_table(
        head,
        (
            (
                figure.label,
                figure.mode,
                f"{figure.detect_db:+g} dB",
                share_text(figure.found),
                verdict(figure.found) if budgeted else "",
                f"{figure.name_db:+g} dB",
                share_text(figure.mode_right),
                verdict(figure.mode_right) if budgeted else "",
            )
            for figure in summary.targets
            if figure.budgeted == budgeted and (figure.found.trials or figure.mode_right.trials)
        ),
    )


def level_table(levels: Sequence[LevelFigure]) -> list[str]:
    """Every mode at every level."""
    return markdown_table(
        ("protocol", "mode", "SNR", "found", "label right", "label and mode right", "surplus tracks"),
        (
            (
                each.label,
                each.mode,
                f"{each.snr_db:+g} dB",
                share_text(each.found),
                share_text(each.named),
                share_text(each.mode_right),
                str(each.surplus),
            )
            for each in levels
        ),
    )


def alert_table(summary: Summary) -> list[str]:
    """Time to the first alert."""
    return markdown_table(
        ("protocol", "mode", "trials", "median", "95 %", "aim for the median, s"),
        (
            (
                each.label,
                each.mode,
                str(each.trials),
                _seconds(each.median_s),
                _seconds(each.p95_s),
                AIMS_S.get((each.label, each.mode), ""),
            )
            for each in summary.alerts
        ),
    )


def condition_table(summary: Summary) -> list[str]:
    """What each condition costs."""
    return markdown_table(
        ("condition", "found at the required level", "label and mode right at theirs"),
        ((each.condition, share_text(each.found), share_text(each.mode_right)) for each in summary.conditions),
    )


def background_table(figures: Sequence[BackgroundFigure]) -> list[str]:
    """False drone tracks."""
    return markdown_table(
        ("band", "hours", "false drone tracks", "an hour", "95 % upper bound", "called", "unknown hoppers"),
        (
            (
                each.name,
                f"{each.hours:.2f}",
                str(each.false_tracks),
                "-" if each.per_hour is None else f"{each.per_hour:.3g}",
                "-" if each.upper_per_hour is None else f"{each.upper_per_hour:.3g}",
                ", ".join(each.called) or "-",
                str(each.hoppers),
            )
            for each in figures
        ),
    )


def false_verdict(figures: Sequence[BackgroundFigure]) -> str:
    """One sentence about the aim."""
    if not figures:
        return "No background was run."
    whole = figures[-1]
    if whole.upper_per_hour is None or whole.per_hour is None:
        return "No background was run."
    if whole.upper_per_hour < HIGHEST_FALSE_PER_HOUR:
        return f"The aim (below {HIGHEST_FALSE_PER_HOUR:g} an hour) is met with 95 % confidence."
    if whole.per_hour < HIGHEST_FALSE_PER_HOUR:
        return (
            f"The counted rate is below the aim of {HIGHEST_FALSE_PER_HOUR:g} an hour, but {whole.hours:.2f} hours are "
            f"too few to be sure of it: 30 hours without one would be needed."
        )
    return f"The aim (below {HIGHEST_FALSE_PER_HOUR:g} an hour) is **missed**."


def confusion_table(matrix: Matrix, most: int = 5) -> list[str]:
    """Each emitter's most frequent names; the whole matrix is in the JSON file."""
    rows = []
    for label, row in matrix.items():
        total = sum(row.values())
        ranked = sorted(row.items(), key=lambda item: (-item[1], item[0]))
        named = ", ".join(f"{called} {count}" for called, count in ranked[:most])
        rest = sum(count for _, count in ranked[most:])
        rows.append(
            (
                label,
                str(total),
                f"{row.get(label, 0) / total:.2f}" if total else "-",
                named + (f", others {rest}" if rest else ""),
            )
        )
    return markdown_table(("on air", "number", "right", "called"), rows)


def _seconds(value: float | None) -> str:
    return "not reached" if value is None else f"{value:.2f} s"
