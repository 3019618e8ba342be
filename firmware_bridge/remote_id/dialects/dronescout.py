"""BlueMark DroneScout ds230 and ds240: JSON with the decoder's own C structure in base64, plain or LZMA packed [1]_.

``{"protocol":1.0,"data":{"sensor ID":..,"RSSI":-72,"channel":6,"timestamp":1735677508366,"MAC address":"..",
"type":"BLE legacy","UASdata":"<base64>"}}``; sensors also send ``{"protocol":1.0,"status":{..}}``.

``UASdata`` is ``ODID_UAS_Data`` of opendroneid-core-c as a 64-bit little-endian processor lays it out: enumerations of
four bytes, doubles aligned to eight, two basic ids, sixteen authentication pages, then one byte per part that is valid.

References
----------
.. [1] BluemarkInnovations/RemoteID-MQTT-subscriber ``modules/open_drone_id.py``; opendroneid-core-c ``opendroneid.h``.
"""

from __future__ import annotations

import base64
import binascii
import math
import struct

from firmware_bridge.json_text import as_object, number, parse, within
from firmware_bridge.packed import PackedFault, unpacked
from firmware_bridge.remote_id.decode import (
    AUTH_MAX_PAGES,
    EPOCH_2019_S,
    HORIZONTAL_ACCURACY_M,
    SPEED_ACCURACY_MPS,
    VERTICAL_ACCURACY_M,
    MalformedMessage,
    identifier,
    text,
)
from firmware_bridge.remote_id.dialects.mesh_mapper import hardware_address
from firmware_bridge.remote_id.dialects.record import Dialect
from firmware_bridge.remote_id.messages import (
    Authentication,
    BasicId,
    Location,
    OperatorId,
    RemoteIdMessage,
    SelfId,
    System,
)
from firmware_bridge.remote_id.observation import Observation

_BASIC_ID = struct.Struct("<ii20s")
_BASIC_ID_STARTS = (0, 32)
_LOCATION = struct.Struct("<ifffddffifiiiiif")
_LOCATION_START = 64
_AUTH = struct.Struct("<BxxxiBBxxI23s")
_AUTH_START, _AUTH_SIZE = 136, 40
_SELF_ID = struct.Struct("<i23s")
_SELF_ID_START = 776
_SYSTEM = struct.Struct("<iiddHHffiifI")
_SYSTEM_START = 808
_OPERATOR_ID = struct.Struct("<i20s")
_OPERATOR_ID_START = 864
_VALID_START = 892
_SHORTEST = 914
"""Bytes up to the last validity flag; with the padding at the end the structure has 920."""

_TRANSPORTS = {
    "ble legacy": "ble4",
    "ble long range": "ble5",
    "wifi nan": "wifi-nan",
    "wifi beacon": "wifi-beacon",
}


def _known(value: float, low: float, high: float) -> float | None:
    """The value within its range; not a number and the markers outside of it mean unknown."""
    return float(value) if math.isfinite(value) and low <= value <= high else None


def _altitude(value: float) -> float | None:
    return _known(value, -999.5, 31_767.5)


def _place(latitude_deg: float, longitude_deg: float) -> tuple[float | None, float | None]:
    if latitude_deg == 0.0 and longitude_deg == 0.0:
        return None, None
    latitude, longitude = _known(latitude_deg, -90.0, 90.0), _known(longitude_deg, -180.0, 180.0)
    if latitude is None or longitude is None:
        raise MalformedMessage(f"no such place: {latitude_deg}, {longitude_deg}")
    return latitude, longitude


def _code(table: tuple[float | None, ...], code: int) -> float | None:
    return table[code] if 0 <= code < len(table) else None


def _location(data: bytes) -> Location:
    (
        status,
        direction,
        speed,
        vertical,
        latitude,
        longitude,
        pressure,
        geodetic,
        height_type,
        height,
        horizontal_code,
        vertical_code,
        pressure_code,
        speed_code,
        time_code,
        seconds,
    ) = _LOCATION.unpack_from(data, _LOCATION_START)
    latitude_deg, longitude_deg = _place(latitude, longitude)
    course = _known(direction, 0.0, 360.0)
    return Location(
        None,
        status=status if 0 <= status <= 15 else None,
        direction_deg=course % 360.0 if course is not None else None,
        speed_mps=_known(speed, 0.0, 254.25),
        vertical_speed_mps=_known(vertical, -62.0, 62.0),
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        pressure_altitude_m=_altitude(pressure),
        geodetic_altitude_m=_altitude(geodetic),
        height_m=_altitude(height),
        height_over_ground={0: False, 1: True}.get(height_type),
        horizontal_accuracy_m=_code(HORIZONTAL_ACCURACY_M, horizontal_code),
        vertical_accuracy_m=_code(VERTICAL_ACCURACY_M, vertical_code),
        pressure_accuracy_m=_code(VERTICAL_ACCURACY_M, pressure_code),
        speed_accuracy_mps=_code(SPEED_ACCURACY_MPS, speed_code),
        time_in_hour_s=_known(seconds, 0.0, 3600.0),
        time_accuracy_s=time_code / 10 if 1 <= time_code <= 15 else None,
    )


def _system(data: bytes) -> System:
    kind, classification, latitude, longitude, count, radius, ceiling, floor, category, eu_class, altitude, since = (
        _SYSTEM.unpack_from(data, _SYSTEM_START)
    )
    latitude_deg, longitude_deg = _place(latitude, longitude)
    return System(
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
    )


def read_structure(data: bytes) -> tuple[RemoteIdMessage, ...]:
    """Read the parts of an ``ODID_UAS_Data`` that are marked valid.

    Raises
    ------
    MalformedMessage
        Too short, a validity flag other than 0 and 1, or a position that is none.
    """
    if len(data) < _SHORTEST:
        raise MalformedMessage(f"{len(data)} bytes, the structure has at least {_SHORTEST}")
    valid = data[_VALID_START:_SHORTEST]
    if any(flag > 1 for flag in valid):
        raise MalformedMessage("validity flags other than 0 and 1: not the 64-bit layout of the structure")
    messages: list[RemoteIdMessage] = []
    for flag, start in zip(valid, _BASIC_ID_STARTS, strict=False):
        if flag:
            ua_type, id_type, name = _BASIC_ID.unpack_from(data, start)
            if not 0 <= ua_type <= 15 or not 0 <= id_type <= 15:
                raise MalformedMessage(f"aircraft type {ua_type}, id type {id_type}: 0 to 15 are defined")
            messages.append(BasicId(None, ua_type, id_type, name, identifier(id_type, name)))
    if valid[2]:
        messages.append(_location(data))
    for page in range(AUTH_MAX_PAGES):
        if valid[3 + page]:
            _, auth_type, last, length, since, content = _AUTH.unpack_from(data, _AUTH_START + page * _AUTH_SIZE)
            first = page == 0
            messages.append(
                Authentication(
                    None,
                    auth_type,
                    page,
                    content[:17] if first else content,
                    last if first else None,
                    length if first else None,
                    EPOCH_2019_S + since if first and since else None,
                )
            )
    if valid[19]:
        kind, remark = _SELF_ID.unpack_from(data, _SELF_ID_START)
        messages.append(SelfId(None, kind, text(remark)))
    if valid[20]:
        messages.append(_system(data))
    if valid[21]:
        kind, name = _OPERATOR_ID.unpack_from(data, _OPERATOR_ID_START)
        messages.append(OperatorId(None, kind, text(name)))
    return tuple(messages)


def read_payload(payload: bytes) -> list[Observation]:
    """Read one MQTT message of a sensor, packed or plain; none for a sensor's state report.

    Raises
    ------
    MalformedMessage
        It is no document of a DroneScout, or the structure in it is broken.
    """
    try:
        document = parse(unpacked(payload))
    except PackedFault as fault:
        raise MalformedMessage(str(fault)) from fault
    if not _recognise(document):
        raise MalformedMessage("no DroneScout document")
    return _read(document)


def _recognise(document: object) -> bool:
    record = as_object(document)
    return record is not None and "protocol" in record and ("data" in record or "status" in record)


def _read(document: object) -> list[Observation]:
    record = as_object(document) or {}
    data = as_object(record.get("data"))
    if data is None or "UASdata" not in data:
        return []
    encoded = data["UASdata"]
    if not isinstance(encoded, str):
        raise MalformedMessage("UASdata is no text")
    try:
        structure = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedMessage(f"UASdata is no base64: {error}") from error
    channel = number(data.get("channel"))
    milliseconds = within(data.get("timestamp"), 1e12, 1e13)
    return [
        Observation(
            read_structure(structure),
            hardware_address(data.get("MAC address")),
            transport=_TRANSPORTS.get(str(data.get("type")).lower()),
            rssi_dbm=within(data.get("RSSI"), -127.0, 20.0),
            channel=int(channel) if channel is not None and 1 <= channel <= 200 else None,
            heard_ns=round(milliseconds) * 1_000_000 if milliseconds is not None else None,
        )
    ]


DRONESCOUT = Dialect("dronescout", "BlueMark DroneScout ds230 or ds240", _recognise, _read)
