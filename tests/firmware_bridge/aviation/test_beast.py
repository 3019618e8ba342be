"""Beast feeds: messages built from first principles, broken and damaged streams."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.aviation.beast import BeastFramer, BeastSettings
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


STREAM = b"".join(
    beast(frame)
    for step in range(4)
    for frame in (
        airborne(AIRCRAFT, 45.5 + step * 1e-3, 9.25, 12_000, step % 2),
        identity(AIRCRAFT, "EZY85MH"),
        velocity(AIRCRAFT, 300, -400, -1920),
    )
)


def test_any_cutting_gives_the_same_contacts() -> None:
    stream = STREAM
    whole = BeastSettings().make()
    expected = read(whole, stream)
    assert len(expected) >= 3
    cut = BeastSettings().make()
    assert [contact for place in range(len(stream)) for contact in read(cut, stream[place : place + 1])] == expected
    assert cut.counters == whole.counters


def test_a_million_random_and_damaged_bytes() -> None:
    rng = random.Random(29)
    module = BeastSettings().make()
    fed = 0
    while fed < 500_000:
        data = rng.randbytes(4096)
        fed += len(data)
        assert read(module, data) == []
    while fed < 1_000_000:
        damaged = bytearray(STREAM)
        for _ in range(rng.randint(1, 20)):
            place = rng.randrange(len(damaged))
            damaged[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
        fed += len(damaged)
        contacts = read(module, bytes(damaged), NOW_NS + fed * 1000)
        assert {contact.icao_address for contact in contacts} <= {AIRCRAFT}  # the parity lets no damage through
    assert module.counters.bytes == fed


def test_contacts_are_of_the_common_type() -> None:
    contacts: list[Contact] = BeastSettings(name="roof").make().feed(beast(identity(AIRCRAFT, "EZY85MH")), NOW_NS)
    assert [contact.device for contact in contacts] == ["roof"]


@pytest.mark.parametrize(
    "values", [{"lat_deg": 45.0}, {"lat_deg": 95.0, "lon_deg": 0.0}, {"lat_deg": 0.0, "lon_deg": 200.0}]
)
def test_settings_that_cannot_be_are_named(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"l[ao][tn]_deg"):
        BeastSettings(**values)  # type: ignore[arg-type]
