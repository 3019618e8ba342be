"""Packets rendered once and used many times: what makes the simulator faster than real time."""

from __future__ import annotations

import math
from collections import OrderedDict

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from dsp.protocols.record import ContinuousTiming, Mode
from sim.bandwidth import bandwidth_hz
from sim.waveforms import packet

MOST_VARIANTS = 16
"""Different packets of a mode; real payloads differ more, but no detector looks at more than their statistics."""
VARIANT_SAMPLES = 1 << 20
"""Long packets get fewer variants: all of a mode together have about so many samples."""
POOL_BYTES = 96 << 20
"""The least recently used packets go when the pool is larger."""
CUT_PASS = 0.47
CUT_STOP = 0.5
"""Passband and stopband edge of the cut at the slice's edges, in units of the sample rate."""
OFFSET_GRID_HZ = 1000.0
"""Packets at the slice's edge are cut at offsets on this grid; the rest of the offset is applied later."""


def phasor(samples: int, cycles_per_sample: float, start_cycles: float) -> NDArray[np.complex64]:
    """``exp(2 pi j (start + step n))`` for n = 0 ... samples - 1, by a product of two short tables."""
    width = 512
    rows = -(-samples // width)
    coarse = start_cycles + cycles_per_sample * width * np.arange(rows)
    fine = cycles_per_sample * np.arange(width)
    table = np.exp(2j * np.pi * (coarse - np.floor(coarse))).astype(np.complex64)
    ramp: NDArray[np.complex64] = np.exp(2j * np.pi * fine).astype(np.complex64)
    product: NDArray[np.complex64] = (table[:, np.newaxis] * ramp).reshape(-1)[:samples]
    return product


def reaches_edge(offset_hz: float, width_hz: float, sample_rate_hz: float) -> bool:
    """Whether a signal of this bandwidth (skirts included: twice as wide) would fold at this rate."""
    return abs(offset_hz) + width_hz > CUT_PASS * sample_rate_hz


class WaveformPool:
    """Packets by mode, sample rate, place in the slice and number.

    Parameters
    ----------
    seed
        Draws the payloads.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._packets: OrderedDict[tuple[Mode, float, float, int], NDArray[np.complex64]] = OrderedDict()
        self._bytes = 0

    def get(
        self, mode: Mode, sample_rate_hz: float, offset_hz: float, number: int
    ) -> tuple[NDArray[np.complex64], float]:
        """One packet and how much of its offset is in it already.

        Parameters
        ----------
        mode
            Its kind.
        sample_rate_hz
            Of the slice.
        offset_hz
            Of its centre from the slice's.
        number
            Equal numbers give equal packets.

        Returns
        -------
        Samples with unit mean power before the slice's edges cut into it, and the offset they contain: 0 well inside
        the slice; at its edges and beyond the packet is rendered wide enough, shifted, filtered and decimated, so that
        nothing folds into the slice.
        """
        edge = reaches_edge(offset_hz, bandwidth_hz(mode.phy), sample_rate_hz)
        baked_hz = round(offset_hz / OFFSET_GRID_HZ) * OFFSET_GRID_HZ if edge else 0.0
        variant = int(np.random.SeedSequence((self._seed, number)).generate_state(1)[0]) % _variants(
            mode, sample_rate_hz
        )
        key = (mode, sample_rate_hz, baked_hz if edge else math.inf, variant)
        found = self._packets.get(key)
        if found is None:
            rng = np.random.default_rng((self._seed, variant))
            found = cut_packet(mode, sample_rate_hz, baked_hz, rng) if edge else packet(mode, sample_rate_hz, rng)
            self._packets[key] = found
            self._bytes += found.nbytes
            while self._bytes > POOL_BYTES and len(self._packets) > 1:
                _, old = self._packets.popitem(last=False)
                self._bytes -= old.nbytes
        else:
            self._packets.move_to_end(key)
        return found, baked_hz


def _variants(mode: Mode, sample_rate_hz: float) -> int:
    """How many different packets of a mode to keep."""
    if isinstance(mode.timing, ContinuousTiming):
        return 1
    airtime_s = mode.timing.airtime_s
    longest_s = max(airtime_s) if isinstance(airtime_s, tuple) else airtime_s
    return max(1, min(MOST_VARIANTS, int(VARIANT_SAMPLES / (longest_s * sample_rate_hz))))


def cut_packet(mode: Mode, sample_rate_hz: float, offset_hz: float, rng: np.random.Generator) -> NDArray[np.complex64]:
    """A packet at an offset where it does not fit into the slice, cut by the slice's edges without folding."""
    wide = math.ceil(2.0 * (abs(offset_hz) + bandwidth_hz(mode.phy)) / sample_rate_hz) + 1
    samples = packet(mode, wide * sample_rate_hz, rng)
    samples = samples * phasor(len(samples), offset_hz / (wide * sample_rate_hz), 0.0)
    length = scipy.fft.next_fast_len(-(-len(samples) // wide))
    spectrum = scipy.fft.fft(samples, wide * length)
    frequency = scipy.fft.fftfreq(length)
    kept = np.concatenate([spectrum[: (length + 1) // 2], spectrum[wide * length - length // 2 :]])
    kept *= np.clip((CUT_STOP - np.abs(frequency)) / (CUT_STOP - CUT_PASS), 0.0, 1.0).astype(np.float32)
    used = -(-len(samples) // wide)
    return np.ascontiguousarray(scipy.fft.ifft(kept)[:used] / wide).astype(np.complex64)
