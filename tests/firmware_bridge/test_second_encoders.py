"""Streams of encoders written a second time, from the protocols' text and with none of our code, between junk.

What was encoded must come out: every value, whatever lies between the frames, looks like their beginning inside them,
or cuts them.
"""

# Longer than 300 lines: encoders of every protocol side by side, each written from its document and used once.

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware_bridge.aviation.beast import BeastFramer
from firmware_bridge.contacts import CameraContact, Contact, RadarContact, RemoteIdContact
from firmware_bridge.devices import BY_NAME
from firmware_bridge.mcu.frames import CobsFramer
from firmware_bridge.module import ModuleCounters, ModuleSettings, SerialModule
from firmware_bridge.remote_id.receiver import RemoteIdSettings

NOW_NS = 1_767_225_600_000_000_000
many = settings(max_examples=150, deadline=None)
cuts = st.lists(st.integers(0, 1 << 20), max_size=10)


def read(module: SerialModule, stream: bytes, places: list[int]) -> list[Contact]:
    """Contacts of a stream cut at some places."""
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    found: list[Contact] = []
    for start, end in pairwise(edges):
        found += module.feed(stream[start:end], NOW_NS)
    return found + module.finish(NOW_NS)


def driver(name: str, **values: object) -> SerialModule:
    make: Callable[..., ModuleSettings] = BY_NAME[name].settings
    return make(**values).make()


# --- TI mmWave, out-of-box demo of SDK 3 ------------------------------------------------------------------------------

MAGIC = b"\x02\x01\x04\x03\x06\x05\x08\x07"
point = st.tuples(*[st.floats(-50, 50, width=32)] * 3, st.floats(-30, 30, width=32)).filter(
    lambda one: 0.1 < (one[0] ** 2 + one[1] ** 2 + one[2] ** 2) ** 0.5 < 250
)
strange_tlv = st.tuples(
    st.sampled_from([2, 3, 4, 5, 8, 9, 42, 500, 999, 0xFFFFFFFF]),
    st.one_of(
        st.binary(max_size=90), st.binary(max_size=30).map(lambda data: data + MAGIC + data[:4] + b"\x80\0\0\0" + data)
    ),
)
packet = st.tuples(
    st.lists(point, max_size=6), st.booleans(), st.lists(strange_tlv, max_size=4), st.randoms(use_true_random=False)
)
lying_length = st.sampled_from([0, 1, 35, 39, 65_537, 0x7FFFFFFF, 0xFFFFFFFF])


def ti_packet(
    number: int, points: list[tuple[float, ...]], with_side: bool, strange: list[tuple[int, bytes]], shuffle: object
) -> bytes:
    tlvs = list(strange)
    if points:
        tlvs.append((1, b"".join(struct.pack("<4f", *one) for one in points)))
    if points and with_side:
        tlvs.append((7, b"".join(struct.pack("<HH", 100 + place, 600) for place in range(len(points)))))
    shuffle.shuffle(tlvs)  # type: ignore[attr-defined]
    body = b"".join(struct.pack("<II", kind, len(data)) + data for kind, data in tlvs)
    pad = -(40 + len(body)) % 32
    padding = bytes(shuffle.randrange(256) for _ in range(pad))  # type: ignore[attr-defined]
    head = struct.pack("<8I", 0x03060002, 40 + len(body) + pad, 0xA6843, number, 12345, len(points), len(tlvs), 0)
    return MAGIC + head + body + padding


@many
@given(st.lists(st.tuples(st.binary(max_size=40), st.none() | lying_length, packet), max_size=5), cuts)
def test_ti_packets_in_any_order_of_tlvs(packets: list, places: list[int]) -> None:  # type: ignore[type-arg]
    stream, expected = b"", []
    for number, (junk, lie, (points, side, strange, shuffle)) in enumerate(packets):
        if MAGIC not in junk + MAGIC[:-1]:
            stream += junk
        if lie is not None:
            stream += MAGIC + struct.pack("<8I", 0x03060002, lie, 0xA6843, number, 1, 0, 0, 0)
        stream += ti_packet(number, points, side, strange, shuffle)
        expected += [(one, 10.0 + place / 10 if side else None) for place, one in enumerate(points)]
    module = driver("ti-mmwave", firmware="oob-sdk3", max_range_m=300.0)
    found = [one for one in read(module, stream, places) if isinstance(one, RadarContact)]
    assert [(one.x_m, one.y_m, one.z_m, one.radial_speed_mps) for one in found] == [one for one, _ in expected]
    assert [one.snr_db for one in found] == [ratio for _, ratio in expected]
    assert module.counters.frames == len(packets)


# --- Hi-Link ----------------------------------------------------------------------------------------------------------

row_2451 = st.tuples(
    st.integers(-60, 60), st.integers(1, 110), st.integers(0, 1), st.integers(0, 120), st.integers(0, 255)
)


def ld2451(rows: list[tuple[int, ...]], short: bool) -> bytes:
    if not rows and short:
        return bytes.fromhex("f4f3f2f1 0000 f8f7f6f5")
    payload = bytes([len(rows), 1]) + b"".join(bytes([angle + 0x80, *rest]) for angle, *rest in rows)
    return bytes.fromhex("f4f3f2f1") + len(payload).to_bytes(2, "little") + payload + bytes.fromhex("f8f7f6f5")


@many
@given(st.lists(st.tuples(st.binary(max_size=12), st.lists(row_2451, max_size=6), st.booleans()), max_size=6), cuts)
@example([(b"", [], True), (b"", [], False), (b"\xf4\xf3\xf2\xf1\xff", [(10, 40, 0, 60, 21)], True)], [])
def test_ld2451_frames_with_any_number_of_targets(frames: list, places: list[int]) -> None:  # type: ignore[type-arg]
    stream = b"".join(
        junk.replace(b"\xf4", b"").replace(b"\xfd", b"") + ld2451(rows, short) for junk, rows, short in frames
    )
    expected = [row for _, rows, _ in frames for row in rows]
    module = driver("ld2451", set_up=False)
    found = [one for one in read(module, stream, places) if isinstance(one, RadarContact)]
    assert [(one.azimuth_deg, one.range_m, one.magnitude) for one in found] == [(a, d, s) for a, d, _, _, s in expected]
    assert [one.radial_speed_mps for one in found] == [
        pytest.approx((-1 if direction == 1 else 1) * speed / 3.6) for _, _, direction, speed, _ in expected
    ]
    assert module.counters.frames == len(frames)


slot = st.tuples(st.integers(-4000, 4000), st.integers(1, 6000), st.integers(-900, 900), st.integers(0, 0xFFFF))


def signed(value: int) -> int:
    """Bit 15 set: positive."""
    return 0x8000 | value if value >= 0 else -value


@many
@given(st.lists(st.tuples(st.binary(max_size=12), st.tuples(*[st.none() | slot] * 3)), max_size=6), cuts)
def test_ld2450_frames(frames: list, places: list[int]) -> None:  # type: ignore[type-arg]
    stream, expected = b"", []
    for junk, slots in frames:
        stream += junk.replace(b"\xaa", b"").replace(b"\xfd", b"") + bytes.fromhex("aaff0300")
        for number, one in enumerate(slots):
            stream += bytes(8) if one is None else struct.pack("<4H", *map(signed, one[:3]), one[3])
            expected += [] if one is None else [(number + 1, one[0] / 1000, one[1] / 1000, one[2] / 100)]
        stream += bytes.fromhex("55cc")
    module = driver("ld2450", targets="keep", max_range_m=10.0)
    found = [one for one in read(module, stream, places) if isinstance(one, RadarContact)]
    assert [(one.track_no, one.x_m, one.y_m, one.radial_speed_mps) for one in found] == expected
    assert module.counters.frames == len(frames)


# --- RFbeam K-LD7 -----------------------------------------------------------------------------------------------------

row_k_ld7 = st.tuples(st.integers(1, 9999), st.integers(-9999, 9999), st.integers(-8999, 8999), st.integers(0, 65_535))
k_ld7_packet: st.SearchStrategy[Any] = st.one_of(
    st.tuples(st.just(b"PDAT"), st.lists(row_k_ld7, max_size=8)),
    st.tuples(st.just(b"TDAT"), st.lists(row_k_ld7, max_size=1)),
    st.tuples(st.sampled_from([b"DONE", b"RESP", b"DDAT", b"RFFT", b"RADC"]), st.just([])),
)
FIXED = {b"DONE": 4, b"RESP": 1, b"DDAT": 6, b"RFFT": 1024, b"RADC": 3072}


@many
@given(st.lists(k_ld7_packet, max_size=8), st.binary(min_size=0, max_size=30), cuts)
def test_k_ld7_packets_with_and_without_payload(packets: list, junk: bytes, places: list[int]) -> None:  # type: ignore[type-arg]
    stream = bytes(byte | 0x80 for byte in junk)
    expected = []
    for name, rows in packets:
        content = b"".join(struct.pack("<HhhH", *row) for row in rows) or (b"PDAT" * 800)[: FIXED.get(name, 0)]
        stream += name + len(content).to_bytes(4, "little") + content
        expected += [(d / 100, s / 360, a / 100, float(m), 0 if name == b"TDAT" else None) for d, s, a, m in rows]
    module = driver("k-ld7", range_setting_m=100)
    found = [one for one in read(module, stream, places) if isinstance(one, RadarContact)]
    got: list[Any] = [
        (one.range_m, one.radial_speed_mps, one.azimuth_deg, one.magnitude, one.track_no) for one in found
    ]
    assert got == [(d, pytest.approx(s), a, m, t) for d, s, a, m, t in expected]
    assert module.counters.frames == len(packets)


# --- SSCMA ------------------------------------------------------------------------------------------------------------

box_sscma = st.tuples(
    st.integers(0, 239),
    st.integers(0, 239),
    st.integers(1, 200),
    st.integers(1, 200),
    st.integers(40, 100),
    st.integers(0, 9),
)
event = st.tuples(
    st.lists(box_sscma, max_size=5),
    st.none() | st.binary(max_size=3000),
    st.sampled_from([None, 0, 2, "\t"]),
    st.sampled_from(["INVOKE", "a7@INVOKE"]),
)


@many
@given(st.lists(event, max_size=4), cuts)
@example(
    [([(1, 2, 3, 4, 50, 1)], b"\xff" * 2000, 2, "INVOKE"), ([(9, 8, 7, 6, 90, 0)], None, None, "x@INVOKE")], [40, 90]
)
def test_sscma_events_on_one_line_or_many_with_pictures(events: list, places: list[int]) -> None:  # type: ignore[type-arg]
    stream = b"SENSORDPLIB_STATUS_XDMA_FRAME_READY 22\r\n"
    expected = []
    for count, (boxes, picture, indent, name) in enumerate(events):
        data: dict[str, object] = {"count": count, "perf": [8, 365, 0], "resolution": [240, 240], "boxes": boxes}
        if picture is not None:
            data["image"] = base64.b64encode(picture).decode()
        text = json.dumps({"type": 1, "name": name, "code": 0, "data": data}, indent=indent)
        stream += b"\r" + text.encode() + b"\n"
        expected += boxes
    module = driver("sscma")
    found = [one for one in read(module, stream, places) if isinstance(one, CameraContact)]
    got: list[Any] = [(one.x_px, one.y_px, one.width_px, one.height_px, one.confidence, one.class_no) for one in found]
    assert got == [(x, y, w, h, pytest.approx(s / 100), c) for x, y, w, h, s, c in expected]
    assert module.counters.malformed == 0


@many
@given(st.integers(1, 400), st.sampled_from([None, 2]))
def test_an_sscma_event_that_breaks_off_costs_no_other(kept: int, indent: int | None) -> None:
    def event(x: int) -> bytes:
        data = {"count": 1, "perf": [1, 1, 1], "resolution": [240, 240], "boxes": [[x, 5, 9, 9, 80, 0]]}
        return (
            b"\r" + json.dumps({"type": 1, "name": "INVOKE", "code": 0, "data": data}, indent=indent).encode() + b"\n"
        )

    first = event(7)[: min(kept, len(event(7)) - 3)]
    module = driver("sscma")
    found = read(module, first + event(8) + event(9), [])
    assert [one.x_px for one in found if isinstance(one, CameraContact)] == [8, 9]


# --- Maix -------------------------------------------------------------------------------------------------------------


def crc_arc(data: bytes) -> int:
    """Bit by bit: polynomial 0x8005 reflected, from zero."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def maix_frame(command: int, body: bytes, flags: int = 0xE1) -> bytes:
    data = bytes.fromhex("aacaacbb") + (len(body) + 4).to_bytes(4, "little") + bytes([flags, command]) + body
    return data + crc_arc(data).to_bytes(2, "little")


maix_box = st.tuples(*[st.integers(1, 65_535)] * 4, st.integers(110, 255), st.integers(0, 255), st.integers(0, 65_535))


@many
@given(
    st.lists(st.tuples(st.lists(maix_box, max_size=5), st.binary(max_size=30), st.integers(0, 255)), max_size=5), cuts
)
def test_maix_frames_among_those_of_others(frames: list, places: list[int]) -> None:  # type: ignore[type-arg]
    stream, expected = b"", []
    for boxes, junk, command in frames:
        stream += bytes.fromhex("aacaacbb") + junk  # a beginning without an end
        stream += maix_frame(command if command != 0x41 else 0, bytes.fromhex("aacaacbb0a000000") + junk)
        body = struct.pack("<BHHHB", 1, 320, 240, 40, len(boxes)) + b"".join(
            struct.pack("<4HBBH", *one) for one in boxes
        )
        stream += maix_frame(0x41, body)
        expected += boxes
    module = driver("maix")
    found = [one for one in read(module, stream, places) if isinstance(one, CameraContact)]
    got: list[Any] = [
        (one.x, one.y, one.width, one.height, one.confidence, one.class_no, one.track_no) for one in found
    ]
    assert got == [
        (x / 65535, y / 65535, w / 65535, h / 65535, s / 255, c, None if t == 0xFFFF else t)
        for x, y, w, h, s, c, t in expected
    ]


# --- skypicket's own link ---------------------------------------------------------------------------------------------


def crc_ccitt(data: bytes) -> int:
    """Bit by bit: polynomial 0x1021 from 0xFFFF."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc


def stuffed(data: bytes) -> bytes:
    """COBS as Cheshire and Baker write it: each block says how far its zero is; 0xFF is 254 bytes without one."""
    result = b""
    rest = data
    while True:
        end = rest.find(b"\0")
        run = rest if end < 0 else rest[:end]
        if len(run) >= 254:
            result += b"\xff" + run[:254]
            rest = rest[254:]
            if not rest:
                return result
        elif end < 0:
            return result + bytes([len(run) + 1]) + run
        else:
            result += bytes([len(run) + 1]) + run
            rest = rest[end + 1 :]


runs = st.lists(
    st.one_of(st.sampled_from([1, 252, 253, 254, 255, 256, 508, 509]), st.integers(0, 300)).map(lambda n: b"\xab" * n),
    max_size=4,
).map(b"\0".join)


@many
@given(
    st.lists(st.tuples(runs | st.binary(max_size=600), st.integers(0, 0xFFFF), st.integers(0, 2**32 - 1)), max_size=5),
    cuts,
)
@example([(b"\xab" * 244, 1, 0x01010101), (b"\xab" * 245, 1, 0x01010101), (b"\xab" * 246, 0, 0)], [])
def test_cobs_frames_with_runs_of_every_length(frames: list, places: list[int]) -> None:  # type: ignore[type-arg]
    stream, expected = b"", []
    for payload, sequence, time_us in frames:
        content = payload[:1000]
        body = struct.pack("<BBHI", 1, 3, sequence, time_us) + content
        stream += b"\0" + stuffed(body + struct.pack("<H", crc_ccitt(body))) + b"\0"
        expected.append((3, sequence, time_us, content))
    counters = ModuleCounters()
    framer = CobsFramer(counters)
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    found = [frame for a, b in pairwise(edges) for frame in framer.feed(stream[a:b])]
    assert [(one.type, one.sequence, one.time_us, one.payload) for one in found] == expected
    assert counters.crc_errors == counters.malformed == counters.skipped_bytes == 0


# --- Beast ------------------------------------------------------------------------------------------------------------

beast_frame = st.tuples(
    st.sampled_from([(0x31, 2), (0x32, 7), (0x33, 14)]),
    st.lists(st.sampled_from([0x1A, 0x31, 0x33, 0x00, 0xFF]), min_size=21, max_size=21).map(bytes),
)


@many
@given(st.lists(beast_frame, max_size=8), cuts)
@example([((0x33, 14), b"\x1a" * 21), ((0x31, 2), b"\x1a" * 21)], list(range(70)))
def test_beast_escapes_cut_anywhere(frames: list, places: list[int]) -> None:  # type: ignore[type-arg]
    stream, expected = b"", []
    for (kind, length), content in frames:
        used = content[: 7 + length]
        stream += bytes([0x1A, kind]) + used.replace(b"\x1a", b"\x1a\x1a")
        expected.append((kind, used))
    counters = ModuleCounters()
    framer = BeastFramer(counters)
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    found = [one for a, b in pairwise(edges) for one in framer.feed(stream[a:b])]
    assert found == expected
    assert (counters.malformed, counters.skipped_bytes) == (0, 0)


# --- Remote ID in MAVLink ---------------------------------------------------------------------------------------------


def crc_x25(data: bytes) -> int:
    """Bit by bit: polynomial 0x1021 reflected, from 0xFFFF, not inverted at the end (MAVLink)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc


def mavlink_pack(messages: list[bytes], address: bytes, sequence: int, count: int | None = None) -> bytes:
    """OPEN_DRONE_ID_MESSAGE_PACK 12915, CRC_EXTRA 94; trailing zeros are cut off."""
    payload = bytes(2) + address.ljust(20, b"\0") + bytes([25, len(messages) if count is None else count])
    payload = (payload + b"".join(messages).ljust(225, b"\0")).rstrip(b"\0")
    head = bytes([len(payload), 0, 0, sequence & 0xFF, 1, 236]) + (12_915).to_bytes(3, "little")
    crc = crc_x25(head + payload + bytes([94]))
    return b"\xfd" + head + payload + struct.pack("<H", crc)


def basic_id(name: bytes, id_type: int = 1) -> bytes:
    return bytes([0x02, id_type << 4 | 2]) + name.ljust(20, b"\0") + bytes(3)


def location(latitude_deg: float, longitude_deg: float) -> bytes:
    place = struct.pack("<ii", round(latitude_deg * 1e7), round(longitude_deg * 1e7))
    heights = struct.pack("<HHH", *[((100 + 1000) * 2)] * 3)
    return bytes([0x12, 0x20, 90, 33, 4]) + place + heights + bytes([0x3B, 0x33]) + struct.pack("<H", 1234) + bytes(2)


def system() -> bytes:
    return bytes([0x42, 0x00]) + struct.pack("<iiHBHHBHI", 450000000, 90000000, 1, 0, 0, 0, 0, 2200, 1000) + b"\0"


NINE = [
    basic_id(b"1581F45TB21CP0000XYZ"), location(47.5, 8.5), bytes([0x22, 0x11, 0]) + b"A" * 22,
    bytes([0x32, 0]) + b"Survey".ljust(23, b"\0"), system(), bytes([0x52, 0]) + b"FIN87astrdge12k8".ljust(23, b"\0"),
    basic_id(b"REG-1", 2), bytes([0x22, 0x12]) + b"B" * 23, bytes([0x22, 0x13]) + b"C" * 23,
]  # fmt: skip


@many
@given(st.permutations(NINE), st.integers(1, 9), st.binary(max_size=30), cuts)
@example([NINE[3], NINE[8], NINE[7], *NINE[:3], *NINE[4:7]], 6, bytes.fromhex("fa09f2947e"), [])
def test_remote_id_packs_of_up_to_nine_messages(order: list[bytes], count: int, junk: bytes, places: list[int]) -> None:
    chosen = order[:count]
    assert {len(message) for message in chosen} == {25}
    stream = b"\xfd\xff\x00" + junk + mavlink_pack(chosen, bytes.fromhex("903ae65bc8a8"), 1) * 1
    stream += mavlink_pack(chosen, bytes.fromhex("903ae65bc8a8"), 2)
    found = read(RemoteIdSettings("rid", "mavlink").make(), stream, places)
    last = found[-1]
    assert isinstance(last, RemoteIdContact)
    assert (last.lat_deg is not None) == (NINE[1] in chosen)
    assert (last.uas_id == "1581F45TB21CP0000XYZ") == (NINE[0] in chosen)
    assert (last.self_id == "Survey") == (NINE[3] in chosen)
    assert (last.operator_id == "FIN87astrdge12k8") == (NINE[5] in chosen)


@pytest.mark.parametrize("count", [0, 10, 255])
def test_a_remote_id_pack_of_none_or_too_many_is_refused(count: int) -> None:
    module = RemoteIdSettings("rid", "mavlink").make()
    assert read(module, mavlink_pack(NINE, bytes(6), 1, count), []) == []
    assert module.counters.refused + module.counters.malformed == 1
