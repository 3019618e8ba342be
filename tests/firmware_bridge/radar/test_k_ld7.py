"""RFbeam K-LD7: rows, packets, and the questions it must be asked."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from firmware_bridge.contacts import RadarContact
from firmware_bridge.radar.k_ld7 import DEVICE, ROW, KLd7Settings, packet

NOW_NS = 1_700_000_000_000_000_000
S = 1_000_000_000
OK = packet(b"RESP", b"\0")


def read(data: bytes, **settings: Any) -> tuple[list[RadarContact], Any]:
    module = KLd7Settings(**settings).make()
    contacts = [*module.feed(data, NOW_NS), *module.finish(NOW_NS)]
    return [contact for contact in contacts if isinstance(contact, RadarContact)], module


def test_rows_in_every_unit() -> None:
    rows = ROW.pack(1234, -900, 3000, 512) + ROW.pack(100, 360, -3000, 7)
    (first, second), _ = read(packet(b"PDAT", rows))
    assert (first.range_m, first.azimuth_deg, first.magnitude, first.track_no) == (12.34, 30.0, 512.0, None)
    assert first.radial_speed_mps == pytest.approx(-2.5)
    assert first.x_m == pytest.approx(6.17)
    assert second.radial_speed_mps == pytest.approx(1.0)


def test_the_target_it_follows_has_a_number() -> None:
    (contact,), _ = read(packet(b"TDAT", ROW.pack(500, 100, 0, 9)))
    assert contact.track_no == 0


def test_empty_lists_are_frames() -> None:
    contacts, module = read(packet(b"PDAT") + packet(b"TDAT") + packet(b"DONE", b"\1\0\0\0"))
    assert (contacts, module.counters.frames) == ([], 3)


def test_impossible_lengths_are_skipped() -> None:
    contacts, module = read(
        packet(b"PDAT", bytes(7)) + packet(b"DDAT", bytes(5)) + packet(b"TDAT", ROW.pack(5, 1, 0, 9))
    )
    assert (len(contacts), module.counters.frames) == (1, 1)


def test_values_beyond_the_setting_are_refused() -> None:
    rows = ROW.pack(3100, 0, 0, 1) + ROW.pack(0, 0, 0, 1) + ROW.pack(100, 0, 9100, 1) + ROW.pack(100, 6000, 0, 1)
    contacts, module = read(packet(b"PDAT", rows), range_setting_m=30, speed_setting_kmh=50.0)
    assert (contacts, module.counters.refused) == ([], 4)


def test_it_is_set_up_and_asked_for_frame_after_frame() -> None:
    module = KLd7Settings(range_setting_m=30, speed_setting_kmh=25.0).make()
    assert module.greeting() == b"INIT\x04\0\0\0\0\0\0\0"
    asked = []
    for _ in range(4):
        assert module.requests(NOW_NS) == b""
        module.feed(OK, NOW_NS)
        asked.append(module.requests(NOW_NS))
    assert [one[:4] for one in asked] == [b"RRAI", b"RSPI", b"DEDI", b"GNFD"]
    assert [struct.unpack("<I", one[8:])[0] for one in asked] == [2, 1, 2, 0b101100]
    module.feed(OK, NOW_NS)
    assert module.requests(NOW_NS) == b""
    module.feed(packet(b"PDAT") + packet(b"DONE", b"\1\0\0\0"), NOW_NS)
    assert module.requests(NOW_NS) == asked[-1]


def test_silence_starts_the_dialogue_anew() -> None:
    module = KLd7Settings().make()
    first = module.greeting()
    assert module.requests(NOW_NS) == b""
    assert module.requests(NOW_NS + S // 2) == b""
    assert module.requests(NOW_NS + S) == first
    assert module.requests(NOW_NS + S + 1) == b""
    assert module.requests(NOW_NS + 2 * S) == first


def test_a_faster_line_is_asked_for_and_used_from_the_answer_on() -> None:
    module = KLd7Settings(line_baud=921_600).make()
    assert module.greeting() == b"INIT\x04\0\0\0\x02\0\0\0"
    rates = [module.baud]
    module.feed(OK, NOW_NS)
    rates.append(module.baud)
    assert module.requests(NOW_NS)[:4] == b"RRAI"
    module.greeting()
    rates.append(module.baud)
    module.feed(packet(b"RESP", b"\2"), NOW_NS)  # it refuses the rate: no change
    rates.append(module.baud)
    assert rates == [None, 921_600, None, None]


def test_after_silence_it_is_looked_for_at_both_rates() -> None:
    module = KLd7Settings(line_baud=460_800).make()
    first = module.greeting()
    assert module.requests(NOW_NS) == b""
    said = [(module.requests(NOW_NS + second * S), module.baud) for second in range(1, 5)]
    assert said == [(packet(b"GBYE"), 460_800), (first, None)] * 2
    assert module.requests(NOW_NS + 5 * S) == packet(b"GBYE")
    module.feed(OK, NOW_NS + 5 * S + 1)  # it was there: it is at the rate of the start now
    assert module.requests(NOW_NS + 5 * S + 2) == first
    assert module.baud is None


def test_a_frame_number_that_falls_is_a_reboot() -> None:
    _, module = read(packet(b"DONE", b"\x09\0\0\0") + packet(b"DONE", b"\x0b\0\0\0") + packet(b"DONE", b"\1\0\0\0"))
    assert (module.counters.reboots, module.counters.gaps) == (1, 0)


def test_the_port_has_even_parity() -> None:
    assert (DEVICE.port.baud, DEVICE.port.parity) == (115200, "E")


@pytest.mark.parametrize(
    "wrong", [{"range_setting_m": 20}, {"line_baud": 9600}, {"speed_setting_kmh": 30.0}, {"max_angle_deg": 0.0}]
)
def test_wrong_settings_name_the_key(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        KLd7Settings(**wrong)
