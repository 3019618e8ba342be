"""Identifiers that follow from what they name, so that a replay repeats them."""

from __future__ import annotations

import hashlib
import uuid

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32, the alphabet of ULIDs (github.com/ulid/spec)."""
ULID_LENGTH = 26
TIME_LENGTH = 10
"""Of its characters, those that say the time."""
NAMESPACE = uuid.UUID("6f3c1a52-0b7e-5a0d-9a34-5d7f0c2be815")
"""Namespace of every UUID derived here: drawn once, never to change."""
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


def alert_ulid(track_id: str, number: int = 0) -> str:
    """Identifier of the alert for a track: it sorts by the track's first evidence, as the track's own does.

    Parameters
    ----------
    track_id
        ULID of the track that the alert was raised for.
    number
        Counts on where the alert of this number goes on for something else.
    """
    return track_id[:TIME_LENGTH] + ulid(0, f"alert|{track_id}|{number}")[TIME_LENGTH:]


def node_uuid(site: str, name: str) -> str:
    """Identifier of a node that was not given one: UUID version 5 of site and name, lower case."""
    return str(uuid.uuid5(NAMESPACE, f"node|{site}|{name}"))


def boot_uuid(node_id: str, seed: str) -> str:
    """Identifier of one run of a node, from what tells it from the others: UUID version 5, lower case.

    A replay gives what names the recording, so that the same replay repeats its messages; a live node gives something
    that never comes twice.
    """
    return str(uuid.uuid5(NAMESPACE, f"boot|{node_id}|{seed}"))
