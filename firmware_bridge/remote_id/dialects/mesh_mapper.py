r"""drone-mesh-mapper: ESP32 receivers that print one JSON line per message, 115200 baud [1]_.

``{"mac":"..","rssi":-61,"drone_lat":47.198710,"drone_long":8.730237,"drone_altitude":430,"pilot_lat":0.000000,
"pilot_long":0.000000,"basic_id":"..."}``, on the two-band boards with ``band`` and ``channel``.

The id is printed without escapes, so a binary session id, or a forged one with a quote, spoils the JSON of its line:
such a line is read by its fixed order of fields. Positions of 0, 0 are none; the altitude is that of the last Location
message, -1000 when that said unknown and 0 before the first.

References
----------
.. [1] colonelpanichacks/drone-mesh-mapper ``remoteid-mesh-dualcore/src/main.cpp``, ``send_json_fast``.
"""

from __future__ import annotations

import re

from firmware_bridge.json_text import JsonObject, as_object, number, position, text, within
from firmware_bridge.remote_id import decode
from firmware_bridge.remote_id.dialects.record import Dialect
from firmware_bridge.remote_id.messages import BasicId, Location, RemoteIdMessage, System
from firmware_bridge.remote_id.observation import Observation

_ALTITUDE_UNKNOWN_M = -1000.0
_ADDRESS = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")
_FIXED_ORDER = re.compile(
    rb'\{"mac":"(?P<mac>[0-9a-f:]{17})","rssi":(?P<rssi>-?\d+),'
    rb'"drone_lat":(?P<drone_lat>-?\d+\.\d+),"drone_long":(?P<drone_long>-?\d+\.\d+),'
    rb'"drone_altitude":(?P<drone_altitude>-?\d+),'
    rb'"pilot_lat":(?P<pilot_lat>-?\d+\.\d+),"pilot_long":(?P<pilot_long>-?\d+\.\d+),'
    rb'"basic_id":"(?P<basic_id>.{1,20})"(?:,"band":"[^"]*","channel":\d+)?\}',
    re.DOTALL,
)


def hardware_address(value: object) -> str | None:
    """Return a hardware address in lower case with colons, None for anything else."""
    if not isinstance(value, str):
        return None
    lowered = value.strip().lower().replace("-", ":")
    return lowered if _ADDRESS.fullmatch(lowered) else None


def _recognise(document: object) -> bool:
    record = as_object(document)
    return record is not None and (
        ("mac" in record and ("drone_lat" in record or "basic_id" in record))
        or "heartbeat" in record
        or isinstance(record.get("status"), str)
    )


def _read(document: object) -> list[Observation]:
    record = as_object(document)
    if record is None or "mac" not in record:
        return []
    return [_observation(record, text(record.get("basic_id")))]


def _observation(record: JsonObject, uas_id: str | None) -> Observation:
    messages: list[RemoteIdMessage] = []
    if uas_id is not None:
        messages.append(BasicId(None, None, None, uas_id.encode("utf-8", "backslashreplace"), uas_id))
    latitude_deg, longitude_deg = position(record.get("drone_lat"), record.get("drone_long"))
    if latitude_deg is not None:
        altitude_m = within(record.get("drone_altitude"), _ALTITUDE_UNKNOWN_M, 31_767.5)
        messages.append(
            Location(
                None,
                latitude_deg=latitude_deg,
                longitude_deg=longitude_deg,
                geodetic_altitude_m=altitude_m if altitude_m != _ALTITUDE_UNKNOWN_M else None,
            )
        )
    pilot_latitude_deg, pilot_longitude_deg = position(record.get("pilot_lat"), record.get("pilot_long"))
    if pilot_latitude_deg is not None:
        messages.append(
            System(None, operator_latitude_deg=pilot_latitude_deg, operator_longitude_deg=pilot_longitude_deg)
        )
    channel = number(record.get("channel"))
    return Observation(
        tuple(messages),
        hardware_address(record.get("mac")),
        rssi_dbm=within(record.get("rssi"), -127.0, 20.0),
        channel=int(channel) if channel is not None and 1 <= channel <= 200 else None,
    )


def _salvage(line: bytes) -> list[Observation] | None:
    found = _FIXED_ORDER.fullmatch(line)
    if found is None:
        return None
    record = {name: value.decode("ascii") for name, value in found.groupdict().items() if name != "basic_id"}
    return [_observation(record, decode.text(found["basic_id"]))]


MESH_MAPPER = Dialect("mesh-mapper", "drone-mesh-mapper ESP32 receiver", _recognise, _read, _salvage)
