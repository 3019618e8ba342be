from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from node.fusion.friends import FriendlyListError, key_pair, sign_list, verified_list

ENTRY = {
    "uas_id": "1581F45TB21CP0000XYZ", "from": "2026-05-01T00:00:00Z", "until": "2026-06-01T00:00:00+02:00",
    "lat": 45.5, "lon": 9.25, "radius_m": 500, "ceiling_m": 250,
}  # fmt: skip
NOON_NS = 1_777_636_800_000_000_000
"""2026-05-01T12:00:00Z."""


def document(**changes: Any) -> bytes:
    return json.dumps({"schema": "skypicket.friends/1", "issuer": "office", "entries": [{**ENTRY, **changes}]}).encode()


def test_signed_list_is_read() -> None:
    private, public = key_pair()
    text = document()
    found = verified_list(text, sign_list(text, private), public)
    (entry,) = found.of("1581F45TB21CP0000XYZ")
    assert found.issuer == "office"
    assert found.of("other") == ()
    assert entry.admits(NOON_NS, 45.501, 9.25, 200.0) is None
    assert entry.admits(NOON_NS - 86_400 * 10**9, 45.501, 9.25, 200.0) is not None
    assert entry.admits(NOON_NS + 32 * 86_400 * 10**9, 45.501, 9.25, 200.0) is not None
    assert "area" in str(entry.admits(NOON_NS, 45.51, 9.25, 200.0))
    assert "ceiling" in str(entry.admits(NOON_NS, 45.501, 9.25, 260.0))


def test_a_known_vector_of_rfc_8032_verifies_as_ed25519() -> None:
    """RFC 8032 7.1, test 1: the signature is right, so what is refused is the empty list."""
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    with pytest.raises(FriendlyListError, match="not JSON"):
        verified_list(b"", signature, public)
    with pytest.raises(FriendlyListError, match="sign the list anew"):
        verified_list(b"x", signature, public)


@pytest.mark.parametrize("position", [0, 20, 80, -1])
def test_any_changed_byte_is_found(position: int) -> None:
    private, public = key_pair()
    text = document()
    signature = sign_list(text, private)
    changed = bytearray(text)
    changed[position] ^= 1
    with pytest.raises(FriendlyListError, match="sign the list anew"):
        verified_list(bytes(changed), signature, public)


def test_another_key_does_not_do() -> None:
    private, _ = key_pair()
    _, public = key_pair()
    text = document()
    with pytest.raises(FriendlyListError, match="not of this list and key"):
        verified_list(text, sign_list(text, private), public)


@pytest.mark.parametrize("key", [b"", b"short", b"\xff" * 31, base64.b64encode(b"a" * 31)])
def test_keys_of_a_wrong_length_are_named(key: bytes) -> None:
    with pytest.raises(FriendlyListError, match="public key must be 32 bytes"):
        verified_list(document(), b"\0" * 64, key)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"uas_id": ""}, "uas_id"),
        ({"until": "2026-04-01T00:00:00Z"}, "until"),
        ({"from": "2026-05-01T00:00:00"}, "from"),
        ({"from": 5}, "from"),
        ({"lat": 91}, "lat"),
        ({"lon": "9"}, "lon"),
        ({"radius_m": True}, "radius_m"),
        ({"radius_m": None}, "radius_m"),
        ({"ceiling_m": "high"}, "ceiling_m"),
    ],
)
def test_faults_of_a_list_are_named(changes: dict[str, Any], named: str) -> None:
    private, _ = key_pair()
    with pytest.raises(FriendlyListError, match=rf"entries\[0\]\.{named}"):
        sign_list(document(**changes), private)


@pytest.mark.parametrize("text", [b"[]", b"{}", b'{"schema":"skypicket.friends/1"}', b"\xff", b"[" * 5000])
def test_what_is_no_list_is_refused(text: bytes) -> None:
    private, _ = key_pair()
    with pytest.raises(FriendlyListError):
        sign_list(text, private)
