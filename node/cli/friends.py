"""`skypicket friends`: make the keys of the friendly list, sign a list, verify one. Where: docs/fusion.md."""

from __future__ import annotations

import argparse
import os
import stat
import sys
import time
from pathlib import Path

from node.fusion.friends import FriendlyList, FriendlyListError, key_pair, sign_list, verified_list

PRIVATE_MODE, PUBLIC_MODE = 0o600, 0o644
LONGEST_BYTES = 16 * 2**20
"""Of any file that is read: three times the longest list."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    key = actions.add_parser("key", help="make a pair of keys: BASE.key, for you alone, and BASE.pub, for the nodes")
    key.add_argument("base", type=Path, metavar="BASE", help="for example friends")
    key.set_defaults(act=_key)
    sign = actions.add_parser("sign", help="check a list and sign its exact bytes")
    sign.add_argument("list", type=Path, metavar="LIST", help="JSON file of the list")
    sign.add_argument("--key", type=Path, required=True, metavar="FILE", help="private key, for example friends.key")
    sign.add_argument("--out", type=Path, metavar="FILE", help="signature (default: LIST with the ending .sig)")
    sign.set_defaults(act=_sign)
    verify = actions.add_parser("verify", help="say whether a node would use a list, and who is on it")
    verify.add_argument("list", type=Path, metavar="LIST", help="JSON file of the list")
    verify.add_argument("--signature", type=Path, metavar="FILE", help="default: LIST with the ending .sig")
    verify.add_argument("--public-key", type=Path, required=True, metavar="FILE", help="for example friends.pub")
    verify.set_defaults(act=_verify)


def run(args: argparse.Namespace) -> int:
    """Do what is asked."""
    code: int = args.act(args)
    return code


def _key(args: argparse.Namespace) -> int:
    private, public = (Path(f"{args.base}.{ending}") for ending in ("key", "pub"))
    for file in (private, public):
        if os.path.lexists(file):
            raise FriendlyListError(f"{file}: is there already, and keys are never overwritten; choose another BASE")
    secret, shown = key_pair()
    _create(private, secret, PRIVATE_MODE)
    try:
        _create(public, shown, PUBLIC_MODE)
    except OSError:
        private.unlink()
        raise
    print(f"{private}: private key, readable by you alone; keep it away from the nodes")
    print(f"{public}: public key: {shown.decode('ascii').strip()}")
    return 0


def _sign(args: argparse.Namespace) -> int:
    document, key = _read(args.list), _read(args.key)
    out: Path = args.out or args.list.with_suffix(".sig")
    if out.resolve() in {args.list.resolve(), args.key.resolve()}:
        raise FriendlyListError(f"{out}: is the list or the key itself; choose another --out")
    if stat.S_IMODE(args.key.stat().st_mode) & 0o077:
        sys.stderr.write(f"{args.key}: others may read this private key; chmod 600 {args.key}\n")
    try:
        signature = sign_list(document, key)
    except FriendlyListError as fault:
        raise FriendlyListError(f"{args.key if 'private key' in str(fault) else args.list}: {fault}") from fault
    public = args.key.with_suffix(".pub")
    if public.exists():
        try:
            verified_list(document, signature, _read(public))
        except FriendlyListError as fault:
            raise FriendlyListError(
                f"{args.key}: is not the private key that {public} belongs to; nodes would refuse the list"
            ) from fault
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        _create(beside, signature, PUBLIC_MODE)
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)
    print(f"{out}: signature of {args.list}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    document, key = _read(args.list), _read(args.public_key)
    signature: Path = args.signature or args.list.with_suffix(".sig")
    signed = _read(signature)
    try:
        found = verified_list(document, signed, key)
    except FriendlyListError as fault:
        wrong = args.public_key if "public key" in str(fault) else signature if "signature" in str(fault) else args.list
        raise FriendlyListError(f"{wrong}: {fault}") from fault
    print(f"{args.list}: good: {_summary(found, time.time_ns())}")
    return 0


def _summary(found: FriendlyList, now_ns: int) -> str:
    states = [
        "over" if one.until_ns < now_ns else "to come" if one.from_ns > now_ns else "now" for one in found.entries
    ]
    counts = ", ".join(f"{states.count(state)} {state}" for state in ("now", "to come", "over"))
    return f"signed by {found.issuer or 'an issuer without a name'}, {len(states)} entries ({counts})"


def _read(file: Path) -> bytes:
    with file.open("rb") as stream:
        content = stream.read(LONGEST_BYTES + 1)
    if len(content) > LONGEST_BYTES:
        raise FriendlyListError(f"{file}: is longer than {LONGEST_BYTES} bytes; is it the right file?")
    return content


def _create(file: Path, content: bytes, mode: int) -> None:
    """Write a new file that has its permissions from the beginning."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
