"""A bench: what is attached, named by environment variables, and how it is read. What was asked for but is not there
fails with the cure; ``none`` leaves it out.

``SKYPICKET_HW_RTLSDR``
    Serial number of the dongle; the first one if left out.
``SKYPICKET_HW_SERIAL``
    ``TYPE=PORT,TYPE=PORT``, types and ports as in a ``[[serial]]``: ``ld2450=/dev/ttyUSB0,remote-id=usb:303a:1001``.
``SKYPICKET_HW_GPSD``
    ``HOST:PORT``; 127.0.0.1:2947 if left out.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from dsp.iq import SourceError
from dsp.units import NS_PER_S
from firmware_bridge.contacts import Contact
from firmware_bridge.devices import BY_NAME
from firmware_bridge.link import SerialLink
from firmware_bridge.link_settings import LinkCounters, LinkSettings
from firmware_bridge.module import ModuleCounters, SerialModule
from node.sources import RtlSdrSettings
from node.sources.rtl_sdr_device import choose, serial_numbers

RTLSDR, SERIAL, GPSD = "SKYPICKET_HW_RTLSDR", "SKYPICKET_HW_SERIAL", "SKYPICKET_HW_GPSD"
ABSENT = "none"
READ_S = 10.0
"""A port is read for so long from its first byte on."""
FIRST_BYTE_S = 30.0
"""Longest wait for that."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "hardware" in str(config.getoption("markexpr")):
        return
    for item in items:
        if item.get_closest_marker("hardware"):
            item.add_marker(pytest.mark.skip(reason="ask for it with -m hardware"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "serial_reading" in metafunc.fixturenames:
        ports = [one.strip() for one in os.environ.get(SERIAL, "").split(",") if one.strip()]
        metafunc.parametrize("serial_reading", ports or [""], indirect=True, scope="session")


def left_out(variable: str) -> None:
    if os.environ.get(variable) == ABSENT:
        pytest.skip(f"left out by {variable}={ABSENT}")


@pytest.fixture(scope="session")
def dongle() -> RtlSdrSettings:
    """The dongle of the bench, tuned to where SRD and control links are."""
    left_out(RTLSDR)
    settings = RtlSdrSettings(name="bench", serial=os.environ.get(RTLSDR) or None, centre_hz=868.3e6, gain=20.0)
    try:
        choose(serial_numbers(), settings.serial, "dongle")
    except SourceError as fault:
        pytest.fail(f"{fault}; or {RTLSDR}={ABSENT} to leave it out", pytrace=False)
    return settings


class Tap:
    """A module that keeps the bytes it hands on, and says when there are enough."""

    def __init__(self, module: SerialModule) -> None:
        self._module = module
        self._first_ns: int | None = None
        self.data = bytearray()
        self.begun, self.enough = threading.Event(), threading.Event()

    def greeting(self) -> bytes:
        return self._module.greeting()

    def feed(self, data: bytes, time_ns: int) -> list[Contact]:
        self._first_ns = time_ns if self._first_ns is None else self._first_ns
        self.data += data
        contacts = self._module.feed(data, time_ns)
        self.begun.set()
        if time_ns - self._first_ns >= READ_S * NS_PER_S:
            self.enough.set()
        return contacts

    def requests(self, time_ns: int) -> bytes:
        return self._module.requests(time_ns)

    def finish(self, time_ns: int) -> list[Contact]:
        return self._module.finish(time_ns)

    @property
    def counters(self) -> ModuleCounters:
        return self._module.counters

    @property
    def fault(self) -> str | None:
        fault: str | None = getattr(self._module, "fault", None)
        return fault


@dataclass(frozen=True)
class Reading:
    """What came through a port.

    Parameters
    ----------
    type
        Kind of module.
    port
        As it was named.
    data
        Every byte.
    contacts
        What the driver made of them.
    counters
        Of the link at the end of the reading.
    began_ns, ended_ns
        Unix time around the reading.
    """

    type: str
    port: str
    data: bytes
    counters: LinkCounters
    began_ns: int
    ended_ns: int
    contacts: list[Contact] = field(default_factory=list)


def _read(kind: str, port: str) -> Reading:
    device = BY_NAME[kind]
    tap, contacts = Tap(device.settings(name=kind).make()), list[Contact]()
    began_ns = time.time_ns()
    link = SerialLink(kind, tap, LinkSettings(port=port), device.port, contacts.extend)
    link.start()
    try:
        if not tap.begun.wait(FIRST_BYTE_S):
            why = link.counters.fault or "open, but silent: check power, wiring and baud; give it something to report"
            pytest.fail(f"{kind}={port}: nothing came in {FIRST_BYTE_S:g} s; {why}", pytrace=False)
        if not tap.enough.wait(READ_S + FIRST_BYTE_S):
            pytest.fail(
                f"{kind}={port}: began to talk, then fell silent; {link.counters.fault or 'is it powered well?'}"
            )
        counters = link.counters
    finally:
        ended = link.stop()
    assert ended, f"{kind}={port}: the reader does not end"
    counters = replace(counters, module=tap.counters)  # the last bytes came between the snapshot and the end
    return Reading(kind, port, bytes(tap.data), counters, began_ns, time.time_ns(), contacts)


@pytest.fixture(scope="session")
def read_port() -> Callable[[str, str], Reading]:
    """Read a port for a while."""
    return _read


@pytest.fixture(scope="session")
def serial_reading(request: pytest.FixtureRequest) -> Reading:
    """What a port of the bench says."""
    left_out(SERIAL)
    kind, _, port = request.param.partition("=")
    if not port:
        wrong = f"{request.param!r} is not TYPE=PORT" if request.param else "no port is named"
        cure = f"set {SERIAL}=ld2450=/dev/ttyUSB0,... or {SERIAL}={ABSENT} to leave serial ports out"
        pytest.fail(f"{wrong}; {cure}", pytrace=False)
    if kind not in BY_NAME:
        pytest.fail(f"{SERIAL}: {kind!r} is no type of module; there are {', '.join(BY_NAME)}", pytrace=False)
    return _read(kind, port)


@pytest.fixture(scope="session")
def gpsd_port() -> str:
    """The gpsd of the bench, as a port."""
    left_out(GPSD)
    return f"socket://{os.environ.get(GPSD) or '127.0.0.1:2947'}"
