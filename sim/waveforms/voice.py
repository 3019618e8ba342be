"""Speech on FM."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.protocols.record import FmVoicePhy
from sim.waveforms.carrier_table import from_turns
from sim.waveforms.wander import Wander

LOOP_S = 3.0
STEPS_PER_CYCLE = 8
"""Points of the phase grid in a cycle of the highest audio frequency."""
LOWEST_HZ = 300.0
PITCH_HZ = (85.0, 230.0)
SYLLABLES_HZ = (3.0, 6.0)
TONE_HZ = (67.0, 250.8)
"""Sub-audible tones of hand-held radios; half of them send one."""
TONE_SHARE = 0.12
WANDER_HZ = 30.0


def speech(audio_hz: float, rate_hz: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A loop of speech-like sound of peak 1: a gliding pitch with its harmonics, hiss, formants, syllables, pauses."""
    count = round(LOOP_S * rate_hz)
    time_s = np.arange(count) / rate_hz
    glide = np.sin(2.0 * np.pi * (np.floor(rng.uniform(1.0, 6.0)) / LOOP_S * time_s + rng.uniform()))
    pitch_hz = float(rng.uniform(*PITCH_HZ)) * (1.0 + 0.15 * glide)
    pulses = np.exp(-8.0 * (np.cumsum(pitch_hz / rate_hz) % 1.0)) - 0.12
    hiss = rng.standard_normal(count)
    syllables = float(rng.uniform(*SYLLABLES_HZ))
    envelope = np.clip(np.sin(2.0 * np.pi * (syllables * time_s + rng.uniform())) + rng.uniform(-0.1, 0.6), 0.0, 1.0)
    voiced = np.repeat(rng.uniform(size=int(LOOP_S * syllables) + 1) < 0.7, count // int(LOOP_S * syllables) + 1)[
        :count
    ]
    spoken = np.repeat(rng.uniform(size=7) < 0.85, count // 7 + 1)[:count]
    spectrum = fft.rfft(np.where(voiced, pulses, 0.25 * hiss) * envelope * spoken)
    frequency_hz = fft.rfftfreq(count, 1.0 / rate_hz)
    formants = 0.05 + sum(
        np.exp(-(((frequency_hz - centre) / (0.25 * centre)) ** 2))
        for centre in (rng.uniform(300, 800), rng.uniform(900, 2200), rng.uniform(2300, 3500))
    )
    spectrum *= formants * (frequency_hz > LOWEST_HZ) * (frequency_hz < audio_hz)
    sound = fft.irfft(spectrum, count)
    # The limiter of a radio: peaks are cut at three times the mean.
    limit = 3.0 * max(float(np.abs(sound).mean()), 1e-12)
    return np.asarray(np.clip(sound / limit, -1.0, 1.0), dtype=np.float32)


class VoiceStream:
    """FM speech without end.

    Parameters
    ----------
    offset_hz
        Where 0 Hz of the samples lies relative to the carrier.
    """

    def __init__(
        self, phy: FmVoicePhy, sample_rate_hz: float, rng: np.random.Generator, offset_hz: float = 0.0
    ) -> None:
        rate_hz = STEPS_PER_CYCLE * phy.audio_hz
        sound = speech(phy.audio_hz, rate_hz, rng).astype(np.float64)
        if rng.uniform() < 0.5:
            cycles = round(float(rng.uniform(*TONE_HZ)) * LOOP_S)
            tone = np.sin(2.0 * np.pi * cycles * np.arange(len(sound)) / len(sound))
            sound = (1.0 - TONE_SHARE) * sound + TONE_SHARE * tone
        turns = np.concatenate(([0.0], np.cumsum(sound - sound.mean()))) * (phy.deviation_hz / rate_hz)
        self._turns = turns
        self._steps_per_sample = rate_hz / sample_rate_hz
        self._position = float(rng.uniform(0.0, len(sound)))
        self._sample_rate_hz = sample_rate_hz
        self._carrier_turns = 0.0
        self._wander = Wander(WANDER_HZ, sample_rate_hz, rng)
        self.mean_power = 1.0
        self.retune(offset_hz)

    def retune(self, offset_hz: float) -> None:
        """Move the slice; time goes on."""
        self._offset_turns = -offset_hz / self._sample_rate_hz

    def read(self, count: int) -> NDArray[np.complex64]:
        """Give the next (count,) complex64 samples, unit power."""
        length = len(self._turns) - 1
        place = (self._position + np.arange(count) * self._steps_per_sample) % length
        turns = np.interp(place, np.arange(length + 1), self._turns)
        turns += self._wander.read(count)
        turns += self._carrier_turns + np.arange(count) * self._offset_turns
        self._position = (self._position + count * self._steps_per_sample) % length
        self._carrier_turns = (self._carrier_turns + count * self._offset_turns) % 1.0
        return from_turns(turns)
