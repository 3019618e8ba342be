"""Emitters that are always on air: a stream of samples instead of packets."""

from __future__ import annotations

import math

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from dsp.units import to_db
from sim.bandwidth import bandwidth_hz
from sim.cut import CUT_PASS, CUT_STOP, reaches_edge
from sim.level import Link
from sim.phasor import phasor
from sim.scene import Emitter
from sim.schedule import carrier_hz, on_air_between
from sim.slow_packets import divisor_for
from sim.slow_streams import SlowStream
from sim.waveforms import Stream, stream

WIDE = 2
"""Streams at the slice's edge are made at this multiple of its rate and cut."""
CUT_REACH = 256
"""Half the length of the cut's impulse response at the wide rate."""
NARROW_SHARE = 0.25
"""Signals narrower than this share of the slice are cut here; wider ones are made as slices to begin with."""
MOST_DIVISOR = 64
"""Narrow ones are made at this part of the slice's rate at least."""


class CutStream:
    """A narrow stream at the edge of the slice or beyond, cut so that nothing folds into it.

    Parameters
    ----------
    wide
        The stream at ``WIDE`` times the rate of the slice, at its place in the spectrum.
    """

    def __init__(self, wide: Stream) -> None:
        self._wide = wide
        self._carry = wide.read(2 * CUT_REACH)
        frequency = np.abs(scipy.fft.fftfreq(2 * CUT_REACH))
        response = np.clip((CUT_STOP / WIDE - frequency) / ((CUT_STOP - CUT_PASS) / WIDE), 0.0, 1.0)
        self._taps = np.roll(scipy.fft.ifft(response).real, CUT_REACH) * np.hanning(2 * CUT_REACH)

    def read(self, count: int) -> NDArray[np.complex64]:
        """Give the next (count,) samples of the slice."""
        samples = np.concatenate([self._carry, self._wide.read(WIDE * count)])
        self._carry = samples[-2 * CUT_REACH :]
        length = scipy.fft.next_fast_len(len(samples))
        response = scipy.fft.fft(self._taps, length).astype(np.complex64)
        cut = scipy.fft.ifft(scipy.fft.fft(samples, length) * response)
        kept: NDArray[np.complex64] = cut[2 * CUT_REACH : 2 * CUT_REACH + WIDE * count : WIDE]
        return kept


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
        self._stream: Stream | None = None
        self._read: Stream | CutStream | None = None
        self._slow: SlowStream | None = None
        self._divisor = min(divisor_for(emitter.mode, true_rate_hz), MOST_DIVISOR)
        self._stream_offset_hz = 0.0
        self._cycles = 0.0

    def tune(self, true_centre_hz: float) -> bool:
        """Move to a slice; false if nothing of the signal falls inside."""
        offset_hz = self.carrier_hz - true_centre_hz
        if abs(offset_hz) > self._rate_hz / 2.0 + self.bandwidth_hz:
            return False
        narrow = self.bandwidth_hz <= NARROW_SHARE * self._rate_hz
        cut = narrow and reaches_edge(offset_hz, self.bandwidth_hz, self._rate_hz)
        if narrow and self._divisor > 1:
            if self._slow is None:
                rng = np.random.default_rng(self._seed)
                self._slow = SlowStream(stream(self.emitter.mode, self._rate_hz / self._divisor, rng), self._divisor)
            self._slow.place(offset_hz / self._rate_hz, cut=cut)
            return True
        if self._stream is not None and offset_hz == self._stream_offset_hz:
            return True
        self._stream_offset_hz = offset_hz
        if self._stream is not None and self._read is self._stream and not cut:
            self._stream.retune(-offset_hz)
            self.slice_share_db = 0.0 if narrow else to_db(self._stream.mean_power)
            return True
        rate_hz = self._rate_hz * (WIDE if cut else 1)
        rng = np.random.default_rng(self._seed)
        self._stream = stream(self.emitter.mode, rate_hz, rng, offset_hz=-offset_hz)
        self._read = CutStream(self._stream) if cut else self._stream
        self.slice_share_db = 0.0 if narrow else to_db(self._stream.mean_power)
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
            if self._slow is not None:
                part = self._slow.read(last - first, offset_hz / true_rate_hz, begin, end)
            else:
                part = self._placed(last - first, step, begin, end)
            samples[first:last] += part
            stretches.append((first, last - first, to_db(abs(begin) ** 2), offset_hz))
        return stretches

    def _placed(self, count: int, step: float, begin: complex, end: complex) -> NDArray[np.complex64]:
        """The next samples of a stream that is made at the slice's rate."""
        assert self._read is not None
        part = self._read.read(count)
        if end != begin:
            part *= np.linspace(begin, end, count, endpoint=False, dtype=np.complex64)
            begin = 1.0
        if step:
            part *= phasor(count, step, self._cycles, begin)
            self._cycles = math.fmod(self._cycles + step * count, 1.0)
        else:
            part *= np.complex64(begin)
        return part

    def _gain(self, link: Link, time_s: float) -> complex:
        """Complex amplitude at a time of the scene."""
        repeat_s = self.emitter.repeat_s
        level_dbm, fading = link.at(time_s % repeat_s if repeat_s else time_s, self.carrier_hz)
        amplitude = float(10.0 ** (level_dbm / 20.0))
        return amplitude * fading
