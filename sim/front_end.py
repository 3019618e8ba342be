"""The analogue half of an RTL-SDR: gain, noise, filter, spurs, direct current, eight bits."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dsp.iq import U8_FULL_SCALE
from dsp.units import from_db, to_db
from sim.edge_filter import FILTER_REACH, EdgeFilter
from sim.gaussian import gaussian
from sim.impairments import Impairments
from sim.phasor import phasor
from sim.rtl_tcp_commands import CRYSTAL_HZ, GAINS_DB
from sim.scene import Receiver

THERMAL_DBM_PER_HZ = -174.0
"""k T at 290 K."""
FULL_SCALE_DBM = -18.0
"""Input that reaches full scale at a tuner gain of 0 dB (estimate: puts the noise at 49.6 dB at 1.4 counts a component,
as idle dongles show)."""
BACK_END_DBFS_PER_HZ = -45.0 - 63.8
"""Noise after the tuner's gain: -45 dBFS in 2.4 MHz, half a count a component (estimate: at 0 dB gain idle dongles
toggle between a few codes)."""
ROUNDING_POWER = 2.0 / 12.0 / U8_FULL_SCALE**2
"""Power of the rounding to 8 bits, both components, full scale 1; spread over the whole slice."""
AGC_HIGH_DBFS = -10.0
AGC_LOW_DBFS = -22.0
"""The tuner's automatic gain steps down above, up below (mean power of a chunk)."""


def nearest_gain_db(gain_db: float) -> float:
    """The one of the tuner's 29 gains that librtlsdr takes for a wish."""
    return min(GAINS_DB, key=lambda gain: abs(gain - gain_db))


def noise_dbm_per_hz(receiver: Receiver, sample_rate_hz: float, gain_db: float) -> float:
    """All noise of the slice, as a density at the antenna; the reference of every signal-to-noise ratio.

    Noise that is switched off does not count, except that without any the thermal noise stays the reference.
    """
    impairments = receiver.impairments
    density = from_db(THERMAL_DBM_PER_HZ + receiver.noise_figure_db) if impairments.thermal_noise else 0.0
    after_gain = from_db(BACK_END_DBFS_PER_HZ) if impairments.back_end_noise else 0.0
    if impairments.quantise:
        after_gain += ROUNDING_POWER / sample_rate_hz
    density += after_gain * from_db(FULL_SCALE_DBM - gain_db)
    return float(10.0 * math.log10(density)) if density else THERMAL_DBM_PER_HZ + receiver.noise_figure_db


class FrontEnd:
    """Antenna samples in (amplitude 1 is 1 mW), converter samples out (amplitude 1 is full scale).

    Parameters
    ----------
    receiver
        Noise figure and impairments.
    centre_hz, sample_rate_hz
        What the dongle was told.
    gain_db, agc
        Tuner gain, or where automatic gain starts.
    seed
        Draws the noise.
    """

    def __init__(
        self,
        receiver: Receiver,
        *,
        centre_hz: float,
        sample_rate_hz: float,
        gain_db: float,
        agc: bool,
        seed: tuple[int, ...],
    ) -> None:
        self._receiver = receiver
        self._impairments: Impairments = receiver.impairments
        self._sample_rate_hz = sample_rate_hz
        self._agc = agc
        self._filter = EdgeFilter()
        self._seed = seed
        self._spurs = self._spur_cycles(centre_hz) if receiver.impairments.spur_dbm is not None else []
        self.gain_db = nearest_gain_db(gain_db)
        """Present gain of the tuner."""

    def _spur_cycles(self, centre_hz: float) -> list[float]:
        """Where multiples of the crystal fall; it is the same crystal, so its error does not move them."""
        half_hz = self._sample_rate_hz / 2.0
        first = math.ceil((centre_hz - half_hz) / CRYSTAL_HZ)
        last = math.floor((centre_hz + half_hz) / CRYSTAL_HZ)
        return [(number * CRYSTAL_HZ - centre_hz) / self._sample_rate_hz for number in range(first, last + 1)]

    def noise_into(self, samples: NDArray[np.complex64], chunk: int) -> None:
        """Fill a chunk with the noise of the present gain, as it would be at the antenna."""
        density = from_db(THERMAL_DBM_PER_HZ + self._receiver.noise_figure_db) if self._impairments.thermal_noise else 0
        if self._impairments.back_end_noise:
            density += from_db(BACK_END_DBFS_PER_HZ + FULL_SCALE_DBM - self.gain_db)
        if density:
            gaussian((*self._seed, chunk), len(samples), density * self._sample_rate_hz, samples)
        else:
            samples[:] = 0

    def receive(
        self, composite: NDArray[np.complex64], first_sample: int, changes: list[tuple[int, float]], glide: int
    ) -> NDArray[np.complex64]:
        """One chunk through filter, gain, spurs and offset.

        Parameters
        ----------
        composite
            (CHUNK_SAMPLES + 2 FILTER_REACH,): the chunk and what the filter sees on both sides.
        first_sample
            Index of the chunk's first sample, for the phase of the spurs.
        changes
            ``(index in the chunk, gain change in dB since the scene's start)``, from there on; the first at index 0.
        glide
            The synthesiser locks during so many samples at the start.
        """
        impairments = self._impairments
        gain = self._gain(changes[0][1])
        if impairments.filter_edges:
            # What glides in has its offset all the same: that comes after the mixer.
            samples = self._filter.run(composite, gain, 0.0 if glide else impairments.dc_offset)
        else:
            samples = composite[FILTER_REACH:-FILTER_REACH] * np.float32(gain)
        if glide:
            samples[:glide] *= _glide(glide, self._sample_rate_hz)
        if impairments.spur_dbm is not None:
            for cycles in self._spurs:
                start = math.fmod(cycles * first_sample, 1.0)
                samples += phasor(len(samples), cycles, start, gain * 10.0 ** (impairments.spur_dbm / 20.0))
        offset = np.complex64(impairments.dc_offset)
        if offset and (glide or not impairments.filter_edges):
            samples += offset
        for (start_index, change_db), (end_index, _) in pairwise([*changes[1:], (len(samples), 0.0)]):
            part = samples[start_index:end_index]
            part -= offset
            part *= np.float32(self._gain(change_db) / gain)
            part += offset
        if self._agc:
            self._follow_level(float(np.vdot(samples, samples).real) / len(samples))
        return samples

    def _gain(self, change_db: float) -> float:
        """Amplitude at the converter of 1 mW at the antenna."""
        return float(10.0 ** ((self.gain_db + change_db - FULL_SCALE_DBM) / 20.0))

    def _follow_level(self, power: float) -> None:
        """One step of the automatic gain for the next chunk."""
        index = GAINS_DB.index(self.gain_db)
        level_db = to_db(power)
        if level_db > AGC_HIGH_DBFS:
            index -= 1 if level_db < AGC_HIGH_DBFS + 6.0 else 3
        elif level_db < AGC_LOW_DBFS:
            index += 1
        self.gain_db = GAINS_DB[min(max(index, 0), len(GAINS_DB) - 1)]


GLIDE_HZ = 200e3
"""How far off the synthesiser starts (estimate)."""


def _glide(samples: int, sample_rate_hz: float) -> NDArray[np.complex64]:
    """Phase of a local oscillator whose frequency error dies away exponentially, to 1/150 at the end."""
    index = np.arange(samples)
    cycles = GLIDE_HZ / sample_rate_hz * np.cumsum(np.exp(-5.0 * index / samples))
    result: NDArray[np.complex64] = np.exp(2j * np.pi * (cycles - cycles[-1])).astype(np.complex64)
    return result
