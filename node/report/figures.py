"""What the report is made of: each figure with how sure it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dsp.protocols import BY_LABEL
from node.report.intervals import Tally, wilson
from node.report.results import Matrix


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
class ProtocolFigure:
    """All modes of a protocol that the design sets levels for, together, each at its own level."""

    label: str
    modes: int
    found: Share
    mode_right: Share
    found_hopping: Share
    """Of the scenes whose slice shows two channels of the link at least, or of a link that does not hop."""
    right_hopping: Share


@dataclass(frozen=True, slots=True)
class StepFigure:
    """All modes of a protocol together, at a step above or below the level where each must be found."""

    label: str
    step_db: float | None
    """None: strong links, whatever the level they must be found at."""
    found: Share
    mode_right: Share


@dataclass(frozen=True, slots=True)
class AimFigure:
    """A median time that the design asks for."""

    what: str
    aim_s: float
    median_s: float | None
    within: Share
    """Trials that were alerted to within the aim: half of them for the aim to be met."""


@dataclass(frozen=True, slots=True)
class AlertFigure:
    """Time from switching on to the first message, at the highest level; None where so many are not found.

    Mode or band is empty where all of them are together.
    """

    label: str
    mode: str
    band: str
    trials: int
    found: int
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
    protocols: tuple[ProtocolFigure, ...]
    steps: tuple[StepFigure, ...]
    alerts: tuple[AlertFigure, ...]
    """By mode, all bands together."""
    band_alerts: tuple[AlertFigure, ...]
    """By band, all modes together."""
    aims: tuple[AimFigure, ...]
    conditions: tuple[ConditionFigure, ...]
    confuser_runs: int
    confuser_false: tuple[str, ...]
    """Single harmless emitters taken for a drone: what it was and what it was called."""
    tracks: Matrix
    bursts: Matrix
    track_tallies: Mapping[str, Tally]
    """By the label that tracks were called."""
    burst_tally: Tally
    backgrounds: tuple[BackgroundFigure, ...]
    """Each band, then all together."""
    costs: tuple[CostFigure, ...]
    chains: tuple[str, ...]

    @property
    def track_tally(self) -> Tally:
        """Of all tracks that claim a label."""
        return total(self.track_tallies.values())

    @property
    def drone_tally(self) -> Tally:
        """Of those that claim a drone."""
        return total(
            tally
            for label, tally in self.track_tallies.items()
            if label in BY_LABEL and BY_LABEL[label].family.startswith("drone")
        )

    @property
    def tallies(self) -> tuple[tuple[str, Tally], ...]:
        """All three kinds of confidences, with their names."""
        return ("drone tracks", self.drone_tally), ("all named tracks", self.track_tally), ("bursts", self.burst_tally)


def total(tallies: Iterable[Tally]) -> Tally:
    """Sum of tallies."""
    return sum(tallies, Tally())
