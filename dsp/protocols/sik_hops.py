"""Where and in which order a SiK network uses its channels.

Facts from ArduPilot/SiK, ``Firmware/radio/freq_hopping.c`` (order) and ``main.c`` (grid).
"""

from __future__ import annotations

from collections.abc import Iterator

MULTIPLIER = 1103515245
INCREMENT = 12345
MODULUS = 2**32
OFFSET_STEP_HZ = 625
"""The firmware multiplies its random number by this, in 16 bits with sign."""


def _draws(seed: int) -> Iterator[int]:
    """``rand()`` of the compiler's library: 15 bits, ``s = (1103515245 s + 12345) mod 2^32``, ``s >> 16``."""
    state = seed % 2**16
    while True:
        state = (MULTIPLIER * state + INCREMENT) % MODULUS
        yield (state >> 16) & 0x7FFF


def hop_order(network: int, channels: int) -> tuple[int, ...]:
    """Channel indices in the order of the turns.

    A naive shuffle: each place but the last is swapped with one drawn from all, by the low eight bits of ``rand()``.

    Parameters
    ----------
    network
        NETID, 16 bit.
    channels
        Number of channels, 1 to 256.

    Raises
    ------
    ValueError
        If the number of channels is out of range.
    """
    if not 1 <= channels <= 256:
        raise ValueError(f"need 1 to 256 channels, not {channels}")
    order = list(range(channels))
    for index, drawn in zip(range(channels - 1), _draws(network), strict=False):
        other = (drawn & 0xFF) % channels
        order[index], order[other] = order[other], order[index]
    return tuple(order)


def base_offset_hz(network: int, spacing_hz: float) -> float:
    """How far a network's grid lies above the first, below one spacing: ``(rand() 625) mod spacing`` in integers.

    The product is a 16-bit number with sign, taken as an unsigned one of 32 bits.
    """
    product = next(_draws(network)) * OFFSET_STEP_HZ % 2**16
    if product >= 2**15:
        product += 2**32 - 2**16
    return float(product % int(spacing_hz))
