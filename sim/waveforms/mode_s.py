"""Mode S replies: pulse positions and parity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PREAMBLE_PULSES_S = (0.0, 1.0e-6, 3.5e-6, 4.5e-6)
"""Leading edges (ICAO Annex 10 volume IV, 3.1.2.2.5.1.1)."""
PREAMBLE_S = 8.0e-6
GENERATOR = 0x1FFF409
"""Parity polynomial of degree 24 (ICAO Annex 10 volume IV, 3.1.2.3.3.1.2)."""
PARITY_BITS = 24
EXTENDED_FORMAT = 17
ALL_CALL_FORMAT = 11
CAPABILITY = 5
"""Airborne, level 2 or above."""
POSITION_TYPES = (9, 18)
"""Type codes of airborne position messages with barometric altitude."""


def parity(message: NDArray[np.integer]) -> int:
    """Remainder of the message bits, followed by 24 zeros, divided by the generator."""
    remainder = 0
    for bit in [*np.asarray(message).tolist(), *([0] * PARITY_BITS)]:
        remainder = remainder << 1 | int(bit)
        if remainder >> PARITY_BITS:
            remainder ^= GENERATOR
    return remainder


def bits_of(value: int, width: int) -> NDArray[np.uint8]:
    """Bits of a number, highest first."""
    return np.array([value >> shift & 1 for shift in range(width - 1, -1, -1)], dtype=np.uint8)


def with_parity(message: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Message bits with their parity appended, as an extended squitter and an all-call reply to nobody carry it."""
    return np.concatenate((np.asarray(message, dtype=np.uint8), bits_of(parity(message), PARITY_BITS)))


def random_frame(bits: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A valid frame of a random address: 112 bits an airborne position (DF17), 56 bits an all-call reply (DF11)."""
    address = int(rng.integers(1, 2**24 - 1))
    if bits <= 56:
        return with_parity(np.concatenate((bits_of(ALL_CALL_FORMAT, 5), bits_of(CAPABILITY, 3), bits_of(address, 24))))
    kind = int(rng.integers(POSITION_TYPES[0], POSITION_TYPES[1] + 1))
    body = rng.integers(0, 2, 51, dtype=np.uint8)
    head = (bits_of(EXTENDED_FORMAT, 5), bits_of(CAPABILITY, 3), bits_of(address, 24), bits_of(kind, 5))
    return with_parity(np.concatenate((*head, body)))


def pulse_starts_s(frame: NDArray[np.integer]) -> NDArray[np.float64]:
    """Leading edges of all half-microsecond pulses of a frame: early in its microsecond for 1, late for 0."""
    late = np.where(np.asarray(frame) != 0, 0.0, 0.5e-6)
    return np.concatenate((PREAMBLE_PULSES_S, PREAMBLE_S + np.arange(len(late)) * 1e-6 + late))
