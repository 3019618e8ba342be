"""Satellites: spread spectrum of many transmitters at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.protocols.record import SpreadPhy
from sim.waveforms.carrier_table import from_turns
from sim.waveforms.loop_stream import LoopStream

LONGEST_LOOP_CHIPS = 204_600
SAMPLES_PER_CHIP = 4
DOPPLER_HZ = 5000.0
SPREAD_DB = 10.0
"""Strongest over weakest satellite."""


def _satellite(phy: SpreadPhy, periods: int, rng: np.random.Generator) -> NDArray[np.complex64]:
    """One satellite over a loop: random code, random data, a Doppler of whole turns in the loop."""
    code = rng.choice(np.array([-1.0, 1.0], dtype=np.float32), phy.code_chips)
    periods_per_bit = max(round(phy.chip_rate_hz / phy.code_chips / phy.data_rate_bps), 1)
    data = np.repeat(rng.choice((-1.0, 1.0), periods // periods_per_bit + 1), periods_per_bit)[:periods]
    chips = (data[:, np.newaxis] * code).ravel().astype(np.float32)
    chips = np.roll(np.repeat(chips, SAMPLES_PER_CHIP), int(rng.integers(len(chips))))
    duration_s = periods * phy.code_chips / phy.chip_rate_hz
    turns = round(float(rng.uniform(-DOPPLER_HZ, DOPPLER_HZ)) * duration_s)
    carrier = from_turns(np.arange(len(chips), dtype=np.float64) * (turns / len(chips)) + float(rng.uniform()))
    amplitude = np.float32(10.0 ** (-rng.uniform(0.0, SPREAD_DB) / 20.0))
    return np.asarray(amplitude * chips * carrier, dtype=np.complex64)


def spread_stream(
    phy: SpreadPhy, sample_rate_hz: float, rng: np.random.Generator, offset_hz: float = 0.0
) -> LoopStream:
    """All satellites in view, a loop of some tens of milliseconds; codes are random but fixed."""
    periods = max(LONGEST_LOOP_CHIPS // phy.code_chips, 1)
    count = int(rng.integers(phy.satellites[0], phy.satellites[1], endpoint=True))
    total = _satellite(phy, periods, rng)
    for _ in range(count - 1):
        total += _satellite(phy, periods, rng)
    duration_s = periods * phy.code_chips / phy.chip_rate_hz
    return LoopStream(np.asarray(fft.fft(total), np.complex64), duration_s, sample_rate_hz, rng, offset_hz, 1.0)
