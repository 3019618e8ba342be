"""2-FSK and GFSK packets and streams."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dsp.protocols.record import FskPhy, Timing
from sim.waveforms.carrier_table import from_turns
from sim.waveforms.lengths import packet_airtime_s

SYNC_WORD = 0x2DD4_D42D_2DD4
"""Usual sync word of FSK transceivers, as many of its bits as the record has; which one it is changes nothing."""
SYNC_WORD_BITS = 48
STEPS_PER_BIT = 16
"""Grid on which a shaped pulse is integrated; the phase between grid points is interpolated."""
GUARD_BITS = 4
"""Bits beyond the ends of a piece that the Gaussian pulse reaches."""
DRAWN_BITS = 1024
"""A stream draws this many bits at a time, so that its content does not depend on how it is read."""


def packet_bits(phy: FskPhy, timing: Timing, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Preamble 0101..., sync word, and whitened (so: random) payload, as many bits as the air time holds."""
    head = phy.preamble_bits + phy.sync_bits
    total = max(round(packet_airtime_s(timing, rng) * phy.bit_rate_bps), head)
    if phy.manchester:
        return np.concatenate((frame_bits(phy, np.zeros(0, np.uint8)), halves((total - head) // 2, rng)))
    return frame_bits(phy, rng.integers(0, 2, total - head, dtype=np.uint8))


def halves(bits: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Random bits, each sent as two opposite halves."""
    drawn = rng.integers(0, 2, bits, dtype=np.uint8)
    return np.column_stack((drawn, 1 - drawn)).ravel()


def frame_bits(phy: FskPhy, payload: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Preamble, sync word and the given payload bits."""
    preamble = np.arange(phy.preamble_bits, dtype=np.uint8) & 1
    bits = np.array([SYNC_WORD >> shift & 1 for shift in range(SYNC_WORD_BITS - 1, -1, -1)], dtype=np.uint8)
    sync = np.resize(bits, phy.sync_bits)
    return np.concatenate((preamble, sync, np.asarray(payload, dtype=np.uint8)))


def _phase_grid(phy: FskPhy, bits: NDArray[np.uint8]) -> tuple[NDArray[np.float64], int]:
    """(Phase in turns at the points of a grid from the start of the first bit, points per bit)."""
    tones = bits.astype(np.float64) * 2.0 - 1.0
    steps = 1 if phy.shaping_bt is None else STEPS_PER_BIT
    frequency = np.repeat(tones, steps)
    if phy.shaping_bt is not None:
        # Gaussian filter of 3 dB bandwidth B: sigma = sqrt(ln 2) / (2 pi B).
        sigma_bits = np.sqrt(np.log(2.0)) / (2.0 * np.pi * phy.shaping_bt)
        frequency = ndimage.gaussian_filter1d(frequency, sigma_bits * steps, mode="nearest")
    turns_per_step = phy.deviation_hz / (phy.bit_rate_bps * steps)
    return np.concatenate(([0.0], np.cumsum(frequency))) * turns_per_step, steps


def packet(
    phy: FskPhy,
    timing: Timing,
    sample_rate_hz: float,
    rng: np.random.Generator,
    payload: NDArray[np.integer] | None = None,
) -> NDArray[np.complex64]:
    """One packet, (n,) complex64 of unit power, phase continuous.

    Parameters
    ----------
    payload
        Payload bits as sent (after whitening); None: random ones that fill the air time.
    """
    bits = packet_bits(phy, timing, rng) if payload is None else frame_bits(phy, payload)
    grid, steps = _phase_grid(phy, bits)
    count = int(np.ceil(len(bits) / phy.bit_rate_bps * sample_rate_hz - 1e-9))
    position = np.arange(count) * (phy.bit_rate_bps * steps / sample_rate_hz)
    return from_turns(np.interp(position, np.arange(len(grid)), grid))


class FskStream:
    """FSK without end: random bits, phase and bit clock kept across reads.

    Parameters
    ----------
    offset_hz
        Where 0 Hz of the samples lies relative to the signal's centre.
    """

    def __init__(self, phy: FskPhy, sample_rate_hz: float, rng: np.random.Generator, offset_hz: float = 0.0) -> None:
        self._phy = phy
        self._rng = rng
        self._bits_per_sample = phy.bit_rate_bps / sample_rate_hz
        self._offset_turns = -offset_hz / sample_rate_hz
        self._sample_rate_hz = sample_rate_hz
        self._bits = self._draw()
        self.mean_power = 1.0
        self._position_bits = 0.0
        self._phase_turns = 0.0
        self._carrier_turns = 0.0

    def _draw(self) -> NDArray[np.uint8]:
        """The next bits."""
        if self._phy.manchester:
            return halves(DRAWN_BITS // 2, self._rng)
        return self._rng.integers(0, 2, DRAWN_BITS, dtype=np.uint8)

    def retune(self, offset_hz: float) -> None:
        """Move the slice; time goes on."""
        self._offset_turns = -offset_hz / self._sample_rate_hz

    def read(self, count: int) -> NDArray[np.complex64]:
        """Give the next (count,) complex64 samples, unit power."""
        needed = int(np.ceil(self._position_bits + count * self._bits_per_sample)) + 1 + 2 * GUARD_BITS
        while needed > len(self._bits):
            self._bits = np.concatenate((self._bits, self._draw()))
        grid, steps = _phase_grid(self._phy, self._bits[:needed])
        grid -= grid[GUARD_BITS * steps]
        axis = np.arange(len(grid)) - GUARD_BITS * steps
        position = (self._position_bits + np.arange(count + 1) * self._bits_per_sample) * steps
        data_turns = np.interp(position, axis, grid)
        data_turns += self._phase_turns - data_turns[0]
        turns = data_turns[:-1] + self._carrier_turns + np.arange(count) * self._offset_turns
        self._phase_turns = float(data_turns[-1] % 1.0)
        self._carrier_turns = (self._carrier_turns + count * self._offset_turns) % 1.0
        whole = int(position[-1] / steps)
        self._position_bits = float(position[-1] / steps - whole)
        self._bits = self._bits[whole:]
        return from_turns(turns)
