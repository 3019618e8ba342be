"""droneid-go and DragonSync: a list with one object per message, or one object with the same keys (ESP32) [1]_.

Numbers may come as text with their unit (``"8.25 m/s"``). ``direction`` is already whole (0 to 360). Zero stands for
unknown in positions only; heights of exactly 0.0 together with a position of 0, 0 are none either.

References
----------
.. [1] alphafox02/DragonSync ``core/telemetry_parser.py``.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware_bridge.json_text import JsonObject, as_object, number, position, text, within
from firmware_bridge.remote_id.dialects.mesh_mapper import hardware_address
from firmware_bridge.remote_id.dialects.record import Dialect
from firmware_bridge.remote_id.messages import (
    CAA_REGISTRATION,
    SERIAL_NUMBER,
    SPECIFIC_SESSION,
    UTM_UUID,
    BasicId,
    Location,
    OperatorId,
    RemoteIdMessage,
    SelfId,
    System,
)
from firmware_bridge.remote_id.observation import Observation

_BASIC, _LOCATION, _SYSTEM = "Basic ID", "Location/Vector Message", "System Message"
_OPERATOR, _SELF, _FREQUENCY = "Operator ID Message", "Self-ID Message", "Frequency Message"
_KEYS = frozenset({_BASIC, _LOCATION, _SYSTEM, _OPERATOR, _SELF, _FREQUENCY})

_ID_TYPES = (("serial", SERIAL_NUMBER), ("caa", CAA_REGISTRATION), ("utm", UTM_UUID), ("session", SPECIFIC_SESSION))
_UA_TYPES = (
    ("aeroplane", 1),
    ("airplane", 1),
    ("multirotor", 2),
    ("gyroplane", 3),
    ("hybrid", 4),
    ("ornithopter", 5),
    ("glider", 6),
    ("kite", 7),
    ("free balloon", 8),
    ("captive balloon", 9),
    ("airship", 10),
    ("parachute", 11),
    ("rocket", 12),
    ("tethered", 13),
    ("obstacle", 14),
    ("other", 15),
)
_STATUSES = (("undeclared", 0), ("ground", 1), ("airborne", 2), ("emergency", 3), ("fail", 4))
_TRANSPORTS = (("nan", "wifi-nan"), ("beacon", "wifi-beacon"), ("wi", "wifi-beacon"))
_TAKEOFF = 0
"""Kind of operator location."""
_LOWEST_HZ = 1e8
"""Frequencies come in Hz or in MHz; no transmitter of this kind is below 100 MHz or above 100 GHz."""


def _first(value: object, names: Iterable[tuple[str, int]]) -> int | None:
    """Code of the first name that occurs in a text; numbers are taken as the code."""
    code = number(value) if isinstance(value, int | float) else None
    if code is not None:
        return int(code) if 0 <= code <= 15 else None
    lowered = value.lower() if isinstance(value, str) else ""
    return next((number for name, number in names if name in lowered), None)


def _parts(document: object) -> list[JsonObject]:
    if isinstance(document, list):
        return [part for item in document[:32] if (part := as_object(item)) is not None]
    record = as_object(document)
    return [record] if record is not None else []


def _recognise(document: object) -> bool:
    return any(_KEYS & part.keys() for part in _parts(document))


def _basic(record: JsonObject) -> BasicId | None:
    name = text(record.get("id"))
    ua_type = _first(record.get("ua_type"), _UA_TYPES)
    if name is None and ua_type is None:
        return None
    id_type = _first(record.get("id_type"), _ID_TYPES)
    return BasicId(None, ua_type, id_type, (name or "").encode("utf-8", "backslashreplace"), name)


def _height(value: object) -> float | None:
    return within(value, -999.5, 31_767.5)


def _location(record: JsonObject) -> Location:
    latitude_deg, longitude_deg = position(record.get("latitude"), record.get("longitude"))
    if latitude_deg is None:
        return Location(None, status=_first(record.get("op_status"), _STATUSES))
    direction = within(record.get("direction"), 0.0, 360.0)
    kind = str(record.get("height_type") or "").lower()
    seconds = within(record.get("timestamp"), 0.0, 3600.0)
    return Location(
        None,
        status=_first(record.get("op_status"), _STATUSES),
        direction_deg=direction % 360.0 if direction is not None else None,
        speed_mps=within(record.get("speed"), 0.0, 254.25),
        vertical_speed_mps=within(record.get("vert_speed"), -62.0, 62.0),
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        pressure_altitude_m=_height(record.get("pressure_altitude")),
        geodetic_altitude_m=_height(record.get("geodetic_altitude")),
        height_m=_height(record.get("height_agl")),
        height_over_ground=True if "ground" in kind or "agl" in kind else False if "take" in kind else None,
        horizontal_accuracy_m=within(record.get("horizontal_accuracy"), 0.1, 20_000.0),
        vertical_accuracy_m=within(record.get("vertical_accuracy"), 0.1, 1_000.0),
        pressure_accuracy_m=within(record.get("baro_accuracy"), 0.1, 1_000.0),
        speed_accuracy_mps=within(record.get("speed_accuracy"), 0.1, 100.0),
        time_in_hour_s=seconds,
    )


def _system(record: JsonObject) -> System:
    latitude_deg, longitude_deg = position(
        record.get("latitude", record.get("operator_lat")), record.get("longitude", record.get("operator_lon"))
    )
    altitude = record.get("geodetic_altitude", record.get("operator_altitude_geo"))
    home = position(record.get("home_lat"), record.get("home_lon"))
    if latitude_deg is None and home[0] is not None:  # DJI's own protocol tells where it took off
        return System(None, _TAKEOFF, operator_latitude_deg=home[0], operator_longitude_deg=home[1])
    return System(
        None,
        operator_latitude_deg=latitude_deg,
        operator_longitude_deg=longitude_deg,
        operator_altitude_m=_height(altitude) if latitude_deg is not None else None,
    )


def _frequency_hz(value: object) -> float | None:
    frequency = within(value, 100.0, 1e11)
    if frequency is None:
        return None
    return frequency if frequency >= _LOWEST_HZ else frequency * 1e6


def _transport(value: object, address_type: object) -> str | None:
    lowered = str(value or "").lower()
    if "ble" in lowered or "bt" in lowered or "bluetooth" in lowered:
        long_range = any(mark in lowered for mark in ("5", "long", "coded", "ext"))
        return "ble5" if long_range or address_type is not None else "ble4"
    return next((name for mark, name in _TRANSPORTS if mark in lowered), None)


def _read(document: object) -> list[Observation]:
    messages: list[RemoteIdMessage] = []
    transmitter: str | None = None
    transport: str | None = None
    rssi_dbm: float | None = None
    frequency_hz: float | None = None
    for part in _parts(document):
        advertisement = as_object(part.get("AUX_ADV_IND"))
        extended = as_object(part.get("aext"))
        if advertisement is not None:
            rssi_dbm = within(advertisement.get("rssi"), -127.0, 20.0)
            transport = "ble5"
        if extended is not None and isinstance(advertiser := extended.get("AdvA"), str):
            transmitter = hardware_address(advertiser.split()[0] if advertiser.split() else None)
        for holder in (part, as_object(part.get(_BASIC)) or {}):
            transmitter = hardware_address(holder.get("MAC")) or transmitter
            if (strength := within(holder.get("RSSI"), -127.0, -0.5)) is not None:
                rssi_dbm = strength
        if (basic := as_object(part.get(_BASIC))) is not None:
            transport = _transport(basic.get("transport"), None) or transport
            frequency_hz = _frequency_hz(basic.get("frequency_mhz")) or frequency_hz
            if (message := _basic(basic)) is not None:
                messages.append(message)
        if (location := as_object(part.get(_LOCATION))) is not None:
            messages.append(_location(location))
        if (system := as_object(part.get(_SYSTEM))) is not None:
            messages.append(_system(system))
        if (operator := as_object(part.get(_OPERATOR))) is not None:
            messages.append(OperatorId(None, None, text(operator.get("operator_id"))))
        if (remark := as_object(part.get(_SELF))) is not None:
            messages.append(SelfId(None, None, text(remark.get("text"))))
        if (frequency := as_object(part.get(_FREQUENCY))) is not None:
            frequency_hz = frequency_hz or _frequency_hz(frequency.get("frequency"))
    if not messages and transmitter is None:
        return []
    return [
        Observation(
            tuple(messages),
            transmitter,
            transport=transport,
            rssi_dbm=rssi_dbm,
            frequency_hz=frequency_hz,
        )
    ]


DRONEID_GO = Dialect("droneid-go", "droneid-go or DragonSync feed", _recognise, _read)
