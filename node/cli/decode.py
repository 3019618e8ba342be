"""``skypicket decode``: what a serial module driver makes of captured bytes."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import io
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from dsp.units import NS_PER_S
from firmware_bridge.contacts import Contact
from firmware_bridge.devices import BY_NAME
from firmware_bridge.module import Device, ModuleCounters, ModuleSettings, SerialModule

READ_BYTES = 65536
BITS_PER_BYTE = 10
"""On the wire: start, eight, stop."""
PIECE_S = 0.002
"""Contacts are stamped to this."""
USAGE_FAULT, WORK_FAULT = 2, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Decode captured bytes of a serial module: one JSON object a line for each contact. A capture has no times, so "
        "they count from 1970-01-01T00:00:00Z (or --start-ns) at the rate the bytes take on the wire."
    )
    parser.add_argument("device", metavar="DEVICE", help=f"one of: {' '.join(BY_NAME)}")
    parser.add_argument("file", metavar="FILE", help="raw bytes as captured from the port; - is standard input")
    parser.add_argument("--stats", action="store_true", help="print one JSON object with the counters, no contacts")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of the device, as in the configuration file (firmware=people-3d); may be repeated",
    )
    parser.add_argument("--baud", type=int, help="bits a second the capture came at; default as the device has it")
    parser.add_argument("--start-ns", type=int, default=0, help="Unix time of the first byte in nanoseconds")


def run(args: argparse.Namespace) -> int:
    """Decode; 0 done, 1 the file cannot be read or holds nothing of the device, 2 wrong arguments."""
    device = BY_NAME.get(args.device)
    if device is None:
        return _fail(
            f"device {args.device}: not known{_nearest(args.device)}; known are {', '.join(BY_NAME)}", USAGE_FAULT
        )
    if args.baud is not None and args.baud <= 0:
        return _fail(f"--baud: must be above 0, not {args.baud}", USAGE_FAULT)
    try:
        module = _settings(device, args.set).make()
    except (ValueError, TypeError) as fault:
        return _fail(f"--set: {fault}", USAGE_FAULT)
    try:
        with ExitStack() as stack:
            stream = sys.stdin.buffer if args.file == "-" else stack.enter_context(Path(args.file).open("rb"))
            for contacts in _decode(module, stream, args.start_ns, args.baud or device.port.baud):
                if contacts and not args.stats:
                    print("\n".join(map(contact_json, contacts)), flush=True)
    except BrokenPipeError:
        raise
    except OSError as fault:
        return _fail(f"{args.file}: {fault.strerror or fault}", WORK_FAULT)
    counters = module.counters
    if args.stats:
        print(json.dumps(dataclasses.asdict(counters)))
    finding: str | None = getattr(module, "fault", None)
    return _verdict(args.file, device, counters, finding, stats=args.stats)


def contact_json(contact: Contact) -> str:
    """One contact as one line of JSON; ``kind`` says which; nulls are kept."""
    return json.dumps({"kind": contact.kind, **dataclasses.asdict(contact)}, allow_nan=False, separators=(",", ":"))


def _decode(module: SerialModule, stream: BinaryIO, start_ns: int, baud: int) -> Iterator[list[Contact]]:
    """Feed in pieces of so much time on the wire; their ends are the stamps, however a pipe cuts the stream."""
    piece = max(1, int(PIECE_S * baud / BITS_PER_BYTE))
    count = 0

    def stamp_ns() -> int:
        return start_ns + -(-count // piece) * piece * BITS_PER_BYTE * NS_PER_S // baud

    while data := _read(stream):
        contacts: list[Contact] = []
        at = 0
        while at < len(data):
            part = data[at : at + piece - count % piece]
            at += len(part)
            count += len(part)
            contacts += module.feed(part, stamp_ns())
        yield contacts
    yield module.finish(stamp_ns())


def _read(stream: BinaryIO) -> bytes:
    """Read what is there already: a pipe from a live port must not wait for a full buffer."""
    return stream.read1(READ_BYTES) if isinstance(stream, io.BufferedReader) else stream.read(READ_BYTES)


def _verdict(file: str, device: Device, counters: ModuleCounters, fault: str | None, *, stats: bool) -> int:
    name = "standard input" if file == "-" else file
    if counters.translated:
        _fail(
            f"{name}: warning: carriage returns were replaced by line feeds when this was captured; any value may be "
            "wrong. Open the port raw (stty raw)",
            0,
        )
    if counters.bytes == 0:
        return _fail(f"{name}: no bytes; give a capture of the port", WORK_FAULT)
    if counters.frames == 0 and not stats:
        guess = fault or "another device, another baud rate, or text in place of the raw bytes?"
        return _fail(f"{name}: no frame of {device.title} in {counters.bytes} bytes; {guess}", WORK_FAULT)
    if fault is not None:
        _fail(f"{name}: warning: {fault}", 0)
    return 0


def _settings(device: Device, pairs: list[str]) -> ModuleSettings:
    fields = {
        field.name: field
        for field in dataclasses.fields(device.settings)  # type: ignore[arg-type]  # a dataclass, by its contract
    }
    chosen: dict[str, object] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            raise ValueError(f"{pair}: write KEY=VALUE")
        if key not in fields:
            raise ValueError(f"{key}: {device.name} has no such setting; it has {', '.join(fields)}")
        chosen[key] = value = _value(text)
        default = fields[key].default
        if isinstance(default, bool | int | float) and not isinstance(value, type(default) | int | float):
            raise TypeError(f"{key}: must be like {json.dumps(default)}, not {text!r}")
    return device.settings(**chosen)  # type: ignore[arg-type]  # checked by the dataclass itself


def _value(text: str) -> object:
    """As TOML would read it: a number, true, false, a list; anything else is text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return tuple(value) if isinstance(value, list) else value


def _nearest(name: str) -> str:
    close = difflib.get_close_matches(name, BY_NAME, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _fail(text: str, code: int) -> int:
    print(f"skypicket decode: {text}", file=sys.stderr)
    return code
