"""Debian's broker and subscriber, for the tests of the MQTT sink."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pytest

from node.ids import track_ulid
from node.sinks.mqtt_settings import MqttSettings
from node.tracking.track import Track

START_NS = 1_790_000_000_000_000_000
START_S = 20.0
"""Longest wait for a program to say that it runs."""


class _Lines:
    """Lines of a program's output as they come."""

    def __init__(self, stream: IO[str]) -> None:
        self.seen: list[str] = []
        self._stream = stream
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._stream:
            self._queue.put(line)
        self._queue.put(None)

    def next(self, timeout_s: float) -> str | None:
        """The next line; None at the end; ``queue.Empty`` after the timeout."""
        line = self._queue.get(timeout=timeout_s)
        if line is not None:
            self.seen.append(line)
        return line

    def wait_for(self, text: str, timeout_s: float = START_S) -> str:
        """The next line that holds the text."""
        while True:
            line = self.next(timeout_s)
            if line is None:
                pytest.fail(f"ended without {text!r}: {''.join(self.seen)[-2000:]}")
            if text in line:
                return line

    def close(self) -> None:
        """Wait for the end of the output."""
        self._thread.join(START_S)
        self._stream.close()


class Mosquitto:
    """Debian's broker on a free port of the loopback interface.

    Parameters
    ----------
    folder
        For its configuration.
    lines
        Of its configuration, after the listener; empty allows anybody.
    """

    def __init__(self, folder: Path, lines: tuple[str, ...] = ()) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._config = folder / f"mosquitto-{self.port}.conf"
        self.configure(lines)
        self._process: subprocess.Popen[str] | None = None
        self._lines: _Lines | None = None

    def configure(self, lines: tuple[str, ...]) -> None:
        """Write the configuration that the next start reads."""
        user = ("user root",) if os.geteuid() == 0 else ()
        listener = (f"listener {self.port} 127.0.0.1", *user, "log_type all")
        self._config.write_text("\n".join((*listener, *(lines or ("allow_anonymous true",)))) + "\n", encoding="utf-8")

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen(
            [_program() or "mosquitto", "-c", str(self._config)],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stderr is not None
        self._lines = _Lines(self._process.stderr)
        self._lines.wait_for("running")
        with socket.create_connection(("127.0.0.1", self.port), START_S):
            self._lines.wait_for("New connection")  # it says that it runs before its loop heeds signals

    def wait_for_log(self, text: str) -> str:
        """The next line of its log that holds the text."""
        assert self._lines is not None
        return self._lines.wait_for(text)

    def stop(self, *, kill: bool = False) -> None:
        """End it, without warning if so wished."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        self._process.send_signal(signal.SIGCONT)
        self._process.wait(START_S)
        assert self._lines is not None
        self._lines.close()
        self._process = None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; SIGSTOP freezes it until SIGCONT."""
        assert self._process is not None
        self._process.send_signal(number)

    def restart(self, *, kill: bool = True) -> None:
        """End it and start it anew on the same port; nothing it retained is left."""
        self.stop(kill=kill)
        self.start()


class Subscriber:
    """``mosquitto_sub``, an independent reader of what the broker has."""

    def __init__(self, port: int, topic: str, arguments: tuple[str, ...] = ()) -> None:
        marker = f"marker/{os.urandom(8).hex()}"
        place = ["-h", "127.0.0.1", "-p", str(port), *arguments]
        subprocess.run(["mosquitto_pub", *place, "-t", marker, "-r", "-m", "ready"], check=True, timeout=START_S)
        self._process = subprocess.Popen(
            ["mosquitto_sub", *place, "-q", "1", "-t", topic, "-t", marker, "-F", "%j"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._lines = _Lines(self._process.stdout)
        self.retained: list[dict[str, Any]] = []
        while (message := self.next())["topic"] != marker:
            self.retained.append(message)

    def next(self, timeout_s: float = START_S) -> dict[str, Any]:
        """The next message, as ``mosquitto_sub`` describes it; ``body`` is its payload, read."""
        line = self._lines.next(timeout_s)
        assert line is not None, "mosquitto_sub has ended"
        message: dict[str, Any] = json.loads(line)
        with contextlib.suppress(ValueError):
            message["body"] = json.loads(message["payload"] or "null")
        return message

    def until(self, wanted: Callable[[dict[str, Any]], bool], timeout_s: float = START_S) -> list[dict[str, Any]]:
        """Messages up to the first that is wanted."""
        messages = []
        while True:
            messages.append(self.next(timeout_s))
            if wanted(messages[-1]):
                return messages

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(START_S)
        self._lines.close()


def _program() -> str | None:
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@pytest.fixture
def mosquitto_with(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Makes running brokers from lines of configuration."""
    if _program() is None or shutil.which("mosquitto_sub") is None:
        pytest.skip("no mosquitto: sudo apt install mosquitto mosquitto-clients")
    made: list[Mosquitto] = []

    def make(*lines: str) -> Mosquitto:
        made.append(Mosquitto(tmp_path, lines))
        made[-1].start()
        return made[-1]

    yield make
    for broker in made:
        broker.stop()


@pytest.fixture
def mosquitto(mosquitto_with: Callable[..., Mosquitto]) -> Mosquitto:
    """A running broker that lets anybody in: ``port``, ``stop()``, ``start()``, ``restart()``."""
    return mosquitto_with()


@pytest.fixture
def subscribe() -> Iterator[Callable[..., Subscriber]]:
    """Makes subscribers: ``subscribe(port, topic, *arguments)``; ``retained`` is what they got at once."""
    made: list[Subscriber] = []

    def make(port: int, topic: str = "skypicket/#", *arguments: str) -> Subscriber:
        made.append(Subscriber(port, topic, arguments))
        return made[-1]

    yield make
    for subscriber in made:
        subscriber.close()


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=START_S)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a broker's certificate for 127.0.0.1 and localhost, a node's certificate, another authority."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("ca", "other"):
        _openssl(
            folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN=test {name}",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n", encoding="utf-8")
    for name in ("broker", "mast-1"):
        _openssl(
            folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
            "-out", f"{name}.csr", "-subj", f"/CN={name}",
        )  # fmt: skip
        _openssl(
            folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "30", "-out", f"{name}.pem", "-extfile", "names",
        )  # fmt: skip
    return folder


@pytest.fixture(scope="session")
def tls_lines(certificates: Path) -> tuple[str, ...]:
    """Lines of a broker's configuration that make it speak TLS with its certificate."""
    return (
        "allow_anonymous true",
        f"cafile {certificates / 'ca.pem'}",
        f"certfile {certificates / 'broker.pem'}",
        f"keyfile {certificates / 'broker.key'}",
    )


@pytest.fixture(scope="session")
def usual() -> Callable[..., MqttSettings]:
    """Makes settings of a client that is quick to try again: ``usual(port, **changes)``."""

    def make(port: int, **changes: Any) -> MqttSettings:
        quick = MqttSettings(host="127.0.0.1", port=port, reconnect_min_s=0.1, reconnect_max_s=0.5, will_delay_s=1)
        return replace(quick, **changes)

    return make


@pytest.fixture(scope="session")
def heard_track() -> Callable[..., Track]:
    """Makes a radio track of a drone from a number: ``heard_track(number, *evidence)``."""

    def make(number: int, *evidence: str) -> Track:
        return Track(
            track_id=track_ulid("mast-1", START_NS, f"{number}"), state="confirmed", first_ns=START_NS,
            last_ns=START_NS, label="expresslrs", family="drone-control", mode="200Hz", confidence=0.9, top=(),
            centre_hz=868.3e6, offset_hz=0.0, bandwidth_hz=500e3, snr_db=10.0, peak_dbfs=-20.0, channels_hz=(),
            hop_rate_hz=None, duty=None, bursts=5, model=None, radio=("roof",), evidence=evidence,
        )  # fmt: skip

    return make
