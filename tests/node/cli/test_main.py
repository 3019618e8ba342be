"""The frame of the command line: help, version, faults, signals."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from dsp.iq import SourceUnavailable
from node.cli import COMMANDS, main
from node.cli.arguments import hertz, moment_ns, positive
from node.cli.faults import KNOWN, explain
from sim.scene import SceneError

Run = Callable[..., Any]


def test_help_names_every_command(skypicket: Run) -> None:
    done = skypicket("--help")
    assert done.code == 0
    assert all(f"\n    {command.name} " in done.out for command in COMMANDS)


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_every_command_has_help(skypicket: Run, command: str) -> None:
    done = skypicket(command, "--help")
    assert done.code == 0
    assert done.out.startswith(f"usage: skypicket {command}")
    assert done.err == ""


def test_version_is_the_distributions(skypicket: Run) -> None:
    done = skypicket("--version")
    assert (done.code, done.out) == (0, f"skypicket {metadata.version('skypicket')}\n")


@pytest.mark.parametrize(
    "arguments",
    [[], ["bogus"], ["--bogus"], ["replay", "--bogus", "x"], ["run"], ["sim"], ["sim", "bogus"], ["config"]],
)
def test_bad_arguments_are_2(skypicket: Run, arguments: list[str]) -> None:
    done = skypicket(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert "skypicket" in done.err
    assert "Traceback" not in done.err


def test_help_is_light() -> None:
    code = (
        "import sys; from node.cli import main; main(['--help']);"
        "sys.exit(str([name for name in ('numpy', 'pydantic', 'asyncio') if name in sys.modules] or 0))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.strip() == "0"


def test_known_faults_have_their_codes_and_one_line() -> None:
    assert explain(SourceUnavailable("x.cu8:\nno such file")) == (1, "x.cu8: | no such file")
    assert explain(SceneError("s.toml", (("a", "is wrong"), ("b", "too")))) == (
        2,
        "s.toml: a: is wrong\ns.toml: b: too",
    )
    assert explain(FileNotFoundError(2, "No such file or directory", "x")) == (1, "x: No such file or directory")
    assert explain(ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")) == (
        1,
        "the Python package matplotlib is missing or broken (No module named 'matplotlib'); "
        "pip install 'skypicket[report]'",
    )
    assert explain(ZeroDivisionError("x")) is None


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_known_faults_exist(name: str) -> None:
    module, _, kind = name.rpartition(".")
    assert issubclass(getattr(importlib.import_module(module), kind), Exception)


def test_an_internal_fault_is_one_line_and_its_trace_only_on_demand(
    skypicket: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from node.cli import sim

    def broken(_args: argparse.Namespace) -> int:
        raise ZeroDivisionError("a fault\nnobody expected")

    monkeypatch.setattr(sim, "_scenes", broken)
    done = skypicket("sim", "scenes")
    assert done.code == 1
    assert done.err.startswith("skypicket sim: internal fault, please report it: ZeroDivisionError: a fault | nobody")
    assert done.err.count("\n") == 1
    assert "Traceback" in skypicket("sim", "--debug", "scenes").err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_without_a_trace(number: signal.Signals, tmp_path: Path) -> None:
    """In the middle of writing a file, which is then not there."""
    out = tmp_path / "out.sigmf-meta"
    command = [sys.executable, "-P", "-m", "node", "sim", "render", "demo", "--seconds", "1000", "--out", str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while process.poll() is None and not list(tmp_path.glob(".*/*.sigmf-data")):
            pass  # until it has begun to write
        process.send_signal(number)
        assert process.wait(60) == 1
        assert process.stderr.read() == "skypicket sim: interrupted\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "value"), [("868.3M", 868.3e6), ("2400k", 2.4e6), ("1.2G", 1.2e9), ("1e6", 1e6), ("250000", 250e3)]
)
def test_frequencies_as_people_write_them(text: str, value: float) -> None:
    assert hertz(text) == value


@pytest.mark.parametrize("text", ["", "M", "-1M", "0", "nan", "inf", "868,3M", "868 MHz", "1e400"])
def test_what_is_no_frequency(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no frequency"):
        hertz(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5", 1_500_000_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1767225600.25", 1_767_225_600_250_000_000),
    ],
)
def test_times_as_people_write_them(text: str, value: int) -> None:
    assert moment_ns(text) == value


@pytest.mark.parametrize("text", ["yesterday", "-5", "1e300", "nan", "2026-13-01"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no"):
        moment_ns(text)


@pytest.mark.parametrize("text", ["0", "-1", "x", "nan", "inf", ""])
def test_what_is_not_above_0(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="above 0"):
        positive(text)


@pytest.mark.parametrize(
    ("arguments", "before", "after"),
    [(["scan", "--help"], None, "1"), (["scan", "--help"], "2", "2"), (["train", "--help"], None, None)],
)
def test_linear_algebra_keeps_to_one_thread_unless_told(
    arguments: list[str], before: str | None, after: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if before is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", before)
    main(arguments)
    assert os.environ.get("OMP_NUM_THREADS") == after
