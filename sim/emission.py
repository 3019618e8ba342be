"""Packets on air and what all schedules share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

import numpy as np

from dsp.protocols.record import Mode, SporadicTiming
from sim.bandwidth import bandwidth_hz
from sim.scene import Emitter, Transmitter

LONGEST_FACTOR = 1.5
"""A packet may be this much longer than the longest of its record before it is cut off by a retune."""


@dataclass(frozen=True, slots=True)
class Emission:
    """One packet on air."""

    start_s: float
    frequency_hz: float
    """Of the channel; the crystal's error comes on top."""
    transmitter: Transmitter
    packet: int
    """Equal numbers carry equal content (copies and repeats)."""
    telemetry: bool = False
    repeat: int = 0
    """This packet waits for so many of the same length after ``start_s``, each followed by ``gap_s``."""
    gap_s: float = 0.0
    mode: Mode | None = None
    """Kind of this packet where it is not the emitter's."""


class Schedule(Protocol):
    """The packets of one emitter."""

    longest_s: float
    """No emission ends later than this after its start."""

    def emissions(self, from_s: float, to_s: float, low_hz: float, high_hz: float) -> Iterator[Emission]:
        """Packets that start in [from_s, to_s) on a channel in [low_hz, high_hz], in order."""
        ...


def on_air(emitter: Emitter, time_s: float) -> bool:
    """Whether packets may start at this time."""
    local_s = time_s % emitter.repeat_s if emitter.repeat_s else time_s
    return time_s >= 0 and (not emitter.on_s or any(start <= local_s < end for start, end in emitter.on_s))


def on_air_between(emitter: Emitter, from_s: float, to_s: float) -> list[tuple[float, float]]:
    """The parts of [from_s, to_s) in which a continuous emitter is on."""
    edges_s = {from_s, to_s}
    period_s = emitter.repeat_s or math.inf
    rounds = range(math.floor(from_s / period_s), math.floor(to_s / period_s) + 1) if emitter.repeat_s else (0,)
    for number in rounds:
        base_s = number * period_s if number else 0.0
        edges_s.update(base_s + edge for interval in (*emitter.on_s, (0.0, math.inf)) for edge in interval)
    inside_s = sorted(edge for edge in edges_s if from_s <= edge <= to_s)
    return [(early, late) for early, late in pairwise(inside_s) if on_air(emitter, (early + late) / 2.0)]


def of_length(mode: Mode, airtime_s: float) -> Mode:
    """The mode with packets of one length."""
    return replace(mode, timing=SporadicTiming((airtime_s, airtime_s), (1.0, 1.0)))


def home_frequency_hz(emitter: Emitter, rng: np.random.Generator) -> float:
    """Carrier of an emitter that stays where it is."""
    if emitter.frequency_hz is not None:
        return emitter.frequency_hz
    assert emitter.band is not None
    channels_hz = emitter.band.channels_hz
    if channels_hz:
        drawn = int(rng.integers(len(channels_hz)))
        return channels_hz[emitter.channel if isinstance(emitter.channel, int) else drawn]
    half_hz = min(bandwidth_hz(emitter.mode.phy), emitter.band.high_hz - emitter.band.low_hz) / 2.0
    return float(rng.uniform(emitter.band.low_hz + half_hz, emitter.band.high_hz - half_hz))
