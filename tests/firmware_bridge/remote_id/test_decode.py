"""The decoder against the C library's own decoding, the refusals, and a real aircraft."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.remote_id.decode import MESSAGE_SIZE, MalformedMessage, decode, decode_message, decode_pack
from firmware_bridge.remote_id.hour_time import absolute_time_ns
from firmware_bridge.remote_id.messages import (
    Authentication,
    BasicId,
    Location,
    OperatorId,
    RemoteIdMessage,
    SelfId,
    System,
)

Vectors = Callable[[str], list[dict[str, Any]]]

# name in the vectors -> name of ours; what is left out is compared by hand below
LOCATION_NAMES = {
    "status": "status",
    "direction_deg": "direction_deg",
    "speed_horizontal_mps": "speed_mps",
    "speed_vertical_mps": "vertical_speed_mps",
    "latitude_deg": "latitude_deg",
    "longitude_deg": "longitude_deg",
    "altitude_baro_m": "pressure_altitude_m",
    "altitude_geo_m": "geodetic_altitude_m",
    "height_m": "height_m",
    "horiz_accuracy_m": "horizontal_accuracy_m",
    "vert_accuracy_m": "vertical_accuracy_m",
    "baro_accuracy_m": "pressure_accuracy_m",
    "speed_accuracy_mps": "speed_accuracy_mps",
    "ts_accuracy_s": "time_accuracy_s",
    "time_in_hour_s": "time_in_hour_s",
}
SYSTEM_NAMES = {
    "operator_location_type": "operator_location_type",
    "classification_type": "classification_type",
    "operator_latitude_deg": "operator_latitude_deg",
    "operator_longitude_deg": "operator_longitude_deg",
    "area_count": "area_count",
    "area_radius_m": "area_radius_m",
    "area_ceiling_m": "area_ceiling_m",
    "area_floor_m": "area_floor_m",
    "category_eu": "category_eu",
    "class_eu": "class_eu",
    "operator_altitude_geo_m": "operator_altitude_m",
    "timestamp_unix_s": "unix_time_s",
}
AUTH_NAMES = {
    "auth_type": "auth_type",
    "data_page": "page",
    "last_page_index": "last_page",
    "length": "length",
    "timestamp_unix_s": "unix_time_s",
}
FOUR_NAUTICAL_MILES_M = 7408.0  # the library says 7808 (README of the vectors)


def check_fields(message: RemoteIdMessage, names: dict[str, str], expected: dict[str, Any], unknown: list[str]) -> None:
    for theirs, ours in names.items():
        if theirs not in expected:
            continue
        value = expected[theirs]
        if theirs == "horiz_accuracy_m" and expected["horiz_accuracy"] == 2:
            value = FOUR_NAUTICAL_MILES_M
        if theirs in unknown:
            assert getattr(message, ours) is None, theirs
        else:
            assert getattr(message, ours) == pytest.approx(value, abs=1e-7), theirs


def check(message: RemoteIdMessage, vector: dict[str, Any]) -> None:
    expected, unknown = vector["decoded"], vector["unknown"]
    match message:
        case BasicId():
            assert vector["type_name"] == "basic_id"
            assert (message.ua_type, message.id_type) == (expected["ua_type"], expected["id_type"])
            assert message.id_bytes.hex() == expected["uas_id_hex"]
            if "uas_id" in expected:
                assert message.uas_id == (expected["uas_id"] or None)
        case Location():
            assert vector["type_name"] == "location"
            check_fields(message, LOCATION_NAMES, expected, unknown)
            assert message.height_over_ground == (expected["height_ref"] == "ground")
        case Authentication():
            assert vector["type_name"] == "auth"
            check_fields(message, AUTH_NAMES, expected, unknown)
            assert message.data.hex() == expected["auth_data_hex"]
        case SelfId():
            assert vector["type_name"] == "self_id"
            assert message.description_type == expected["desc_type"]
            assert message.description == (expected["description"] or None)
        case System():
            assert vector["type_name"] == "system"
            check_fields(message, SYSTEM_NAMES, expected, unknown)
        case OperatorId():
            assert vector["type_name"] == "operator_id"
            assert message.operator_id_type == expected["operator_id_type"]
            assert message.operator_id == (expected["operator_id"] or None)


@pytest.mark.recordings
def test_valid_vectors_decode_as_the_c_library_does(remote_id_vectors: Vectors) -> None:
    vectors = remote_id_vectors("valid.jsonl")
    assert len(vectors) > 50
    for vector in vectors:
        messages = decode(bytes.fromhex(vector["hex"]))
        parts = vector["messages"] if vector["kind"] == "pack" else [vector]
        assert len(messages) == len(parts), vector["id"]
        for message, part in zip(messages, parts, strict=True):
            assert message.protocol_version == vector["proto_version"]
            check(message, part)


@pytest.mark.recordings
def test_invalid_vectors_are_refused(remote_id_vectors: Vectors) -> None:
    vectors = remote_id_vectors("invalid.jsonl")
    assert len(vectors) > 20
    for vector in vectors:
        with pytest.raises(MalformedMessage):
            decode(bytes.fromhex(vector["hex"]))


@pytest.mark.recordings
def test_a_real_parrot_decodes_as_the_c_library_does(remote_id_vectors: Vectors) -> None:
    vectors = remote_id_vectors("real_parrot_anafi_decoded.jsonl")
    assert len(vectors) > 100
    for vector in vectors:
        messages = decode_pack(bytes.fromhex(vector["pack"]))
        assert len(messages) == len(vector["messages"])
        for message, part in zip(messages, vector["messages"], strict=True):
            assert message.protocol_version == 0
            check(message, part)


def test_location_by_hand() -> None:
    # 270 degrees: west bit, byte 90; 8.25 m/s: 33 quarters; -5.5 m/s: 0xF5; 10 deg N, 20 deg W; 120 m: 2240 halves.
    message = decode_message(
        bytes([0x12, 0x26, 90, 33, 0xF5])
        + (100_000_000).to_bytes(4, "little")
        + (-200_000_000).to_bytes(4, "little", signed=True)
        + (2240).to_bytes(2, "little")
        + bytes([0, 0, 0, 0, 0, 0])
        + (36000).to_bytes(2, "little")
        + bytes([0, 0])
    )
    assert isinstance(message, Location)
    assert (message.direction_deg, message.speed_mps, message.vertical_speed_mps) == (270.0, 8.25, -5.5)
    assert (message.latitude_deg, message.longitude_deg) == (10.0, -20.0)
    assert (message.pressure_altitude_m, message.geodetic_altitude_m, message.height_m) == (120.0, None, None)
    assert message.time_in_hour_s == 3600.0
    assert message.horizontal_accuracy_m is None


def test_an_id_that_is_no_text_is_shown_and_not_dropped() -> None:
    message = decode_message(bytes([0x02, 0x12]) + b"A\x01\xffB" + bytes(16) + bytes(3))
    assert isinstance(message, BasicId)
    assert message.uas_id == "A\\x01\\xffB"


def test_uuid_is_shown_as_such() -> None:
    message = decode_message(bytes.fromhex("0234123e4567e89b42d3a45642661417400000000000000000"))
    assert isinstance(message, BasicId)
    assert message.uas_id == "123e4567-e89b-42d3-a456-426614174000"


HOUR_NS = 3_600_000_000_000
NOW_NS = 480_000 * HOUR_NS


@pytest.mark.parametrize(
    ("time_in_hour_s", "received_ns", "expected_ns"),
    [
        (10.0, NOW_NS + 11_000_000_000, NOW_NS + 10_000_000_000),
        (3599.9, NOW_NS + 100_000_000, NOW_NS - 100_000_000),  # sent just before the hour, received after
        (0.3, NOW_NS - 100_000_000, NOW_NS + 300_000_000),  # a sender whose clock is fast
        (3600.0, NOW_NS, NOW_NS),
        (1800.0, NOW_NS + 1_801_000_000_000, NOW_NS + 1_800_000_000_000),
    ],
)
def test_time_in_the_hour_becomes_absolute(time_in_hour_s: float, received_ns: int, expected_ns: int) -> None:
    assert absolute_time_ns(time_in_hour_s, received_ns) == expected_ns


@given(st.binary(max_size=300))
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    try:
        messages = decode(data)
    except MalformedMessage:
        return
    assert 1 <= len(messages) <= 9


def test_random_messages_of_each_type_decode_or_are_refused() -> None:
    rng = random.Random(7)
    refused = 0
    for _ in range(20_000):
        data = bytes([rng.randrange(6) << 4 | rng.randrange(3)]) + rng.randbytes(MESSAGE_SIZE - 1)
        try:
            message = decode_message(data)
        except MalformedMessage:
            refused += 1
            continue
        if isinstance(message, Location) and message.latitude_deg is not None:
            assert -90 <= message.latitude_deg <= 90
    assert 0 < refused < 20_000
