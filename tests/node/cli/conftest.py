"""Running the command line inside the test, and as a program."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from node.cli import main

TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Outcome:
    """Exit code and what was written."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def skypicket(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process."""

    def run(*arguments: str | Path) -> Outcome:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Outcome(code, out, err)

    return run


@pytest.fixture
def program() -> Run:
    """Run a command as a program of its own."""

    def run(*arguments: str | Path, stdin: bytes = b"", cwd: Path | None = None) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "node", *map(str, arguments)],
            input=stdin, capture_output=True, timeout=TIMEOUT_S, check=False, cwd=cwd, env={**os.environ},
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture(scope="session")
def elrs_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Metadata file of 4 s of one ELRS link, as `skypicket sim render` writes it."""
    base = tmp_path_factory.mktemp("elrs") / "elrs"
    before, sys.stdout = sys.stdout, io.StringIO()
    try:
        assert main(["sim", "render", "elrs_eu868", "--seconds", "4", "--out", str(base)]) == 0
    finally:
        sys.stdout = before
    return base.with_suffix(".sigmf-meta")
