"""Hi-Link LD2450 and LD2451: vendor's examples, signs, empty frames, the set-up dialogue."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.contacts import RadarContact
from firmware_bridge.radar import hilink
from firmware_bridge.radar.ld2450 import Ld2450Settings, decode_signed, encode_signed
from firmware_bridge.radar.ld2451 import Ld2451Settings

NOW_NS = 1_700_000_000_000_000_000
S = 1_000_000_000
EXAMPLE = bytes.fromhex("aaff03000e03b186100040010000000000000000000000000000000055cc")
EMPTY = bytes.fromhex("aaff0300" + "00" * 24 + "55cc")
CARS = bytes.fromhex("f4f3f2f1110003018a28003c158a1e013c0f765f003c0ff8f7f6f5")
LIVE = bytes.fromhex("f4f3f2f1070001018f040103fff8f7f6f5")
NOBODY = bytes.fromhex("f4f3f2f10000f8f7f6f5")
NOBODY_EITHER = bytes.fromhex("f4f3f2f102000000f8f7f6f5")
DONE = bytes.fromhex("0000")


def read(settings: Any, data: bytes) -> tuple[list[RadarContact], Any]:
    module = settings.make()
    contacts = [*module.feed(data, NOW_NS), *module.finish(NOW_NS)]
    return [contact for contact in contacts if isinstance(contact, RadarContact)], module


class TestLd2450:
    def test_the_vendors_example(self) -> None:
        (contact,), module = read(Ld2450Settings(), EXAMPLE)
        assert (contact.x_m, contact.y_m, contact.radial_speed_mps) == (-0.782, 1.713, -0.16)
        assert (contact.track_no, contact.z_m, contact.elevation_deg) == (1, None, None)
        assert contact.range_m == pytest.approx(1.88305, abs=1e-5)
        assert contact.azimuth_deg == pytest.approx(-24.537, abs=1e-3)
        assert (module.counters.frames, module.counters.skipped_bytes) == (1, 0)

    @pytest.mark.parametrize(("raw", "value"), [(0x030E, -782), (0x86B1, 1713), (0x8000, 0), (0, 0), (0xFFFF, 32767)])
    def test_signs_are_turned_round(self, raw: int, value: int) -> None:
        assert decode_signed(raw) == value

    @pytest.mark.parametrize("value", [-32767, -1, 0, 1, 32767])
    def test_encoding_is_the_inverse(self, value: int) -> None:
        assert decode_signed(encode_signed(value)) == value

    def test_empty_slots_are_no_contacts(self) -> None:
        contacts, module = read(Ld2450Settings(), EMPTY)
        assert (contacts, module.counters.frames, module.counters.refused) == ([], 1, 0)

    def test_a_target_at_the_edge_with_a_zero_is_one(self) -> None:
        frame = bytearray(EMPTY)
        frame[4:12] = bytes.fromhex("0000b18600006801")
        assert [one.x_m for one in read(Ld2450Settings(), bytes(frame))[0]] == [0.0]

    def test_behind_or_too_far_or_too_fast_is_refused(self) -> None:
        slots = ["0e03b18610004001".replace("b186", one) for one in ("b106", "ffff")] + ["0e03b186ff7f4001"]
        frame = bytes.fromhex("aaff0300" + "".join(slots) + "55cc")
        contacts, module = read(Ld2450Settings(), frame)
        assert (contacts, module.counters.refused, module.counters.frames) == ([], 3, 1)

    def test_garbage_a_cut_frame_an_overflow_and_it_recovers(self) -> None:
        stream = EXAMPLE + b"\x01\x02\xaa\xff\x03\x99\x55" + EXAMPLE[:17] + b"\xff" * 50 + EXAMPLE
        contacts, module = read(Ld2450Settings(), stream)
        assert (len(contacts), module.counters.frames, module.counters.malformed) == (2, 2, 1)
        assert module.counters.skipped_bytes == 7 + 17 + 50

    def test_a_lost_byte_never_hides_the_next_frame(self) -> None:
        for lost in range(len(EXAMPLE)):
            contacts, _ = read(Ld2450Settings(), EXAMPLE[:lost] + EXAMPLE[lost + 1 :] + EXAMPLE)
            assert len(contacts) >= 1, lost
            assert all(contact.y_m == 1.713 for contact in contacts[-1:])

    def test_answers_to_commands_are_frames(self) -> None:
        answers = bytes.fromhex("fdfcfbfa0c00a0010000000002011624062204030201")
        answers += bytes.fromhex("fdfcfbfa0800ff0100000100400004030201")
        contacts, module = read(Ld2450Settings(), answers)
        assert (contacts, module.counters.frames, module.counters.malformed) == ([], 2, 0)


class TestLd2451:
    def test_the_vendors_example(self) -> None:
        contacts, _ = read(Ld2451Settings(), CARS)
        got = [(one.azimuth_deg, one.range_m, one.magnitude) for one in contacts]
        assert got == [(10.0, 40.0, 21.0), (10.0, 30.0, 15.0), (-10.0, 95.0, 15.0)]
        assert [one.radial_speed_mps for one in contacts] == pytest.approx([60 / 3.6, -60 / 3.6, 60 / 3.6])

    def test_the_direction_can_be_the_other_one(self) -> None:
        contacts, _ = read(Ld2451Settings(approaching=0), CARS)
        assert [(one.radial_speed_mps or 0) < 0 for one in contacts] == [True, False, True]

    def test_a_live_frame(self) -> None:
        (contact,), _ = read(Ld2451Settings(), LIVE)
        assert (contact.azimuth_deg, contact.range_m) == (15, 4)
        assert contact.radial_speed_mps == pytest.approx(-3 / 3.6)

    def test_both_frames_without_a_target(self) -> None:
        contacts, module = read(Ld2451Settings(), NOBODY + NOBODY_EITHER + NOBODY)
        assert (contacts, module.counters.frames, module.counters.malformed) == ([], 3, 0)

    def test_a_count_that_disagrees_with_the_length_is_refused(self) -> None:
        wrong = bytearray(CARS)
        wrong[6] = 2
        contacts, module = read(Ld2451Settings(), bytes(wrong) + CARS)
        assert (len(contacts), module.counters.frames, module.counters.malformed) == (3, 1, 1)

    def test_no_distance_or_no_direction_is_refused(self) -> None:
        frame = bytes.fromhex("f4f3f2f1110003018a00003c158a1e023c0fff5f003c0ff8f7f6f5")
        contacts, module = read(Ld2451Settings(), frame)
        assert (contacts, module.counters.refused) == ([], 3)


class TestSetUp:
    def answer(self, command: int, value: bytes = DONE) -> bytes:
        return hilink.command_frame(command | hilink.ANSWER, value)

    def test_each_command_follows_the_answer_to_the_last(self) -> None:
        module = Ld2450Settings().make()
        assert module.greeting() == bytes.fromhex("fdfcfbfa0400ff00010004030201")
        assert module.requests(NOW_NS) == b""
        module.feed(EXAMPLE + self.answer(hilink.ENABLE, bytes(6)), NOW_NS)
        assert module.requests(NOW_NS) == bytes.fromhex("fdfcfbfa0200900004030201")
        assert module.requests(NOW_NS) == b""
        module.feed(self.answer(hilink.MULTI_TARGET), NOW_NS)
        assert module.requests(NOW_NS) == bytes.fromhex("fdfcfbfa0200fe0004030201")
        module.feed(self.answer(hilink.END), NOW_NS)
        assert module.requests(NOW_NS + 60 * S) == b""

    def test_what_is_not_answered_is_sent_again_and_given_up(self) -> None:
        set_up = hilink.SetUp(((hilink.MULTI_TARGET, b""),))
        first = set_up.start()
        sent = [set_up.requests(NOW_NS + step * S // 2) for step in range(30)]
        asked = [one for one in sent if one]
        assert asked[:2] == [first, first]
        assert len(asked) == 3 * hilink.TRIES - 1
        assert set_up.refused == 3

    def test_a_refused_command_is_counted(self) -> None:
        set_up = hilink.SetUp(((hilink.MULTI_TARGET, b""),))
        set_up.start()
        set_up.answered(self.answer(hilink.ENABLE, b"\x01\x00"))
        assert set_up.refused == 1

    def test_a_radar_can_be_left_as_it_is(self) -> None:
        for module in (Ld2450Settings(targets="keep").make(), Ld2451Settings(set_up=False).make()):
            assert (module.greeting(), module.requests(NOW_NS), module.requests(NOW_NS + 9 * S)) == (b"", b"", b"")


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Ld2450Settings, {"targets": "four"}),
        (Ld2450Settings, {"max_range_m": 0.0}),
        (Ld2451Settings, {"approaching": 2}),
        (Ld2451Settings, {"max_angle_deg": 0.0}),
    ],
)
def test_wrong_settings_name_the_key(kind: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        kind(**wrong)


@pytest.mark.recordings
def test_documented_examples() -> None:
    file = Path(os.environ.get("SKYPICKET_SHARED", "../shared")) / "vectors/serial/documented_examples/examples.jsonl"
    if not file.is_file():
        pytest.skip(f"no serial vectors: {file} is not there (set SKYPICKET_SHARED)")
    seen = 0
    for row in map(json.loads, file.read_text().splitlines()):
        if row["device"] not in {"HLK-LD2450", "HLK-LD2451"}:
            continue
        seen += 1
        settings = Ld2450Settings() if row["device"] == "HLK-LD2450" else Ld2451Settings()
        contacts, module = read(settings, bytes.fromhex(row["hex"]))
        targets = row["expected"].get("targets", [])
        assert (module.counters.frames, len(contacts)) == (1, len(targets))
        for contact, target in zip(contacts, targets, strict=True):
            if "x_mm" in target:
                assert (contact.x_m, contact.y_m) == (target["x_mm"] / 1000, target["y_mm"] / 1000)
                assert contact.radial_speed_mps == target["speed_cm_s"] / 100
            else:
                assert (contact.azimuth_deg, contact.range_m) == (target["angle_deg"], target["distance_m"])
                assert abs(contact.radial_speed_mps or 0) == pytest.approx(target["speed_km_h"] / 3.6)
                assert contact.magnitude == target["snr"]
    assert seen == 4
