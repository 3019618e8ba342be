"""SBS feeds: lines as readsb and dump1090 write them, damaged ones, others."""

from __future__ import annotations

import random

import pytest

from firmware_bridge.aviation.sbs import SbsSettings
from firmware_bridge.contacts import AircraftContact
from firmware_bridge.module import SerialModule

NOW_NS = 1_795_780_800_000_000_000
SECOND_NS = 1_000_000_000


def read(module: SerialModule, data: bytes, time_ns: int = NOW_NS) -> list[AircraftContact]:
    return [contact for contact in module.feed(data, time_ns) if isinstance(contact, AircraftContact)]


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


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_empty_lines_are_signs_of_life(end: bytes) -> None:
    whole, cut = SbsSettings().make(), SbsSettings().make()
    stream = end * 3 + SBS_LINE.replace(b"\r\n", end) + end * 2
    read(whole, stream)
    for place in range(len(stream)):
        read(cut, stream[place : place + 1])
    assert whole.counters.frames == cut.counters.frames == 6
    other = SbsSettings().make()
    read(other, b"something else" + end * 9)
    assert other.counters.frames == 0


def test_any_cutting_gives_the_same_contacts() -> None:
    stream = SBS_LINE * 8
    whole = SbsSettings().make()
    expected = read(whole, stream)
    assert len(expected) >= 3
    cut = SbsSettings().make()
    assert [contact for place in range(len(stream)) for contact in read(cut, stream[place : place + 1])] == expected
    assert cut.counters == whole.counters


def test_a_million_random_and_damaged_bytes() -> None:
    rng = random.Random(29)
    module = SbsSettings().make()
    fed = 0
    while fed < 500_000:
        data = rng.randbytes(4096)
        fed += len(data)
        assert read(module, data) == []
    while fed < 1_000_000:
        damaged = bytearray(SBS_LINE * 8)
        for _ in range(rng.randint(1, 20)):
            place = rng.randrange(len(damaged))
            damaged[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
        fed += len(damaged)
        contacts = read(module, bytes(damaged), NOW_NS + fed * 1000)
        assert all(contact.icao_address is not None for contact in contacts)
    assert module.counters.bytes == fed
