"""Packets at the edges of the slice, without what would fold into it."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from dsp.fourier import transformed
from dsp.protocols.record import Mode
from sim.bandwidth import bandwidth_hz
from sim.phasor import phasor
from sim.waveforms import packet

CUT_PASS = 0.47
CUT_STOP = 0.5
"""Passband and stopband edge of the cut at the slice's edges, in units of the sample rate."""
SHORT_SAMPLES = 8192
"""Packets up to this length are cut in one piece, longer ones in rows of ..."""
POINTS = 4096
"""... so many samples of the slice ..."""
CUT_REACH = 512
"""... of which so many on both sides are for the impulse response."""
ROWS_AT_ONCE = 16
RESPONSES_KEPT = 16


def reaches_edge(offset_hz: float, width_hz: float, sample_rate_hz: float) -> bool:
    """Whether a signal of this bandwidth (skirts included: twice as wide) would fold at this rate."""
    return abs(offset_hz) + width_hz > CUT_PASS * sample_rate_hz


def _pass(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Response of the cut at frequencies in units of the sample rate."""
    return np.clip((CUT_STOP - np.abs(frequency)) / (CUT_STOP - CUT_PASS), 0.0, 1.0)


@lru_cache(maxsize=RESPONSES_KEPT)
def _row_response(offset: float) -> NDArray[np.float32]:
    """The same over a row, its impulse response no longer than the reach, for a signal that will be moved."""
    impulse = np.fft.fftshift(scipy.fft.ifft(_pass(scipy.fft.fftfreq(POINTS) + offset)))
    middle = slice(POINTS // 2 - CUT_REACH, POINTS // 2 + CUT_REACH)
    shortened = np.zeros(POINTS, np.complex128)
    shortened[middle] = impulse[middle] * np.hanning(2 * CUT_REACH + 1)[:-1]
    return np.asarray(scipy.fft.fft(np.fft.ifftshift(shortened)).real, np.float32)


def fits_a_slice(width_hz: float, sample_rate_hz: float) -> bool:
    """Whether a signal of this bandwidth can be made at this rate and then cut for its place in the slice."""
    return not reaches_edge(0.0, width_hz, sample_rate_hz)


def cut_for(samples: NDArray[np.complex64], offset: float) -> NDArray[np.complex64]:
    """A packet without what would lie beyond the slice's edges once it is moved.

    Parameters
    ----------
    samples
        (n,) samples centred on 0 Hz.
    offset
        By how much it will be moved, in cycles a sample.
    """
    if len(samples) <= SHORT_SAMPLES:
        length = scipy.fft.next_fast_len(len(samples))
        spectrum = scipy.fft.fft(samples, length)
        spectrum *= _pass(scipy.fft.fftfreq(length) + offset).astype(np.float32)
        return np.asarray(scipy.fft.ifft(spectrum, overwrite_x=True)[: len(samples)], np.complex64)
    return cut_in_rows(samples, 1, offset)


def cut_packet(mode: Mode, sample_rate_hz: float, offset_hz: float, rng: np.random.Generator) -> NDArray[np.complex64]:
    """A packet at an offset where it does not fit into the slice, cut by the slice's edges without folding."""
    wide = math.ceil(2.0 * (abs(offset_hz) + bandwidth_hz(mode.phy)) / sample_rate_hz) + 1
    samples = packet(mode, wide * sample_rate_hz, rng)
    samples = samples * phasor(len(samples), offset_hz / (wide * sample_rate_hz), 0.0)
    count = -(-len(samples) // wide)
    return cut_whole(samples, wide) if count <= SHORT_SAMPLES else cut_in_rows(samples, wide)


def cut_whole(samples: NDArray[np.complex64], wide: int) -> NDArray[np.complex64]:
    """Cut and decimate by the spectrum of all of it."""
    used = -(-len(samples) // wide)
    length = scipy.fft.next_fast_len(used)
    spectrum = scipy.fft.fft(samples, wide * length)
    kept = np.concatenate([spectrum[: (length + 1) // 2], spectrum[wide * length - length // 2 :]])
    kept *= _pass(scipy.fft.fftfreq(length)).astype(np.float32)
    return np.ascontiguousarray(scipy.fft.ifft(kept)[:used] / wide).astype(np.complex64)


def cut_in_rows(samples: NDArray[np.complex64], wide: int, offset: float = 0.0) -> NDArray[np.complex64]:
    """Cut and decimate piece by piece: many short transforms are much faster than a long one.

    Parameters
    ----------
    samples
        At so many times the slice's rate.
    wide
        So many.
    offset
        By how much the result will be moved, in cycles a sample of the slice.
    """
    used = -(-len(samples) // wide)
    hop = POINTS - 2 * CUT_REACH
    rows = -(-used // hop)
    padded = np.zeros(wide * (rows * hop + 2 * CUT_REACH), np.complex64)
    padded[wide * CUT_REACH : wide * CUT_REACH + len(samples)] = samples
    windows = np.lib.stride_tricks.sliding_window_view(padded, wide * POINTS)[:: wide * hop]
    cut = np.empty((rows, hop), np.complex64)
    response = _row_response(offset) / np.float32(wide * POINTS)
    for first in range(0, rows, ROWS_AT_ONCE):
        spectra = transformed(windows[first : first + ROWS_AT_ONCE])
        kept = np.concatenate([spectra[:, : POINTS // 2], spectra[:, -(POINTS // 2) :]], axis=1)
        kept *= response
        cut[first : first + ROWS_AT_ONCE] = transformed(kept, inverse=True)[:, CUT_REACH:-CUT_REACH]
    return cut.reshape(-1)[:used]
