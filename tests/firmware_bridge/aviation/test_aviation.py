"""Civil aircraft: messages built from first principles, damaged streams, and Debian's dump1090 on a real recording."""

from __future__ import annotations

import math
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import resample_poly

from firmware_bridge.aviation.aircraft import FORGET_NS, MOST_AIRCRAFT, UNPLACED_NS, AircraftTable, Report
from firmware_bridge.aviation.beast import BeastFramer, BeastSettings
from firmware_bridge.aviation.sbs import SbsSettings
from firmware_bridge.contacts import AircraftContact, Contact
from firmware_bridge.module import ModuleCounters, SerialModule
from firmware_bridge.position.node_position import distance_m

NOW_NS = 1_795_780_800_000_000_000
SECOND_NS = 1_000_000_000


def parity(data: bytes) -> int:
    """The 24-bit remainder of a message without its parity (ICAO Annex 10 IV 3.1.2.3.3.1)."""
    value = int.from_bytes(data) << 24
    for bit in range(8 * len(data) + 23, 23, -1):
        if value >> bit & 1:
            value ^= 0x1FFF409 << (bit - 24)
    return value & 0xFFFFFF


def squitter(icao_address: int, content: int, df: int = 17) -> bytes:
    head = bytes([df << 3 | (5 if df == 17 else 0)]) + icao_address.to_bytes(3) + content.to_bytes(7)
    return head + parity(head).to_bytes(3)


def zones(latitude_deg: float) -> int:
    """Number of longitude zones (DO-260B A.1.7.2), by its formula."""
    if abs(latitude_deg) >= 87.0:
        return 2 if abs(latitude_deg) == 87.0 else 1
    ratio = (1 - math.cos(math.pi / 30)) / math.cos(math.radians(latitude_deg)) ** 2
    return math.floor(2 * math.pi / math.acos(1 - ratio))


def airborne(icao_address: int, latitude_deg: float, longitude_deg: float, altitude_ft: int, odd: int) -> bytes:
    """An airborne position with its place in compact form (DO-260B A.1.7.3, encoding)."""
    lat_zone = 360 / (60 - odd)
    y = math.floor(131072 * (latitude_deg % lat_zone) / lat_zone + 0.5)
    seen_deg = lat_zone * (y / 131072 + math.floor(latitude_deg / lat_zone))
    lon_zone = 360 / max(zones(seen_deg) - odd, 1)
    x = math.floor(131072 * (longitude_deg % lon_zone) / lon_zone + 0.5)
    steps = (altitude_ft + 1000) // 25
    altitude = (steps & 0x7F0) << 1 | 0x10 | (steps & 0xF)
    return squitter(icao_address, 11 << 51 | altitude << 36 | odd << 34 | (y & 0x1FFFF) << 17 | (x & 0x1FFFF))


def identity(icao_address: int, callsign: str) -> bytes:
    letters = "#ABCDEFGHIJKLMNOPQRSTUVWXYZ##### ###############0123456789######"
    content = 4 << 51 | 3 << 48
    for place, letter in enumerate(callsign.ljust(8)):
        content |= letters.index(letter) << 6 * (7 - place)
    return squitter(icao_address, content)


def velocity(icao_address: int, east_kt: int, north_kt: int, climb_ft_min: int) -> bytes:
    content = 19 << 51 | 1 << 48
    content |= (int(east_kt < 0) << 10 | abs(east_kt) + 1) << 32
    content |= (int(north_kt < 0) << 10 | abs(north_kt) + 1) << 21
    content |= (int(climb_ft_min < 0) << 9 | abs(climb_ft_min) // 64 + 1) << 10
    return squitter(icao_address, content)


def beast(message: bytes, level: int = 100, ticks: int = 0x1A1A00001A) -> bytes:
    kind = {2: b"1", 7: b"2", 14: b"3"}[len(message)]
    content = ticks.to_bytes(6) + bytes([level]) + message
    return b"\x1a" + kind + content.replace(b"\x1a", b"\x1a\x1a")


def read(module: SerialModule, data: bytes, time_ns: int = NOW_NS) -> list[AircraftContact]:
    return [contact for contact in module.feed(data, time_ns) if isinstance(contact, AircraftContact)]


AIRCRAFT = 0x4D1A23  # an address with the escape byte in it


class TestBeast:
    @pytest.mark.parametrize(
        ("latitude_deg", "longitude_deg"),
        [
            (45.5, 9.25),
            (-33.9, 151.2),
            (52.3, -0.001),
            (-0.0005, -78.5),
            (64.0, 179.9995),
            (37.08, 13.796),
            (86.5, -120),
        ],
    )
    def test_a_place_is_found_from_both_frames_and_followed_with_one(
        self, latitude_deg: float, longitude_deg: float
    ) -> None:
        module = BeastSettings().make()
        places: list[AircraftContact] = []
        for step in range(12):
            frame = airborne(AIRCRAFT, latitude_deg + step * 1e-3, longitude_deg, 12_000, step % 2)
            contacts = read(module, beast(frame), NOW_NS + step * SECOND_NS // 2)
            places += [contact for contact in contacts if contact.lat_deg is not None]
        assert len(places) == 10  # two to find it, the next agrees
        for step, contact in enumerate(places, start=2):
            assert contact.lat_deg is not None
            assert contact.lon_deg is not None
            assert distance_m(latitude_deg + step * 1e-3, longitude_deg, contact.lat_deg, contact.lon_deg) < 10
            assert contact.altitude_m == pytest.approx(12_000 * 0.3048)
            assert contact.altitude_is_pressure is True
            assert contact.icao_address == AIRCRAFT

    def test_identity_and_velocity(self) -> None:
        module = BeastSettings().make()
        (first,) = read(module, beast(identity(AIRCRAFT, "EZY85MH")))
        assert (first.callsign, first.category) == ("EZY85MH", 0xA3)
        (second,) = read(module, beast(velocity(AIRCRAFT, 300, -400, -1920)), NOW_NS + 2 * SECOND_NS)
        assert second.callsign == "EZY85MH"
        assert second.speed_mps == pytest.approx(500 * 1852 / 3600, abs=0.3)
        assert second.track_deg == pytest.approx(math.degrees(math.atan2(300, -400)), abs=0.1)
        assert second.vertical_speed_mps == pytest.approx(-1920 * 0.3048 / 60)

    def test_short_replies_count_for_known_aircraft_only(self) -> None:
        head = bytes([5 << 3, 0, 0x0A, 0x8A])
        reply = head + (parity(head) ^ AIRCRAFT).to_bytes(3)
        assert read(BeastSettings().make(), beast(reply)) == []
        module = BeastSettings().make()
        read(module, beast(identity(AIRCRAFT, "EZY85MH")))
        (contact,) = read(module, beast(reply), NOW_NS + 2 * SECOND_NS)
        assert contact.squawk is not None
        assert len(contact.squawk) == 4

    def test_damaged_squitters_are_refused(self) -> None:
        message = identity(AIRCRAFT, "EZY85MH")
        for bit in range(8, 112):
            damaged = bytearray(message)
            damaged[bit // 8] ^= 1 << bit % 8
            assert read(BeastSettings().make(), beast(bytes(damaged))) == [], bit

    def test_addresses_that_are_no_icao_addresses_are_left_out(self) -> None:
        anonymous = bytearray(squitter(AIRCRAFT, 4 << 51, df=18))
        anonymous[0] |= 1
        anonymous[11:] = parity(bytes(anonymous[:11])).to_bytes(3)
        assert read(BeastSettings().make(), beast(bytes(anonymous))) == []

    def test_a_frame_that_breaks_off_costs_only_itself(self) -> None:
        module = BeastSettings().make()
        whole = beast(identity(AIRCRAFT, "EZY85MH"))
        (contact,) = read(module, b"\x00\x1a\x99" + whole[:11] + whole)
        assert contact.callsign == "EZY85MH"
        assert (module.counters.frames, module.counters.malformed) == (1, 1)
        assert module.counters.skipped_bytes >= 3

    def test_a_ground_position_needs_the_receivers_place(self) -> None:
        frame = squitter(AIRCRAFT, 7 << 51 | 41 << 44 | 1 << 43 | 33 << 36 | 1 << 34 | 39195 << 17 | 110320)
        assert all(contact.lat_deg is None for contact in read(BeastSettings().make(), beast(frame) * 2))
        module = BeastSettings(lat_deg=52.3, lon_deg=4.7).make()
        (contact,) = [contact for contact in read(module, beast(frame) * 2) if contact.lat_deg is not None]
        assert contact.speed_mps == pytest.approx(17 * 1852 / 3600)


@given(st.lists(st.tuples(st.sampled_from([2, 7, 14]), st.binary(min_size=22, max_size=22)), max_size=6), st.randoms())
def test_frames_survive_escaping_and_any_cutting(items: list[tuple[int, bytes]], rng: random.Random) -> None:
    frames = [(length, content[: 7 + length]) for length, content in items]
    stream = b"".join(
        b"\x1a" + {2: b"1", 7: b"2", 14: b"3"}[length] + content.replace(b"\x1a", b"\x1a\x1a")
        for length, content in frames
    )
    counters = ModuleCounters()
    framer = BeastFramer(counters)
    found: list[tuple[int, bytes]] = []
    start = 0
    while start < len(stream):
        length = rng.randint(1, 9)
        found += framer.feed(stream[start : start + length])
        start += length
    assert [content for _, content in found] == [content for _, content in frames]
    assert (counters.bytes, counters.skipped_bytes, counters.malformed) == (len(stream), 0, 0)


SBS_LINE = (
    b"MSG,3,1,1,4D2023,1,2026/11/26,14:45:05.407,2026/11/26,14:45:05.407,EZY85MH ,22425,385,158,37.07950,13.79596,"
    b"-1920,0112,0,0,0,0\r\n"
)


class TestSbs:
    def test_a_line(self) -> None:
        module = SbsSettings().make()
        assert all(contact.lat_deg is None for contact in read(module, SBS_LINE))
        (contact,) = read(module, SBS_LINE, NOW_NS + 2 * SECOND_NS)
        assert (contact.icao_address, contact.callsign, contact.squawk) == (0x4D2023, "EZY85MH", "0112")
        assert (contact.lat_deg, contact.lon_deg, contact.track_deg) == (37.0795, 13.79596, 158.0)
        assert contact.altitude_m == pytest.approx(22_425 * 0.3048)
        assert contact.speed_mps == pytest.approx(385 * 1852 / 3600)
        assert contact.vertical_speed_mps == pytest.approx(-1920 * 0.3048 / 60)
        assert contact.altitude_is_pressure is True

    def test_altitude_above_the_ellipsoid(self) -> None:
        (contact, *_) = read(SbsSettings().make(), SBS_LINE.replace(b"22425", b"22425H"))
        assert contact.altitude_is_pressure is False

    def test_empty_fields_tell_nothing(self) -> None:
        (contact,) = read(SbsSettings().make(), b"MSG,8,1,1,4D2023,1,,,,,,,,,,,,,,,,0\r\n")
        assert (contact.callsign, contact.lat_deg, contact.altitude_m, contact.speed_mps) == (None,) * 4

    @pytest.mark.parametrize(
        ("old", "new", "counter"),
        [
            (b"37.07950", b"97.07950", "refused"),
            (b"22425", b"2242x", "refused"),
            (b",385,", b",38500,", "refused"),
            (b"0112", b"0912", "refused"),
            (b"EZY85MH", b"EZY\xff5MH", "refused"),
            (b"4D2023", b"4D20Z3", "malformed"),
            (b",0,0,0,0\r", b",0,0,0\r", "malformed"),
            (b"MSG", b"MSC", "malformed"),
        ],
    )
    def test_damaged_lines(self, old: bytes, new: bytes, counter: str) -> None:
        module = SbsSettings().make()
        assert read(module, SBS_LINE.replace(old, new)) == []
        assert getattr(module.counters, counter) == 1

    def test_other_lines_and_addresses_are_passed_over(self) -> None:
        module = SbsSettings().make()
        other = b"AIR,,5,7,4D2023,1,2026/11/26,14:45:05.407,2026/11/26,14:45:05.407\r\n\r\n"
        assert read(module, other + SBS_LINE.replace(b"4D2023", b"~4D2023")) == []
        assert (module.counters.malformed, module.counters.refused) == (0, 0)


class TestTable:
    def test_a_wild_position_is_refused_and_a_lasting_one_believed(self) -> None:
        table = AircraftTable("adsb")
        place = Report(1, lat_deg=45.0, lon_deg=9.0)
        assert table.take(place, NOW_NS)[0] is not None  # told, but not where
        assert table.place(1, NOW_NS) is None
        first = table.take(place, NOW_NS + SECOND_NS)[0]
        assert first is not None
        assert first.lat_deg == 45.0
        wild = Report(1, lat_deg=46.0, lon_deg=9.0)
        assert table.take(wild, NOW_NS + 2 * SECOND_NS) == (None, True)
        assert table.take(place, NOW_NS + 3 * SECOND_NS)[0] is not None
        told = [table.take(wild, NOW_NS + (4 + step) * SECOND_NS)[0] for step in range(6)]
        assert [contact is not None and contact.lat_deg == 46.0 for contact in told] == [False] * 4 + [True] * 2

    def test_an_aircraft_without_a_place_is_told_once_a_second(self) -> None:
        table = AircraftTable("adsb")
        told = [table.take(Report(1, squawk="7000"), NOW_NS + step * UNPLACED_NS // 10)[0] for step in range(31)]
        assert sum(contact is not None for contact in told) == 4

    def test_old_values_are_not_told_as_new(self) -> None:
        table = AircraftTable("adsb")
        table.take(Report(1, callsign="EZY85MH", altitude_m=1000.0, speed_mps=100.0), NOW_NS)
        contact, _ = table.take(Report(1, squawk="7000"), NOW_NS + 11 * SECOND_NS)
        assert contact is not None
        assert (contact.callsign, contact.altitude_m, contact.speed_mps) == ("EZY85MH", None, None)

    def test_the_silent_are_forgotten_and_many_are_bounded(self) -> None:
        table = AircraftTable("adsb")
        for address in range(1, 3 * MOST_AIRCRAFT):
            table.take(Report(address), NOW_NS)
        assert len(table) == MOST_AIRCRAFT
        table.take(Report(9), NOW_NS + FORGET_NS + 1)
        assert len(table) == 1


STREAM = b"".join(
    beast(frame)
    for step in range(4)
    for frame in (
        airborne(AIRCRAFT, 45.5 + step * 1e-3, 9.25, 12_000, step % 2),
        identity(AIRCRAFT, "EZY85MH"),
        velocity(AIRCRAFT, 300, -400, -1920),
    )
)


@pytest.mark.parametrize(
    ("settings", "stream"),
    [(BeastSettings(), STREAM), (SbsSettings(), SBS_LINE * 3 + b"noise\n")],
    ids=["beast", "sbs"],
)
def test_any_cutting_gives_the_same_contacts(settings: BeastSettings | SbsSettings, stream: bytes) -> None:
    whole: SerialModule = settings.make()
    expected = read(whole, stream)
    assert len(expected) >= 3
    cut: SerialModule = settings.make()
    assert [contact for place in range(len(stream)) for contact in read(cut, stream[place : place + 1])] == expected
    assert cut.counters == whole.counters


@pytest.mark.parametrize(
    ("settings", "stream"), [(BeastSettings(), STREAM), (SbsSettings(), SBS_LINE * 8)], ids=["beast", "sbs"]
)
def test_a_million_random_and_damaged_bytes(settings: BeastSettings | SbsSettings, stream: bytes) -> None:
    rng = random.Random(29)
    module: SerialModule = settings.make()
    fed = 0
    while fed < 500_000:
        data = rng.randbytes(4096)
        fed += len(data)
        assert read(module, data) == []
    while fed < 1_000_000:
        damaged = bytearray(stream)
        for _ in range(rng.randint(1, 20)):
            place = rng.randrange(len(damaged))
            damaged[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
        fed += len(damaged)
        contacts = read(module, bytes(damaged), NOW_NS + fed * 1000)
        if isinstance(settings, BeastSettings):  # the parity lets no damaged squitter through
            assert {contact.icao_address for contact in contacts} <= {AIRCRAFT}
    assert module.counters.bytes == fed


def recording() -> Path:
    path = Path(os.environ.get("SKYPICKET_SHARED", "../shared")) / "recordings" / "dump1090_modes1_1090_2M.sigmf-data"
    if not path.is_file():
        pytest.skip(f"no recording: {path} is missing (set SKYPICKET_SHARED)")
    return path


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports: list[int] = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@contextmanager
def dump1090(beast_port: int, sbs_port: int) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which("dump1090-mutability")
    if program is None:
        pytest.skip("dump1090-mutability is not installed (Debian package of that name)")
    command = [program, "--ifile", "-", "--quiet", "--net", "--net-bind-address", "127.0.0.1"]
    command += ["--net-ri-port", "0", "--net-ro-port", "0", "--net-bi-port", "0"]
    command += ["--net-bo-port", str(beast_port), "--net-sbs-port", str(sbs_port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def connected(port: int, limit_s: float = 20.0) -> socket.socket:
    until_s = time.monotonic() + limit_s
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 5)
        except OSError:
            if time.monotonic() > until_s:
                raise


def everything(connection: socket.socket) -> bytes:
    connection.settimeout(20)
    data = b""
    while piece := connection.recv(65_536):
        data += piece
    return data


@pytest.mark.system
@pytest.mark.recordings
def test_a_real_aircraft_through_debians_dump1090() -> None:
    """The recording is at 2 MS/s and dump1090-mutability decodes 2.4 MS/s, so it is resampled by 6/5."""
    raw = np.fromfile(recording(), np.uint8).astype(np.float32) - 127.4
    resampled = resample_poly(raw[::2] + 1j * raw[1::2], 6, 5)
    samples = np.empty(2 * len(resampled), np.uint8)
    samples[::2] = np.clip(np.round(resampled.real + 127.4), 0, 255)
    samples[1::2] = np.clip(np.round(resampled.imag + 127.4), 0, 255)
    beast_port, sbs_port = free_ports(2)
    with dump1090(beast_port, sbs_port) as process, connected(beast_port) as binary, connected(sbs_port) as text:
        process.communicate(samples.tobytes() + bytes([127]) * 2_000_000, timeout=60)
        streams = everything(binary), everything(text)
    by_beast = BeastSettings().make()
    by_sbs = SbsSettings().make()
    binary_contacts = read(by_beast, streams[0])
    text_contacts = read(by_sbs, streams[1])
    for module, contacts in ((by_beast, binary_contacts), (by_sbs, text_contacts)):
        assert module.counters.frames > 150
        assert (module.counters.malformed, module.counters.skipped_bytes) == (0, 0)
        assert {contact.icao_address for contact in contacts} == {0x4D2023}
    theirs = [
        (contact.lat_deg or 0.0, contact.lon_deg or 0.0) for contact in text_contacts if contact.lat_deg is not None
    ]
    away_m = [
        min(distance_m(contact.lat_deg, contact.lon_deg or 0.0, *place) for place in theirs)
        for contact in binary_contacts
        if contact.lat_deg is not None
    ]
    assert len(away_m) > 20
    assert sum(distance < 20 for distance in away_m) > 0.8 * len(away_m)
    assert max(away_m) < 1_000  # between two of theirs: dump1090 leaves a few out
    last = binary_contacts[-1]
    assert last.speed_mps == pytest.approx(385 * 1852 / 3600, rel=0.05)
    assert last.altitude_is_pressure is True


def test_contacts_are_of_the_common_type() -> None:
    contacts: list[Contact] = BeastSettings(name="roof").make().feed(beast(identity(AIRCRAFT, "EZY85MH")), NOW_NS)
    assert [contact.device for contact in contacts] == ["roof"]


@pytest.mark.parametrize(
    "values", [{"lat_deg": 45.0}, {"lat_deg": 95.0, "lon_deg": 0.0}, {"lat_deg": 0.0, "lon_deg": 200.0}]
)
def test_settings_that_cannot_be_are_named(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"l[ao][tn]_deg"):
        BeastSettings(**values)  # type: ignore[arg-type]
