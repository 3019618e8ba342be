"""Emitters that are always on air: a stream of samples instead of packets."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dsp.units import from_db, to_db
from sim.bandwidth import bandwidth_hz
from sim.level import Link
from sim.scene import Emitter
from sim.schedule import carrier_hz, on_air_between
from sim.waveform_pool import phasor
from sim.waveforms import stream

SHARE_S = 0.05
"""Signal measured to learn how much of a wide signal falls into the slice: more than two video fields."""


class ContinuousEmitter:
    """One stream in one slice.

    Parameters
    ----------
    emitter
        With ``ContinuousTiming``.
    seed
        Draws its content.
    true_rate_hz
        Sample rate on the true clock.
    """

    def __init__(self, emitter: Emitter, seed: tuple[int, ...], true_rate_hz: float) -> None:
        self.emitter = emitter
        self.bandwidth_hz = bandwidth_hz(emitter.mode.phy)
        self.carrier_hz = carrier_hz(emitter) * (1.0 + emitter.transmitter.ppm * 1e-6)
        self.slice_share_db = 0.0
        """Part of its power inside the slice; 0 for all."""
        self._seed = seed
        self._rate_hz = true_rate_hz
        self._stream_offset_hz = 0.0
        self._cycles = 0.0

    def hears(self, true_centre_hz: float) -> bool:
        """Tune the stream to a slice; false if nothing of it falls inside."""
        offset_hz = self.carrier_hz - true_centre_hz
        if abs(offset_hz) > self._rate_hz / 2.0 + self.bandwidth_hz:
            return False
        self._stream_offset_hz = offset_hz
        self._stream = stream(self.emitter.mode, self._rate_hz, np.random.default_rng(self._seed), offset_hz=-offset_hz)
        self.slice_share_db = slice_share_db(self.emitter, self._rate_hz, offset_hz)
        return True

    def add_to(
        self, samples: NDArray[np.complex64], start_s: float, true_centre_hz: float, true_rate_hz: float, link: Link
    ) -> list[tuple[int, int, float, float]]:
        """Add one chunk in place.

        Returns
        -------
        ``(first sample in the chunk, samples, level in dBm with fading, offset in Hz)`` of each stretch it was on.
        """
        stretches: list[tuple[int, int, float, float]] = []
        drift = 1.0 + self.emitter.transmitter.drift_ppm_per_s * 1e-6 * start_s
        offset_hz = self.carrier_hz * drift - true_centre_hz
        step = (offset_hz - self._stream_offset_hz) / true_rate_hz
        for early_s, late_s in on_air_between(self.emitter, start_s, start_s + len(samples) / true_rate_hz):
            first = min(max(round((early_s - start_s) * true_rate_hz), 0), len(samples))
            last = min(max(round((late_s - start_s) * true_rate_hz), 0), len(samples))
            if first == last:
                continue
            begin, end = (self._gain(link, time_s) for time_s in (early_s, late_s))
            part = self._stream.read(last - first)
            if step:
                part = part * phasor(last - first, step, self._cycles)
                self._cycles = math.fmod(self._cycles + step * (last - first), 1.0)
            if link.steady:
                part = part * np.complex64(begin)
            else:
                part = part * np.linspace(begin, end, last - first, endpoint=False, dtype=np.complex64)
            samples[first:last] += part
            stretches.append((first, last - first, to_db(abs(begin) ** 2), offset_hz))
        return stretches

    def _gain(self, link: Link, time_s: float) -> complex:
        """Complex amplitude at a time of the scene."""
        repeat_s = self.emitter.repeat_s
        level_dbm, fading = link.at(time_s % repeat_s if repeat_s else time_s, self.carrier_hz)
        amplitude = float(10.0 ** (level_dbm / 20.0))
        return amplitude * fading


def slice_share_db(emitter: Emitter, rate_hz: float, offset_hz: float) -> float:
    """Part of a continuous signal's power that falls into the slice, measured on a piece of it; 0 when it fits."""
    width_hz = bandwidth_hz(emitter.mode.phy)
    if abs(offset_hz) + width_hz / 2.0 <= rate_hz / 2.0:
        return 0.0
    probe = stream(emitter.mode, rate_hz, np.random.default_rng(0), offset_hz=-offset_hz)
    piece = probe.read(round(SHARE_S * rate_hz))
    return max(to_db(float(np.mean(np.abs(piece) ** 2))), to_db(from_db(-60.0)))
