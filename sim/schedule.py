"""When and where in the spectrum an emitter transmits: pure functions of time, so any stretch can be asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from dsp.protocols.record import ContinuousTiming, HopTiming, OokPhy, SporadicTiming
from sim.bandwidth import bandwidth_hz
from sim.hopping import hop_sequence
from sim.scene import ANY_CHANNEL, Emitter, Transmitter

PERIODIC_JITTER = 0.1
"""Largest shift of a message of a periodic emitter, share of the period."""
REPEAT_GAP_S = 0.01
"""Silence between the repeats of a message where the record names none."""
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


class HoppingSchedule:
    """A packet clock, a new channel every few packets, telemetry in every n-th slot.

    Packet k starts at ``k interval`` (stretched by the transmitter's crystal) on channel
    ``sequence[k / packets_per_hop]``. As in ExpressLRS the slot with ``(k + 1) mod ratio == 0`` belongs to the other
    end. Before a switch-on time nothing is sent; the clock runs through.
    """

    def __init__(self, emitter: Emitter, timing: HopTiming) -> None:
        assert emitter.band is not None
        self._emitter = emitter
        self._timing = timing
        self._channels_hz = emitter.band.channels_hz
        self._sequence = hop_sequence(emitter.band, emitter.seed)
        self._first_s = float(np.random.default_rng((emitter.seed, 1)).uniform(0.0, timing.interval_s))
        self._interval_s = timing.interval_s * (1.0 - emitter.transmitter.ppm * 1e-6)
        self.longest_s = timing.airtime_s * LONGEST_FACTOR

    def channel_of(self, packet: int) -> int:
        """Channel index of packet slot k."""
        return self._sequence[packet // self._timing.packets_per_hop % len(self._sequence)]

    def emissions(self, from_s: float, to_s: float, low_hz: float, high_hz: float) -> Iterator[Emission]:
        """See ``Schedule``."""
        emitter = self._emitter
        first = max(math.ceil((from_s - self._first_s) / self._interval_s), 0)
        last = math.ceil((to_s - self._first_s) / self._interval_s)
        for slot in range(first, last):
            frequency_hz = self._channels_hz[self.channel_of(slot)]
            start_s = self._first_s + slot * self._interval_s
            if not low_hz <= frequency_hz <= high_hz or not on_air(emitter, start_s):
                continue
            telemetry = emitter.telemetry is not None and (slot + 1) % emitter.telemetry.ratio == 0
            sender = emitter.telemetry.transmitter if emitter.telemetry and telemetry else emitter.transmitter
            yield Emission(start_s, frequency_hz, sender, slot // self._timing.copies, telemetry)


class SporadicSchedule:
    """Messages of one device: one in each period, shifted by a jitter, with repeats."""

    def __init__(self, emitter: Emitter, timing: SporadicTiming) -> None:
        rng = np.random.default_rng((emitter.seed, 1))
        shortest_s, longest_s = timing.period_s
        drawn_s = float(np.exp(rng.uniform(np.log(shortest_s), np.log(longest_s))))
        self._emitter = emitter
        self._timing = timing
        self._period_s = emitter.period_s or drawn_s
        self._first_s = float(rng.uniform(-self._period_s, 0.0)) if emitter.period_s is None else 0.0
        self._home_hz = _home_frequency_hz(emitter, rng)
        self._gap_s = emitter.mode.phy.gap_s if isinstance(emitter.mode.phy, OokPhy) else REPEAT_GAP_S
        self.longest_s = timing.repeats[1] * (timing.airtime_s[1] * LONGEST_FACTOR + self._gap_s)

    def _message(self, number: int) -> tuple[float, float, int]:
        """(Start, carrier, number of packets) of a message."""
        rng = np.random.default_rng((self._emitter.seed, 2, number))
        shift = float(rng.uniform(0.0, PERIODIC_JITTER if self._emitter.arrivals == "periodic" else 1.0))
        repeats = int(rng.integers(self._timing.repeats[0], self._timing.repeats[1], endpoint=True))
        room_s = max(self._period_s - repeats * (self._timing.airtime_s[1] + self._gap_s), 0.0)
        start_s = self._first_s + number * self._period_s + shift * room_s
        channels_hz = self._emitter.band.channels_hz if self._emitter.band else ()
        if self._emitter.channel == ANY_CHANNEL and channels_hz:
            return start_s, channels_hz[int(rng.integers(len(channels_hz)))], repeats
        return start_s, self._home_hz, repeats

    def emissions(self, from_s: float, to_s: float, low_hz: float, high_hz: float) -> Iterator[Emission]:
        """See ``Schedule``; a message is found by its first packet."""
        if self._emitter.channel != ANY_CHANNEL and not low_hz <= self._home_hz <= high_hz:
            return
        first = max(math.floor((from_s - self._first_s) / self._period_s) - 1, 0)
        last = math.ceil((to_s - self._first_s) / self._period_s)
        for number in range(first, last):
            start_s, frequency_hz, repeats = self._message(number)
            if from_s <= start_s < to_s and low_hz <= frequency_hz <= high_hz and on_air(self._emitter, start_s):
                for repeat in range(repeats):
                    sender = self._emitter.transmitter
                    yield Emission(start_s, frequency_hz, sender, number, repeat=repeat, gap_s=self._gap_s)


def _home_frequency_hz(emitter: Emitter, rng: np.random.Generator) -> float:
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


def carrier_hz(emitter: Emitter) -> float:
    """Carrier of a continuous emitter."""
    return _home_frequency_hz(emitter, np.random.default_rng((emitter.seed, 1)))


def schedule_of(emitter: Emitter) -> Schedule | None:
    """The packets of an emitter; None for one that is always on air.

    Raises
    ------
    ValueError
        If a hopping mode has no band with channels.
    """
    timing = emitter.mode.timing
    if isinstance(timing, ContinuousTiming):
        return None
    if isinstance(timing, SporadicTiming):
        return SporadicSchedule(emitter, timing)
    if emitter.band is None or not emitter.band.channels_hz:
        raise ValueError(f"emitter {emitter.name}: {emitter.label} {emitter.mode.name} hops; give a band with channels")
    return HoppingSchedule(emitter, timing)
