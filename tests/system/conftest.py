"""Real programs around the node: a broker, a subscriber of another make, the node itself."""

from __future__ import annotations

import json
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

TIMEOUT_S = 60.0
Message = tuple[str, dict[str, Any] | None]
"""Topic, and the JSON object; None for an empty message."""


class Program:
    """A program that runs beside the test; its lines of standard output come one by one."""

    def __init__(self, *command: str | Path, typed: bool = False) -> None:
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE if typed else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._coming: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._coming.put(line.rstrip("\n"))
        self._coming.put(None)

    def next_line(self, timeout_s: float = TIMEOUT_S) -> str:
        """The next line; fails when none comes in time or the program has ended."""
        try:
            line = self._coming.get(timeout=timeout_s)
        except queue.Empty:
            raise AssertionError(f"nothing came within {timeout_s} s after {self.lines[-5:]}") from None
        if line is None:
            self._coming.put(None)
            raise AssertionError(f"it ended with {self.process.wait(TIMEOUT_S)} after {self.lines[-5:]}")
        self.lines.append(line)
        return line

    def wait_for(self, wanted: str) -> str:
        """The next line that holds a text."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while wanted not in (line := self.next_line(deadline_s - time.monotonic())):
            pass
        return line

    def type(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(TIMEOUT_S)
        self._reader.join(TIMEOUT_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        if self.process.stdin is not None:
            self.process.stdin.close()


class Subscriber:
    """`mosquitto_sub` on everything below the base; messages come in order."""

    def __init__(self, port: int, protocol: str = "5") -> None:
        version = "mqttv5" if protocol == "5" else "mqttv311"
        self.program = Program(
            "mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-V", version, "-q", "1", "-t", "skypicket/v1/#",
            "-F", "%t %p",
        )  # fmt: skip
        self.messages: list[Message] = []

    def wait_for(self, wanted: Callable[[str, dict[str, Any]], bool]) -> dict[str, Any]:
        """The next message that is wanted; those before it are kept too."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while True:
            topic, _, payload = self.program.next_line(deadline_s - time.monotonic()).partition(" ")
            message: dict[str, Any] | None = json.loads(payload) if payload else None
            self.messages.append((topic, message))
            if message is not None and wanted(topic.rpartition("/")[2], message):
                return message

    def wait_for_status(self, state: str) -> dict[str, Any]:
        """The next status of this kind."""
        return self.wait_for(lambda topic, message: topic == "status" and message["state"] == state)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.program.__exit__()


@pytest.fixture
def port() -> int:
    """A port that was free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture
def mosquitto(tmp_path: Path) -> Callable[[int], Any]:
    """Starts a mosquitto on a port; a context manager."""
    if shutil.which("mosquitto") is None or shutil.which("mosquitto_sub") is None:
        pytest.skip("no mosquitto: sudo apt install mosquitto mosquitto-clients")

    @contextmanager
    def serve(number: int) -> Iterator[Program]:
        config = tmp_path / f"mosquitto-{number}.conf"
        config.write_text(f"listener {number} 127.0.0.1\nallow_anonymous true\n")
        with Program("mosquitto", "-c", config) as broker:
            broker.wait_for("running")
            yield broker

    return serve


@pytest.fixture
def subscriber() -> type[Subscriber]:
    return Subscriber


@pytest.fixture
def skypicket() -> Callable[..., Program]:
    """Starts the command line as a program; a context manager."""

    def start(*arguments: str | Path, typed: bool = False) -> Program:
        return Program(sys.executable, "-P", "-m", "node", *arguments, typed=typed)

    return start


@pytest.fixture
def program() -> type[Program]:
    """Starts any program; a context manager."""
    return Program
