"""Identifiers that follow from what they name, so that a replay repeats them."""

from __future__ import annotations

import hashlib

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32, the alphabet of ULIDs (github.com/ulid/spec)."""
ULID_LENGTH = 26
RANDOM_BITS = 80
"""Of a ULID's 128 bits, those below the 48 bits of milliseconds."""


def ulid(time_ns: int, seed: str) -> str:
    """ULID of a moment whose random part is a hash of ``seed``.

    Parameters
    ----------
    time_ns
        Unix time in nanoseconds; the identifier keeps milliseconds and sorts by them.
    seed
        Whatever tells two things of the same millisecond apart.
    """
    digest = hashlib.sha256(seed.encode()).digest()
    low = int.from_bytes(digest[: RANDOM_BITS // 8], "big")
    milliseconds = max(0, time_ns // 1_000_000) & ((1 << 48) - 1)
    number = (milliseconds << RANDOM_BITS) | low
    return "".join(CROCKFORD[(number >> (5 * place)) & 31] for place in reversed(range(ULID_LENGTH)))


def track_ulid(node_name: str, first_ns: int, key: str) -> str:
    """Identifier of a track: from the node, the time of the first evidence and what it was heard on."""
    return ulid(first_ns, f"track|{node_name}|{first_ns}|{key}")
