"""MAVLink 2 from Remote ID receivers: the OPEN_DRONE_ID messages, and only them [1]_.

Frame: ``FD``, payload length, incompatibility and compatibility flags, sequence, system, component, message id (3
bytes), payload without its trailing zeros, CRC-16/MCRF4XX, 13 bytes of signature where bit 0 of the incompatibility
flags is set. The CRC covers all after ``FD`` and one byte that stands for the message's definition. Little-endian.

Other messages of the same stream are passed over. Their definition byte is not known here, so their checksum must fit
*some* byte, which random bytes do once in 256 times; those of OPEN_DRONE_ID must fit theirs.

References
----------
.. [1] mavlink/mavlink ``message_definitions/v1.0/common.xml``; https://mavlink.io/en/guide/serialization.html.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

from firmware_bridge.framing import IMPOSSIBLE, NEED_MORE
from firmware_bridge.remote_id.decode import (
    EPOCH_2019_S,
    HORIZONTAL_ACCURACY_M,
    MESSAGE_SIZE,
    PACK_TYPE,
    SPEED_ACCURACY_MPS,
    VERTICAL_ACCURACY_M,
    MalformedMessage,
    decode_pack,
    identifier,
    position_deg,
    text,
)
from firmware_bridge.remote_id.messages import (
    Authentication,
    BasicId,
    Location,
    OperatorId,
    RemoteIdMessage,
    SelfId,
    System,
)
from firmware_bridge.remote_id.observation import Observation, address

MAGIC = re.compile(b"\xfd")
HEADER_LENGTH = 10
CHECKSUM_LENGTH = 2
SIGNATURE_LENGTH = 13
LONGEST = HEADER_LENGTH + 255 + CHECKSUM_LENGTH + SIGNATURE_LENGTH
_SIGNED = 0x01
_KNOWN_FLAGS = _SIGNED
"""Frames with other incompatibility flags must be dropped (MAVLink guide)."""
_DIRECTION_UNKNOWN = 36_100
_SPEED_UNKNOWN = 25_500


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ 0x8408 if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


_TABLE = _crc_table()
_REACHABLE = frozenset(_TABLE)


def checksum(data: bytes, value: int = 0xFFFF) -> int:
    """Return the CRC-16/MCRF4XX (MAVLink: X.25) of some bytes."""
    table = _TABLE
    for byte in data:
        value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    return value


@dataclass(frozen=True, slots=True)
class _Definition:
    extra: int
    length: int
    read: Callable[[bytes], tuple[RemoteIdMessage, ...]]
    address_start: int


def _altitude(value: float) -> float | None:
    return float(value) if math.isfinite(value) and -1000.0 < value <= 31_767.5 else None


def _code(table: tuple[float | None, ...], code: int) -> float | None:
    return table[code] if code < len(table) else None


def _basic_id(data: bytes) -> tuple[RemoteIdMessage, ...]:
    id_type, ua_type = data[22], data[23]
    if id_type > 15 or ua_type > 15:
        raise MalformedMessage(f"aircraft type {ua_type}, id type {id_type}: 0 to 15 are defined")
    return (BasicId(None, ua_type, id_type, data[24:44], identifier(id_type, data[24:44])),)


def _location(data: bytes) -> tuple[RemoteIdMessage, ...]:
    latitude, longitude, pressure, geodetic, height, seconds, direction, speed, vertical = struct.unpack_from(
        "<iiffffHHh", data
    )
    status, reference, horizontal_code, vertical_code, pressure_code, speed_code, time_code = data[52:59]
    latitude_deg, longitude_deg = position_deg(latitude, longitude)
    if direction > 36_000 and direction != _DIRECTION_UNKNOWN:
        raise MalformedMessage(f"direction {direction / 100} degrees")
    return (
        Location(
            None,
            status=status if status <= 15 else None,
            direction_deg=None if direction == _DIRECTION_UNKNOWN else direction / 100 % 360.0,
            speed_mps=speed / 100 if speed < _SPEED_UNKNOWN else None,
            vertical_speed_mps=vertical / 100 if abs(vertical) <= 6_200 else None,
            latitude_deg=latitude_deg,
            longitude_deg=longitude_deg,
            pressure_altitude_m=_altitude(pressure),
            geodetic_altitude_m=_altitude(geodetic),
            height_m=_altitude(height),
            height_over_ground={0: False, 1: True}.get(reference),
            horizontal_accuracy_m=_code(HORIZONTAL_ACCURACY_M, horizontal_code),
            vertical_accuracy_m=_code(VERTICAL_ACCURACY_M, vertical_code),
            pressure_accuracy_m=_code(VERTICAL_ACCURACY_M, pressure_code),
            speed_accuracy_mps=_code(SPEED_ACCURACY_MPS, speed_code),
            time_in_hour_s=float(seconds) if math.isfinite(seconds) and 0.0 <= seconds <= 3600.0 else None,
            time_accuracy_s=time_code / 10 if 1 <= time_code <= 15 else None,
        ),
    )


def _authentication(data: bytes) -> tuple[RemoteIdMessage, ...]:
    (since,) = struct.unpack_from("<I", data)
    auth_type, page, last, length = data[26:30]
    if page > 15:
        raise MalformedMessage(f"authentication page {page}, at most 15 is defined")
    if page:
        return (Authentication(None, auth_type, page, data[30:53]),)
    return (Authentication(None, auth_type, 0, data[30:47], last, length, EPOCH_2019_S + since if since else None),)


def _self_id(data: bytes) -> tuple[RemoteIdMessage, ...]:
    return (SelfId(None, data[22], text(data[23:46])),)


def _system(data: bytes) -> tuple[RemoteIdMessage, ...]:
    latitude, longitude, ceiling, floor, altitude, since, count, radius = struct.unpack_from("<iifffIHH", data)
    kind, classification, category, eu_class = data[50:54]
    latitude_deg, longitude_deg = position_deg(latitude, longitude)
    return (
        System(
            None,
            operator_location_type=kind,
            classification_type=classification,
            operator_latitude_deg=latitude_deg,
            operator_longitude_deg=longitude_deg,
            area_count=count,
            area_radius_m=radius,
            area_ceiling_m=_altitude(ceiling),
            area_floor_m=_altitude(floor),
            category_eu=category,
            class_eu=eu_class,
            operator_altitude_m=_altitude(altitude),
            unix_time_s=EPOCH_2019_S + since if since else None,
        ),
    )


def _operator_id(data: bytes) -> tuple[RemoteIdMessage, ...]:
    return (OperatorId(None, data[22], text(data[23:43])),)


def _pack(data: bytes) -> tuple[RemoteIdMessage, ...]:
    size, count = data[22], data[23]
    content = data[24 : 24 + count * MESSAGE_SIZE]
    version = content[0] & 0xF if content else 0
    return decode_pack(bytes([PACK_TYPE << 4 | version, size, count]) + content)


DEFINITIONS: dict[int, _Definition] = {
    12900: _Definition(114, 44, _basic_id, 2),
    12901: _Definition(254, 59, _location, 32),
    12902: _Definition(140, 53, _authentication, 6),
    12903: _Definition(249, 46, _self_id, 2),
    12904: _Definition(77, 54, _system, 30),
    12905: _Definition(49, 43, _operator_id, 2),
    12915: _Definition(94, 249, _pack, 2),
}
"""Message id to definition byte, payload length, reader, and where the transmitter's address begins."""


def measure(buffer: bytes | bytearray, start: int) -> int:
    """Return the length of the frame at ``start`` for ``firmware_bridge.framing.MagicFramer``."""
    if len(buffer) - start < 3:
        return NEED_MORE
    flags = buffer[start + 2]
    if flags & ~_KNOWN_FLAGS:
        return IMPOSSIBLE
    length = HEADER_LENGTH + buffer[start + 1] + CHECKSUM_LENGTH
    return length + SIGNATURE_LENGTH if flags & _SIGNED else length


def intact(frame: bytes) -> bool:
    """Whether a frame's checksum fits: its own definition's for OPEN_DRONE_ID, some definition's for other messages."""
    end = HEADER_LENGTH + frame[1]
    before = checksum(frame[1:end])
    (sent,) = struct.unpack_from("<H", frame, end)
    definition = DEFINITIONS.get(int.from_bytes(frame[7:10], "little"))
    if definition is None:
        return sent ^ before >> 8 in _REACHABLE
    return frame[1] <= definition.length and checksum(bytes([definition.extra]), before) == sent


def foreign_length(frame: bytes) -> int:
    """Bytes of an intact frame of another message that are surely its own.

    One in 256 damaged frames passes for an unknown message, so it ends where an OPEN_DRONE_ID message may begin in it.
    """
    if int.from_bytes(frame[7:10], "little") in DEFINITIONS:
        return len(frame)
    for found in MAGIC.finditer(frame, 1):
        start = found.start()
        definition = DEFINITIONS.get(int.from_bytes(frame[start + 7 : start + 10], "little"))
        if definition is not None and frame[start + 1] <= definition.length and measure(frame, start) != IMPOSSIBLE:
            return start
    return len(frame)


def contains(data: bytes | bytearray) -> bool:
    """Whether there is an intact OPEN_DRONE_ID message among some bytes: whether they are MAVLink at all."""
    for found in MAGIC.finditer(data):
        start = found.start()
        length = measure(data, start)
        ours = int.from_bytes(data[start + 7 : start + 10], "little") in DEFINITIONS
        if ours and 0 < length <= len(data) - start and intact(bytes(data[start : start + length])):
            return True
    return False


def observation(frame: bytes) -> Observation | None:
    """Read an intact frame.

    Returns
    -------
    None for messages other than OPEN_DRONE_ID.

    Raises
    ------
    MalformedMessage
        Its content is no Remote ID.
    """
    definition = DEFINITIONS.get(int.from_bytes(frame[7:10], "little"))
    if definition is None:
        return None
    payload = frame[HEADER_LENGTH : HEADER_LENGTH + frame[1]].ljust(definition.length, b"\0")
    sender = payload[definition.address_start : definition.address_start + 20]
    # Six bytes and zeros are a hardware address; all zeros: the messages of whatever this component is.
    transmitter = address(sender[:6]) if any(sender[:6]) and not any(sender[6:]) else None
    source = sender.rstrip(b"\0").hex() if any(sender) else f"{frame[5]}.{frame[6]}"
    return Observation(definition.read(payload), transmitter, source)
