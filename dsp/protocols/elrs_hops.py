"""The order in which an ExpressLRS link visits its channels.

Facts from ExpressLRS/ExpressLRS, ``src/lib/FHSS/FHSS.cpp`` and ``random.cpp``.
"""

from __future__ import annotations

LONGEST_SEQUENCE = 256
"""Entries of the firmware's table; the sequence is the greatest multiple of the number of channels that fits."""
MULTIPLIER = 214013
INCREMENT = 2531011
MODULUS = 2**31


def sequence_length(channels: int) -> int:
    """Entries before the sequence repeats, ``floor(256 / N) N``."""
    return LONGEST_SEQUENCE // channels * channels


def hop_sequence(seed: int, channels: int, sync_channel: int) -> tuple[int, ...]:
    """Channel indices in hop order, one period of the sequence.

    Each block of N entries starts with the sync channel and holds every channel once: the other entries are shuffled
    by swaps with an entry drawn from the same block by ``s = (214013 s + 2531011) mod 2^31``, ``s >> 16``.

    Parameters
    ----------
    seed
        From the binding phrase, 32 bit.
    channels
        Channels of the domain, 2 to 256.
    sync_channel
        Index of the domain's sync channel.

    Raises
    ------
    ValueError
        If the number of channels or the sync channel is out of range.
    """
    if not 2 <= channels <= LONGEST_SEQUENCE or not 0 <= sync_channel < channels:
        raise ValueError(f"need 2 to 256 channels and a sync channel among them, not {channels} and {sync_channel}")
    state = seed % 2**32
    sequence: list[int] = []
    for _ in range(LONGEST_SEQUENCE // channels):
        block = list(range(channels))
        block[0], block[sync_channel] = sync_channel, 0
        for index in range(1, channels):
            state = (MULTIPLIER * state + INCREMENT) % MODULUS
            drawn = (state >> 16) % (channels - 1) + 1
            block[index], block[drawn] = block[drawn], block[index]
        sequence += block
    return tuple(sequence)
