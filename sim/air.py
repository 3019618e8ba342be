"""The air: the sum of all emitters as it reaches the antenna of a receiver tuned to one slice."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.units import NS_PER_S
from sim.bandwidth import bandwidth_hz
from sim.continuous import ContinuousEmitter
from sim.level import Link
from sim.scene import Emitter, Scene
from sim.schedule import Emission, Schedule, schedule_of
from sim.shared import Shared
from sim.truth import TrueBurst
from sim.waveform_pool import Waveform, phasor

WORST_PPM = 200.0
"""No transmitter is further off than this."""


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


@dataclass(slots=True, eq=False)
class _Placed:
    """A packet on its way through the chunks."""

    first_sample: int
    waveform: Waveform
    amplitude: complex
    cycles_per_sample: float


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
        self._start_s = start_s
        self._sample_time_ns = sample_time_ns
        self._truth = truth
        self._placed: list[_Placed] = []
        self._scheduled: list[tuple[int, Emitter, Schedule]] = []
        self._continuous: list[tuple[Link, ContinuousEmitter]] = []
        self._first_chunk = True
        for index, emitter in enumerate(scene.emitters):
            schedule = schedule_of(emitter)
            if schedule is not None:
                self._scheduled.append((index, emitter, schedule))
                continue
            voice = shared.voice(index, tuning.true_rate_hz)
            if voice.tune(tuning.true_centre_hz):
                self._continuous.append((shared.links[index, False], voice))

    def render(self, time: ChunkTime, noise_dbm_per_hz: float) -> NDArray[np.complex64]:
        """The next chunk: (n,) complex64, amplitude 1 is 1 mW at the antenna."""
        samples = np.zeros(time.samples, np.complex64)
        for index, emitter, schedule in self._scheduled:
            self._place(index, emitter, schedule, time, noise_dbm_per_hz)
        self._first_chunk = False
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
        return samples

    def _place(
        self, index: int, emitter: Emitter, schedule: Schedule, time: ChunkTime, noise_dbm_per_hz: float
    ) -> None:
        """Take up the packets that start in this chunk (and at the first those that are on air already)."""
        width_hz = bandwidth_hz(emitter.mode.phy)
        reach_hz = self._tuning.sample_rate_hz / 2.0 + width_hz + WORST_PPM * 1e-6 * self._tuning.centre_hz
        from_s = time.start_s - schedule.longest_s if self._first_chunk else time.start_s
        low_hz, high_hz = time.true_centre_hz - reach_hz, time.true_centre_hz + reach_hz
        for emission in schedule.emissions(from_s, time.end_s, low_hz, high_hz):
            self._place_packet(index, emitter, emission, time, noise_dbm_per_hz, width_hz)

    def _place_packet(
        self,
        index: int,
        emitter: Emitter,
        emission: Emission,
        time: ChunkTime,
        noise_dbm_per_hz: float,
        width_hz: float,
    ) -> None:
        sender = emission.transmitter
        ppm = sender.ppm + sender.drift_ppm_per_s * emission.start_s
        transmit_hz = emission.frequency_hz * (1.0 + ppm * 1e-6)
        offset_hz = transmit_hz - time.true_centre_hz
        if abs(offset_hz) > self._tuning.sample_rate_hz / 2.0 + width_hz:
            return
        key = (index << 40) + (int(emission.telemetry) << 39) + emission.packet
        waveform = self._shared.pool.get(emission.mode or emitter.mode, self._tuning.true_rate_hz, offset_hz, key)
        wait_s = emission.repeat * (len(waveform) / time.true_rate_hz + emission.gap_s)
        start_s = emission.start_s + wait_s
        first = time.first_sample + round((start_s - time.start_s) * time.true_rate_hz)
        if first + len(waveform) <= time.first_sample:
            return
        local_s = start_s % emitter.repeat_s if emitter.repeat_s else start_s
        level_dbm, gain = self._shared.links[index, emission.telemetry].at(local_s, transmit_hz)
        phase = np.random.SeedSequence((self._scene.seed, key)).generate_state(1)[0] / 2.0**32
        amplitude = 10.0 ** (level_dbm / 20.0) * gain * complex(np.exp(2j * np.pi * phase))
        cycles = (offset_hz - waveform.baked_hz) / time.true_rate_hz
        self._placed.append(_Placed(first, waveform, amplitude, cycles))
        snr_db = level_dbm + 20.0 * math.log10(max(abs(gain), 1e-9)) - noise_dbm_per_hz - 10.0 * math.log10(width_hz)
        seen = max(first, time.first_sample)
        count = first + len(waveform) - seen
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
    cycles = math.fmod(placed.cycles_per_sample * (start - placed.first_sample), 1.0)
    ramp = phasor(end - start, placed.cycles_per_sample, cycles)
    ramp *= np.complex64(placed.amplitude)
    ramp *= placed.waveform.part(start - placed.first_sample, end - placed.first_sample)
    samples[start - first_sample : end - first_sample] += ramp
