"""The 25-byte messages of Remote ID and their packs, from bytes to meaning.

Byte 0 holds the message type (high half) and the protocol version (low half); all numbers are little-endian [1]_.

Versions 0 (F3411-19), 1 and 2 (F3411-22a) are read alike and reported: real aircraft still send version 0.
A message with a value outside what the standard defines is refused as a whole when the value says where the aircraft
is or goes; unsigned broadcasts need no help in placing phantoms.

References
----------
.. [1] opendroneid/opendroneid-core-c, ``libopendroneid/opendroneid.h`` (packed structures), ``opendroneid.c``.
"""

from __future__ import annotations

import struct
from uuid import UUID

from firmware_bridge.remote_id.messages import (
    CAA_REGISTRATION,
    SERIAL_NUMBER,
    UTM_UUID,
    Authentication,
    BasicId,
    Location,
    OperatorId,
    RemoteIdMessage,
    SelfId,
    System,
)

MESSAGE_SIZE = 25
"""Bytes of a single message."""
PACK_HEADER_SIZE = 3
"""Bytes before the first message of a pack: type and version, message size, count."""
PACK_MAX_MESSAGES = 9
PACK_TYPE = 0xF
NEWEST_VERSION = 2
"""Protocol version of F3411-22a."""
AUTH_MAX_PAGES = 16
AUTH_FIRST_PAGE_BYTES = 17
AUTH_PAGE_BYTES = 23
EPOCH_2019_S = 1_546_300_800
"""2019-01-01T00:00:00Z in Unix seconds, where the standard's 32-bit times count from."""

_ANGLE_DEG = 1e-7
_ALTITUDE_STEP_M = 0.5
_ALTITUDE_ZERO_M = -1000.0
_SPEED_STEP_MPS = 0.25
_HIGH_SPEED_STEP_MPS = 0.75
_HIGH_SPEED_ZERO_MPS = 63.75
_SPEED_UNKNOWN = (1, 255)
"""Multiplier bit and byte of an unknown horizontal speed."""
_VERTICAL_STEP_MPS = 0.5
_VERTICAL_LIMIT = 124
"""62 m/s in half metres per second; 126 (63 m/s) means unknown, and nothing else is defined above."""
_DIRECTION_UNKNOWN = (1, 181)
"""West bit and byte of an unknown direction (361 degrees)."""
_TIME_UNKNOWN = 0xFFFF
_TIME_LIMIT = 36_000
"""Tenths of a second in an hour; the value itself is allowed."""
_ONCE_IN_PACK = (1, 3, 4, 5)
"""Message types of which a pack may hold one; it may hold two Basic IDs and sixteen Authentication pages."""
_BASIC_IDS_IN_PACK = 2

_NAUTICAL_MILE_M = 1852.0
HORIZONTAL_ACCURACY_M: tuple[float | None, ...] = (
    None,
    *(miles * _NAUTICAL_MILE_M for miles in (10, 4, 2, 1, 0.5, 0.3, 0.1, 0.05)),
    30.0,
    10.0,
    3.0,
    1.0,
    None,
    None,
    None,
)
VERTICAL_ACCURACY_M: tuple[float | None, ...] = (None, 150.0, 45.0, 25.0, 10.0, 3.0, 1.0, *([None] * 9))
SPEED_ACCURACY_MPS: tuple[float | None, ...] = (None, 10.0, 3.0, 1.0, 0.3, *([None] * 11))


class MalformedMessage(ValueError):
    """Bytes that are no Remote ID message, and why."""


def altitude_m(half_metres: int) -> float | None:
    """Return an altitude or height from its 16-bit code; 0 (-1000 m) means unknown."""
    return half_metres * _ALTITUDE_STEP_M + _ALTITUDE_ZERO_M if half_metres else None


def position_deg(latitude: int, longitude: int) -> tuple[float | None, float | None]:
    """Return latitude and longitude in degrees from 1e-7 degrees; 0, 0 means unknown.

    Raises
    ------
    MalformedMessage
        No such place.
    """
    if latitude == 0 and longitude == 0:
        return None, None
    if abs(latitude) > 900_000_000 or abs(longitude) > 1_800_000_000:
        raise MalformedMessage(f"no such place: {latitude * _ANGLE_DEG:.7f}, {longitude * _ANGLE_DEG:.7f}")
    return round(latitude * _ANGLE_DEG, 7), round(longitude * _ANGLE_DEG, 7)


def text(data: bytes) -> str | None:
    """Return a text field without its padding; bytes that are no printable ASCII are shown as escapes."""
    stripped = data.rstrip(b"\0 ")
    if not stripped:
        return None
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in stripped)


def identifier(id_type: int, data: bytes) -> str | None:
    """Return the text form of an aircraft's id, None when it is all zeros."""
    if not any(data):
        return None
    if id_type in {SERIAL_NUMBER, CAA_REGISTRATION}:
        return text(data)
    if id_type == UTM_UUID and not any(data[16:]):
        return str(UUID(bytes=bytes(data[:16])))
    return bytes(data).hex()


def _seconds_since_2019(value: int) -> int | None:
    return EPOCH_2019_S + value if value else None


def _basic_id(version: int, data: bytes) -> BasicId:
    id_type, ua_type = data[1] >> 4, data[1] & 0xF
    return BasicId(version, ua_type, id_type, bytes(data[2:22]), identifier(id_type, data[2:22]))


def _direction_deg(west: int, byte: int) -> float | None:
    if (west, byte) == _DIRECTION_UNKNOWN:
        return None
    if byte > 179 + west:  # 180 with the west bit is 360, which some encoders round up to
        raise MalformedMessage(f"direction byte {byte}, at most 179 is defined")
    return float((byte + 180 * west) % 360)


def _location(version: int, data: bytes) -> Location:
    flags, direction, speed, vertical, latitude, longitude, pressure, geodetic, height, place, motion, tenths, clock = (
        struct.unpack_from("<BBBbiiHHHBBHB", data, 1)
    )
    if tenths != _TIME_UNKNOWN and tenths > _TIME_LIMIT:
        raise MalformedMessage(f"time {tenths / 10} s after the hour")
    latitude_deg, longitude_deg = position_deg(latitude, longitude)
    multiplier = flags & 1
    if (multiplier, speed) == _SPEED_UNKNOWN:
        speed_mps = None
    elif multiplier:
        speed_mps = speed * _HIGH_SPEED_STEP_MPS + _HIGH_SPEED_ZERO_MPS
    else:
        speed_mps = speed * _SPEED_STEP_MPS
    return Location(
        protocol_version=version,
        status=flags >> 4,
        direction_deg=_direction_deg(flags >> 1 & 1, direction),
        speed_mps=speed_mps,
        vertical_speed_mps=vertical * _VERTICAL_STEP_MPS if abs(vertical) <= _VERTICAL_LIMIT else None,
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        pressure_altitude_m=altitude_m(pressure),
        geodetic_altitude_m=altitude_m(geodetic),
        height_m=altitude_m(height),
        height_over_ground=bool(flags & 4),
        horizontal_accuracy_m=HORIZONTAL_ACCURACY_M[place & 0xF],
        vertical_accuracy_m=VERTICAL_ACCURACY_M[place >> 4],
        pressure_accuracy_m=VERTICAL_ACCURACY_M[motion >> 4],
        speed_accuracy_mps=SPEED_ACCURACY_MPS[motion & 0xF],
        time_in_hour_s=None if tenths == _TIME_UNKNOWN else tenths / 10,
        time_accuracy_s=(clock & 0xF) / 10 or None,
    )


def _authentication(version: int, data: bytes) -> Authentication:
    auth_type, page = data[1] >> 4, data[1] & 0xF
    if page:
        return Authentication(version, auth_type, page, bytes(data[2:25]))
    last_page, length, since_2019_s = struct.unpack_from("<BBI", data, 2)
    if last_page >= AUTH_MAX_PAGES:
        raise MalformedMessage(f"authentication of {last_page + 1} pages, at most {AUTH_MAX_PAGES} are defined")
    room = AUTH_FIRST_PAGE_BYTES + AUTH_PAGE_BYTES * last_page
    if length > room:
        raise MalformedMessage(f"authentication of {length} bytes, {last_page + 1} pages hold {room}")
    return Authentication(
        version, auth_type, 0, bytes(data[8:25]), last_page, length, _seconds_since_2019(since_2019_s)
    )


def _self_id(version: int, data: bytes) -> SelfId:
    return SelfId(version, data[1], text(data[2:25]))


def _system(version: int, data: bytes) -> System:
    flags, latitude, longitude, count, radius, ceiling, floor, kind, altitude, since_2019_s = struct.unpack_from(
        "<BiiHBHHBHI", data, 1
    )
    latitude_deg, longitude_deg = position_deg(latitude, longitude)
    return System(
        protocol_version=version,
        operator_location_type=flags & 3,
        classification_type=flags >> 2 & 7,
        operator_latitude_deg=latitude_deg,
        operator_longitude_deg=longitude_deg,
        area_count=count,
        area_radius_m=radius * 10,
        area_ceiling_m=altitude_m(ceiling),
        area_floor_m=altitude_m(floor),
        category_eu=kind >> 4,
        class_eu=kind & 0xF,
        operator_altitude_m=altitude_m(altitude),
        unix_time_s=_seconds_since_2019(since_2019_s),
    )


def _operator_id(version: int, data: bytes) -> OperatorId:
    return OperatorId(version, data[1], text(data[2:22]))


_DECODERS = (_basic_id, _location, _authentication, _self_id, _system, _operator_id)


def decode_message(data: bytes) -> RemoteIdMessage:
    """Decode one message.

    Parameters
    ----------
    data
        Exactly 25 bytes.

    Raises
    ------
    MalformedMessage
        Wrong length, unknown type or version, or a value outside the standard.
    """
    if len(data) != MESSAGE_SIZE:
        raise MalformedMessage(f"{len(data)} bytes, a message has {MESSAGE_SIZE}")
    kind, version = data[0] >> 4, data[0] & 0xF
    if kind >= len(_DECODERS):
        raise MalformedMessage(f"message type {kind} is not defined")
    if version > NEWEST_VERSION:
        raise MalformedMessage(f"protocol version {version}, the newest is {NEWEST_VERSION}")
    return _DECODERS[kind](version, data)


def decode_pack(data: bytes) -> tuple[RemoteIdMessage, ...]:
    """Decode a message pack: header, then 1 to 9 messages and nothing else.

    Raises
    ------
    MalformedMessage
        The pack or any message in it is malformed, or a message that may come once comes twice.
    """
    if len(data) < PACK_HEADER_SIZE or data[0] >> 4 != PACK_TYPE:
        raise MalformedMessage(f"{len(data)} bytes without the header of a pack")
    version, size, count = data[0] & 0xF, data[1], data[2]
    if version > NEWEST_VERSION:
        raise MalformedMessage(f"pack of protocol version {version}, the newest is {NEWEST_VERSION}")
    if size != MESSAGE_SIZE:
        raise MalformedMessage(f"pack of {size}-byte messages, they have {MESSAGE_SIZE}")
    if not 1 <= count <= PACK_MAX_MESSAGES:
        raise MalformedMessage(f"pack of {count} messages, 1 to {PACK_MAX_MESSAGES} are allowed")
    if len(data) != PACK_HEADER_SIZE + count * MESSAGE_SIZE:
        raise MalformedMessage(f"pack of {count} messages in {len(data)} bytes")
    pieces = [data[start : start + MESSAGE_SIZE] for start in range(PACK_HEADER_SIZE, len(data), MESSAGE_SIZE)]
    kinds = [piece[0] >> 4 for piece in pieces]
    for kind in _ONCE_IN_PACK:
        if kinds.count(kind) > 1:
            raise MalformedMessage(f"pack with {kinds.count(kind)} messages of type {kind}")
    if kinds.count(0) > _BASIC_IDS_IN_PACK:
        raise MalformedMessage(f"pack with {kinds.count(0)} basic ids")
    return tuple(decode_message(piece) for piece in pieces)


def decode(data: bytes) -> tuple[RemoteIdMessage, ...]:
    """Decode a single message or a pack, whichever the first byte says.

    Raises
    ------
    MalformedMessage
        Neither.
    """
    if data and data[0] >> 4 == PACK_TYPE:
        return decode_pack(data)
    return (decode_message(data),)
