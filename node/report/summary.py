"""From results to figures: every number of the report, each with how sure it is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dsp.protocols import BY_LABEL
from node.report.intervals import Tally, poisson_upper, quantile, wilson
from node.report.results import Matrix, RunResult
from node.report.runs import STRONG_DB, levels_of, link_modes

CONDITIONS = ("fading", "edge", "overload", "crowd")


@dataclass(frozen=True, slots=True)
class Share:
    """Successes of trials with the 95 % interval."""

    successes: int
    trials: int
    low: float
    high: float

    @classmethod
    def of(cls, outcomes: Sequence[bool]) -> Share:
        """Count."""
        low, high = wilson(sum(outcomes), len(outcomes))
        return cls(sum(outcomes), len(outcomes), round(low, 4), round(high, 4))

    @property
    def value(self) -> float:
        """The share; nan without trials."""
        return self.successes / self.trials if self.trials else float("nan")


@dataclass(frozen=True, slots=True)
class LevelFigure:
    """One mode at one signal-to-noise ratio."""

    label: str
    mode: str
    snr_db: float
    found: Share
    named: Share
    """Right label."""
    mode_right: Share
    """Right label and mode."""
    surplus: int
    """Drone tracks beyond the one, in all trials together."""


@dataclass(frozen=True, slots=True)
class TargetFigure:
    """A mode at the levels where it has to be found and named."""

    label: str
    mode: str
    budgeted: bool
    detect_db: float
    name_db: float
    found: Share
    mode_right: Share


@dataclass(frozen=True, slots=True)
class AlertFigure:
    """Time from switching on to the first message, at the highest level; None where so many are not found."""

    label: str
    mode: str
    trials: int
    median_s: float | None
    p95_s: float | None


@dataclass(frozen=True, slots=True)
class ConditionFigure:
    """Found and named at the required levels, with a condition and without any."""

    condition: str
    found: Share
    mode_right: Share


@dataclass(frozen=True, slots=True)
class BackgroundFigure:
    """False drone tracks of one busy band."""

    name: str
    hours: float
    false_tracks: int
    per_hour: float | None
    upper_per_hour: float | None
    """With 95 % probability the true rate is below."""
    called: tuple[str, ...]
    hoppers: int


@dataclass(frozen=True, slots=True)
class CostFigure:
    """Processor seconds a second of signal."""

    part: str
    runs: int
    signal_s: float
    render: float
    chain: float


@dataclass(frozen=True, slots=True)
class Summary:
    """All figures."""

    levels: tuple[LevelFigure, ...]
    targets: tuple[TargetFigure, ...]
    alerts: tuple[AlertFigure, ...]
    conditions: tuple[ConditionFigure, ...]
    confuser_runs: int
    confuser_false: tuple[str, ...]
    """Single harmless emitters taken for a drone: what it was and what it was called."""
    tracks: Matrix
    bursts: Matrix
    track_tally: Tally
    burst_tally: Tally
    backgrounds: tuple[BackgroundFigure, ...]
    """Each band, then all together."""
    costs: tuple[CostFigure, ...]
    chains: tuple[str, ...]


def summarise(results: Sequence[RunResult]) -> Summary:
    """Put results together; their order does not matter."""
    ordered = sorted(results, key=lambda result: result.run.key)
    links = [result for result in ordered if result.run.part == "link"]
    confusers = [result for result in ordered if result.run.part == "confuser"]
    single = links + confusers
    return Summary(
        levels=tuple(_levels(links)),
        targets=tuple(_targets(links)),
        alerts=tuple(_alerts(links)),
        conditions=tuple(_conditions(links)),
        confuser_runs=len(confusers),
        confuser_false=tuple(
            f"{result.run.label} {result.run.mode}: {name}" for result in confusers for name in result.false_drones
        ),
        tracks=merged(result.tracks for result in single),
        bursts=merged(result.bursts for result in single),
        track_tally=_sum(result.track_tally for result in single),
        burst_tally=_sum(result.burst_tally for result in single),
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


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total = total + tally
    return total


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


def _alerts(links: Sequence[RunResult]) -> list[AlertFigure]:
    figures = []
    for protocol, mode, _ in link_modes():
        times_s = [r.alert_s for r in _of_mode(links, protocol.label, mode.name, STRONG_DB)]
        if times_s:
            figures.append(
                AlertFigure(protocol.label, mode.name, len(times_s), quantile(times_s, 0.5), quantile(times_s, 0.95))
            )
    return figures


def _conditions(links: Sequence[RunResult]) -> list[ConditionFigure]:
    """Over the modes that the design sets levels for."""
    detect, name = [], []
    for result in links:
        protocol = BY_LABEL.get(result.run.label)
        mode = next((m for m in protocol.modes if m.name == result.run.mode), None) if protocol else None
        if protocol is None or mode is None or not levels_of(protocol, mode).budgeted:
            continue
        levels = levels_of(protocol, mode)
        detect += [result] if result.run.snr_db == levels.detect_db else []
        name += [result] if result.run.snr_db == levels.name_db else []

    def figure(condition: str, having: Sequence[str]) -> ConditionFigure:
        def fits(result: RunResult) -> bool:
            return condition in result.conditions if having else not set(result.conditions) & set(CONDITIONS)

        return ConditionFigure(
            condition,
            Share.of([r.found for r in detect if fits(r)]),
            Share.of([r.mode_right for r in name if fits(r)]),
        )

    return [figure("none of these", ()), *(figure(condition, (condition,)) for condition in CONDITIONS)]


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
