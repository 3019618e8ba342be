"""The friendly list: identifiers that may fly, where and when, signed with Ed25519. The only file that knows
``cryptography``.

A list is a JSON document and a detached signature over its exact bytes::

    {"schema": "skypicket.friends/1", "issuer": "site office",
     "entries": [{"uas_id": "1581F45TB21CP0000XYZ", "from": "2026-05-01T00:00:00Z", "until": "2026-06-01T00:00:00Z",
                  "lat": 45.5, "lon": 9.25, "radius_m": 2000, "ceiling_m": 300, "note": "survey"}]}

Every entry is bounded in time and area; nothing in it makes a friend by itself: see docs/fusion.md.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime

from firmware_bridge.position.node_position import distance_m
from node.fusion.settings import NS_PER_S

SCHEMA = "skypicket.friends/1"
KEY_BYTES, SIGNATURE_BYTES = 32, 64
ENTRIES_AT_MOST = 10_000


class FriendlyListError(Exception):
    """A friendly list cannot be used; the text says why, and the cure."""


@dataclass(frozen=True, slots=True)
class Friend:
    """One entry.

    Parameters
    ----------
    uas_id
        Identifier as it is broadcast.
    from_ns, until_ns
        Unix time (UTC) in nanoseconds between which it holds.
    lat_deg, lon_deg, radius_m
        Circle in which it holds.
    ceiling_m
        Highest altitude above the ellipsoid; None: any.
    note
        For people.
    """

    uas_id: str
    from_ns: int
    until_ns: int
    lat_deg: float
    lon_deg: float
    radius_m: float
    ceiling_m: float | None = None
    note: str = ""

    def admits(self, time_ns: int, lat_deg: float, lon_deg: float, altitude_m: float | None) -> str | None:
        """None where the entry holds here and now, else what is wrong."""
        if not self.from_ns <= time_ns <= self.until_ns:
            return "on the friendly list, but not for this time"
        if distance_m(self.lat_deg, self.lon_deg, lat_deg, lon_deg) > self.radius_m:
            return "on the friendly list, but outside its area"
        if self.ceiling_m is not None and altitude_m is not None and altitude_m > self.ceiling_m:
            return "on the friendly list, but above its ceiling"
        return None


@dataclass(frozen=True, slots=True)
class FriendlyList:
    """A list whose signature was right."""

    issuer: str
    entries: tuple[Friend, ...]

    def of(self, uas_id: str) -> tuple[Friend, ...]:
        """Entries of an identifier."""
        return tuple(entry for entry in self.entries if entry.uas_id == uas_id)


def verified_list(document: bytes, signature: bytes, public_key: bytes) -> FriendlyList:
    """Check the signature, then read the list.

    Parameters
    ----------
    document
        The list's file as it is.
    signature
        64 bytes, or those in base 64.
    public_key
        32 bytes, or those in base 64.

    Raises
    ------
    FriendlyListError
        If the signature is not of this document and key, or the document is no list.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(_raw(public_key, KEY_BYTES, "public key"))
    try:
        key.verify(_raw(signature, SIGNATURE_BYTES, "signature"), document)
    except InvalidSignature as fault:
        raise FriendlyListError("the signature is not of this list and key; sign the list anew") from fault
    return _read(document)


def sign_list(document: bytes, private_key: bytes) -> bytes:
    """Sign a list: signature in base 64. The list is checked first.

    Raises
    ------
    FriendlyListError
        If the key or the list cannot be used.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    _read(document)
    key = Ed25519PrivateKey.from_private_bytes(_raw(private_key, KEY_BYTES, "private key"))
    return base64.b64encode(key.sign(document)) + b"\n"


def key_pair() -> tuple[bytes, bytes]:
    """New keys, (private, public), each in base 64."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    return (
        base64.b64encode(key.private_bytes_raw()) + b"\n",
        base64.b64encode(key.public_key().public_bytes_raw()) + b"\n",
    )


def _raw(value: bytes, length: int, what: str) -> bytes:
    if len(value) == length:
        return value
    try:
        raw = base64.b64decode(value.strip(), validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != length:
        raise FriendlyListError(f"the {what} must be {length} bytes, or those in base 64")
    return raw


def _read(document: bytes) -> FriendlyList:
    try:
        root = json.loads(document)
    except (ValueError, RecursionError) as fault:
        raise FriendlyListError(f"the list is not JSON: {fault}") from fault
    if not isinstance(root, dict) or root.get("schema") != SCHEMA:
        raise FriendlyListError(f'the list must be an object with "schema": "{SCHEMA}"')
    entries = root.get("entries")
    if not isinstance(entries, list) or len(entries) > ENTRIES_AT_MOST:
        raise FriendlyListError(f"entries must be a list of at most {ENTRIES_AT_MOST}")
    return FriendlyList(str(root.get("issuer", "")), tuple(_entry(at, entry) for at, entry in enumerate(entries)))


def _entry(at: int, entry: object) -> Friend:
    if not isinstance(entry, dict):
        raise FriendlyListError(f"entries[{at}] must be an object")
    uas_id = entry.get("uas_id")
    if not isinstance(uas_id, str) or not 1 <= len(uas_id) <= 64:
        raise FriendlyListError(f"entries[{at}].uas_id must be a text of 1 to 64 characters")
    from_ns, until_ns = _time_ns(entry, at, "from"), _time_ns(entry, at, "until")
    if until_ns <= from_ns:
        raise FriendlyListError(f"entries[{at}].until must be after from")
    ceiling = entry.get("ceiling_m")
    return Friend(
        uas_id,
        from_ns,
        until_ns,
        _number(entry, at, "lat", -90.0, 90.0),
        _number(entry, at, "lon", -180.0, 180.0),
        _number(entry, at, "radius_m", 1.0, 100_000.0),
        None if ceiling is None else _number(entry, at, "ceiling_m", -1000.0, 32_000.0),
        str(entry.get("note", "")),
    )


def _number(entry: dict[object, object], at: int, key: str, low: float, high: float) -> float:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise FriendlyListError(f"entries[{at}].{key} must be a number from {low:g} to {high:g}")
    return float(value)


def _time_ns(entry: dict[object, object], at: int, key: str) -> int:
    value = entry.get(key)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise FriendlyListError(f"entries[{at}].{key} must be a time such as 2026-05-01T12:00:00Z")
    return int(moment.timestamp()) * NS_PER_S
