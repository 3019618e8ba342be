"""The cameras as serial modules: SSCMA, Maix, JSON lines."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.camera.json_lines import JsonLinesSettings
from firmware_bridge.camera.maix import MaixSettings, checksum, encode
from firmware_bridge.camera.maixpy.main import COMMAND, Found, pack
from firmware_bridge.camera.sscma import LONGEST_LINE, START, START_AGAIN_NS, SscmaSettings
from firmware_bridge.contacts import CameraContact, Contact
from firmware_bridge.module import SerialModule

NOW_NS = 1_700_000_000_000_000_000
SETTINGS = (SscmaSettings(), MaixSettings(), JsonLinesSettings())
Settings = SscmaSettings | MaixSettings | JsonLinesSettings


def read(settings: Settings, data: bytes) -> tuple[list[CameraContact], SerialModule]:
    module: SerialModule = settings.make()
    contacts: list[Contact] = [*module.feed(data, NOW_NS), *module.finish(NOW_NS)]
    return [contact for contact in contacts if isinstance(contact, CameraContact)], module


def vectors(*path: str) -> Path:
    folder = Path(os.environ.get("SKYPICKET_SHARED", "../shared")) / "vectors" / "serial"
    if not folder.is_dir():
        pytest.skip(f"no serial vectors: {folder} is not a folder (set SKYPICKET_SHARED)")
    return folder.joinpath(*path)


EVENT = (
    b'\r{"type":1,"name":"INVOKE","code":0,"data":{"count":8,"perf":[8,365,0],"resolution":[240,240],'
    b'"boxes":[[87,83,77,65,70,0],[120,120,24,12,45,1]]}}\n'
)


class TestSscma:
    def test_an_event(self) -> None:
        (first, second), module = read(SscmaSettings(labels=("person", "drone"), hfov_deg=60.0), EVENT)
        assert (first.label, first.class_no, first.confidence) == ("person", 0, 0.7)
        assert (first.x_px, first.y_px, first.width_px, first.height_px) == (87, 83, 77, 65)
        assert first.x == pytest.approx(87 / 240)
        assert first.time_ns == NOW_NS - 373_000_000
        assert second.label == "drone"
        assert second.azimuth_deg == pytest.approx(0)
        assert second.elevation_deg == pytest.approx(0)
        assert second.azimuth_error_deg is not None
        assert 1.0 < second.azimuth_error_deg < 1.5
        assert (module.counters.frames, module.counters.contacts, module.counters.malformed) == (1, 2, 0)

    def test_without_a_size_there_are_pixels_only(self) -> None:
        (contact, *_), _ = read(SscmaSettings(hfov_deg=60.0), EVENT.replace(b'"resolution":[240,240],', b""))
        assert (contact.x_px, contact.x, contact.azimuth_deg) == (87, None, None)

    def test_the_size_is_learned_from_the_reply_to_invoke(self) -> None:
        reply = (
            b'\r{"type":0,"name":"INVOKE","code":0,"data":{"model":{"id":2},'
            b'"sensor":{"id":1,"opt_detail":"480x480 Auto"}}}\n'
        )
        (contact, *_), _ = read(SscmaSettings(), reply + EVENT.replace(b'"resolution":[240,240],', b""))
        assert contact.x == pytest.approx(87 / 480)

    def test_a_tag_a_log_line_and_himax_scores(self) -> None:
        stream = (
            b'SENSORDPLIB_STATUS_XDMA_FRAME_READY 22 \n{"type": 1, "name": "x@INVOKE", "code": 0, "data": '
            b'{"count": 0, "algo_tick": [[35979787]], "boxes": [[85, 112, 73, 82, 204, 3]]}}\r\n'
        )
        (contact,), module = read(SscmaSettings(), stream)
        assert (contact.confidence, contact.class_no, contact.time_ns) == (0.8, 3, NOW_NS)
        assert module.counters.malformed == 0

    def test_gates(self) -> None:
        settings = SscmaSettings(labels=("person", "drone"), ignore=("person",), min_confidence=0.5)
        contacts, module = read(settings, EVENT)
        assert contacts == []
        assert module.counters.refused == 2

    @pytest.mark.parametrize("row", ["[1,2,3]", "[1,2,3,4,1e999,0]", '["a",2,3,4,50,0]', "[50,50,-3,4,50,0]", "7"])
    def test_rows_that_are_no_boxes_are_refused(self, row: str) -> None:
        event = b'{"type":1,"name":"INVOKE","code":0,"data":{"boxes":[%s,[9,9,4,4,60,0]]}}\n' % row.encode()
        contacts, module = read(SscmaSettings(), event)
        assert len(contacts) + module.counters.refused + 2 * module.counters.malformed == 2
        assert len(contacts) <= 1

    def test_a_statement_about_the_whole_picture(self) -> None:
        event = b'{"type":1,"name":"INVOKE","code":0,"data":{"perf":[1,2,3],"classes":[[77,2]]}}\n'
        (contact,), _ = read(SscmaSettings(), event)
        assert (contact.class_no, contact.confidence, contact.x_px) == (2, 0.77, None)

    def test_it_is_started_and_started_again_after_silence(self) -> None:
        module = SscmaSettings().make()
        assert module.greeting() == START
        assert module.requests(NOW_NS) == b""
        assert module.requests(NOW_NS + START_AGAIN_NS) == START
        module.feed(EVENT, NOW_NS + START_AGAIN_NS + 1)
        assert module.requests(NOW_NS + 2 * START_AGAIN_NS) == b""
        assert SscmaSettings(start=False).make().greeting() == b""

    def test_a_camera_that_cannot_infer_says_so_until_it_can(self) -> None:
        module = SscmaSettings().make()
        module.feed(b'\r{"type": 0, "name": "INVOKE", "code": 3, "data": {}}\n', NOW_NS)
        assert "code 3" in (module.fault or "")
        module.feed(EVENT, NOW_NS)
        assert module.fault is None

    def test_a_picture_that_never_ends_is_bounded(self) -> None:
        contacts, module = read(SscmaSettings(), b'{"image":"' + b"A" * (2 * LONGEST_LINE) + b'"}\n' + EVENT)
        assert len(contacts) == 2
        assert module.counters.oversize == 1

    @pytest.mark.recordings
    def test_documented_replies_and_real_consoles(self) -> None:
        lines = vectors("documented_examples", "sscma_replies.jsonl").read_text().splitlines()
        stream = "".join(f"\r{json.dumps(json.loads(line)['reply'])}\n" for line in lines).encode()
        (contact,), module = read(SscmaSettings(), stream)
        assert (contact.x_px, contact.confidence, contact.class_no) == (87, 0.7, 0)
        assert (module.counters.frames, module.counters.malformed) == (len(lines), 0)
        console = vectors("grove_vision_ai_v2", "wildlifeai_console_abridged.txt").read_bytes()
        contacts, module = read(SscmaSettings(), console)
        assert contacts == []  # its boxes are empty
        assert module.counters.frames > 40


REPORT = encode(
    COMMAND,
    pack([Found(150, 110, 20, 20, 0.8, 1), Found(0, 0, 10, 10, 0.1, 0), Found(310, 0, 10, 10, 0.9, 2)], 320, 240, 40),
)


class TestMaix:
    def test_what_our_program_sends(self) -> None:
        settings = MaixSettings(labels=("bird", "drone", "aeroplane"), hfov_deg=60.0, vfov_deg=46.83)
        (corner, middle), module = read(settings, REPORT)
        assert (middle.label, middle.class_no, middle.track_no) == ("drone", 1, None)
        assert middle.confidence == pytest.approx(0.8, abs=0.002)
        assert middle.x_px == pytest.approx(160, abs=0.01)
        assert middle.width_px == pytest.approx(20, abs=0.01)
        assert middle.azimuth_deg == pytest.approx(0, abs=0.01)
        assert middle.elevation_deg == pytest.approx(0, abs=0.01)
        assert corner.azimuth_deg == pytest.approx(29.6, abs=1.5)
        assert middle.time_ns == NOW_NS - 40_000_000
        assert (module.counters.frames, module.counters.refused) == (1, 1)

    def test_every_flipped_bit_is_noticed(self) -> None:
        for bit in range(8 * len(REPORT)):
            damaged = bytearray(REPORT)
            damaged[bit // 8] ^= 1 << bit % 8
            contacts, _ = read(MaixSettings(), bytes(damaged) + REPORT)
            assert len(contacts) == 2, bit

    def test_a_length_that_lies_costs_one_frame(self) -> None:
        lying = bytearray(REPORT)
        lying[4:8] = (4000).to_bytes(4, "little")
        contacts, module = read(MaixSettings(), bytes(lying) + REPORT * 3)
        assert len(contacts) == 6
        assert module.counters.frames == 3

    @pytest.mark.parametrize("body", [b"", b"\x02" * 8, pack([], 320, 240, 0)[:-1] + b"\x05"])
    def test_a_body_that_is_not_ours_is_malformed(self, body: bytes) -> None:
        contacts, module = read(MaixSettings(), encode(COMMAND, body))
        assert contacts == []
        assert module.counters.malformed > 0

    def test_of_many_objects_the_best_are_sent(self) -> None:
        many = [Found(100, 100, 10, 10, number / 100, 0) for number in range(100)]
        contacts, _ = read(MaixSettings(min_confidence=0.0), encode(COMMAND, pack(many, 320, 240, 0)))
        assert len(contacts) == 64
        assert min(contact.confidence or 0.0 for contact in contacts) == pytest.approx(0.36, abs=0.003)

    @pytest.mark.recordings
    def test_documented_frames(self) -> None:
        lines = vectors("documented_examples", "examples.jsonl").read_text().splitlines()
        frames = [
            bytes.fromhex(example["hex"])
            for example in map(json.loads, lines)
            if example["device"] == "Maix serial protocol"
        ]
        assert len(frames) == 3
        for frame in frames:
            assert checksum(frame[:-2]).to_bytes(2, "little") == frame[-2:]
        assert read(MaixSettings(), frames[0] + frames[1])[1].counters.frames == 2
        assert read(MaixSettings(), frames[2])[1].counters.frames == 0  # its length field is wrong


class TestJsonLines:
    @pytest.mark.parametrize("key", ["boxes", "objects", "detections"])
    def test_a_picture(self, key: str) -> None:
        box = {"x": 150, "y": 115, "w": 20, "h": 10, "score": 0.8, "label": "drone", "id": 7}
        line = json.dumps({"width": 320, "height": 240, "latency_ms": 40, key: [box]}).encode() + b"\n"
        (contact,), _ = read(JsonLinesSettings(hfov_deg=60.0), line)
        assert (contact.label, contact.confidence, contact.track_no) == ("drone", 0.8, 7)
        assert (contact.x_px, contact.y_px, contact.x) == (160, 120, 0.5)
        assert contact.azimuth_deg == pytest.approx(0)
        assert contact.time_ns == NOW_NS - 40_000_000

    def test_a_lone_box_with_its_centre_and_a_score_in_percent(self) -> None:
        line = b'{"cx":160,"cy":120,"x":1,"y":2,"w":20,"h":10,"confidence":80,"class":3}\r\n'
        (contact,), _ = read(JsonLinesSettings(width_px=320, height_px=240), line)
        assert (contact.x_px, contact.x, contact.confidence, contact.class_no) == (160, 0.5, 0.8, 3)

    def test_fractions(self) -> None:
        line = b'{"boxes":[{"x":0.5,"y":0.5,"w":0.1,"h":0.1,"score":0.9}]}\n'
        (contact,), _ = read(JsonLinesSettings(origin="center"), line)
        assert (contact.x, contact.x_px) == (0.5, None)

    @pytest.mark.parametrize(
        "line", [b"drone!", b"{", b"[1]", b"null", b'{"boxes":[{"x":NaN}]}', b"\xff\xfe", b"[" * 5000]
    )
    def test_other_lines_are_malformed(self, line: bytes) -> None:
        contacts, module = read(JsonLinesSettings(), line + b"\n")
        assert contacts == []
        assert module.counters.malformed == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"min_confidence": 1.5}, "min_confidence"),
        ({"width_px": 320}, "width_px must be given with height_px"),
        ({"labels": ("drone",), "ignore": ("birds",)}, "ignore: 'birds'"),
        ({"hfov_deg": 500.0}, "hfov_deg"),
        ({"hfov_deg": 60.0, "projection": "flat"}, "projection"),
    ],
)
@pytest.mark.parametrize("kind", [SscmaSettings, MaixSettings, JsonLinesSettings])
def test_settings_that_cannot_be_are_named(kind: type[Settings], values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**values)


LINE = b'{"width":320,"height":240,"boxes":[{"x":150,"y":115,"w":20,"h":10,"score":0.8}]}\n'
NAMES = [settings.name for settings in SETTINGS]
STREAMS = (EVENT + b"log line\n" + EVENT, REPORT + b"\xaa\xca\xac\xbbnoise" + REPORT, LINE + b"noise\r\n" + LINE)


@pytest.mark.parametrize(("settings", "stream"), list(zip(SETTINGS, STREAMS, strict=True)), ids=NAMES)
def test_any_cutting_gives_the_same_contacts(settings: Settings, stream: bytes) -> None:
    whole, module = read(settings, stream)
    assert len(whole) >= 2
    rng = random.Random(3)
    for most in (1, 3, 50):
        cut: SerialModule = settings.make()
        contacts: list[Contact] = []
        start = 0
        while start < len(stream):
            length = rng.randint(1, most)
            contacts += cut.feed(stream[start : start + length], NOW_NS)
            start += length
        contacts += cut.finish(NOW_NS)
        assert contacts == whole
        assert cut.counters == module.counters


@pytest.mark.parametrize(("settings", "stream"), list(zip(SETTINGS, STREAMS, strict=True)), ids=NAMES)
def test_a_million_random_and_damaged_bytes(settings: Settings, stream: bytes) -> None:
    rng = random.Random(17)
    module: SerialModule = settings.make()
    fed = false = 0
    while fed < 500_000:
        data = rng.randbytes(4096)
        fed += len(data)
        false += len(module.feed(data, NOW_NS))
    assert false == 0
    while fed < 1_000_000:
        damaged = bytearray(stream * 4)
        for _ in range(rng.randint(1, 30)):
            place = rng.randrange(len(damaged))
            damaged[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
        fed += len(damaged)
        module.feed(bytes(damaged), NOW_NS)
    module.finish(NOW_NS)
    assert module.counters.bytes == fed
