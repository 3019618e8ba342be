"""OFDM: an LTE-like down link, and bursts or streams of any other spacing."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.protocols.record import OfdmPhy, Timing
from sim.waveforms.carrier_table import from_turns
from sim.waveforms.lengths import sporadic_airtime_s
from sim.waveforms.loop import good_length, slice_of
from sim.waveforms.lte_grid import LTE_SPACING_HZ, SYMBOLS_PER_FRAME, lte_grid
from sim.waveforms.wander import Wander

LTE_FRAMES = 4
LTE_FRAME_S = 0.010
LOOP_S = 0.1
"""Length of the loop of other systems."""
PACKET_OVERSAMPLING = 1.25
WANDER_HZ = 20.0


def subcarriers(phy: OfdmPhy) -> int:
    """Subcarriers in use, an even number; the one in the middle comes on top and is empty."""
    return 2 * max(round(phy.bandwidth_hz / phy.subcarrier_spacing_hz / 2.0), 1)


def qpsk(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.complex64]:
    """Random points of unit power."""
    points = np.exp(0.5j * np.pi * (np.arange(4) + 0.5)).astype(np.complex64)
    return np.asarray(points[rng.integers(4, size=shape)])


def symbols_at(
    grid: NDArray[np.complex64], starts: NDArray[np.floating], useful: float, count: int
) -> NDArray[np.complex64]:
    """Time signal of a grid of symbols.

    Parameters
    ----------
    grid
        (symbols, subcarriers) amplitudes in ascending frequency, the middle subcarrier left out.
    starts
        (symbols + 1,) sample index at which each symbol, prefix included, starts; the last is the end.
    useful
        Samples of the useful part, ``rate / spacing``; need not be whole.
    count
        Samples of the result.

    Returns
    -------
    NDArray[np.complex64]
        (count,) samples; each symbol is the sum of its subcarriers evaluated at the sample times, which for a whole
        ``useful`` is the inverse Fourier transform with its prefix.
    """
    symbols, carriers = grid.shape
    length = round(useful)
    spectrum = np.zeros((symbols, length), dtype=np.complex64)
    spectrum[:, 1 : carriers // 2 + 1] = grid[:, carriers // 2 :]
    spectrum[:, length - carriers // 2 :] = grid[:, : carriers // 2]
    bodies = fft.ifft(spectrum, axis=1)
    bodies *= length / math.sqrt(carriers)
    edges = np.round(starts).astype(np.int64)
    sizes = np.diff(edges)
    symbol = np.repeat(np.arange(symbols), sizes)
    # The useful part ends with the symbol: count backwards from there, the prefix then wraps round.
    into = np.arange(edges[0], edges[-1]) - np.repeat(edges[1:], sizes)
    return np.asarray(bodies[symbol, into % length][:count], dtype=np.complex64)


class OfdmStream:
    """OFDM without end: a loop of some frames on a carrier that wanders a little.

    Parameters
    ----------
    offset_hz
        Where 0 Hz of the samples lies relative to the signal's centre.

    Attributes
    ----------
    mean_power
        Mean power of the samples; the whole signal has 1, a slice of it less.
    """

    def __init__(self, phy: OfdmPhy, sample_rate_hz: float, rng: np.random.Generator, offset_hz: float = 0.0) -> None:
        wide = _lte_loop(phy, rng) if phy.subcarrier_spacing_hz == LTE_SPACING_HZ else _plain_loop(phy, rng)
        spectrum, self._duration_s = wide
        power = float(np.vdot(spectrum, spectrum).real) / len(spectrum) ** 2
        self._spectrum = spectrum / np.float32(math.sqrt(power))
        self._length = good_length(self._duration_s * sample_rate_hz)
        self._wander = Wander(WANDER_HZ, sample_rate_hz, rng)
        self._position = int(rng.integers(self._length))
        self.retune(offset_hz)

    def retune(self, offset_hz: float) -> None:
        """Move the slice; time goes on."""
        self._samples = slice_of(self._spectrum, self._length, round(offset_hz * self._duration_s))
        self.mean_power = float(np.vdot(self._samples, self._samples).real) / self._length

    def read(self, count: int) -> NDArray[np.complex64]:
        """Give the next (count,) complex64 samples."""
        at = (self._position + np.arange(count)) % self._length
        self._position = (self._position + count) % self._length
        return self._samples[at] * from_turns(self._wander.read(count))


def _lte_loop(phy: OfdmPhy, rng: np.random.Generator) -> tuple[NDArray[np.complex64], float]:
    """(Spectrum of some frames in FFT order, their duration)."""
    carriers = subcarriers(phy)
    useful = 2 ** math.ceil(math.log2(carriers + 2))
    grid = lte_grid(carriers, LTE_FRAMES, rng)
    # Prefixes are multiples of 1 / 30.72 MHz: 160 for the first symbol of a slot, 144 for the others.
    prefixes = np.where(np.arange(LTE_FRAMES * SYMBOLS_PER_FRAME) % 7 == 0, 160, 144) * (useful / 2048)
    starts = np.append(0.0, np.cumsum(prefixes + useful)).astype(np.float64)
    total = round(starts[-1])
    return np.asarray(fft.fft(symbols_at(grid, starts, useful, total)), np.complex64), LTE_FRAMES * LTE_FRAME_S


def _plain_loop(phy: OfdmPhy, rng: np.random.Generator) -> tuple[NDArray[np.complex64], float]:
    carriers = subcarriers(phy)
    useful = 2 ** math.ceil(math.log2(carriers + 2))
    step = useful * (1.0 + phy.cyclic_prefix_s * phy.subcarrier_spacing_hz)
    symbols = max(round(LOOP_S * phy.subcarrier_spacing_hz * useful / step), 1)
    starts = np.arange(symbols + 1) * step
    total = round(starts[-1])
    samples = symbols_at(qpsk((symbols, carriers), rng), starts, useful, total)
    return np.asarray(fft.fft(samples), np.complex64), total / (useful * phy.subcarrier_spacing_hz)


def packet(phy: OfdmPhy, timing: Timing, sample_rate_hz: float, rng: np.random.Generator) -> NDArray[np.complex64]:
    """One burst of whole symbols, (n,) complex64 of unit mean power, brought to the rate by Fourier interpolation."""
    carriers = subcarriers(phy)
    useful = fft.next_fast_len(math.ceil(carriers * PACKET_OVERSAMPLING) + 2)
    step = useful * (1.0 + phy.cyclic_prefix_s * phy.subcarrier_spacing_hz)
    rate_hz = useful * phy.subcarrier_spacing_hz
    symbols = max(round(sporadic_airtime_s(timing, rng) * rate_hz / step), 1)
    starts = np.arange(symbols + 1) * step
    body = symbols_at(qpsk((symbols, carriers), rng), starts, useful, round(starts[-1]))
    count = max(round(len(body) / rate_hz * sample_rate_hz), 1)
    samples = slice_of(np.asarray(fft.fft(body), np.complex64), count, 0)
    samples /= math.sqrt(max(float(np.vdot(samples, samples).real) / count, 1e-30))
    return samples
