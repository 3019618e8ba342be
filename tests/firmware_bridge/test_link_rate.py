"""A module that changes the rate of its line: the port follows, and finds it at whichever rate it is."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from firmware_bridge.contacts import Contact
from firmware_bridge.link import SerialLink
from firmware_bridge.link_settings import LinkSettings, LinkState
from firmware_bridge.radar.k_ld7 import DEVICE, KLd7Settings
from sim.serial_devices.host import DeviceHost
from sim.serial_devices.k_ld7 import MODEL, KLd7Twin
from sim.serial_devices.port import PtyPort
from sim.serial_devices.sensor import RadarView
from sim.serial_devices.targets import Target, straight

PATIENCE_S = 20.0
TARGET = Target("drone", straight((0.2, 3.0, 0.0), (0.1, 6.0, 0.0), 8.0), repeat_s=8.0)


@pytest.fixture
def radar(tmp_path: Path) -> Iterator[DeviceHost]:
    with DeviceHost(KLd7Twin(RadarView((TARGET,), MODEL)), PtyPort(tmp_path / "radar")) as host:
        yield host


@contextmanager
def linked(host: DeviceHost, line_baud: int) -> Iterator[tuple[SerialLink, queue.Queue[Sequence[Contact]]]]:
    contacts: queue.Queue[Sequence[Contact]] = queue.Queue()
    module = KLd7Settings(line_baud=line_baud).make()
    link = SerialLink("radar", module, LinkSettings(host.port.path), DEVICE.port, contacts.put)
    link.start()
    try:
        yield link, contacts
    finally:
        assert link.stop()


def until(holds: Callable[[], bool]) -> None:
    never, ends_s = threading.Event(), time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends_s
        never.wait(0.005)


def drained(contacts: queue.Queue[Sequence[Contact]]) -> queue.Queue[Sequence[Contact]]:
    while not contacts.empty():
        contacts.get_nowait()
    return contacts


@pytest.mark.parametrize("line_baud", [115_200, 460_800, 921_600, 3_000_000])
def test_it_is_read_at_any_rate(radar: DeviceHost, line_baud: int) -> None:
    with linked(radar, line_baud) as (link, contacts):
        assert contacts.get(timeout=PATIENCE_S)
        assert radar.baud == line_baud
        assert radar.port.host_baud() == line_baud
        until(lambda: link.counters.state is LinkState.READING)
        assert link.counters.module.skipped_bytes == 0


def test_after_a_restart_of_the_module_it_is_at_its_first_rate_again(radar: DeviceHost) -> None:
    with linked(radar, 921_600) as (_, contacts):
        contacts.get(timeout=PATIENCE_S)
        radar.reboot(0.2)
        until(lambda: radar.baud == 115_200)
        drained(contacts)
        assert contacts.get(timeout=PATIENCE_S)
        assert radar.baud == 921_600


def test_a_node_that_starts_anew_finds_it_at_the_rate_it_was_left_at(radar: DeviceHost) -> None:
    for _ in range(2):
        with linked(radar, 460_800) as (_, contacts):
            assert contacts.get(timeout=PATIENCE_S)
            assert radar.baud == 460_800


def test_at_another_rate_it_is_nonsense(radar: DeviceHost) -> None:
    """The twin means it: what a link reads at the rate of the start is no frame once the module is at another."""
    with linked(radar, 921_600) as (_, contacts):
        contacts.get(timeout=PATIENCE_S)
    with linked(radar, 115_200) as (link, contacts):  # does not know the other rate: finds nothing
        until(lambda: link.counters.opens == 1)
        with pytest.raises(queue.Empty):
            contacts.get(timeout=2.5)
