"""The serial link on real pseudo-terminals: pulled out, in use, silent, garbled, and back again."""

# Longer than 300 lines: one link on a real port, and every way in which a port goes away and comes back.

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest

from firmware_bridge.contacts import Contact, RadarContact
from firmware_bridge.devices import BY_NAME
from firmware_bridge.link import REOPEN_AFTER_S, SLICE_S, SerialLink
from firmware_bridge.link_settings import LinkCounters, LinkSettings, LinkState
from firmware_bridge.module import ModuleCounters, PortDefaults, SerialModule
from firmware_bridge.radar.ti_config import TiConfigSettings
from firmware_bridge.serial_port import find_port
from sim.serial_devices.hilink import LD2450_MODEL, Ld2450Twin
from sim.serial_devices.host import DeviceHost
from sim.serial_devices.port import PtyPort
from sim.serial_devices.sensor import RadarView
from sim.serial_devices.targets import Target, straight
from sim.serial_devices.ti_mmwave import TiBoard

PATIENCE_S = 20.0
"""Longest wait for something that should take a second at most."""
WALKER = Target("walker", straight((0.5, 4.0, 0.2), (-0.5, 2.0, 0.2), 60.0), kind="person")
Deliver = Callable[[Sequence[Contact]], None]


class Recorder:
    """A module that keeps what it is fed and when; the name of the greeting says how often it was opened."""

    def __init__(self) -> None:
        self.fed: queue.Queue[tuple[bytes, int]] = queue.Queue()
        self.greetings = 0
        self._counters = ModuleCounters()

    def greeting(self) -> bytes:
        self.greetings += 1
        return b"hello %d" % self.greetings

    def feed(self, data: bytes, time_ns: int) -> list[Contact]:
        self.fed.put((data, time_ns))
        self._counters.bytes += len(data)
        self._counters.frames += data.count(b"!")
        return [RadarContact(time_ns=time_ns, device="recorder")] if b"!" in data else []

    def requests(self, time_ns: int) -> bytes:
        return b""

    def finish(self, time_ns: int) -> list[Contact]:
        return []

    @property
    def counters(self) -> ModuleCounters:
        return ModuleCounters(self._counters.bytes, self._counters.frames)


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something another thread does."""
    never = threading.Event()
    ends_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends_s, f"never came: {what}"
        never.wait(0.005)


@contextmanager
def linked(
    module: SerialModule,
    path: str | Path,
    deliver: Deliver,
    defaults: PortDefaults | None = None,
    silence_s: float | None = None,
    clock_ns: Callable[[], int] = time.time_ns,
) -> Iterator[SerialLink]:
    link = SerialLink(
        "north",
        module,
        LinkSettings(str(path), silence_s=silence_s),
        defaults or PortDefaults(256000),
        deliver,
        clock_ns,
    )
    link.start()
    try:
        yield link
    finally:
        assert link.stop()
        assert link.counters.state is LinkState.CLOSED


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "radar"


@pytest.fixture
def radar(path: Path) -> Iterator[DeviceHost]:
    with DeviceHost(Ld2450Twin(RadarView((WALKER,), LD2450_MODEL)), PtyPort(path)) as host:
        yield host


def ld2450() -> SerialModule:
    return BY_NAME["ld2450"].settings(name="north").make()


def drained(contacts: queue.Queue[Sequence[Contact]]) -> None:
    while not contacts.empty():
        contacts.get()


class TestPulledOut:
    def test_contacts_come_and_come_back(
        self, radar: DeviceHost, path: Path, record_property: Callable[[str, object], None]
    ) -> None:
        contacts: queue.Queue[Sequence[Contact]] = queue.Queue()
        with linked(ld2450(), path, contacts.put) as link:
            (first,) = contacts.get(timeout=PATIENCE_S)
            assert isinstance(first, RadarContact)
            assert first.y_m == pytest.approx(4.0, abs=0.5)
            assert link.counters.state is LinkState.READING
            radar.unplug()
            until(lambda: link.counters.state is LinkState.UNAVAILABLE, "the loss")
            fault = link.counters.fault
            assert fault is not None
            assert "not there" in fault
            assert link.counters.losses == 1
            drained(contacts)
            radar.replug()
            replugged_s = time.monotonic()
            contacts.get(timeout=PATIENCE_S)
            record_property("seconds_to_the_first_contact", time.monotonic() - replugged_s)
            assert REOPEN_AFTER_S < 3.0
            until(lambda: link.counters.state is LinkState.READING, "reading")
            assert (link.counters.opens, link.counters.losses, link.counters.fault) == (2, 1, None)

    def test_again_and_again(self, path: Path) -> None:
        recorder, contacts = Recorder(), queue.Queue[Sequence[Contact]]()
        with PtyPort(path) as port, linked(recorder, path, contacts.put) as link:
            for number in range(1, 6):
                until(lambda number=number: recorder.greetings == number, "the greeting")  # type: ignore[misc]
                port.write(b"!")
                contacts.get(timeout=PATIENCE_S)
                port.unplug()
                port.plug()
            until(lambda: link.counters.losses == 5, "five losses")

    def test_it_may_come_after_the_start(self, path: Path) -> None:
        recorder, contacts = Recorder(), queue.Queue[Sequence[Contact]]()
        with linked(recorder, path, contacts.put) as link:
            until(lambda: link.counters.failures >= 1, "a failure")
            assert link.counters.state is LinkState.UNAVAILABLE
            with PtyPort(path) as port:
                until(lambda: recorder.greetings == 1, "the greeting")
                port.write(b"!")
                assert len(contacts.get(timeout=PATIENCE_S)) == 1


class TestOpening:
    def test_the_greeting_is_sent_after_each_opening(self, path: Path) -> None:
        with PtyPort(path) as port, linked(Recorder(), path, lambda _: None):
            heard = b""
            while not heard.endswith(b"hello 1"):
                heard += port.read(PATIENCE_S)
            port.unplug()
            port.plug()
            heard = b""
            while not heard.endswith(b"hello 2"):
                heard += port.read(PATIENCE_S)

    def test_a_port_in_use_is_told_and_taken_when_free(self, path: Path) -> None:
        contacts: queue.Queue[Sequence[Contact]] = queue.Queue()
        second = Recorder()
        with PtyPort(path) as port:
            first = Recorder()
            with linked(first, path, lambda _: None):
                until(lambda: first.greetings == 1, "the first to open")
                waiting = SerialLink("second", second, LinkSettings(str(path)), PortDefaults(9600), contacts.put)
                waiting.start()
                until(lambda: waiting.counters.fault is not None, "the fault")
                assert "in use by another program" in str(waiting.counters.fault)
            until(lambda: second.greetings == 1, "the second to open")
            port.write(b"!")
            contacts.get(timeout=PATIENCE_S)
            assert waiting.stop()

    @pytest.mark.parametrize("parity", ["N", "E", "O"])
    def test_any_parity(self, path: Path, parity: Literal["N", "E", "O"]) -> None:
        contacts: queue.Queue[Sequence[Contact]] = queue.Queue()
        recorder = Recorder()
        defaults = PortDefaults(115200, parity)
        with PtyPort(path) as port, linked(recorder, path, contacts.put, defaults):
            until(lambda: recorder.greetings == 1, "the greeting")
            port.write(b"!")
            contacts.get(timeout=PATIENCE_S)

    def test_a_file_is_no_port(self, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_bytes(b"x" * 100)
        with linked(Recorder(), file, lambda _: None) as link:
            until(lambda: link.counters.failures >= 1, "a failure")
            assert str(file) in str(link.counters.fault)

    @pytest.mark.parametrize(
        ("port", "says"), [("/dev", "is a folder; name the port in it"), ("/dev/null", "is no serial port")]
    )
    def test_other_things_are_no_ports_either(self, port: str, says: str) -> None:
        with linked(Recorder(), port, lambda _: None) as link:
            until(lambda: link.counters.failures >= 1, "the failure")
            assert says in str(link.counters.fault)

    def test_no_such_usb_device_is_told(self) -> None:
        with linked(Recorder(), "usb:dead:beef:42", lambda _: None) as link:
            until(lambda: link.counters.failures >= 1, "a failure")
            assert "usb:dead:beef:42: no such USB device" in str(link.counters.fault)

    def test_a_path_is_left_as_it_is(self) -> None:
        assert find_port("/dev/serial/by-id/usb-x") == "/dev/serial/by-id/usb-x"

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            ({"port": ""}, "port"),
            ({"port": "usb:48:1"}, "usb:VVVV:PPPP"),
            ({"port": "/dev/x", "baud": 0}, "baud"),
            ({"port": "/dev/x", "parity": "M"}, "parity"),
            ({"port": "/dev/x", "silence_s": 0.0}, "silence_s"),
        ],
    )
    def test_wrong_settings_name_the_key(self, wrong: dict[str, object], says: str) -> None:
        with pytest.raises(ValueError, match=says):
            LinkSettings(**wrong)  # type: ignore[arg-type]


class TestStamps:
    @pytest.mark.parametrize(("parity", "bits"), [("N", 10), ("E", 11)])
    def test_every_piece_is_stamped_when_its_last_byte_was_on_the_wire(
        self, path: Path, parity: Literal["N", "E"], bits: int
    ) -> None:
        baud, now_ns = 115200, 1_700_000_000_000_000_000
        recorder = Recorder()
        with (
            PtyPort(path) as port,
            linked(recorder, path, lambda _: None, PortDefaults(baud, parity), clock_ns=lambda: now_ns),
        ):
            until(lambda: recorder.greetings == 1, "the greeting")
            port.write(b"x" * 1000)
            pieces = [recorder.fed.get(timeout=PATIENCE_S)]
            while sum(len(data) for data, _ in pieces) < 1000:
                pieces.append(recorder.fed.get(timeout=PATIENCE_S))
        assert max(len(data) for data, _ in pieces) <= SLICE_S * baud / 10 + 1
        stamps = [stamp for _, stamp in pieces]
        assert stamps == sorted(stamps)
        assert stamps[-1] == now_ns
        byte_ns = bits * 1_000_000_000 / baud
        for (_, early), (data, late) in pairwise(pieces):
            # Pieces of one reading are apart as the bytes are; a later reading happened at the same frozen moment.
            assert late - early == pytest.approx(len(data) * byte_ns, abs=len(data)) or late == early == now_ns
        assert min(stamps) < now_ns

    def test_usb_without_a_rate_is_stamped_at_the_reading(self, path: Path) -> None:
        now_ns = 1_700_000_000_000_000_000
        recorder = Recorder()
        defaults = PortDefaults(115200, paced=False)
        with PtyPort(path) as port, linked(recorder, path, lambda _: None, defaults, clock_ns=lambda: now_ns):
            until(lambda: recorder.greetings == 1, "the greeting")
            port.write(b"x" * 500)
            assert recorder.fed.get(timeout=PATIENCE_S)[1] == now_ns


class TestTrouble:
    def test_silence_opens_the_port_anew(self, path: Path) -> None:
        recorder = Recorder()
        states: list[LinkCounters] = []
        with PtyPort(path), linked(recorder, path, lambda _: None, silence_s=0.2) as link:

            def stalled() -> bool:
                states.append(link.counters)
                return states[-1].state is LinkState.STALLED

            until(stalled, "the stall")
            assert "nothing came for 0.2 s" in str(states[-1].fault)
            until(lambda: recorder.greetings >= 2, "the second greeting")
            assert "nothing came for 0.2 s" in str(link.counters.fault)  # still so, until something comes
            assert link.counters.losses == 0

    def test_after_the_clock_was_set_back_the_module_begins_anew(self, path: Path) -> None:
        recorder, hours = Recorder(), [5]
        with (
            PtyPort(path) as port,
            linked(recorder, path, lambda _: None, clock_ns=lambda: hours[0] * 3600 * 10**9 + time.monotonic_ns()),
        ):
            until(lambda: recorder.greetings == 1, "the greeting")
            port.write(b"!")
            _, before_ns = recorder.fed.get(timeout=PATIENCE_S)
            hours[0] = 4
            until(lambda: recorder.greetings == 2, "the second greeting")
            port.write(b"!")
            _, after_ns = recorder.fed.get(timeout=PATIENCE_S)
            assert 0 < before_ns - after_ns < 3600 * 10**9

    def test_a_wrong_rate_is_told_and_forgotten_when_it_is_right(self, path: Path) -> None:
        contacts: queue.Queue[Sequence[Contact]] = queue.Queue()
        view = RadarView((WALKER,), LD2450_MODEL)
        with DeviceHost(Ld2450Twin(view), PtyPort(path), speed=150.0) as radar:
            radar.faults.wrong_baud(256000, 115200)
            with linked(ld2450(), path, contacts.put) as link:
                until(lambda: link.counters.state is LinkState.GARBLED, "the verdict")
                assert "wrong baud rate (256000) or another device" in str(link.counters.fault)
                assert contacts.empty()
                radar.faults.wrong_baud(256000, 256000)
                contacts.get(timeout=PATIENCE_S)
                until(lambda: link.counters.state is LinkState.READING, "reading")
                assert link.counters.fault is None

    def test_garbage_errors_and_a_reboot_are_survived(self, radar: DeviceHost, path: Path) -> None:
        contacts: queue.Queue[Sequence[Contact]] = queue.Queue()
        with linked(ld2450(), path, contacts.put) as link:
            contacts.get(timeout=PATIENCE_S)
            radar.faults.garbage(500)
            radar.faults.errors(0.02)
            radar.faults.drops(0.02)
            until(lambda: link.counters.module.malformed > 0, "damage")
            radar.faults.errors(0.0)
            radar.faults.drops(0.0)
            radar.reboot()
            drained(contacts)
            contacts.get(timeout=PATIENCE_S)
            assert link.counters.module.skipped_bytes >= 500
            assert link.counters.opens == 1

    def test_a_fault_of_the_one_who_takes_contacts_does_not_end_the_thread(
        self, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        taken: queue.Queue[Sequence[Contact]] = queue.Queue()
        calls = iter(range(1000))

        def deliver(contacts: Sequence[Contact]) -> None:
            if next(calls) == 0:
                raise KeyError("nobody expected this")
            taken.put(contacts)

        recorder = Recorder()
        with PtyPort(path) as port, linked(recorder, path, deliver):
            until(lambda: recorder.greetings == 1, "the greeting")
            port.write(b"!")
            until(lambda: recorder.greetings == 2, "the second greeting")
            port.write(b"!")
            taken.get(timeout=PATIENCE_S)
        assert "fault in the reader" in caplog.text

    def test_a_loss_is_told_with_its_port(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        recorder = Recorder()
        with PtyPort(path) as port, linked(recorder, path, lambda _: None) as link:
            until(lambda: recorder.greetings == 1, "the greeting")
            port.unplug()
            until(lambda: link.counters.losses == 1, "the loss")
        assert f"{path}: lost; pulled out or switched off?" in caplog.text

    def test_a_fault_is_logged_once_however_often_it_is_tried(
        self, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "firmware_bridge.link")
        recorder = Recorder()
        with PtyPort(path) as port, linked(recorder, path, lambda _: None, silence_s=0.1) as link:
            until(lambda: link.counters.stalls >= 3, "three stalls")

            def heard() -> bool:
                port.write(b"!")
                return "serial north: reading" in caplog.messages

            until(heard, "reading")
        assert caplog.messages[:2] == [
            f"serial north: stalled: {path}: open, but nothing came for 0.1 s; check the module's power and wiring",
            "serial north: reading",
        ]

    def test_what_the_module_finds_wrong_is_told(self, path: Path) -> None:
        module = TiConfigSettings(lines=("sensorStop", "fancyCfg 1")).make()
        twin = TiBoard(RadarView((WALKER,), LD2450_MODEL)).commands
        with DeviceHost(twin, PtyPort(path)), linked(module, path, lambda _: None) as link:
            until(lambda: link.counters.fault is not None, "the fault")
            assert "fancyCfg" in str(link.counters.fault)
            assert link.counters.state is LinkState.READING

    def test_stopping_before_the_start_is_fine(self, path: Path) -> None:
        link = SerialLink("n", Recorder(), LinkSettings(str(path)), PortDefaults(9600), lambda _: None)
        assert link.stop()
