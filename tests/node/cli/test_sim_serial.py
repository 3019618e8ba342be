"""`skypicket sim serial` as a program: modules of every kind for any other program, faults from standard input."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from firmware_bridge.devices import BY_NAME
from firmware_bridge.link import SerialLink
from firmware_bridge.link_settings import LinkSettings, LinkState

Run = Callable[..., Any]
PATIENCE_S = 60.0
SPEAK_IN_AN_EMPTY_SKY = (
    "ti-mmwave",
    "ld2450",
    "ld2451",
    "k-ld7",
    "sscma",
    "maix",
    "json-lines",
    "gpsd",
    "sbs",
    "skypicket-mcu",
)


@contextmanager
def served(scene: str, *arguments: str) -> Iterator[tuple[dict[str, str], subprocess.Popen[str]]]:
    """Ports by kind of module, and the program that serves them."""
    command = [sys.executable, "-P", "-m", "node", "sim", "serial", scene, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        wanted = arguments.count("--device")
        rows = [program.stdout.readline().split() for _ in range(wanted)]
        try:
            yield {row[1]: row[4] for row in rows}, program
        finally:
            program.terminate()
            program.communicate()


def until(holds: Callable[[], bool], what: str) -> None:
    never, end_s = threading.Event(), time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s, what
        never.wait(0.01)


def test_modules_of_every_kind_are_read_by_another_program() -> None:
    arguments = [word for device in SPEAK_IN_AN_EMPTY_SKY for word in ("--device", device)]
    with served("quiet", *arguments) as (ports, _):
        assert set(ports) == set(SPEAK_IN_AN_EMPTY_SKY)
        links = [
            SerialLink(name, BY_NAME[name].settings().make(), LinkSettings(port), BY_NAME[name].port, lambda _: None)
            for name, port in ports.items()
        ]
        for link in links:
            link.start()
        try:
            for link, name in zip(links, ports, strict=True):
                until(lambda link=link: link.counters.state is LinkState.READING, name)  # type: ignore[misc]
        finally:
            stopped = [link.stop() for link in links]
            assert all(stopped)


def test_a_feed_is_on_tcp_for_several_clients_and_breaks_when_it_is_pulled_out() -> None:
    with served("light_aircraft", "--device", "beast") as (ports, program):
        host, _, number = ports["beast"].removeprefix("socket://").partition(":")
        clients = [socket.create_connection((host, int(number)), PATIENCE_S) for _ in range(2)]
        for client in clients:
            client.settimeout(PATIENCE_S)
            assert client.recv(2) == b"\x1a\x33"
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write("unplug\n")
        program.stdin.flush()
        assert program.stdout.readline() == "done: unplug beast\n"
        for client in clients:
            while client.recv(4096):
                pass
            client.close()


def test_a_port_in_use_is_said(skypicket: Run) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # then somebody has it already
            taken.bind(("127.0.0.1", 30_003))
            taken.listen()
        done = skypicket("sim", "serial", "light_aircraft", "--device", "sbs", "--usual-ports", "--seconds", "1")
    assert done.code == 1
    assert done.err.startswith("skypicket sim: adsb: TCP port 30003: ")
    assert done.err.count("\n") == 1


def test_a_file_in_the_way_is_left_alone(skypicket: Run, tmp_path: Path) -> None:
    (tmp_path / "ld2450").write_text("mine")
    done = skypicket("sim", "serial", "quiet", "--device", "ld2450", "--link", tmp_path, "--seconds", "1")
    assert done.code == 1
    assert "no link of ours" in done.err
    assert (tmp_path / "ld2450").read_text() == "mine"


def test_no_such_kind_names_those_there_are(skypicket: Run) -> None:
    done = skypicket("sim", "serial", "quiet", "--device", "lidar")
    assert done.code == 2
    assert all(name in done.err for name in BY_NAME)
