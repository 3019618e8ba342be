"""The air: the sum of all emitters as it reaches the antenna of a receiver tuned to one slice."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.record import Mode
from dsp.units import NS_PER_S
from sim.bandwidth import bandwidth_hz
from sim.continuous import ContinuousEmitter
from sim.level import Link
from sim.scene import Emitter, Scene
from sim.schedule import Emission, schedule_of
from sim.shared import Shared
from sim.truth import TrueBurst
from sim.upcoming import Upcoming
from sim.waveform_pool import Carrier, PacketKind, Waveform, WaveformPool

WORST_PPM = 200.0
"""No transmitter is further off than this."""
SHORT_SAMPLES = 2048
"""Packets no longer than this are made ready in one piece."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What the receiver does from one retune to the next."""

    centre_hz: float
    """What the dongle was told and what recordings say."""
    sample_rate_hz: float
    true_centre_hz: float
    """With the crystal's error at the start of the tuning."""
    true_rate_hz: float


@dataclass(frozen=True, slots=True)
class ChunkTime:
    """One chunk on the true clock."""

    first_sample: int
    samples: int
    start_s: float
    true_centre_hz: float
    true_rate_hz: float

    @property
    def end_s(self) -> float:
        """Just after the last sample."""
        return self.start_s + self.samples / self.true_rate_hz


class _Sender:
    """A scheduled emitter in one tuning: what it sends next and what its packets have in common."""

    def __init__(
        self, index: int, emitter: Emitter, upcoming: Upcoming, pool: WaveformPool, true_rate_hz: float
    ) -> None:
        self.index = index
        self.emitter = emitter
        self.upcoming = upcoming
        self.width_hz = bandwidth_hz(emitter.mode.phy)
        self._pool = pool
        self._rate_hz = true_rate_hz
        self._kinds: dict[int, PacketKind] = {}
        self._short = Carrier(0.0, 1.0)

    def kind(self, mode: Mode) -> PacketKind:
        """The kind of its packets of a mode."""
        found = self._kinds.get(id(mode))
        if found is None:
            found = self._kinds[id(mode)] = self._pool.kind(mode, self._rate_hz)
        return found

    def ramp(self, samples: int, cycles: float) -> NDArray[np.complex64]:
        """A carrier from phase 0, kept: many short packets have the same."""
        if cycles != self._short.cycles:
            self._short = Carrier(cycles, 1.0)
        return self._short.ramp(samples)


@dataclass(slots=True, eq=False)
class _Placed:
    """A packet on its way through the chunks."""

    first_sample: int
    waveform: Waveform
    carrier: Carrier
    short: NDArray[np.complex64] | None = None
    """All of it, ready to be added, if it is short."""


class Air:
    """Renders consecutive chunks of one tuning.

    Parameters
    ----------
    scene
        The emitters.
    tuning
        Where the receiver listens.
    shared
        What outlives a tuning.
    start_s
        True time of the first chunk: packets already on air then are found.
    sample_time_ns
        Receiver's clock for a sample index.
    truth
        Told of every burst that touches the slice.
    """

    def __init__(
        self,
        scene: Scene,
        tuning: Tuning,
        *,
        shared: Shared,
        start_s: float,
        sample_time_ns: Callable[[int], int],
        truth: Callable[[TrueBurst], None] | None,
    ) -> None:
        self._scene = scene
        self._tuning = tuning
        self._shared = shared
        self._sample_time_ns = sample_time_ns
        self._truth = truth
        self._placed: list[_Placed] = []
        self._senders: list[_Sender] = []
        self._continuous: list[tuple[Link, ContinuousEmitter]] = []
        for index, emitter in enumerate(scene.emitters):
            schedule = schedule_of(emitter)
            if schedule is not None:
                reach_hz = tuning.sample_rate_hz / 2.0 + bandwidth_hz(emitter.mode.phy)
                reach_hz += WORST_PPM * 1e-6 * tuning.centre_hz
                low_hz, high_hz = tuning.true_centre_hz - reach_hz, tuning.true_centre_hz + reach_hz
                upcoming = Upcoming(schedule, start_s - schedule.longest_s, low_hz, high_hz)
                self._senders.append(_Sender(index, emitter, upcoming, shared.pool, tuning.true_rate_hz))
                continue
            voice = shared.voice(index, tuning.true_rate_hz)
            if voice.tune(tuning.true_centre_hz):
                self._continuous.append((shared.links[index, False], voice))

    def add_to(self, samples: NDArray[np.complex64], time: ChunkTime, noise_dbm_per_hz: float) -> None:
        """Add the next chunk in place; amplitude 1 is 1 mW at the antenna."""
        for sender in self._senders:
            for emission in sender.upcoming.until(time.end_s):
                self._place(sender, emission, time, noise_dbm_per_hz)
        for placed in self._placed:
            _add(samples, time.first_sample, placed)
        end = time.first_sample + time.samples
        self._placed = [placed for placed in self._placed if placed.first_sample + len(placed.waveform) > end]
        for link, voice in self._continuous:
            stretches = voice.add_to(samples, time.start_s, time.true_centre_hz, time.true_rate_hz, link)
            for first, count, level_dbm, offset_hz in stretches:
                width_hz = min(voice.bandwidth_hz, self._tuning.sample_rate_hz)
                snr_db = level_dbm + voice.slice_share_db - noise_dbm_per_hz - 10.0 * math.log10(width_hz)
                self._report(voice.emitter, time.first_sample + first, count, offset_hz, snr_db, voice.carrier_hz)

    def _place(self, sender: _Sender, emission: Emission, time: ChunkTime, noise_dbm_per_hz: float) -> None:
        """Take up a packet that starts in this chunk (or at the first: one that is on air already)."""
        emitter, transmitter = sender.emitter, emission.transmitter
        ppm = transmitter.ppm + transmitter.drift_ppm_per_s * emission.start_s
        transmit_hz = emission.frequency_hz * (1.0 + ppm * 1e-6)
        offset_hz = transmit_hz - time.true_centre_hz
        if abs(offset_hz) > self._tuning.sample_rate_hz / 2.0 + sender.width_hz:
            return
        key = (sender.index << 40) + (int(emission.telemetry) << 39) + emission.packet
        waveform = self._shared.pool.get(sender.kind(emission.mode or emitter.mode), offset_hz, key)
        length = len(waveform)
        wait_s = emission.repeat * (length / time.true_rate_hz + emission.gap_s)
        start_s = emission.start_s + wait_s
        first = time.first_sample + round((start_s - time.start_s) * time.true_rate_hz)
        if first + length <= time.first_sample:
            return
        local_s = start_s % emitter.repeat_s if emitter.repeat_s else start_s
        level_dbm, gain = self._shared.links[sender.index, emission.telemetry].at(local_s, transmit_hz)
        phase = math.tau * self._shared.pool.draw(key) / 2.0**32
        amplitude = gain * cmath.rect(10.0 ** (level_dbm / 20.0), phase)
        cycles = (offset_hz - waveform.baked_hz) / time.true_rate_hz
        placed = _Placed(first, waveform, Carrier(cycles, amplitude))
        if length <= SHORT_SAMPLES and waveform.divisor == 1:
            placed.short = sender.ramp(length, cycles) * waveform.samples
            placed.short *= np.complex64(amplitude)
        self._placed.append(placed)
        if self._truth is not None:
            faded_dbm = level_dbm + 20.0 * math.log10(max(abs(gain), 1e-9))
            snr_db = faded_dbm - noise_dbm_per_hz - 10.0 * math.log10(sender.width_hz)
            seen = max(first, time.first_sample)
            count = first + length - seen
            self._report(emitter, seen, count, offset_hz, snr_db, transmit_hz, telemetry=emission.telemetry)

    def _report(
        self,
        emitter: Emitter,
        first: int,
        count: int,
        offset_hz: float,
        snr_db: float,
        transmit_hz: float,
        *,
        telemetry: bool = False,
    ) -> None:
        """Tell the truth, if the signal's own band touches the slice."""
        half_hz = self._tuning.sample_rate_hz / 2.0
        half_width_hz = bandwidth_hz(emitter.mode.phy) / 2.0
        low_hz, high_hz = max(offset_hz - half_width_hz, -half_hz), min(offset_hz + half_width_hz, half_hz)
        if self._truth is None or low_hz >= high_hz:
            return
        self._truth(
            TrueBurst(
                sample_start=first,
                sample_count=count,
                start_ns=self._sample_time_ns(first),
                duration_s=(self._sample_time_ns(first + count) - self._sample_time_ns(first)) / NS_PER_S,
                low_hz=round(self._tuning.centre_hz + low_hz, 1),
                high_hz=round(self._tuning.centre_hz + high_hz, 1),
                label=emitter.label,
                mode=emitter.mode.name,
                emitter=emitter.name,
                snr_db=snr_db,
                transmit_hz=transmit_hz,
                telemetry=telemetry,
            )
        )


def _add(samples: NDArray[np.complex64], first_sample: int, placed: _Placed) -> None:
    """Add the part of a packet that lies in this chunk, shifted to its frequency."""
    start = max(placed.first_sample, first_sample)
    end = min(placed.first_sample + len(placed.waveform), first_sample + len(samples))
    if start >= end:
        return
    begin = start - placed.first_sample
    if placed.short is not None:
        samples[start - first_sample : end - first_sample] += placed.short[begin : end - placed.first_sample]
        return
    placed.waveform.add_to(samples[start - first_sample : end - first_sample], begin, placed.carrier)
