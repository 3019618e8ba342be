"""Schedules of ends that take turns, and of telephones with a slot in every frame."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from dsp.protocols.record import SlotTiming, TdmTiming
from sim.emission import LONGEST_FACTOR, Emission, home_frequency_hz, of_length, on_air
from sim.hopping import hop_sequence, net_channels_hz
from sim.scene import Emitter

PACKET_LENGTHS = 6
"""Different lengths of packets of a link that takes turns."""
PACKETS_PER_TURN = 64
"""Most packets of one turn with contents of their own."""
PACKET_GAP_S = 0.5e-3
"""Between two packets of a turn (estimate)."""
HOPPING_SET = 16
"""Most channels of a hopping telephone."""


class TurnSchedule:
    """Two ends take turns; at each turn the channel changes (SiK).

    Turn k starts at ``k (window + silence)`` on channel ``sequence[k]``; even turns are the emitter's, odd ones the
    other end's. An end sends a short packet if it has no data, else packets until its share of the window is used. How
    much each end has to say is drawn by the seed: one of them carries the telemetry, the other little.
    """

    def __init__(self, emitter: Emitter, timing: TdmTiming) -> None:
        assert emitter.band is not None
        self._emitter = emitter
        self._timing = timing
        self._channels_hz = net_channels_hz(emitter.band, emitter.seed)
        self._sequence = hop_sequence(emitter.band, emitter.seed)
        rng = np.random.default_rng((emitter.seed, 1))
        self._dwell_s = timing.dwell_s * (1.0 - emitter.transmitter.ppm * 1e-6)
        self._first_s = float(rng.uniform(0.0, self._dwell_s))
        self._load = (float(rng.uniform(0.0, 0.15)), float(rng.uniform(0.0, 0.9)))
        if rng.uniform() < 0.5:
            self._load = self._load[::-1]
        ratio = timing.longest_s / timing.shortest_s
        steps = range(PACKET_LENGTHS)
        self._lengths_s = [timing.shortest_s * ratio ** (step / (PACKET_LENGTHS - 1)) for step in steps]
        self._modes = [of_length(emitter.mode, length_s) for length_s in self._lengths_s]
        self.longest_s = timing.longest_s * LONGEST_FACTOR

    def channel_of(self, turn: int) -> int:
        """Channel index of turn k."""
        return self._sequence[turn % len(self._sequence)]

    def emissions(self, from_s: float, to_s: float, low_hz: float, high_hz: float) -> Iterator[Emission]:
        """See ``Schedule``."""
        first = max(math.floor((from_s - self._first_s) / self._dwell_s), 0)
        last = math.ceil((to_s - self._first_s) / self._dwell_s)
        for turn in range(first, last):
            frequency_hz = self._channels_hz[self.channel_of(turn)]
            if not low_hz <= frequency_hz <= high_hz:
                continue
            for emission in self._of_turn(turn, frequency_hz):
                if from_s <= emission.start_s < to_s and on_air(self._emitter, emission.start_s):
                    yield emission

    def _of_turn(self, turn: int, frequency_hz: float) -> Iterator[Emission]:
        """Packets of one turn, one after the other, none beyond the end of the window."""
        emitter, window_s = self._emitter, self._timing.window_s
        rng = np.random.default_rng((emitter.seed, 3, turn))
        telemetry = turn % 2 == 1
        other = emitter.telemetry.transmitter if emitter.telemetry else emitter.transmitter
        sender = other if telemetry else emitter.transmitter
        start_s = self._first_s + turn * self._dwell_s
        load = self._load[turn % 2]
        budget_s = load * float(rng.uniform(0.5, 1.5)) * window_s if rng.uniform() < 4.0 * load else 0.0
        into_s, number = 0.0, 0
        while number == 0 or into_s < budget_s:
            length = int(rng.integers(PACKET_LENGTHS)) if budget_s else 0
            if into_s + self._lengths_s[length] > window_s:
                if number:
                    break
                length = 0
            key = turn * PACKETS_PER_TURN + number % PACKETS_PER_TURN
            yield Emission(start_s + into_s, frequency_hz, sender, key, telemetry, mode=self._modes[length])
            into_s += self._lengths_s[length] + PACKET_GAP_S
            number += 1


class SlotSchedule:
    """One burst a frame on one channel, or on a new one of a few in every frame."""

    def __init__(self, emitter: Emitter, timing: SlotTiming) -> None:
        rng = np.random.default_rng((emitter.seed, 1))
        self._emitter = emitter
        self._frame_s = timing.frame_s * (1.0 - emitter.transmitter.ppm * 1e-6)
        self._first_s = float(rng.uniform(0.0, self._frame_s))
        self._channels_hz: tuple[float, ...] = (home_frequency_hz(emitter, rng),)
        if timing.hops and emitter.band is not None and emitter.band.channels_hz:
            count = min(int(rng.integers(4, HOPPING_SET, endpoint=True)), len(emitter.band.channels_hz))
            self._channels_hz = tuple(float(hz) for hz in rng.choice(emitter.band.channels_hz, count, replace=False))
        self.longest_s = timing.airtime_s * LONGEST_FACTOR

    def emissions(self, from_s: float, to_s: float, low_hz: float, high_hz: float) -> Iterator[Emission]:
        """See ``Schedule``."""
        first = max(math.ceil((from_s - self._first_s) / self._frame_s), 0)
        last = math.ceil((to_s - self._first_s) / self._frame_s)
        for frame in range(first, last):
            drawn = (frame * 0x9E3779B1 + self._emitter.seed) % 2**32 >> 16
            frequency_hz = self._channels_hz[drawn % len(self._channels_hz)]
            start_s = self._first_s + frame * self._frame_s
            if low_hz <= frequency_hz <= high_hz and on_air(self._emitter, start_s):
                yield Emission(start_s, frequency_hz, self._emitter.transmitter, frame)
