"""gpsd's reports, and a real gpsd fed by Debian's gpsfake."""

from __future__ import annotations

import json
import queue
import random
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.contacts import Contact, PositionFix
from firmware_bridge.link import SerialLink
from firmware_bridge.link_settings import LinkSettings, LinkState
from firmware_bridge.position.gpsd import DEVICE, LONGEST_LINE, POLL, POLL_AFTER_NS, WATCH, GpsdSettings, parse_time_ns

NOW_NS = 1_795_780_800_000_000_000  # 2026-11-27T12:00:00Z
TPV = {
    "class": "TPV",
    "device": "/dev/ttyACM0",
    "mode": 3,
    "time": "2026-11-27T12:00:00.000Z",
    "lat": 45.45487,
    "lon": 9.25,
    "altHAE": 167.3,
    "altMSL": 120.4,
    "eph": 17.1,
}
SKY = {"class": "SKY", "device": "/dev/ttyACM0", "uSat": 8, "nSat": 12}


def lines(*reports: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(report).encode() + b"\r\n" for report in reports)


def read(data: bytes, settings: GpsdSettings | None = None, late_ns: int = 250_000_000) -> list[PositionFix]:
    module = (settings or GpsdSettings()).make()
    contacts = [*module.feed(data, NOW_NS + late_ns), *module.finish(NOW_NS + late_ns)]
    return [contact for contact in contacts if isinstance(contact, PositionFix)]


def test_a_fix() -> None:
    (fix,) = read(lines(SKY, TPV))
    assert (fix.lat_deg, fix.lon_deg, fix.altitude_m, fix.satellites, fix.fix) == (45.45487, 9.25, 167.3, 8, "3d")
    assert fix.horizontal_accuracy_m == pytest.approx(17.1 / 2.448)
    assert fix.gnss_time_ns == NOW_NS
    assert fix.clock_offset_s == pytest.approx(0.0, abs=1e-6)
    assert fix.clock_offset_error_s is not None
    assert fix.clock_offset_error_s >= 0.1


@pytest.mark.parametrize("mode", [0, 1, None, "3"])
def test_without_a_fix_there_is_no_position(mode: object) -> None:
    (fix,) = read(lines({**TPV, "mode": mode}))
    if mode == "3":
        assert fix.fix == "3d"
    else:
        assert (fix.fix, fix.lat_deg, fix.altitude_m, fix.clock_offset_s) == ("none", None, None, None)


def test_two_dimensions_have_no_altitude() -> None:
    (fix,) = read(lines({**TPV, "mode": 2}))
    assert (fix.fix, fix.altitude_m, fix.lat_deg) == ("2d", None, 45.45487)


@pytest.mark.parametrize("time", ["2007-04-13T12:00:00.000Z", "2025-01-23T12:00:00Z", "2048-01-01T00:00:00Z", "now", 7])
def test_a_date_that_cannot_be_is_refused_and_the_position_kept(time: object) -> None:
    (fix,) = read(lines({**TPV, "time": time}))
    assert (fix.lat_deg, fix.gnss_time_ns, fix.clock_offset_s) == (45.45487, None, None)


@pytest.mark.parametrize("changes", [{"lat": 91.0}, {"lon": -180.5}])
def test_an_impossible_place_is_refused(changes: dict[str, float]) -> None:
    assert read(lines({**TPV, **changes})) == []


def test_the_nodes_clock_is_compared_with_the_receivers() -> None:
    reports = lines(*({**TPV, "time": f"2026-11-27T12:00:{second:02d}.000Z"} for second in range(20)))
    module = GpsdSettings().make()
    fixes: list[Contact] = []
    for second, line in enumerate(reports.splitlines(keepends=True)):
        fixes += module.feed(line, NOW_NS + second * 1_000_000_000 + 3_250_000_000 + second % 3 * 10_000_000)
    last = fixes[-1]
    assert isinstance(last, PositionFix)
    assert last.clock_offset_s == pytest.approx(3.0, abs=0.05)


def test_the_pulse_per_second_beats_the_sentences() -> None:
    pulse = {"class": "PPS", "device": "/dev/ttyACM0", "real_sec": NOW_NS // 10**9, "real_nsec": 0}
    pulse |= {"clock_sec": NOW_NS // 10**9 - 1, "clock_nsec": 999_000_000, "precision": -20}
    (fix,) = read(lines(pulse, TPV))
    assert fix.clock_offset_s == pytest.approx(-0.001, abs=1e-9)
    assert fix.clock_offset_error_s is not None
    assert fix.clock_offset_error_s < 1e-3


def test_of_two_receivers_the_one_with_the_better_fix_is_used() -> None:
    other = {**TPV, "device": "/dev/ttyUSB0", "lat": 46.0}
    weak = {**TPV, "mode": 2}
    assert [fix.lat_deg for fix in read(lines(weak, other, TPV, other))] == [45.45487, 46.0, 46.0]
    assert [fix.lat_deg for fix in read(lines(weak, other, TPV), GpsdSettings(receiver="/dev/ttyACM0"))] == [
        45.45487
    ] * 2


def test_faults_are_said_with_the_cure_until_they_are_over() -> None:
    module = GpsdSettings().make()
    assert module.fault is None
    module.feed(lines({"class": "DEVICES", "devices": []}), NOW_NS)
    assert "no receiver" in (module.fault or "")
    module.feed(lines({**TPV, "mode": 1}), NOW_NS)
    assert "no fix" in (module.fault or "")
    module.feed(lines(TPV), NOW_NS)
    assert module.fault is None
    module.feed(lines({"class": "POLL", "active": 0, "tpv": []}), NOW_NS)
    assert "no receiver" in (module.fault or "")


def test_silence_is_polled() -> None:
    module = GpsdSettings().make()
    assert module.greeting() == WATCH
    assert module.requests(NOW_NS) == b""
    assert module.requests(NOW_NS + POLL_AFTER_NS) == POLL
    assert module.requests(NOW_NS + POLL_AFTER_NS + 1) == b""
    module.feed(b"{", NOW_NS + 2 * POLL_AFTER_NS)
    assert module.requests(NOW_NS + 2 * POLL_AFTER_NS + 1) == b""


def test_times() -> None:
    assert parse_time_ns("1970-01-01T00:00:01.500Z") == 1_500_000_000
    assert parse_time_ns("2026-11-27T14:00:00+02:00") == NOW_NS
    assert parse_time_ns(1.5) == 1_500_000_000
    values: list[object] = ["2026-11-27T12:00:00", "9999-12-31T23:59:59-23:59x", None, [], True, "", 1e300]
    for value in values:
        assert parse_time_ns(value) is None


def test_a_million_random_and_damaged_bytes() -> None:
    rng = random.Random(23)
    module = GpsdSettings().make()
    stream = lines(SKY, TPV, {"class": "VERSION"}, {**TPV, "mode": 1})
    fed = 0
    while fed < 500_000:
        data = rng.randbytes(4096)
        fed += len(data)
        assert module.feed(data, NOW_NS) == []
    while fed < 1_000_000:
        damaged = bytearray(stream)
        for _ in range(rng.randint(1, 20)):
            place = rng.randrange(len(damaged))
            damaged[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
        fed += len(damaged)
        module.feed(bytes(damaged), NOW_NS)
    module.feed(b"{" * (2 * LONGEST_LINE), NOW_NS)
    assert module.counters.oversize >= 1


def test_any_cutting_gives_the_same_contacts() -> None:
    stream = lines(SKY, TPV, {"class": "VERSION"}) + b"noise\n" + lines(TPV)
    whole = GpsdSettings().make()
    expected = whole.feed(stream, NOW_NS)
    cut = GpsdSettings().make()
    found = [contact for place in range(len(stream)) for contact in cut.feed(stream[place : place + 1], NOW_NS)]
    assert found == expected
    assert cut.counters == whole.counters


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def sentence(body: str) -> str:
    checksum = 0
    for character in body:
        checksum ^= ord(character)
    return f"${body}*{checksum:02X}\r\n"


@contextmanager
def running(*command: str) -> Iterator[None]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed (Debian packages gpsd and gpsd-clients)")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.system
def test_a_real_gpsd_gives_the_position_of_its_receiver(tmp_path: Path) -> None:
    log = tmp_path / "receiver.nmea"
    log.write_text(
        "".join(
            sentence(f"GPRMC,1200{second:02d}.00,A,4527.29220,N,00915.00000,E,000.5,054.7,271126,,")
            + sentence(f"GPGGA,1200{second:02d}.00,4527.29220,N,00915.00000,E,1,08,0.9,120.4,M,46.9,M,,")
            + sentence("GPGSA,A,3,04,05,09,12,24,25,29,31,,,,,2.5,1.3,2.1")
            for second in range(60)
        )
    )
    port = free_port()
    fixes: queue.Queue[PositionFix] = queue.Queue()

    def deliver(contacts: Sequence[Contact]) -> None:
        for contact in contacts:
            if isinstance(contact, PositionFix) and contact.fix == "3d" and contact.gnss_time_ns is not None:
                fixes.put(contact)

    with running("gpsfake", "-q", "-c", "0.05", "-P", str(port), str(log)):
        link = SerialLink(
            "gpsd", GpsdSettings().make(), LinkSettings(f"socket://127.0.0.1:{port}"), DEVICE.port, deliver
        )
        link.start()
        try:
            fix = fixes.get(timeout=30)
        finally:
            assert link.stop()
    assert fix.lat_deg == pytest.approx(45.45487)
    assert fix.lon_deg == pytest.approx(9.25)
    assert fix.gnss_time_ns is not None
    assert NOW_NS <= fix.gnss_time_ns < NOW_NS + 60_000_000_000


@pytest.mark.system
def test_a_gpsd_without_a_receiver_is_alive_and_blocks_nothing(tmp_path: Path) -> None:
    port = free_port()
    module = GpsdSettings().make()
    answered: queue.Queue[int] = queue.Queue()
    clock = iter(range(NOW_NS, NOW_NS * 2, POLL_AFTER_NS))  # each look at the clock is a silence later: polls at once

    def now_ns() -> int:
        answered.put(module.counters.frames)
        return next(clock)

    with running("gpsd", "-N", "-S", str(port), "-F", str(tmp_path / "control")):
        link = SerialLink(
            "gpsd", module, LinkSettings(f"socket://127.0.0.1:{port}"), DEVICE.port, lambda _: None, clock_ns=now_ns
        )
        link.start()
        try:
            while answered.get(timeout=30) < 6:  # VERSION, DEVICES, WATCH, then answers to polls
                pass
            assert link.counters.state is LinkState.READING
        finally:
            assert link.stop()
    assert module.counters.contacts == 0
    assert "no receiver" in (module.fault or "")
