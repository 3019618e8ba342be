"""The first lines of the report: what the figures mean, what is met and what is missed, from the figures themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from node.evaluate import Row
from node.report.figures import AimFigure, ProtocolFigure, Share, Summary
from node.report.intervals import Tally
from node.report.runs import STRONG_DB
from node.report.tables import HIGHEST_CALIBRATION_ERROR, HIGHEST_FALSE_PER_HOUR, REQUIRED, seconds_text, share_text

ENOUGH_JUDGED = 100
"""Confidences: with fewer the error of a perfect set is about the aim or more."""
SURE = 0.5
"""A median is below the aim where more than this share of the trials is within it."""


def headline(summary: Summary, rows: Sequence[Row]) -> list[str]:
    """Five lines, one for each kind of budget."""
    return [
        f"- **Found** (a drone track in at least {REQUIRED:.0%} of the scenes, 5 dB below a LoRa demodulator's floor, "
        f"0 dB for the rest): {_of_protocols(summary.protocols, lambda each: each.found)}. Where the slice shows two "
        f"whole channels or more: {_of_protocols(summary.protocols, lambda each: each.found_hopping)}.",
        f"- **Named** (label and mode right in at least {REQUIRED:.0%}, 5 dB above that): "
        f"{_of_protocols(summary.protocols, lambda each: each.mode_right)}. Where the slice shows two whole channels "
        f"or more: {_of_protocols(summary.protocols, lambda each: each.right_hopping)}.",
        f"- **First alert** (median from switching on, {STRONG_DB:+g} dB): {_of_aims(summary.aims)}.",
        f"- **False drone tracks**: {_false(summary, rows)}.",
        f"- **Confidence** (expected calibration error at most {HIGHEST_CALIBRATION_ERROR:g}; number judged): "
        f"{_calibration(summary)}.",
    ]


def verdict(share: Share, required: float = REQUIRED) -> str:
    """Whether a required share is met, and whether the trials are enough to be sure of it."""
    if not share.trials:
        return "not run"
    met = share.value >= required
    sure = share.low >= required if met else share.high < required
    return ("met" if met else "**missed**") + ("" if sure else ", open")


def aim_verdict(aim: AimFigure) -> str:
    """The same of a median time."""
    if not aim.within.trials:
        return "not run"
    met = aim.median_s is not None and aim.median_s <= aim.aim_s
    sure = aim.within.low >= SURE if met else aim.within.high < SURE
    return ("met" if met else "**missed**") + ("" if sure else ", open")


def calibration_verdict(tally: Tally) -> str:
    """The same of a calibration error; few that were judged have a large one by chance alone."""
    if tally.error is None:
        return "not run"
    met = tally.error <= HIGHEST_CALIBRATION_ERROR
    return ("met" if met else "**missed**") + ("" if tally.total >= ENOUGH_JUDGED else ", open")


def false_verdict(summary: Summary) -> str:
    """One sentence about the aim."""
    whole = summary.backgrounds[-1] if summary.backgrounds else None
    if whole is None or whole.upper_per_hour is None or whole.per_hour is None:
        return "No background was run."
    if whole.upper_per_hour < HIGHEST_FALSE_PER_HOUR:
        return f"The aim (below {HIGHEST_FALSE_PER_HOUR:g} an hour) is met with 95 % confidence."
    if whole.per_hour < HIGHEST_FALSE_PER_HOUR:
        return (
            f"The counted rate is below the aim of {HIGHEST_FALSE_PER_HOUR:g} an hour, but {whole.hours:.2f} hours are "
            f"too few to be sure of it: 30 hours without one would be needed."
        )
    return f"The aim (below {HIGHEST_FALSE_PER_HOUR:g} an hour) is **missed**."


def _grouped(judged: Iterable[tuple[str, str]]) -> str:
    """``met: a, b; **missed**: c`` of (verdict, what); those that are open count with a word about it."""
    groups: dict[str, list[str]] = {"met": [], "**missed**": [], "not run": []}
    for said, what in judged:
        word, _, open_ = said.partition(", ")
        groups[word].append(what + (" (open)" if open_ else ""))
    return "; ".join(f"{word}: {', '.join(each)}" for word, each in groups.items() if each)


def _of_protocols(figures: Sequence[ProtocolFigure], value: Callable[[ProtocolFigure], Share]) -> str:
    return _grouped(
        (verdict(value(each)), f"{each.label} {share_text(value(each)) if value(each).trials else ''}".rstrip())
        for each in figures
    )


def _of_aims(aims: Sequence[AimFigure]) -> str:
    return _grouped(
        (
            aim_verdict(aim),
            f"{aim.what} {seconds_text(aim.median_s)} (aim {aim.aim_s:g} s, {aim.within.trials} trials)"
            if aim.within.trials
            else aim.what,
        )
        for aim in aims
    )


def _false(summary: Summary, rows: Sequence[Row]) -> str:
    parts = []
    harmless = [row for row in rows if row.drone_link is False]
    if harmless:
        wrong = sum(bool(row.drone_tracks) for row in harmless)
        parts.append(f"{wrong} on {len(harmless)} real recordings without a drone ({'**missed**' if wrong else 'met'})")
    if summary.backgrounds:
        whole = summary.backgrounds[-1]
        rate = "" if whole.upper_per_hour is None else f", below {whole.upper_per_hour:.2g} an hour with 95 %"
        missed = (whole.per_hour or 0.0) >= HIGHEST_FALSE_PER_HOUR
        sure = whole.upper_per_hour is not None and whole.upper_per_hour < HIGHEST_FALSE_PER_HOUR
        word = "**missed**" if missed else "met" if sure else "met, open"
        parts.append(
            f"{whole.false_tracks} in {whole.hours:.2f} h of simulated busy bands{rate} (aim "
            f"{HIGHEST_FALSE_PER_HOUR:g}: {word})"
        )
    if summary.confuser_runs:
        parts.append(f"{len(summary.confuser_false)} in {summary.confuser_runs} scenes of one harmless emitter")
    return "; ".join(parts) or "not run"


def _calibration(summary: Summary) -> str:
    return _grouped(
        (calibration_verdict(tally), f"{name} {'' if tally.error is None else f'{tally.error:.3f}'} ({tally.total})")
        for name, tally in summary.tallies
    )
