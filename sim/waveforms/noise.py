"""Noise-like interference."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.protocols.record import NoisePhy, Timing
from sim.waveforms.lengths import packet_airtime_s
from sim.waveforms.loop import good_length, piece_of, slice_of
from sim.waveforms.wander import Wander

LOOP_S = 0.3
MAINS_HZ = (100.0, 120.0)
"""Appliances are noisiest at the crests of the mains."""
EDGE_SHARE = 0.1
"""The band falls off over this share of its width on each side."""


def _spectrum(samples: int, share: float, rng: np.random.Generator) -> NDArray[np.complex64]:
    """Random spectrum of (samples,) bins in FFT order, unit power, in the middle ``share`` of the band."""
    share = max(share, 4.0 / samples)
    reach = min(int(0.5 * (1.0 + EDGE_SHARE) * share * samples) + 1, (samples - 1) // 2)
    from_centre = np.arange(reach + 1) / (share * samples)
    amplitude = np.sqrt(np.clip((0.5 - from_centre) / EDGE_SHARE + 0.5, 0.0, 1.0)).astype(np.float32)
    spectrum = np.zeros(samples, np.complex64)
    drawn = rng.standard_normal(4 * reach + 2, dtype=np.float32).view(np.complex64)
    spectrum[: reach + 1] = drawn[: reach + 1] * amplitude
    spectrum[samples - reach :] = drawn[reach + 1 :] * amplitude[:0:-1]
    power = float(np.vdot(spectrum, spectrum).real) / samples**2
    spectrum /= np.float32(math.sqrt(power))
    return np.asarray(spectrum, dtype=np.complex64)


class NoiseStream:
    """Gaussian noise of a given width without end, repeated after 0.3 s with another phase.

    Half of the sources rise and fall with the mains.

    Parameters
    ----------
    offset_hz
        Where 0 Hz of the samples lies relative to the middle of the noise.

    Attributes
    ----------
    mean_power
        Mean power of the samples; the whole signal has 1.
    """

    def __init__(self, phy: NoisePhy, sample_rate_hz: float, rng: np.random.Generator, offset_hz: float = 0.0) -> None:
        self._length = good_length(LOOP_S * sample_rate_hz)
        self._duration_s = self._length / sample_rate_hz
        factor = max(math.ceil((1.0 + EDGE_SHARE) * phy.bandwidth_hz / sample_rate_hz), 1)
        total = self._length * factor
        self._spectrum = _spectrum(total, phy.bandwidth_hz / (factor * sample_rate_hz), rng)
        if rng.uniform() < 0.5:
            self._spectrum = _swelling(self._spectrum, self._duration_s, rng)
        self._wander = Wander(1.0, sample_rate_hz, rng)
        self._position = 0
        self.retune(offset_hz)

    def retune(self, offset_hz: float) -> None:
        """Move the slice; time goes on."""
        self._samples = slice_of(self._spectrum, self._length, round(offset_hz * self._duration_s))
        self.mean_power = float(np.vdot(self._samples, self._samples).real) / self._length

    def read(self, count: int) -> NDArray[np.complex64]:
        """Give the next (count,) complex64 samples."""
        samples = self._wander.phasor(count)
        samples *= piece_of(self._samples, self._position, count)
        self._position = (self._position + count) % self._length
        return samples


def _swelling(spectrum: NDArray[np.complex64], duration_s: float, rng: np.random.Generator) -> NDArray[np.complex64]:
    """The same noise, its power swelling with the mains: raised-cosine crests over a floor."""
    samples = fft.ifft(spectrum)
    crests = round(float(rng.choice(MAINS_HZ)) * duration_s)
    turns = np.arange(len(samples)) * (crests / len(samples))
    turns -= np.rint(turns)
    wave = np.float32(0.5) + np.float32(0.5) * np.cos(np.float32(2.0 * np.pi) * turns.astype(np.float32))
    floor, power = np.float32(rng.uniform(0.05, 0.5)), int(rng.integers(1, 6))
    samples *= np.sqrt(floor + math.prod([wave] * power))
    samples /= math.sqrt(float(np.vdot(samples, samples).real) / len(samples))
    return np.asarray(fft.fft(samples), dtype=np.complex64)


def packet(phy: NoisePhy, timing: Timing, sample_rate_hz: float, rng: np.random.Generator) -> NDArray[np.complex64]:
    """One burst of noise, (n,) complex64 of unit mean power, no wider than the slice."""
    count = max(round(packet_airtime_s(timing, rng) * sample_rate_hz), 4)
    length = fft.next_fast_len(count)
    samples = fft.ifft(_spectrum(length, min(phy.bandwidth_hz / sample_rate_hz, 2.0), rng))[:count]
    samples /= math.sqrt(float(np.vdot(samples, samples).real) / count)
    return np.asarray(samples, dtype=np.complex64)
