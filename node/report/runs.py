"""What is run: one ``Run`` is one simulated scene, named by a key from which everything about it is drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Literal

from dsp.protocols import BY_LABEL, PROTOCOLS
from dsp.protocols.record import Band, ChirpPhy, FmVideoPhy, FskPhy, Mode, RfProtocol
from node.report.backgrounds import BACKGROUNDS

PROTOCOL_NAME = "skypicket-evaluation-1"
"""Part of every seed: a protocol of another name shares no scene with this one."""
Part = Literal["link", "confuser", "background"]
HIGHEST_HZ = 1766e6
"""Upper end of an R820T tuner; what lies above needs a converter and is not simulated here."""
FLOORS_DB = {5: -2.5, 6: -5.0, 7: -7.5, 8: -10.0, 9: -12.5}
"""Signal-to-noise ratio that a LoRa demodulator needs, by spreading factor [1].

[1] Semtech SX1276 data sheet rev. 7, table 13; SX1262 rev. 2.1 for SF5
"""
BELOW_FLOOR_DB = 5.0
STRONG_DB = 10.0
LINK_S = {"drone-control": 8.0, "drone-telemetry": 10.0, "drone-video": 2.5, "drone-datalink": 4.0}
"""How long a link is on air in its scene; it must be found by then."""
VIDEO_WITHIN_S = 1.0
"""A picture must be found within this time to count."""
CONFUSER_S = 6.0
CONFUSERS_EVERY = 4
"""Each harmless emitter is run in every so many rounds: what they could be taken for shows in the background."""
TIMED = (
    ("expresslrs", "200Hz", "FCC915"),
    ("expresslrs", "200Hz", "EU433"),
    ("crossfire", "150Hz", "868"),
    ("crossfire", "150Hz", "915"),
    ("sik", "64k", "915"),
)
"""Modes and bands that the design sets an alert time for: at the strong level in every round, whichever band is due."""
SEGMENT_S = 120.0
FAST_SEGMENT_S = 10.0
"""Length of one stretch of background; a first look takes short ones."""


@dataclass(frozen=True, slots=True)
class Run:
    """One simulated scene.

    Parameters
    ----------
    part
        A drone link, a single harmless emitter, or a stretch of a busy band.
    label, mode, band
        Names in the protocols' records; of a background its name and twice nothing.
    snr_db
        Of links, in the link's own bandwidth or, where that is narrower, in the slice. None: drawn.
    trial
        Number among those that are alike otherwise.
    seconds
        Time on air of a link, length of any other scene.
    """

    part: Part
    label: str
    mode: str
    band: str
    snr_db: float | None
    trial: int
    seconds: float

    @property
    def key(self) -> str:
        """Name of this run, the same for ever."""
        snr = "" if self.snr_db is None else f"{self.snr_db:+g}dB"
        return "|".join((self.part, self.label, self.mode, self.band, snr, f"{self.seconds:g}s", str(self.trial)))

    @property
    def seed(self) -> int:
        """31 bits from the protocol's name and the key: no table of seeds to keep, none shared with training."""
        digest = hashlib.sha256(f"{PROTOCOL_NAME}|{self.key}".encode()).digest()
        return int.from_bytes(digest[:4], "big") >> 1


@dataclass(frozen=True, slots=True)
class Levels:
    """The signal-to-noise ratios that a mode is run at."""

    detect_db: float
    """Where it has to be found."""
    name_db: float
    """Where label and mode have to be right."""
    budgeted: bool
    """Whether the design sets these; else they are those of its kind, for comparison."""

    @property
    def grid(self) -> tuple[float, ...]:
        """Ascending: 5 dB below, at and above both; a step between where the strong level is far off."""
        levels = {self.detect_db - 5.0, self.detect_db, self.name_db, STRONG_DB}
        return tuple(sorted(levels | ({self.name_db + 5.0} if self.name_db < 0 else set())))


def levels_of(protocol: RfProtocol, mode: Mode) -> Levels:
    """Detection 5 dB below the demodulator's floor for LoRa, 0 dB for the rest; names at the floor or +5 dB."""
    match mode.phy:
        case ChirpPhy(spreading_factor=factor):
            floor_db = FLOORS_DB[factor]
            return Levels(floor_db - BELOW_FLOOR_DB, floor_db, protocol.label == "expresslrs")
        case FmVideoPhy():
            return Levels(0.0, 5.0, budgeted=True)
        case FskPhy():
            return Levels(0.0, 5.0, protocol.label in {"sik", "crossfire", "mlrs"})
        case _:
            return Levels(0.0, 5.0, budgeted=False)


def reachable(protocol: RfProtocol, mode: Mode) -> tuple[Band, ...]:
    """Bands of a mode that the tuner reaches."""
    return tuple(band for band in protocol.bands_of(mode) if band.high_hz <= HIGHEST_HZ)


def link_modes() -> Iterator[tuple[RfProtocol, Mode, tuple[Band, ...]]]:
    """Every mode of every drone protocol that can be heard without a converter."""
    for protocol in PROTOCOLS:
        for mode in protocol.modes:
            bands = reachable(protocol, mode)
            if protocol.family.startswith("drone") and bands:
                yield protocol, mode, bands


def link_runs(trial: int, *, fast: bool) -> list[Run]:
    """One scene for each mode and level; the band goes round with the trials. Fast: at one level, half as long."""
    runs = []
    for protocol, mode, bands in link_modes():
        levels = levels_of(protocol, mode)
        seconds = lengths_s("link", protocol.label, fast=fast)
        for number, snr_db in enumerate((STRONG_DB,) if fast else levels.grid):
            band = bands[(trial + number) % len(bands)]
            runs.append(Run("link", protocol.label, mode.name, band.name, snr_db, trial, seconds))
    have = {(run.label, run.mode, run.band, run.snr_db) for run in runs}
    for label, name, band_name in () if fast else TIMED:
        if (label, name, band_name, STRONG_DB) not in have:
            seconds = lengths_s("link", label, fast=fast)
            runs.append(Run("link", label, name, band_name, STRONG_DB, trial, seconds))
    return runs


def confuser_runs(trial: int, *, fast: bool) -> list[Run]:
    """One scene for each mode of each harmless protocol; fast: one mode each."""
    runs = []
    for protocol in PROTOCOLS:
        if protocol.family.startswith("drone"):
            continue
        modes = [mode for mode in protocol.modes if reachable(protocol, mode) or protocol.bands[0].name == "anywhere"]
        for mode in modes[:1] if fast else modes:
            bands = protocol.bands_of(mode)
            near = [band for band in bands if band.high_hz <= HIGHEST_HZ] or list(bands)
            seconds = lengths_s("confuser", protocol.label, fast=fast)
            runs.append(Run("confuser", protocol.label, mode.name, near[trial % len(near)].name, None, trial, seconds))
    return runs


def background_runs(hours: float, segment_s: float = SEGMENT_S) -> list[Run]:
    """Stretches of all busy bands in turn until together they are so long."""
    each = ceil(hours * 3600.0 / segment_s / len(BACKGROUNDS) - 1e-9)
    return [
        Run("background", background.name, "", "", None, number, segment_s)
        for number in range(each)
        for background in BACKGROUNDS
    ]


def lengths_s(part: Part, label: str, *, fast: bool) -> float:
    """How long a run of this kind is."""
    share = 0.5 if fast else 1.0
    match part:
        case "background":
            return FAST_SEGMENT_S if fast else SEGMENT_S
        case "confuser":
            return CONFUSER_S * share
        case "link":
            family = BY_LABEL[label].family
            return LINK_S[family] * (1.0 if family == "drone-telemetry" else share)


def belongs(run: Run, *, fast: bool, only: str = "") -> bool:
    """Whether a result is of this kind of report, however many trials or hours were asked for when it was made."""
    known = run.part == "background" or run.label in BY_LABEL
    return known and run.seconds == lengths_s(run.part, run.label, fast=fast) and only in run.key


def planned(trials: int, hours: float, *, fast: bool = False, only: str = "") -> list[Run]:
    """Everything to run, in rounds: whenever it is cut short, every figure has its share.

    A round has one scene of every mode at every level, a part of the harmless emitters and a part of the background;
    within the round each kind is spread evenly over it, its members in an order that seeds shuffle.

    Parameters
    ----------
    trials
        Scenes for each mode and level; a quarter as many for each harmless mode.
    hours
        Background.
    fast
        A first look: one level, short scenes.
    only
        Only runs whose key holds this text.
    """
    backgrounds = background_runs(hours, lengths_s("background", "", fast=fast))
    rounds = max(trials, 1)
    done: list[Run] = []
    for number in range(rounds):
        first, end = number * len(backgrounds) // rounds, (number + 1) * len(backgrounds) // rounds
        kinds = [backgrounds[first:end]]
        if number < trials:
            every = 1 if fast else CONFUSERS_EVERY
            harmless = confuser_runs(number // every, fast=fast)
            kinds += [_shuffled(link_runs(number, fast=fast)), _shuffled(harmless[number % every :: every])]
        done += _spread(kinds)
    return [run for run in done if only in run.key]


def _shuffled(runs: list[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: (run.seed, run.key))


def _spread(kinds: list[list[Run]]) -> list[Run]:
    """One list of all, in which each kind keeps its order and every part of the list has its share of each."""
    placed = [
        ((place + 0.5) / len(kind), which, run) for which, kind in enumerate(kinds) for place, run in enumerate(kind)
    ]
    return [run for _, _, run in sorted(placed, key=lambda each: each[:2])]
