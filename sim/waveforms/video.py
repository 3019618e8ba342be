"""Frequency-modulated analog video, cut to the slice a receiver sees."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.protocols.record import FmVideoPhy
from sim.waveforms.carrier_table import from_turns
from sim.waveforms.cvbs import composite
from sim.waveforms.loop import good_length, piece_of, slice_of
from sim.waveforms.wander import Wander

FRAMES = 4
"""The colour sequence of PAL repeats after four frames, that of NTSC after two."""
LEAST_INTERNAL_RATE_HZ = 18e6
"""Carson's rule for 5 MHz video and 2.6 MHz deviation gives 15 MHz."""
CLOCK_ERROR = 30e-6
"""Spread of cameras' clocks."""
DEVIATION_RANGE = (0.88, 1.15)
"""Transmitters differ: 4.6 to 6 MHz from sync tip to white for a record of 2.6 MHz."""
AUDIO_CARRIERS_HZ = (0.0, 0.0, 6.0e6, 6.5e6)
"""Half of the transmitters carry sound."""
AUDIO_LEVEL_V = 0.08
AUDIO_DEVIATION_HZ = 50e3
AUDIO_TONES = 40
WANDER_HZ = 400.0
CENTRE_SPREAD_V = 0.05
"""The modulator's zero lies this near to the mean of the picture."""


class VideoStream:
    """Analog FM video without end: a moving scene of a few frames, repeated, on a carrier that wanders.

    The frequency is ``2 deviation (v(t) - v0)``, v being the composite video of 1 V from sync tip to white. The frames
    are made once, at a rate that holds the whole signal, with a whole number of turns in the loop, so the slice is cut
    out by one Fourier transform without edge effects; reading then costs a copy and a rotation.

    Parameters
    ----------
    offset_hz
        Where 0 Hz of the samples lies relative to the signal's centre.

    Attributes
    ----------
    mean_power
        Mean power of the samples; the whole signal has 1, a slice of it less.
    """

    def __init__(
        self, phy: FmVideoPhy, sample_rate_hz: float, rng: np.random.Generator, offset_hz: float = 0.0
    ) -> None:
        clock = 1.0 + CLOCK_ERROR * float(rng.uniform(-1.0, 1.0))
        duration_s = FRAMES * phy.lines / (phy.line_hz * clock)
        self._length = good_length(duration_s * sample_rate_hz)
        self._duration_s = self._length / sample_rate_hz
        factor = math.ceil(LEAST_INTERNAL_RATE_HZ / sample_rate_hz)
        self._spectrum = _modulated(phy, self._length * factor, self._duration_s, rng)
        self._wander = Wander(WANDER_HZ, sample_rate_hz, rng)
        self._position = int(rng.integers(self._length))
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


def _modulated(phy: FmVideoPhy, samples: int, duration_s: float, rng: np.random.Generator) -> NDArray[np.complex64]:
    """Spectrum of one loop of the modulated signal, unit power, in FFT order."""
    video = composite(phy, FRAMES, samples, rng)
    swing_hz = 2.0 * phy.deviation_hz * float(rng.uniform(*DEVIATION_RANGE))
    video -= video.mean() + CENTRE_SPREAD_V * float(rng.uniform(-1.0, 1.0))
    audio_hz = float(rng.choice(AUDIO_CARRIERS_HZ))
    if audio_hz:
        video += AUDIO_LEVEL_V * _audio(audio_hz, samples, duration_s, rng)
    turns = np.cumsum(video, dtype=np.float64)
    turns *= swing_hz * duration_s / samples
    turns -= np.arange(samples) * ((turns[-1] - round(turns[-1])) / samples)
    return np.asarray(fft.fft(from_turns(turns)), dtype=np.complex64)


def _audio(audio_hz: float, samples: int, duration_s: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Sound on its own FM carrier, periodic in the loop: (samples,) float32 of amplitude 1."""
    tones = rng.integers(round(100.0 * duration_s), round(8000.0 * duration_s), AUDIO_TONES)
    spectrum = np.zeros(int(tones.max()) + 1, dtype=np.complex128)
    # Phase of the carrier: each tone of the sound divided by its frequency.
    spectrum[tones] = np.exp(2j * np.pi * rng.uniform(size=AUDIO_TONES)) / (tones / duration_s)
    coarse = fft.irfft(np.pad(spectrum, (0, 4096)), 2 * (len(spectrum) + 4095))
    coarse /= max(float(np.abs(np.diff(coarse)).max()) * len(coarse) / duration_s, 1e-30)
    sound = np.interp(
        np.arange(samples) * (len(coarse) / samples), np.arange(len(coarse) + 1), np.append(coarse, coarse[0])
    )
    cycles = round(audio_hz * duration_s)
    return np.ascontiguousarray(from_turns(np.arange(samples) * (cycles / samples) + AUDIO_DEVIATION_HZ * sound).real)
