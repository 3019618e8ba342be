"""When and where in the spectrum an emitter transmits: pure functions of time, so any stretch can be asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from dsp.protocols.record import (
    ContinuousTiming,
    HopTiming,
    Mode,
    OokPhy,
    PulsePhy,
    SlotTiming,
    SporadicTiming,
    TdmTiming,
)
from sim.draws import Draws
from sim.emission import LONGEST_FACTOR, Emission, Schedule, home_frequency_hz, of_length, on_air, on_air_between
from sim.hopping import hop_sequence, net_channels_hz
from sim.scene import ANY_CHANNEL, Emitter
from sim.turns import SlotSchedule, TurnSchedule

__all__ = [
    "Emission",
    "HoppingSchedule",
    "Schedule",
    "SporadicSchedule",
    "carrier_hz",
    "on_air",
    "on_air_between",
    "schedule_of",
]

PERIODIC_JITTER = 0.1
"""Largest shift of a message of a periodic emitter, share of the period."""
REPEAT_GAP_S = 0.01
"""Silence between the repeats of a message where the record names none."""
MESSAGE_SEED = 2
FEW_MESSAGES = 32
"""From so many on it is faster to draw them together ..."""
MESSAGES_AT_ONCE = 256
"""... but not more than these at once: a live radio must not wait for them."""
ANSWER_SEED = 0x5EED
"""Added to the seed for the hop table of the answering end."""


_Message = tuple[float, float, int]
"""(Start, carrier, number of packets)."""


class HoppingSchedule:
    """A packet clock, a new channel every few packets, the other end in slots of its own or as an answer in each.

    Packet k starts at ``k interval`` (stretched by the transmitter's crystal) on channel
    ``sequence[k / packets_per_hop]``. A timing with an answer has the other end's packet in every interval, on the
    same channel or by a sequence of its own. Otherwise, as in ExpressLRS, the slot with ``(k + 1) mod ratio == 0``
    belongs to the other end. Before a switch-on time nothing is sent; the clock runs through.
    """

    def __init__(self, emitter: Emitter, timing: HopTiming) -> None:
        assert emitter.band is not None
        self._emitter = emitter
        self._timing = timing
        self._channels_hz = net_channels_hz(emitter.band, emitter.seed)
        self._sequence = hop_sequence(emitter.band, emitter.seed)
        self._first_s = float(np.random.default_rng((emitter.seed, 1)).uniform(0.0, timing.interval_s))
        self._stretch = 1.0 - emitter.transmitter.ppm * 1e-6
        self._interval_s = timing.interval_s * self._stretch
        self.longest_s = timing.airtime_s * LONGEST_FACTOR
        self._answer_mode: Mode | None = None
        self._answer_sequence = self._sequence
        if timing.answer is not None:
            self._answer_mode = of_length(emitter.mode, timing.answer.airtime_s)
            self.longest_s = max(self.longest_s, timing.answer.airtime_s * LONGEST_FACTOR)
            if timing.answer.own_channels:
                self._answer_sequence = hop_sequence(emitter.band, emitter.seed + ANSWER_SEED)

    def channel_of(self, packet: int) -> int:
        """Channel index of packet slot k."""
        return self._sequence[packet // self._timing.packets_per_hop % len(self._sequence)]

    def answer_channel_of(self, packet: int) -> int:
        """Channel index of the answer in packet slot k."""
        return self._answer_sequence[packet // self._timing.packets_per_hop % len(self._answer_sequence)]

    def emissions(self, from_s: float, to_s: float, low_hz: float, high_hz: float) -> Iterator[Emission]:
        """See ``Schedule``."""
        first = max(math.ceil((from_s - self._first_s) / self._interval_s) - 1, 0)
        last = math.ceil((to_s - self._first_s) / self._interval_s)
        for slot in range(first, last):
            for emission in self._of_slot(slot):
                wanted = low_hz <= emission.frequency_hz <= high_hz and from_s <= emission.start_s < to_s
                if wanted and on_air(self._emitter, emission.start_s):
                    yield emission

    def _of_slot(self, slot: int) -> Iterator[Emission]:
        """The one or two packets of a slot."""
        emitter, answer = self._emitter, self._timing.answer
        other = emitter.telemetry.transmitter if emitter.telemetry else emitter.transmitter
        start_s = self._first_s + slot * self._interval_s
        frequency_hz = self._channels_hz[self.channel_of(slot)]
        telemetry = answer is None and emitter.telemetry is not None and (slot + 1) % emitter.telemetry.ratio == 0
        sender = other if telemetry else emitter.transmitter
        yield Emission(start_s, frequency_hz, sender, slot // self._timing.copies, telemetry)
        if answer is not None:
            answer_hz = self._channels_hz[self.answer_channel_of(slot)]
            answer_s = start_s + answer.delay_s * self._stretch
            yield Emission(answer_s, answer_hz, other, slot, telemetry=True, mode=self._answer_mode)


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
        self._home_hz = home_frequency_hz(emitter, rng)
        self._jitter = _jitter(emitter)
        self._gap_s = emitter.mode.phy.gap_s if isinstance(emitter.mode.phy, OokPhy) else REPEAT_GAP_S
        roams = emitter.channel == ANY_CHANNEL and emitter.band is not None
        self._channels_hz = emitter.band.channels_hz if roams and emitter.band else ()
        self.longest_s = timing.repeats[1] * (timing.airtime_s[1] * LONGEST_FACTOR + self._gap_s)

    def _message(self, number: int) -> _Message:
        """One message, by a generator of its own."""
        rng = np.random.default_rng((self._emitter.seed, MESSAGE_SEED, number))
        shift = float(rng.uniform(0.0, self._jitter))
        repeats = int(rng.integers(self._timing.repeats[0], self._timing.repeats[1], endpoint=True))
        start_s = self._first_s + number * self._period_s + shift * self._room_s(repeats)
        channels_hz = self._channels_hz
        return start_s, channels_hz[int(rng.integers(len(channels_hz)))] if channels_hz else self._home_hz, repeats

    def _messages(self, first: int, last: int) -> Iterator[tuple[int, _Message]]:
        """Messages with their numbers; where there are many, some hundred are drawn at once, which gives the same."""
        while last - first >= FEW_MESSAGES:
            count = min(last - first, MESSAGES_AT_ONCE)
            numbers = first + np.arange(count)
            draws = Draws((self._emitter.seed, MESSAGE_SEED), numbers.astype(np.uint64))
            shifts = draws.uniform(0.0, self._jitter)
            repeats = draws.integers(*self._timing.repeats)
            rooms_s = np.array([self._room_s(each) for each in range(self._timing.repeats[1] + 1)])
            starts_s = self._first_s + numbers * self._period_s + shifts * rooms_s[repeats]
            channels_hz = self._channels_hz or (self._home_hz,)
            places = draws.integers(0, len(channels_hz) - 1)
            for index in range(count):
                message = float(starts_s[index]), channels_hz[places[index]], int(repeats[index])
                yield first + index, message
            first += count
        for number in range(first, last):
            yield number, self._message(number)

    def _room_s(self, repeats: int) -> float:
        """How much later a message may start and still end within its period."""
        return max(self._period_s - repeats * self._timing.airtime_s[1] - (repeats - 1) * self._gap_s, 0.0)

    def emissions(self, from_s: float, to_s: float, low_hz: float, high_hz: float) -> Iterator[Emission]:
        """See ``Schedule``; a message is found by its first packet."""
        if not self._channels_hz and not low_hz <= self._home_hz <= high_hz:
            return
        first = max(math.floor((from_s - self._first_s) / self._period_s) - 1, 0)
        last = math.ceil((to_s - self._first_s) / self._period_s)
        sender = self._emitter.transmitter
        for number, (start_s, frequency_hz, repeats) in self._messages(first, last):
            if from_s <= start_s < to_s and low_hz <= frequency_hz <= high_hz and on_air(self._emitter, start_s):
                for repeat in range(repeats):
                    yield Emission(start_s, frequency_hz, sender, number, repeat=repeat, gap_s=self._gap_s)


def _jitter(emitter: Emitter) -> float:
    """Largest shift of a message, share of the period: radars keep time, beacons of DME do not at all."""
    phy = emitter.mode.phy
    if isinstance(phy, PulsePhy) and phy.gaussian:
        return 1.0
    if isinstance(phy, PulsePhy) and not phy.bit_rate_bps and not phy.reply_code:
        return 0.0
    return PERIODIC_JITTER if emitter.arrivals == "periodic" else 1.0


def carrier_hz(emitter: Emitter) -> float:
    """Carrier of a continuous emitter."""
    return home_frequency_hz(emitter, np.random.default_rng((emitter.seed, 1)))


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
    if isinstance(timing, SlotTiming):
        return SlotSchedule(emitter, timing)
    if emitter.band is None or not emitter.band.channels_hz:
        raise ValueError(f"emitter {emitter.name}: {emitter.label} {emitter.mode.name} hops; give a band with channels")
    return TurnSchedule(emitter, timing) if isinstance(timing, TdmTiming) else HoppingSchedule(emitter, timing)
