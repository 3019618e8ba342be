"""Packets of the people-counting labs, encoded a second time from their guide and with none of our code."""

from __future__ import annotations

import math
import struct
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.contacts import RadarContact
from firmware_bridge.radar.ti_mmwave import TiMmwaveSettings

NOW_NS = 1_767_225_600_000_000_000
MAGIC = b"\x02\x01\x04\x03\x06\x05\x08\x07"
UNITS = (0.01, 0.01, 0.05, 0.01, 0.1)
many = settings(max_examples=120, deadline=None)
small = st.floats(-20, 20, width=32)
row = st.tuples(
    st.integers(-50, 50), st.integers(-90, 90), st.integers(-400, 400), st.integers(20, 6000), st.integers(0, 5000)
)
track = st.tuples(
    st.integers(0, 250), small, st.floats(0.5, 40, width=32), small, small, small, small, st.floats(0, 1, width=32)
)
packets = st.lists(
    st.tuples(st.lists(row, max_size=5), st.lists(track, max_size=3), st.booleans(), st.booleans()),
    min_size=1,
    max_size=4,
)
cuts = st.lists(st.integers(0, 1 << 16), max_size=8)


def with_checksum(header: bytes) -> bytes:
    """Last u16 so that the ones' complement sum of all is all ones."""
    total = sum(struct.unpack(f"<{len(header) // 2}H", header))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return header[:-2] + struct.pack("<H", ~total & 0xFFFF)


def people_3d(
    number: int, points: list[tuple[int, ...]], tracks: list[tuple[Any, ...]], index: bool, points_first: bool
) -> bytes:
    tlvs = []
    if points:
        tlvs.append((6, struct.pack("<5f", *UNITS) + b"".join(struct.pack("<bbhHH", *one) for one in points)))
    if tracks:
        body = b"".join(
            struct.pack("<I27f", tid, x, y, z, vx, vy, vz, 0, 0, 0, *[0.1] * 16, 3.0, confidence)
            for tid, x, y, z, vx, vy, vz, confidence in tracks
        )
        tlvs.append((7, body))
    if index:
        tlvs.append((8, bytes([0, 253, 254, 255])))
    if not points_first:
        tlvs.reverse()
    content = b"".join(struct.pack("<II", kind, len(data) + 8) + data for kind, data in tlvs)
    header = MAGIC + struct.pack("<9I2H", 0x03050004, 48 + len(content), 0xA6843, number, 0, 9, 8, 7, 6, len(tlvs), 0)
    return with_checksum(header) + content


def people_2d(number: int, points: list[tuple[float, ...]], tracks: list[tuple[Any, ...]]) -> bytes:
    tlvs = []
    if points:
        tlvs.append((6, b"".join(struct.pack("<4f", *one) for one in points)))
    if tracks:
        body = b"".join(
            struct.pack("<I6f9ff", tid, x, y, vx, vy, 0, 0, *[0.1] * 9, 3.0) for tid, x, y, vx, vy in tracks
        )
        tlvs.append((7, body))
    content = b"".join(struct.pack("<II", kind, len(data) + 8) + data for kind, data in tlvs)
    header = MAGIC + struct.pack(
        "<10I2H", 0x02000004, 0xA1642, 77, 52 + len(content), number, 0, 9, 8, 7, 6, len(tlvs), 0
    )
    return with_checksum(header) + content


def read(stream: bytes, places: list[int], **values: Any) -> tuple[list[RadarContact], Any]:
    module = TiMmwaveSettings(max_range_m=300.0, **values).make()
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    found = [one for a, b in pairwise(edges) for one in module.feed(stream[a:b], NOW_NS)] + module.finish(NOW_NS)
    return [one for one in found if isinstance(one, RadarContact)], module


@pytest.mark.parametrize("firmware", ["people-3d", "auto"])
@many
@given(packets, cuts)
def test_people_3d(firmware: str, frames: list[Any], places: list[int]) -> None:
    stream, points, tracks = b"", [], []
    for number, (rows, objects, index, points_first) in enumerate(frames):
        stream += people_3d(number + 1, rows, objects, index, points_first)
        points += rows
        tracks += objects
    found, module = read(stream, places, firmware=firmware)
    assert module.counters.frames == len(frames)
    seen = [one for one in found if one.track_no is None]
    assert [one.range_m for one in seen] == [pytest.approx(r * UNITS[3], rel=1e-5) for _, _, _, r, _ in points]
    assert [one.azimuth_deg for one in seen] == [
        pytest.approx(math.degrees(a * UNITS[1]), rel=1e-4, abs=1e-4) for _, a, *_ in points
    ]
    assert [one.elevation_deg for one in seen] == [
        pytest.approx(math.degrees(e * UNITS[0]), rel=1e-4, abs=1e-4) for e, *_ in points
    ]
    assert [one.radial_speed_mps for one in seen] == [pytest.approx(d * UNITS[2], rel=1e-5) for _, _, d, *_ in points]
    followed = [one for one in found if one.track_no is not None]
    got = [
        (one.track_no, one.x_m, one.y_m, one.z_m, one.vx_mps, one.vy_mps, one.vz_mps, one.confidence)
        for one in followed
    ]
    assert got == tracks


@pytest.mark.parametrize("firmware", ["people-2d", "auto"])
@many
@given(
    st.lists(
        st.tuples(
            st.lists(
                st.tuples(st.floats(0.5, 50, width=32), st.floats(-1, 1, width=32), small, st.floats(0, 40, width=32)),
                max_size=5,
            ),
            st.lists(st.tuples(st.integers(0, 250), small, st.floats(0.5, 40, width=32), small, small), max_size=3),
        ),
        min_size=1,
        max_size=4,
    ),
    cuts,
)
def test_people_2d(firmware: str, frames: list[Any], places: list[int]) -> None:
    stream = b"".join(people_2d(number + 1, *one) for number, one in enumerate(frames))
    found, module = read(stream, places, firmware=firmware)
    assert module.counters.frames == len(frames)
    seen = [one for one in found if one.track_no is None]
    points = [point for rows, _ in frames for point in rows]
    polar: list[Any] = [(one.range_m, one.azimuth_deg) for one in seen]
    assert polar == [
        (pytest.approx(r, rel=1e-5), pytest.approx(math.degrees(a), rel=1e-4, abs=1e-4)) for r, a, _, _ in points
    ]
    assert [one.radial_speed_mps for one in seen] == [pytest.approx(d) for _, _, d, _ in points]
    got = [(one.track_no, one.x_m, one.y_m, one.vx_mps, one.vy_mps) for one in found if one.track_no is not None]
    assert got == [one for _, objects in frames for one in objects]


@many
@given(st.integers(0, 47), st.integers(1, 255))
def test_a_damaged_header_of_people_counting_is_refused(place: int, flip: int) -> None:
    packet = bytearray(people_3d(1, [(1, 2, 3, 400, 5)], [], index=False, points_first=True))
    packet[place] ^= flip
    found, module = read(bytes(packet) + people_3d(2, [], [], index=False, points_first=True), [], firmware="people-3d")
    assert found == []
    assert module.counters.frames == 1
