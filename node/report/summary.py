"""From results to figures: every number of the report, each with how sure it is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from dsp.protocols import BY_LABEL
from node.report.figures import (
    AimFigure,
    AlertFigure,
    BackgroundFigure,
    ConditionFigure,
    CostFigure,
    LevelFigure,
    ProtocolFigure,
    Share,
    StepFigure,
    Summary,
    TargetFigure,
    total,
)
from node.report.intervals import Tally, poisson_upper, quantile
from node.report.link_scenes import ALL_CHANNELS
from node.report.results import Matrix, RunResult
from node.report.runs import STRONG_DB, levels_of, link_modes
from node.report.slices import shows_hops, whole_channels

CONDITIONS = ("fading", "edge", "overload", "crowd")
AIMS: tuple[tuple[str, float, Callable[[RunResult], bool]], ...] = (
    (
        "expresslrs 200Hz, all channels in the slice",
        0.5,
        lambda r: (r.run.label, r.run.mode) == ("expresslrs", "200Hz") and ALL_CHANNELS in r.conditions,
    ),
    (
        "expresslrs 200Hz at FCC915",
        1.5,
        lambda r: (r.run.label, r.run.mode, r.run.band) == ("expresslrs", "200Hz", "FCC915"),
    ),
    ("crossfire 150Hz", 2.0, lambda r: (r.run.label, r.run.mode) == ("crossfire", "150Hz")),
    ("sik 64k", 2.0, lambda r: (r.run.label, r.run.mode) == ("sik", "64k")),
    ("analog-video", 0.5, lambda r: r.run.label == "analog-video"),
)
"""Median times to the first message that the design asks for, slice parked: what, seconds, which links."""


def summarise(results: Sequence[RunResult]) -> Summary:
    """Put results together; their order does not matter."""
    ordered = sorted(results, key=lambda result: result.run.key)
    links = [result for result in ordered if result.run.part == "link"]
    confusers = [result for result in ordered if result.run.part == "confuser"]
    single = links + confusers
    return Summary(
        levels=tuple(_levels(links)),
        targets=tuple(_targets(links)),
        protocols=tuple(_protocols(links)),
        steps=tuple(_steps(links)),
        alerts=tuple(_alerts(links, by_mode=True)),
        band_alerts=tuple(_alerts(links, by_mode=False)),
        aims=tuple(_aims(links)),
        conditions=tuple(_conditions(links)),
        confuser_runs=len(confusers),
        confuser_false=tuple(
            f"{result.run.label} {result.run.mode}: {name}" for result in confusers for name in result.false_drones
        ),
        tracks=merged(result.tracks for result in single),
        bursts=merged(result.bursts for result in single),
        track_tallies=_by_label(single),
        burst_tally=total(result.burst_tally for result in single),
        backgrounds=tuple(_backgrounds([result for result in ordered if result.run.part == "background"])),
        costs=tuple(_costs(ordered)),
        chains=tuple(sorted({result.chain for result in ordered})),
    )


def merged(matrices: Iterable[Matrix]) -> Matrix:
    """Sum of confusion matrices."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for matrix in matrices:
        for label, row in matrix.items():
            counts[label].update(row)
    return {label: dict(sorted(counts[label].items())) for label in sorted(counts)}


def _by_label(results: Sequence[RunResult]) -> dict[str, Tally]:
    labels = sorted({label for result in results for label in result.track_tallies})
    return {label: total(r.track_tallies[label] for r in results if label in r.track_tallies) for label in labels}


def _of_mode(links: Sequence[RunResult], label: str, mode: str, snr_db: float) -> list[RunResult]:
    return [r for r in links if (r.run.label, r.run.mode, r.run.snr_db) == (label, mode, snr_db)]


def _levels(links: Sequence[RunResult]) -> list[LevelFigure]:
    figures = []
    for protocol, mode, _ in link_modes():
        levels = {r.run.snr_db for r in links if (r.run.label, r.run.mode) == (protocol.label, mode.name)}
        for snr_db in sorted(level for level in levels if level is not None):
            runs = _of_mode(links, protocol.label, mode.name, snr_db)
            figures.append(
                LevelFigure(
                    protocol.label,
                    mode.name,
                    snr_db,
                    Share.of([r.found for r in runs]),
                    Share.of([r.named for r in runs]),
                    Share.of([r.mode_right for r in runs]),
                    sum(r.surplus for r in runs),
                )
            )
    return figures


def _targets(links: Sequence[RunResult]) -> list[TargetFigure]:
    figures = []
    for protocol, mode, _ in link_modes():
        levels = levels_of(protocol, mode)
        detect = _of_mode(links, protocol.label, mode.name, levels.detect_db)
        name = _of_mode(links, protocol.label, mode.name, levels.name_db)
        figures.append(
            TargetFigure(
                protocol.label,
                mode.name,
                levels.budgeted,
                levels.detect_db,
                levels.name_db,
                Share.of([r.found for r in detect]),
                Share.of([r.mode_right for r in name]),
            )
        )
    return figures


def _protocols(links: Sequence[RunResult]) -> list[ProtocolFigure]:
    """Modes of a protocol are alike: together they are trials enough to judge it."""
    detect, name = _required(links)
    modes = Counter(target.label for target in _targets(links) if target.budgeted)

    def figure(label: str) -> ProtocolFigure:
        sought, called = ([r for r in runs if r.run.label == label] for runs in (detect, name))
        return ProtocolFigure(
            label,
            modes[label],
            Share.of([r.found for r in sought]),
            Share.of([r.mode_right for r in called]),
            Share.of([r.found for r in sought if shows_hops(r.run)]),
            Share.of([r.mode_right for r in called if shows_hops(r.run)]),
        )

    return [figure(label) for label in modes]


def _required(links: Sequence[RunResult]) -> tuple[list[RunResult], list[RunResult]]:
    """Those at the levels of the design, where links must be found and where they must be named."""
    detect, name = [], []
    for result in links:
        protocol = BY_LABEL.get(result.run.label)
        mode = next((m for m in protocol.modes if m.name == result.run.mode), None) if protocol else None
        if protocol is None or mode is None or not levels_of(protocol, mode).budgeted:
            continue
        levels = levels_of(protocol, mode)
        detect += [result] if result.run.snr_db == levels.detect_db else []
        name += [result] if result.run.snr_db == levels.name_db else []
    return detect, name


def _steps(links: Sequence[RunResult]) -> list[StepFigure]:
    groups: dict[tuple[str, float | None], list[RunResult]] = defaultdict(list)
    for protocol, mode, _ in link_modes():
        detect_db = levels_of(protocol, mode).detect_db
        for result in links:
            if (result.run.label, result.run.mode) == (protocol.label, mode.name) and result.run.snr_db is not None:
                strong = result.run.snr_db == STRONG_DB
                groups[protocol.label, None if strong else result.run.snr_db - detect_db].append(result)
    order = {label: number for number, label in enumerate(BY_LABEL)}
    return [
        StepFigure(label, step_db, Share.of([r.found for r in runs]), Share.of([r.mode_right for r in runs]))
        for (label, step_db), runs in sorted(
            groups.items(), key=lambda item: (order[item[0][0]], item[0][1] is None, item[0][1] or 0.0)
        )
    ]


def pooled(shares: Iterable[Share]) -> Share:
    """All trials together."""
    counted = [(share.successes, share.trials) for share in shares]
    successes, trials = sum(good for good, _ in counted), sum(all_ for _, all_ in counted)
    return Share.of([True] * successes + [False] * (trials - successes))


def _alerts(links: Sequence[RunResult], *, by_mode: bool) -> list[AlertFigure]:
    """At the strong level; by mode or by band."""
    figures = []
    strong = [result for result in links if result.run.snr_db == STRONG_DB]
    names = dict.fromkeys(
        (protocol.label, name)
        for protocol, mode, bands in link_modes()
        for name in ((mode.name,) if by_mode else tuple(band.name for band in bands))
    )
    for label, name in names:
        runs = [r for r in strong if (r.run.label, r.run.mode if by_mode else r.run.band) == (label, name)]
        times_s = [r.alert_s for r in runs]
        if runs:
            figures.append(
                AlertFigure(
                    label,
                    name if by_mode else "",
                    "" if by_mode else name,
                    len(runs),
                    sum(time_s is not None for time_s in times_s),
                    quantile(times_s, 0.5),
                    quantile(times_s, 0.95),
                )
            )
    return figures


def _aims(links: Sequence[RunResult]) -> list[AimFigure]:
    figures = []
    for what, aim_s, fits in AIMS:
        times_s = [r.alert_s for r in links if r.run.snr_db == STRONG_DB and fits(r)]
        within = Share.of([time_s is not None and time_s <= aim_s for time_s in times_s])
        figures.append(AimFigure(what, aim_s, quantile(times_s, 0.5), within))
    return figures


def _conditions(links: Sequence[RunResult]) -> list[ConditionFigure]:
    """Over the modes that the design sets levels for."""
    detect, name = _required(links)

    def figure(condition: str, fits: Callable[[RunResult], bool]) -> ConditionFigure:
        return ConditionFigure(
            condition,
            Share.of([r.found for r in detect if fits(r)]),
            Share.of([r.mode_right for r in name if fits(r)]),
        )

    return [
        figure("none of these", lambda r: not set(r.conditions) & set(CONDITIONS)),
        *(figure(each, partial(_under, each)) for each in CONDITIONS),
        figure("two whole channels in the slice or more, or no hops", lambda r: shows_hops(r.run)),
        figure("one whole channel in the slice", lambda r: whole_channels(r.run) == 1),
        figure("no whole channel in the slice", lambda r: whole_channels(r.run) == 0),
    ]


def _under(condition: str, result: RunResult) -> bool:
    return condition in result.conditions


def _backgrounds(runs: Sequence[RunResult]) -> list[BackgroundFigure]:
    names = sorted({r.run.label for r in runs})
    groups = [(name, [r for r in runs if r.run.label == name]) for name in names]
    figures = []
    for name, group in [*groups, ("together", list(runs))]:
        hours = sum(r.run.seconds for r in group) / 3600.0
        called = [each for r in group for each in r.false_drones]
        figures.append(
            BackgroundFigure(
                name,
                round(hours, 4),
                len(called),
                round(len(called) / hours, 4) if hours else None,
                round(poisson_upper(len(called)) / hours, 4) if hours else None,
                tuple(f"{label} ({count})" for label, count in sorted(Counter(called).items())),
                sum(r.hoppers for r in group),
            )
        )
    return figures if runs else []


def _costs(results: Sequence[RunResult]) -> list[CostFigure]:
    figures = []
    for part in ("link", "confuser", "background"):
        runs = [r for r in results if r.run.part == part]
        signal_s = sum(r.run.seconds for r in runs)
        if signal_s:
            render_s, cpu_s = sum(r.render_s for r in runs), sum(r.cpu_s for r in runs)
            figures.append(
                CostFigure(
                    part,
                    len(runs),
                    round(signal_s, 1),
                    round(render_s / signal_s, 3),
                    round((cpu_s - render_s) / signal_s, 3),
                )
            )
    return figures
