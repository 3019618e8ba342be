"""Differential phase-shift keying: packets and streams."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.protocols.record import PskPhy, Timing
from sim.waveforms.lengths import packet_airtime_s
from sim.waveforms.loop_stream import LoopStream

STEPS_PER_SYMBOL = 16
"""Grid on which the shaped symbols are made; the samples between are interpolated."""
LOOP_SYMBOLS = 4096
GUARD_SYMBOLS = 8
WANDER_HZ = 5.0


def symbols(phy: PskPhy, count: int, rng: np.random.Generator) -> NDArray[np.complex64]:
    """(count,) points on the unit circle: each symbol turns the phase by the data's amount."""
    if phy.kind == "dbpsk":
        bits = rng.integers(0, 2, count)
        # A preamble of alternating bits turns the phase at every second symbol.
        bits[: phy.preamble_symbols] = np.arange(min(phy.preamble_symbols, count)) & 1
        turns = 0.5 * bits
    else:
        turns = (2.0 * rng.integers(0, 4, count) + 1.0) / 8.0
    return np.asarray(np.exp(2j * np.pi * np.cumsum(turns)), dtype=np.complex64)


def shaped(phy: PskPhy, points: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """Root-raised-cosine pulses of the symbols, periodic: (len(points) STEPS_PER_SYMBOL,) of unit mean power."""
    count = len(points) * STEPS_PER_SYMBOL
    spectrum = np.tile(fft.fft(points), STEPS_PER_SYMBOL)
    frequency = np.abs(fft.fftfreq(count, 1.0 / STEPS_PER_SYMBOL))
    edge = np.clip((frequency - 0.5) / max(phy.roll_off, 1e-6) + 0.5, 0.0, 1.0)
    spectrum *= np.cos(edge * (np.pi / 2.0)).astype(np.float32)
    samples = fft.ifft(spectrum)
    samples /= math.sqrt(max(float(np.vdot(samples, samples).real) / count, 1e-30))
    return np.asarray(samples, dtype=np.complex64)


def packet(
    phy: PskPhy,
    timing: Timing,
    sample_rate_hz: float,
    rng: np.random.Generator,
    payload: NDArray[np.integer] | None = None,
) -> NDArray[np.complex64]:
    """One packet, (n,) complex64 of unit mean power.

    Parameters
    ----------
    payload
        Phase steps in eighths of a turn instead of random ones.
    """
    count = max(round(packet_airtime_s(timing, rng) * phy.symbol_rate_hz), 2)
    points = symbols(phy, count, rng)
    if payload is not None:
        points = np.exp(2j * np.pi * np.cumsum(np.asarray(payload)) / 8.0).astype(np.complex64)
        count = len(points)
    guarded = shaped(phy, np.concatenate((points, np.zeros(GUARD_SYMBOLS, dtype=np.complex64))))
    grid = guarded[: count * STEPS_PER_SYMBOL + 1]
    length = math.ceil(count / phy.symbol_rate_hz * sample_rate_hz - 1e-9)
    place = np.arange(length) * (phy.symbol_rate_hz * STEPS_PER_SYMBOL / sample_rate_hz)
    axis = np.arange(len(grid))
    samples = np.interp(place, axis, grid.real) + 1j * np.interp(place, axis, grid.imag)
    samples /= math.sqrt(max(float(np.vdot(samples, samples).real) / length, 1e-30))
    return np.asarray(samples, dtype=np.complex64)


def psk_stream(phy: PskPhy, sample_rate_hz: float, rng: np.random.Generator, offset_hz: float = 0.0) -> LoopStream:
    """Random symbols without end: a loop of 4096."""
    spectrum = np.asarray(fft.fft(shaped(phy, symbols(phy, LOOP_SYMBOLS, rng))), dtype=np.complex64)
    return LoopStream(spectrum, LOOP_SYMBOLS / phy.symbol_rate_hz, sample_rate_hz, rng, offset_hz, WANDER_HZ)
