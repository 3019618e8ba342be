"""The rules of the house that import-linter cannot say."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("node", "sim", "models", "firmware_bridge", "dsp")
LONGEST_FILE = 300
EXCUSE = re.compile(r"^# Longer than 300 lines: .{20,}", re.MULTILINE)
EVERYWHERE = {"numpy", "scipy"}
SEVERAL = {
    # Training only; node/train.py looks whether it is there before it spends minutes on data.
    "onnxruntime": re.compile(r"models/onnx\.py|models/train/int8\.py"),  # the second quantises, to compare
    "torch": re.compile(r"models/train/\w+\.py|node/train\.py"),
}
"""Libraries with more than one importing file, and the files that may."""
THREADS_LIVE_IN = re.compile(r"node/(runtime|sinks/mqtt|sources/rtl_sdr)\.py|firmware_bridge/link\.py|sim/.+")
"""Readers and pipelines, the MQTT client, librtlsdr's blocking read, serial ports; and simulated devices."""


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(path: Path) -> Iterator[str]:
    """Top-level names of everything a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_one_library_one_importing_file() -> None:
    users: dict[str, set[str]] = defaultdict(set)
    for path in modules():
        for library in imported(path):
            if library not in sys.stdlib_module_names and library not in PACKAGES and library not in EVERYWHERE:
                users[library].add(name(path))
    assert {"onnxruntime", "paho", "pydantic"} <= set(users)  # the scan sees something
    wrong = {
        library: sorted(files)
        for library, files in users.items()
        if not (all(map(SEVERAL[library].fullmatch, files)) if library in SEVERAL else len(files) == 1)
    }
    assert not wrong


@pytest.mark.parametrize("path", modules(), ids=name)
def test_file_is_short_or_says_why_not(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_FILE or EXCUSE.search(text)


def test_threads_live_where_they_are_said_to() -> None:
    makers = {name(path) for path in modules() if re.search(r"\bThread\(", path.read_text(encoding="utf-8"))}
    assert "node/runtime.py" in makers
    assert [file for file in sorted(makers) if not THREADS_LIVE_IN.fullmatch(file)] == []


def test_nothing_sleeps() -> None:
    """Waiting is for an event with a deadline, in the product and in its tests."""
    sleepers = [
        name(path)
        for path in [*modules(), *sorted((ROOT / "tests").rglob("*.py"))]
        if re.search(r"\btime\.sleep\(|\bfrom time import .*sleep", path.read_text(encoding="utf-8"))
        and path != Path(__file__)
    ]
    assert sleepers == []


def test_nothing_is_mocked() -> None:
    mockers = [
        name(path)
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"MagicMock|unittest\.mock|mocker\b", path.read_text(encoding="utf-8")) and path != Path(__file__)
    ]
    assert mockers == []


def test_every_protocol_file_is_registered() -> None:
    from dsp.protocols import PROTOCOLS

    records = {
        path.stem
        for path in (ROOT / "dsp" / "protocols").glob("*.py")
        if re.search(r"^PROTOCOL\b.*=", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    registered = {stem for stem in records if importlib.import_module(f"dsp.protocols.{stem}").PROTOCOL in PROTOCOLS}
    assert records == registered
    assert len(records) == len(PROTOCOLS) > 10


def test_every_serial_device_file_is_registered() -> None:
    from firmware_bridge.devices import DEVICES

    records = [
        getattr(importlib.import_module(name(path)[:-3].replace("/", ".")), "DEVICE")  # noqa: B009  # modules are untyped
        for path in sorted((ROOT / "firmware_bridge").rglob("*/*.py"))
        if re.search(r"^DEVICE\b.*=", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert records
    assert [record.name for record in records if record not in DEVICES] == []
    assert len(records) == len(DEVICES)


def test_every_command_has_its_module() -> None:
    from node.cli import COMMANDS

    for command in COMMANDS:
        module = importlib.import_module(command.module)
        assert callable(module.add_arguments)
        assert callable(module.run)
    registered = {command.module for command in COMMANDS}
    # An action of a command may have a file of its own, called after it: sim_serial.py belongs to sim.
    files = {
        f"node.cli.{path.stem.partition('_')[0]}"
        for path in (ROOT / "node" / "cli").glob("*.py")
        if "def add_arguments" in path.read_text(encoding="utf-8")
    }
    assert files <= registered


def test_no_path_of_a_machine_in_the_project() -> None:
    paths = re.compile(r"/(work|root|tmp)/\w")
    texts = [*modules(), *(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "Makefile"]
    assert [name(path) for path in texts if paths.search(path.read_text(encoding="utf-8"))] == []
