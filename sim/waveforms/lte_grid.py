"""Resource grid of an LTE-like down link (3GPP TS 36.211, clause 6), frame structure type 1, normal prefix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LTE_SPACING_HZ = 15e3
SYMBOLS_PER_FRAME = 140
SYMBOLS_PER_SUBFRAME = 14
SYNC_CARRIERS = 62
PSS_ROOTS = (25, 29, 34)
"""Zadoff-Chu roots of the primary synchronisation signal (table 6.11.1.1-1)."""
PBCH_CARRIERS = 72
PBCH_SYMBOLS = slice(7, 11)
"""Symbols of the first subframe that carry the broadcast channel."""
REFERENCE_BOOST = 1.0
QAM_SIZES = (2, 4, 8)
"""Points on each axis: QPSK, 16-QAM, 64-QAM."""


def _qam(shape: tuple[int, ...], side: int, rng: np.random.Generator) -> NDArray[np.complex64]:
    levels = (2.0 * np.arange(side) - (side - 1)) / np.sqrt(2.0 * (side**2 - 1) / 3.0)
    real, imaginary = rng.integers(side, size=(2, *shape))
    return np.asarray(levels[real] + 1j * levels[imaginary], dtype=np.complex64)


def primary_sync(root: int) -> NDArray[np.complex64]:
    """Primary synchronisation signal, (62,): a Zadoff-Chu sequence of length 63 without its middle."""
    index = np.arange(63)
    sequence = np.exp(-1j * np.pi * root * index * (index + 1) / 63.0)
    return np.delete(sequence, 31).astype(np.complex64)


def lte_grid(carriers: int, frames: int, rng: np.random.Generator) -> NDArray[np.complex64]:
    """Grid of some frames, (frames x 140, carriers) complex64.

    Data: blocks of 12 subcarriers and one subframe, on air with a load drawn once, in one of three constellations and
    at one of three levels. Control symbols at the start of each subframe; cell reference signals on every sixth
    subcarrier of symbols 0 and 4 of each slot, for two antenna ports; synchronisation signals and broadcast channel
    at their places. The sequences of reference and secondary synchronisation signals are random but fixed per cell.
    """
    rows = frames * SYMBOLS_PER_FRAME
    grid = np.zeros((rows, carriers), dtype=np.complex64)
    load = float(rng.uniform(0.1, 1.0))
    subframes, blocks = rows // SYMBOLS_PER_SUBFRAME, carriers // 12
    side = rng.choice(QAM_SIZES, size=(subframes, blocks))
    level = rng.choice((0.7, 1.0, 1.4), size=(subframes, blocks)) * (rng.uniform(size=(subframes, blocks)) < load)
    for points in QAM_SIZES:
        amplitude = np.where(side == points, level, 0.0).astype(np.float32)
        spread = np.repeat(np.repeat(amplitude, SYMBOLS_PER_SUBFRAME, axis=0), 12, axis=1)
        grid[:, : blocks * 12] += spread * _qam((rows, blocks * 12), points, rng)
    symbol = np.arange(rows) % SYMBOLS_PER_SUBFRAME
    control = symbol < int(rng.integers(1, 4))
    grid[control] = _qam((int(control.sum()), carriers), 2, rng) * (
        rng.uniform(size=(int(control.sum()), carriers // 4 + 1)) < 0.2 + 0.8 * load
    ).repeat(4, axis=1)[:, :carriers].astype(np.float32)
    _put_reference(grid, rng)
    _put_sync(grid, frames, rng)
    return grid


def _put_reference(grid: NDArray[np.complex64], rng: np.random.Generator) -> None:
    """Cell-specific reference signals of ports 0 and 1 (6.10.1.2)."""
    rows, carriers = grid.shape
    shift = int(rng.integers(6))
    frame = _qam((SYMBOLS_PER_FRAME, carriers), 2, rng) * np.float32(REFERENCE_BOOST)
    in_frame = np.arange(rows) % SYMBOLS_PER_FRAME
    for in_slot, first in ((0, 0), (4, 3)):
        of_slot = in_frame % 7 == in_slot
        for port in (0, 3):
            comb = slice((first + port + shift) % 6, carriers, 6)
            grid[of_slot, comb] = frame[in_frame[of_slot], comb]


def _put_sync(grid: NDArray[np.complex64], frames: int, rng: np.random.Generator) -> None:
    """Synchronisation signals in slots 0 and 10, and the broadcast channel (6.11, 6.6)."""
    middle = grid.shape[1] // 2
    sync = slice(middle - SYNC_CARRIERS // 2, middle + SYNC_CARRIERS // 2)
    guard = slice(middle - PBCH_CARRIERS // 2, middle + PBCH_CARRIERS // 2)
    primary = primary_sync(int(rng.choice(PSS_ROOTS)))
    secondary = rng.choice((-1.0, 1.0), size=(2, SYNC_CARRIERS)).astype(np.complex64)
    for frame in range(frames):
        start = frame * SYMBOLS_PER_FRAME
        for half in (0, 1):
            slot = start + half * 70
            grid[slot + 5 : slot + 7, guard] = 0.0
            grid[slot + 5, sync] = secondary[half]
            grid[slot + 6, sync] = primary
        broadcast = grid[start : start + SYMBOLS_PER_SUBFRAME][PBCH_SYMBOLS, guard]
        broadcast[:] = _qam(broadcast.shape, 2, rng)
