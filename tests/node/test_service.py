"""What the service supervisor is told, read at its end of the socket."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from node.service import ServiceNotifier


def test_tells_ready_alive_and_stopping(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(address)
        supervisor.settimeout(10)
        notifier = ServiceNotifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000000"})
        notifier.ready()
        notifier.alive("online, 2 tracks")
        notifier.stopping()
        told = [supervisor.recv(1000).decode() for _ in range(3)]
    assert told == ["READY=1", "WATCHDOG=1\nSTATUS=online, 2 tracks", "STOPPING=1"]
    assert notifier.watchdog_s == 15.0


def test_abstract_addresses_work() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind("\0skypicket-test-notify")
        supervisor.settimeout(10)
        ServiceNotifier({"NOTIFY_SOCKET": "@skypicket-test-notify"}).ready()
        assert supervisor.recv(100) == b"READY=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "soon"}])
def test_without_a_supervisor_nothing_happens(environ: dict[str, str]) -> None:
    notifier = ServiceNotifier(environ)
    notifier.ready()
    notifier.ready()
    assert notifier.watchdog_s is None
