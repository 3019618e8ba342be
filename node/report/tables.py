"""Tables of the report in Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from dsp.protocols import BY_LABEL
from node.fusion.evaluate import CUTOFF_M, Figures
from node.report.figures import AlertFigure, BackgroundFigure, LevelFigure, Share, Summary
from node.report.intervals import BINS, Tally, wilson
from node.report.results import NOTHING, Matrix

REQUIRED = 0.9
"""Share that has to be found, and named."""
HIGHEST_FALSE_PER_HOUR = 0.1
HIGHEST_CALIBRATION_ERROR = 0.05
FEW_CLAIMS = 5
"""Labels that were claimed less often are put together."""


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


def seconds_text(value: float | None) -> str:
    """``0.52 s``, or that half (or so many) were never alerted to."""
    return "not reached" if value is None else f"{value:.2f} s"


def protocol_table(summary: Summary, verdict: Callable[[Share], str]) -> list[str]:
    """Protocols with levels of the design, all their modes together."""
    return markdown_table(
        ("protocol", "modes", "Pd where it must be found", "", "label and mode right where they must be", ""),
        (
            (
                each.label, str(each.modes), share_text(each.found), verdict(each.found),
                share_text(each.mode_right), verdict(each.mode_right),
            )
            for each in summary.protocols
        ),
    )  # fmt: skip


def target_table(summary: Summary, verdict: Callable[[Share], str], *, budgeted: bool) -> list[str]:
    """Modes at the levels where they have to be found and named."""
    head = ("protocol", "mode", "found at SNR", "Pd", "", "named at SNR", "label and mode right", "")
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


def aim_table(summary: Summary, verdicts: Sequence[str]) -> list[str]:
    """Median times that the design asks for."""
    return markdown_table(
        ("link", "aim for the median", "median", "trials within the aim", ""),
        (
            (aim.what, f"{aim.aim_s:g} s", seconds_text(aim.median_s) if aim.within.trials else "-",
             share_text(aim.within), said)
            for aim, said in zip(summary.aims, verdicts, strict=True)
        ),
    )  # fmt: skip


def alert_table(figures: Sequence[AlertFigure]) -> list[str]:
    """Time to the first alert by band or by mode."""
    by_band = any(each.band for each in figures)
    return markdown_table(
        ("protocol", "band" if by_band else "mode", "trials", "alerted", "median", "95 %"),
        (
            (
                each.label,
                each.band or each.mode,
                str(each.trials),
                str(each.found),
                seconds_text(each.median_s),
                seconds_text(each.p95_s),
            )
            for each in figures
        ),
    )


def reliability_table(tallies: Sequence[tuple[str, Tally]]) -> list[str]:
    """Confidence said against the share that was right, in bins."""
    head = ["confidence"]
    for name, _ in tallies:
        head += [f"{name}: said", "right"]
    rows = []
    for bin_ in range(BINS):
        if not any(tally.counts[bin_] for _, tally in tallies):
            continue
        row = [f"{bin_ / BINS:.1f} to {(bin_ + 1) / BINS:.1f}"]
        for _, tally in tallies:
            count, right = tally.counts[bin_], tally.right[bin_]
            low, high = wilson(right, count)
            row += (
                [
                    f"{tally.confidence[bin_] / count:.2f}",
                    f"{right / count:.2f} ({right}/{count}, {low:.2f} to {high:.2f})",
                ]
                if count
                else ["-", "-"]
            )
        rows.append(row)
    return markdown_table(head, rows)


def claim_table(tallies: Mapping[str, Tally]) -> list[str]:
    """By the label that tracks claimed: how sure they were, and how often they were right."""
    often = {label: tally for label, tally in tallies.items() if tally.total >= FEW_CLAIMS}
    rare = [tally for label, tally in tallies.items() if label not in often]
    order = {label: number for number, label in enumerate(BY_LABEL)}
    rows = sorted(often.items(), key=lambda item: order.get(item[0], len(order)))
    if rare:
        rows.append(("others together", sum(rare, Tally())))
    return markdown_table(
        ("called", "tracks", "confidence on average", "right"),
        (
            (
                label,
                str(tally.total),
                f"{sum(tally.confidence) / tally.total:.2f}",
                share_text(Share(sum(tally.right), tally.total, *wilson(sum(tally.right), tally.total))),
            )
            for label, tally in rows
            if tally.total
        ),
    )


def fusion_table(figures: Sequence[Figures]) -> list[str]:
    """The fused picture of the shipped scenes."""
    return markdown_table(
        (
            "scene", "tracks", "position error, RMS", f"GOSPA (c {CUTOFF_M:g} m, p 2)", "missed objects",
            "false objects", "SIAP completeness", "ambiguity", "spuriousness",
        ),
        (
            (
                each.scene, str(each.tracks), _metres(each.error_m), _metres(each.gospa_m), f"{each.missed:.2f}",
                f"{each.false:.2f}", _plain(each.completeness), _plain(each.ambiguity), _plain(each.spuriousness),
            )
            for each in figures
        ),
    )  # fmt: skip


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


def confusion_table(matrix: Matrix, most: int = 5) -> list[str]:
    """Each emitter's most frequent names; the whole matrix is in the JSON file."""
    rows = []
    for label in in_order(matrix):
        row = matrix[label]
        total, unknown = sum(row.values()), row.get("unknown", 0)
        named = total - unknown
        ranked = sorted(
            ((called, count) for called, count in row.items() if called != "unknown"), key=lambda e: (-e[1], e[0])
        )
        rest = sum(count for _, count in ranked[most:])
        text = ", ".join(f"{called} {count}" for called, count in ranked[:most])
        rows.append(
            (
                label,
                str(total),
                f"{unknown / total:.0%}" if total else "-",
                f"{row.get(label, 0)}/{named} ({row.get(label, 0) / named:.0%})" if named and label != NOTHING else "-",
                (text + (f", others {rest}" if rest else "")) or "-",
            )
        )
    return markdown_table(("on air", "number", "unknown", "right of those named", "named as"), rows)


def in_order(names: Iterable[str]) -> list[str]:
    """Labels as the records have them, drones first; then the others, nothing at the end."""
    order = {label: number for number, label in enumerate(BY_LABEL)}
    return sorted(names, key=lambda name: (order.get(name, len(order)), name == NOTHING, name))


def _metres(value: float | None) -> str:
    return "-" if value is None or not math.isfinite(value) else f"{value:.2f} m"


def _plain(value: float | None) -> str:
    return "-" if value is None or not math.isfinite(value) else f"{value:.2f}"
