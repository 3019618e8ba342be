"""``skypicket friends``: keys, signatures, and everything that can be mixed up."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node.fusion.friends import verified_list

ENTRY = {
    "uas_id": "1581F45TB21CP0000XYZ", "from": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z",
    "lat": 45.5, "lon": 9.25, "radius_m": 500,
}  # fmt: skip
Run = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, skypicket: Run) -> Path:
    """A list, and keys."""
    past = {**ENTRY, "until": "2021-01-01T00:00:00Z"}
    text = json.dumps({"schema": "skypicket.friends/1", "issuer": "office", "entries": [ENTRY, past]})
    (tmp_path / "friends.json").write_text(text, encoding="utf-8")
    assert skypicket("friends", "key", tmp_path / "friends").code == 0
    return tmp_path


def sign(skypicket: Run, folder: Path, *more: str | Path) -> Any:
    return skypicket("friends", "sign", folder / "friends.json", "--key", folder / "friends.key", *more)


def verify(skypicket: Run, folder: Path, *more: str | Path) -> Any:
    return skypicket("friends", "verify", folder / "friends.json", "--public-key", folder / "friends.pub", *more)


def test_key_sign_verify(folder: Path, skypicket: Run) -> None:
    assert sign(skypicket, folder).code == 0
    done = verify(skypicket, folder)
    assert (done.code, done.err) == (0, "")
    assert "signed by office, 2 entries (1 now, 0 to come, 1 over)" in done.out
    files = [(folder / name).read_bytes() for name in ("friends.json", "friends.sig", "friends.pub")]
    assert len(verified_list(*files).entries) == 2


def test_the_private_key_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path, skypicket: Run) -> None:
    before = os.umask(0)
    try:
        assert skypicket("friends", "key", tmp_path / "open").code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "open.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "open.pub").stat().st_mode) == 0o644
    assert (tmp_path / "open.key").read_bytes() not in (tmp_path / "open.pub").read_bytes()


def test_the_private_key_is_never_shown(tmp_path: Path, skypicket: Run) -> None:
    done = skypicket("friends", "key", tmp_path / "one")
    secret = (tmp_path / "one.key").read_text(encoding="ascii").strip()
    assert secret not in done.out + done.err
    assert (tmp_path / "one.pub").read_text(encoding="ascii").strip() in done.out


@pytest.mark.parametrize("ending", ["key", "pub"])
def test_keys_are_never_overwritten(folder: Path, skypicket: Run, ending: str) -> None:
    before = (folder / f"friends.{ending}").read_bytes()
    (folder / f"friends.{'pub' if ending == 'key' else 'key'}").unlink()
    done = skypicket("friends", "key", folder / "friends")
    assert done.code == 2
    assert f"friends.{ending}: is there already" in done.err
    assert (folder / f"friends.{ending}").read_bytes() == before


def test_a_changed_list_is_refused_with_the_cure(folder: Path, skypicket: Run) -> None:
    sign(skypicket, folder)
    with (folder / "friends.json").open("ab") as stream:
        stream.write(b" ")
    done = verify(skypicket, folder)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "sign the list anew" in done.err


def test_a_wrong_list_is_not_signed_and_an_old_signature_stays(folder: Path, skypicket: Run) -> None:
    sign(skypicket, folder)
    before = (folder / "friends.sig").read_bytes()
    (folder / "friends.json").write_text('{"schema": "skypicket.friends/1", "entries": [{}]}', encoding="utf-8")
    done = sign(skypicket, folder)
    assert done.code == 2
    assert "friends.json: entries[0].uas_id" in done.err
    assert (folder / "friends.sig").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "says"), [(b"", "the private key must be 32 bytes"), (b"A" * 44, "friends.key: ")], ids=["none", "bad"]
)
def test_what_is_no_key_is_said(folder: Path, skypicket: Run, content: bytes, says: str) -> None:
    (folder / "friends.key").write_bytes(content)
    done = sign(skypicket, folder)
    assert done.code == 2
    assert says in done.err
    assert not (folder / "friends.sig").exists()


@pytest.mark.parametrize("mixed_up", ["the public key", "a key of another pair"])
def test_a_key_that_nodes_would_refuse_is_found_at_once(folder: Path, skypicket: Run, mixed_up: str) -> None:
    skypicket("friends", "key", folder / "other")
    other = "friends.pub" if mixed_up == "the public key" else "other.key"
    shutil.copy(folder / other, folder / "friends.key")
    done = sign(skypicket, folder)
    assert done.code == 2
    assert "is not the private key that" in done.err
    assert not (folder / "friends.sig").exists()


def test_a_key_that_others_can_read_is_worth_a_word(folder: Path, skypicket: Run) -> None:
    (folder / "friends.key").chmod(0o644)
    done = sign(skypicket, folder)
    assert done.code == 0
    assert "chmod 600" in done.err


def test_the_signature_does_not_replace_list_or_key(folder: Path, skypicket: Run) -> None:
    before = (folder / "friends.json").read_bytes()
    for name in ("friends.json", "friends.key"):
        assert sign(skypicket, folder, "--out", folder / name).code == 2
    assert (folder / "friends.json").read_bytes() == before
    assert verify(skypicket, folder).code != 0


def test_a_file_that_is_not_there_is_named(folder: Path, skypicket: Run) -> None:
    done = verify(skypicket, folder)
    assert done.code == 1
    assert "friends.sig: No such file" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "words", [("key", "no/such/x"), ("verify", ".", "--public-key", "."), ("sign", "x", "--key", ".")]
)
def test_folders_and_wrong_paths_are_one_line(tmp_path: Path, program: Run, words: tuple[str, ...]) -> None:
    done = program("friends", *words, cwd=tmp_path)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "internal fault" not in done.err


def test_signatures_are_those_of_openssl(folder: Path, skypicket: Run) -> None:
    """A second implementation: the raw public key in its DER frame of RFC 8410."""
    import base64

    if shutil.which("openssl") is None:
        pytest.skip("no openssl: sudo apt install openssl")
    sign(skypicket, folder)
    raw = base64.b64decode((folder / "friends.pub").read_bytes())
    (folder / "pub.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + raw)
    (folder / "raw.sig").write_bytes(base64.b64decode((folder / "friends.sig").read_bytes()))
    done = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "pub.der", "-rawin",
         "-in", "friends.json", "-sigfile", "raw.sig"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
