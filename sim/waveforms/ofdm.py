"""OFDM: an LTE-like down link, and bursts or streams of any other spacing."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.protocols.record import OfdmPhy, Timing
from sim.waveforms.lengths import packet_airtime_s
from sim.waveforms.loop import slice_of
from sim.waveforms.loop_stream import LoopStream
from sim.waveforms.lte_grid import LTE_SPACING_HZ, SYMBOLS_PER_FRAME, lte_grid

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


def zadoff_chu(root: int, carriers: int) -> NDArray[np.complex64]:
    """Zadoff-Chu sequence of length ``carriers + 1`` without its middle, which falls on the empty carrier."""
    length = carriers + 1
    index = np.arange(length, dtype=np.float64)
    sequence = np.exp(-1j * np.pi * ((root * index * (index + 1.0)) % (2.0 * length)) / length)
    return np.delete(sequence, carriers // 2).astype(np.complex64)


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


def ofdm_stream(phy: OfdmPhy, sample_rate_hz: float, rng: np.random.Generator, offset_hz: float = 0.0) -> LoopStream:
    """OFDM without end: a loop of some frames on a carrier that wanders a little.

    Parameters
    ----------
    offset_hz
        Where 0 Hz of the samples lies relative to the signal's centre.
    """
    loop = _lte_loop if phy.subcarrier_spacing_hz == LTE_SPACING_HZ else _plain_loop
    spectrum, duration_s = loop(phy, rng)
    return LoopStream(spectrum, duration_s, sample_rate_hz, rng, offset_hz, WANDER_HZ)


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
    rate_hz = useful * phy.subcarrier_spacing_hz
    loop_s = phy.frame_s - phy.null_s if phy.frame_s else LOOP_S
    symbols = max(round(loop_s * rate_hz / step), 1)
    starts = np.arange(symbols + 1) * step
    samples = symbols_at(qpsk((symbols, carriers), rng), starts, useful, round(starts[-1]))
    samples = np.pad(samples, (round(phy.null_s * rate_hz), 0))
    total = len(samples)
    return np.asarray(fft.fft(samples), np.complex64), total / (useful * phy.subcarrier_spacing_hz)


def packet(phy: OfdmPhy, timing: Timing, sample_rate_hz: float, rng: np.random.Generator) -> NDArray[np.complex64]:
    """One burst of whole symbols, (n,) complex64 of unit mean power, brought to the rate by Fourier interpolation."""
    carriers = subcarriers(phy)
    # A fixed structure is made at the system's own rate, where its prefixes are whole numbers of samples.
    own = 2 ** math.ceil(math.log2(carriers + 2))
    useful = own if phy.burst_prefixes_s else fft.next_fast_len(math.ceil(carriers * PACKET_OVERSAMPLING) + 2)
    step = useful * (1.0 + phy.cyclic_prefix_s * phy.subcarrier_spacing_hz)
    rate_hz = useful * phy.subcarrier_spacing_hz
    if phy.burst_prefixes_s:
        steps = useful + np.asarray(phy.burst_prefixes_s) * rate_hz
        starts = np.concatenate(([0.0], np.cumsum(steps)))
    else:
        symbols = max(round(packet_airtime_s(timing, rng) * rate_hz / step), 1)
        starts = np.arange(symbols + 1) * step
    grid = qpsk((len(starts) - 1, carriers), rng)
    for symbol, root in phy.zadoff_chu:
        grid[symbol] = zadoff_chu(root, carriers)
    body = symbols_at(grid, starts, useful, round(starts[-1]))
    count = max(round(len(body) / rate_hz * sample_rate_hz), 1)
    samples = slice_of(np.asarray(fft.fft(body), np.complex64), count, 0)
    samples /= math.sqrt(max(float(np.vdot(samples, samples).real) / count, 1e-30))
    return samples
