"""OmniPreSense OPS243: every form of line, units, signs, real output."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.contacts import RadarContact
from firmware_bridge.radar.ops243 import LONGEST_LINE, SET_UP, Ops243, Ops243Settings

NOW_NS = 1_700_000_000_000_000_000


def read(data: bytes, **settings: Any) -> tuple[list[RadarContact], Ops243]:
    module = Ops243Settings(**settings).make()
    contacts = [*module.feed(data, NOW_NS), *module.finish(NOW_NS)]
    return [contact for contact in contacts if isinstance(contact, RadarContact)], module


class TestLines:
    def test_json_speed_is_turned_round(self) -> None:
        (contact,), _ = read(b'{"time" : "105.122", "unit" : "mps", "magnitude" : "23", "speed" : "1.0"}\r\n')
        assert (contact.radial_speed_mps, contact.range_m, contact.magnitude) == (-1.0, None, 23.0)
        assert (contact.azimuth_deg, contact.x_m, contact.snr_db) == (None, None, None)

    def test_json_range(self) -> None:
        (contact,), _ = read(b'{"time" : "105.110", "unit" : "m", "magnitude" : "9325", "range" : "2.1"}\n')
        assert (contact.radial_speed_mps, contact.range_m, contact.magnitude) == (None, 2.1, 9325.0)

    def test_several_reports_of_a_frame(self) -> None:
        contacts, _ = read(b'{"magnitude":[606.71,352.58],"speed":[-10.90,-12.26]}\n')
        assert [(one.radial_speed_mps, one.magnitude) for one in contacts] == [(10.9, 606.71), (12.26, 352.58)]

    def test_speed_and_range_in_one_object_are_one_contact(self) -> None:
        (contact,), _ = read(b'{"speed":3.5,"range":12.25}\n')
        assert (contact.radial_speed_mps, contact.range_m) == (-3.5, 12.25)

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            (b'"m",2.1', (2.1, None, None)),
            (b'"mps",-1.0', (None, 1.0, None)),
            (b'105.122,"mps",23,-1.0', (None, 1.0, 23.0)),
            (b'"mps",683,1.3', (None, -1.3, 683.0)),
            (b'"kmph",36', (None, -10.0, None)),
            (b'"mph",10', (None, -4.4704, None)),
            (b'"km/h",48,-1.8', (None, 0.5, 48.0)),
            (b'"ft",10', (3.048, None, None)),
        ],
    )
    def test_plain_lines(self, line: bytes, expected: tuple[float | None, ...]) -> None:
        (contact,), _ = read(line + b"\n")
        got = (contact.range_m, contact.radial_speed_mps, contact.magnitude)
        for one, other in zip(got, expected, strict=True):
            assert one == (None if other is None else pytest.approx(other))

    def test_hexadecimal_pairs(self) -> None:
        first, second = read(b"023F0125\r\n")[0]
        assert (first.range_m, first.radial_speed_mps) == (63.0, None)
        assert (second.range_m, second.radial_speed_mps) == (None, -37.0)

    def test_a_bare_number_says_what_it_is_only_when_configured(self) -> None:
        contacts, module = read(b"12.5\n")
        assert (contacts, module.counters.malformed) == ([], 1)
        (contact,), _ = read(b"12.5\n", bare="speed")
        assert contact.radial_speed_mps == -12.5
        (contact,), _ = read(b"12.5\n", bare="range", range_unit="ft")
        assert contact.range_m == pytest.approx(3.81)

    def test_zeros_of_an_idle_radar_are_no_contacts(self) -> None:
        contacts, module = read(b'"mps",0.0\n{"unit":"mps","speed":"0.0"}\n')
        assert (contacts, module.counters.frames, module.counters.refused) == ([], 2, 0)

    def test_blanks_of_an_idle_radar_are_nothing(self) -> None:
        contacts, module = read(b" \n,\n,,\r\n\n")
        assert (contacts, module.counters.malformed, module.counters.skipped_bytes) == ([], 0, 0)

    def test_answers_to_commands_are_frames_without_contacts(self) -> None:
        contacts, module = read(b'{"PowerMode" : "Idle or Pulse"}\n{"UnknownCommand" : "5"}\n')
        assert (contacts, module.counters.frames, module.counters.malformed) == ([], 2, 0)

    @pytest.mark.parametrize(
        "line",
        [
            b"nonsense",
            b"[1,2]",
            b'{"speed":"fast"}',
            b'{"speed":NaN}',
            b'{"speed":true}',
            b'{"speed":1,"unit":"furlong"}',
            b'"mps",',
            b'"mps",1,2,3',
            b'"m",inf',
            b'{"speed":1',
            b'{"time":"-5","speed":"1"}',
            b"\xff\xfe\x80",
            b'{"speed":' + b"[" * 900,
            b'{"speed":' + b"9" * 900 + b"}",
        ],
    )
    def test_what_is_no_line_is_counted(self, line: bytes) -> None:
        contacts, module = read(line + b'\n"m",2.0\n')
        assert [contact.range_m for contact in contacts] == [2.0]
        assert module.counters.malformed == 1
        assert module.counters.resyncs == 1

    def test_implausible_values_are_refused(self) -> None:
        contacts, module = read(b'"m",-1\n"m",1e9\n"mps",400\n"m",0\n')
        assert (contacts, module.counters.refused) == ([], 4)

    def test_an_endless_line_is_given_up(self) -> None:
        contacts, module = read(b"x" * (10 * LONGEST_LINE) + b'\n"m",2.0\n')
        assert (len(contacts), module.counters.oversize) == (1, 1)

    def test_the_last_line_may_lack_its_end(self) -> None:
        assert len(read(b'"m",2.0\n"m",3.0')[0]) == 2


class TestTime:
    def test_contacts_carry_the_radars_own_time(self) -> None:
        module = Ops243Settings().make()
        stamps = []
        for number in range(20):
            # Reports every 0.1 s by the radar's clock; every second one is delivered 30 ms late.
            late_ns = 30_000_000 * (number % 2)
            line = f'{{"time":"{100 + number / 10:.3f}","unit":"m","range":"5.0"}}\n'.encode()
            stamps += [one.time_ns for one in module.feed(line, NOW_NS + number * 100_000_000 + late_ns)]
        assert [stamp - NOW_NS for stamp in stamps] == [number * 100_000_000 for number in range(20)]

    def test_a_clock_that_begins_again_is_a_reboot(self) -> None:
        _, module = read(b'{"time":"50.0","range":"5.0"}\n{"time":"0.1","range":"5.0"}\n')
        assert module.counters.reboots == 1


def test_greeting_sets_up_unless_told_not_to() -> None:
    assert Ops243Settings().make().greeting() == SET_UP
    assert Ops243Settings(set_up=False).make().greeting() == b""


@pytest.mark.parametrize("wrong", [{"bare": "both"}, {"speed_unit": "c"}, {"range_unit": "mile"}, {"max_range_m": 0.0}])
def test_wrong_settings_name_the_key(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Ops243Settings(**wrong)


@pytest.mark.recordings
@pytest.mark.parametrize("file", ["ops243c_plain.txt", "ops243c_json.jsonl"])
def test_real_output(file: str) -> None:
    folder = Path(os.environ.get("SKYPICKET_SHARED", "../shared")) / "vectors" / "serial" / "ops243c"
    if not folder.is_dir():
        pytest.skip(f"no serial vectors: {folder} is not a folder (set SKYPICKET_SHARED)")
    lines = (folder / file).read_text().splitlines()
    expected = []
    for line in lines:
        if not line.startswith("{"):
            fields = line.split(",")
            expected += [(float(fields[-1]), None) if '"m"' in fields else (None, -float(fields[-1]))]
        elif "speed" in (found := json.loads(line)):
            expected += [(None, -float(found["speed"]))]
        elif "range" in found:
            expected += [(float(found["range"]), None)]
    contacts, module = read((folder / file).read_bytes())
    assert [(one.range_m, one.radial_speed_mps) for one in contacts] == expected
    assert (module.counters.frames, module.counters.malformed, module.counters.refused) == (len(lines), 0, 0)


@pytest.mark.recordings
def test_real_answers_to_commands_are_understood() -> None:
    folder = Path(os.environ.get("SKYPICKET_SHARED", "../shared")) / "vectors" / "serial" / "ops243c"
    if not folder.is_dir():
        pytest.skip(f"no serial vectors: {folder} is not a folder (set SKYPICKET_SHARED)")
    pairs = [json.loads(line) for line in (folder / "ops243c_commands.jsonl").read_text().splitlines()]
    contacts, module = read("".join(pair["received"] + "\r\n" for pair in pairs).encode())
    assert module.counters.frames == len(pairs)
    assert len(contacts) == sum(pair["received"].startswith('"m"') for pair in pairs)
