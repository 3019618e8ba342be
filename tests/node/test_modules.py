"""A serial module in the node: read, counted, shown in health, never in the way."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

from node.config import parse_config
from node.health import node_state
from node.modules import ModuleRunner, ModuleStatus
from node.serial_desk import DeskStatus

LINE = b"MSG,3,1,1,4CA2D6,1,2026/05/01,12:00:00.000,2026/05/01,12:00:00.000,,12000,,,56.95,24.11,,,0,0,0,0\r\n"
NODE = '[node]\nsite = "hill"\nname = "mast"\n'


def make_runner(port: str) -> ModuleRunner:
    text = NODE + f'[[serial]]\nname = "planes"\ntype = "sbs"\nport = "{port}"\n'
    return ModuleRunner(parse_config(text, Path("node.toml")).serials[0])


def wait_until(runner: ModuleRunner, state: str) -> ModuleStatus:
    deadline_s = time.monotonic() + 20
    waiter = threading.Event()
    while (status := runner.status).state != state and time.monotonic() < deadline_s:
        waiter.wait(0.02)
    return status


def test_what_it_reads_is_counted_and_a_feed_that_ends_is_degraded() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        runner = make_runner(f"socket://127.0.0.1:{server.getsockname()[1]}")
        assert node_state([], DeskStatus((runner.status,))) == ("online", None)  # not started yet
        runner.start()
        feed, _ = server.accept()
        with feed:
            feed.sendall(LINE * 3)
            status = wait_until(runner, "reading")
            assert status.working
            waiter = threading.Event()
            while runner.status.link.module.contacts < 3:
                waiter.wait(0.02)
        server.close()
        lost = wait_until(runner, "unavailable")
    assert not lost.working
    state, reason = node_state([], DeskStatus((lost,)))
    assert state == "degraded"
    assert reason is not None
    assert reason.startswith("planes: ")
    assert runner.stop()


def test_a_port_that_is_not_there_is_said_with_its_name() -> None:
    runner = make_runner("/dev/nowhere")
    runner.start()
    status = wait_until(runner, "unavailable")
    assert (status.working, status.link.module.contacts) == (False, 0)
    assert status.fault is not None
    assert "/dev/nowhere" in status.fault
    assert runner.stop()
