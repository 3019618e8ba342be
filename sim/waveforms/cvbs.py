"""Composite video: what a camera feeds to a frequency modulator."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from dsp.protocols.record import FmVideoPhy
from sim.waveforms.carrier_table import from_turns

SYNC_S = 4.7e-6
EQUALISING_S = 2.35e-6
SERRATION_S = 4.7e-6
"""Gap between broad pulses (ITU-R BT.470-6, table 1-2: 4.7 µs in both systems)."""
VIDEO_BANDWIDTH_HZ = 5.0e6
VIDEO_ROLL_OFF_HZ = 1.0e6
PICTURE_COLUMNS = 720
CHUNKS = 32
"""The loop is computed in this many pieces to stay in the cache."""


@dataclass(frozen=True, slots=True)
class Standard:
    """Figures of a television system beyond those of the protocol record.

    Times in seconds after the leading edge of the line sync; levels in volts, blanking is 0.

    [1] ITU-R BT.470-6, tables 1, 1-1, 1-2 and 2. [2] SMPTE 170M.
    """

    equalising_half_lines: int
    """Half lines of equalising pulses before, of broad pulses, and of equalising pulses after them."""
    blanked_lines: int
    """Lines without picture at the start of a field."""
    burst_start_s: float
    burst_cycles: int
    burst_v: float
    """Peak amplitude."""
    active_start_s: float
    active_end_s: float
    sync_v: float
    black_v: float
    white_v: float
    alternates: bool
    """The phase of one colour component alternates from line to line (PAL)."""


PAL = Standard(5, 23, 5.6e-6, 10, 0.15, 10.5e-6, 62.4e-6, -0.3, 0.0, 0.7, alternates=True)
NTSC = Standard(6, 20, 5.3e-6, 9, 0.143, 9.2e-6, 61.9e-6, -0.286, 0.0536, 0.714, alternates=False)


def standard_of(phy: FmVideoPhy) -> Standard:
    """System of a record, by its number of lines."""
    return PAL if phy.lines == 625 else NTSC


@dataclass(frozen=True, slots=True)
class _HalfLines:
    """What each half line of a frame holds; arrays of (2 lines,)."""

    sync_until_s: NDArray[np.float32]
    second: NDArray[np.float32]
    """1 for the second half of a line."""
    has_burst: NDArray[np.bool_]
    row: NDArray[np.int32]
    """Row of the picture, -1 for none."""
    v_sign: NDArray[np.float32]


def _half_lines(phy: FmVideoPhy, standard: Standard) -> _HalfLines:
    """Vertical interval first in each field: equalising, broad and equalising pulses, blanked lines, picture."""
    half_s = 0.5 / phy.line_hz
    index = np.arange(2 * phy.lines)
    in_field = index % phy.lines
    pulses = standard.equalising_half_lines
    second = index % 2 == 1
    interval = in_field < 3 * pulses
    broad = (in_field >= pulses) & (in_field < 2 * pulses)
    sync_until_s = np.where(second, 0.0, SYNC_S)
    sync_until_s[interval] = EQUALISING_S
    sync_until_s[broad] = half_s - SERRATION_S
    line_in_field = (in_field - 3 * pulses) // 2
    picture = ~interval & (in_field >= 2 * standard.blanked_lines)
    # The half line before the vertical interval of the odd field has sync but no second half: its picture stops there.
    row = np.where(picture, 2 * (line_in_field - standard.blanked_lines) + index // phy.lines, -1)
    return _HalfLines(
        sync_until_s.astype(np.float32),
        second.astype(np.float32),
        ~interval & ~second,
        np.maximum(row, -1).astype(np.int32),
        np.where((index // 2) % 2 == 1, -1.0, 1.0).astype(np.float32)
        if standard.alternates
        else np.ones(len(index), np.float32),
    )


def _picture(rows: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Random scene: (luma 0 to 1, hue in turns), each (rows, columns): sky, ground, blobs and texture."""
    coarse = rng.standard_normal((rows // 8 + 1, PICTURE_COLUMNS // 8))
    smooth = ndimage.gaussian_filter(coarse, rng.uniform(1.0, 8.0), mode="wrap")
    smooth /= max(float(np.abs(smooth).max()), 1e-9)
    blobs = np.repeat(np.repeat(smooth, 8, axis=0), 8, axis=1)[:rows]
    texture = ndimage.uniform_filter1d(rng.standard_normal((rows, PICTURE_COLUMNS)), 3, axis=1, mode="wrap")
    horizon = rng.uniform(0.2, 0.8) * rows
    ramp = (np.arange(rows) > horizon)[:, None] * rng.uniform(-0.5, 0.5)
    luma = rng.uniform(0.35, 0.6) + 0.3 * blobs + ramp * 0.6 + rng.uniform(0.01, 0.08) * texture
    hue = rng.uniform() + 0.3 * blobs
    return np.clip(luma, 0.0, 1.0).astype(np.float32), hue.astype(np.float32)


def composite(phy: FmVideoPhy, frames: int, samples: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Composite video of a moving picture, periodic: ``frames`` frames in ``samples`` samples.

    Returns
    -------
    NDArray[np.float32]
        (samples,) volts, sync tip about -0.3, white 0.7, limited to 5 MHz.
    """
    standard = standard_of(phy)
    table = _half_lines(phy, standard)
    rows = int(table.row.max()) + 1
    luma, hue = _picture(rows, rng)
    flat_luma, flat_hue = luma.ravel(), hue.ravel()
    motion_columns = int(rng.integers(-40, 41))
    saturation_v = float(rng.uniform(0.02, 0.15))
    half_s = 0.5 / phy.line_hz
    half_lines = 2 * phy.lines
    cycles = round(phy.subcarrier_hz / phy.line_hz * phy.lines * frames)
    burst_end_s = standard.burst_start_s + standard.burst_cycles / phy.subcarrier_hz
    burst_turns = 135.0 / 360.0 if standard.alternates else 0.5
    video = np.empty(samples, dtype=np.float32)
    edges = np.linspace(0, samples, CHUNKS + 1).astype(np.int64)
    for first, last in itertools.pairwise(edges):
        position = np.arange(first, last) * (half_lines * frames / samples)
        whole = position.astype(np.int32)
        into_s = ((position - whole) * half_s).astype(np.float32)
        frame = whole // half_lines
        half = whole - frame * half_lines
        since_sync_s = into_s + table.second[half] * np.float32(half_s)
        subcarrier_turns = np.arange(first, last) * (cycles / samples)
        row = table.row[half]
        active = (row >= 0) & (since_sync_s >= standard.active_start_s) & (since_sync_s < standard.active_end_s)
        scale = PICTURE_COLUMNS / (standard.active_end_s - standard.active_start_s)
        column = ((since_sync_s - standard.active_start_s) * np.float32(scale)).astype(np.int32)
        column += frame * motion_columns
        pixel = np.where(active, row * PICTURE_COLUMNS + column % PICTURE_COLUMNS, 0)
        colour = from_turns(subcarrier_turns + flat_hue[pixel] * table.v_sign[half]).imag
        white = np.float32(standard.white_v - standard.black_v)
        level = standard.black_v + white * flat_luma[pixel] + np.float32(saturation_v) * colour
        level *= active
        burst = table.has_burst[half] & (since_sync_s >= standard.burst_start_s) & (since_sync_s < burst_end_s)
        at = np.flatnonzero(burst)
        level[at] = standard.burst_v * from_turns(subcarrier_turns[at] + burst_turns * table.v_sign[half[at]]).imag
        level[into_s < table.sync_until_s[half]] = standard.sync_v
        video[first:last] = level
    return _band_limited(video, frames * phy.lines / phy.line_hz)


def _band_limited(video: NDArray[np.float32], duration_s: float) -> NDArray[np.float32]:
    """Limit to the camera's bandwidth with a raised-cosine edge, periodically."""
    spectrum = fft.rfft(video)
    frequency_hz = np.arange(len(spectrum), dtype=np.float32) / np.float32(duration_s)
    edge = np.clip((frequency_hz - VIDEO_BANDWIDTH_HZ) / VIDEO_ROLL_OFF_HZ + 0.5, 0.0, 1.0)
    spectrum *= np.cos(edge * np.float32(np.pi / 2.0)) ** 2
    return fft.irfft(spectrum, len(video)).astype(np.float32)
