"""DroneAware and dronecot: flat records of decoded messages, one JSON object a datagram or line (UDP port 9999) [1]_.

``{"t":1745000000.0,"mac":"fa:0b:bc:12:34:56","radio":"wifi_beacon","rssi":-68,"channel":6,"type":"Location/Vector",
"lat":40.7128,"lon":-74.006,"alt":120.5,"speed":8.25,"hdg":270.0,"id":null}``: ``t`` in Unix seconds, ``alt`` above the
ellipsoid in metres, ``speed`` in m/s. In records of a System message the position is the operator's.

References
----------
.. [1] snstac/dronecot ``src/dronecot/udp_rid.py``.
"""

from __future__ import annotations

from firmware_bridge.json_text import as_object, number, position, text, within
from firmware_bridge.remote_id.dialects.mesh_mapper import hardware_address
from firmware_bridge.remote_id.dialects.record import Dialect
from firmware_bridge.remote_id.messages import BasicId, Location, OperatorId, RemoteIdMessage, SelfId, System
from firmware_bridge.remote_id.observation import Observation

_TRANSPORTS = {
    "wifi_beacon": "wifi-beacon",
    "wifi_nan": "wifi-nan",
    "wifi_action": "wifi-nan",
    "ble_legacy": "ble4",
    "ble_long_range": "ble5",
    "ble_coded": "ble5",
}


def _recognise(document: object) -> bool:
    record = as_object(document)
    return record is not None and "mac" in record and "radio" in record


def _read(document: object) -> list[Observation]:
    record = as_object(document)
    if record is None:
        return []
    kind = str(record.get("type") or "").lower()
    name = text(record.get("id"))
    messages: list[RemoteIdMessage] = []
    if name is not None and "operator" in kind:
        messages.append(OperatorId(None, 0, name))
    elif name is not None:
        messages.append(BasicId(None, None, None, name.encode("utf-8", "backslashreplace"), name))
    if "self" in kind and (remark := text(record.get("text") or record.get("desc"))):
        messages.append(SelfId(None, 0, remark))
    latitude_deg, longitude_deg = position(record.get("lat"), record.get("lon"))
    if latitude_deg is not None and "system" in kind:
        messages.append(System(None, operator_latitude_deg=latitude_deg, operator_longitude_deg=longitude_deg))
    elif latitude_deg is not None:
        heading = within(record.get("hdg"), 0.0, 360.0)
        messages.append(
            Location(
                None,
                latitude_deg=latitude_deg,
                longitude_deg=longitude_deg,
                geodetic_altitude_m=within(record.get("alt"), -999.5, 31_767.5),
                speed_mps=within(record.get("speed"), 0.0, 254.25),
                direction_deg=heading % 360.0 if heading is not None else None,
            )
        )
    channel = number(record.get("channel"))
    seconds = within(record.get("t"), 1e9, 1e10)
    return [
        Observation(
            tuple(messages),
            hardware_address(record.get("mac")),
            transport=_TRANSPORTS.get(str(record.get("radio")).lower()),
            rssi_dbm=within(record.get("rssi"), -127.0, 20.0),
            channel=int(channel) if channel is not None and 1 <= channel <= 200 else None,
            heard_ns=round(seconds * 1e9) if seconds is not None else None,
        )
    ]


DRONECOT = Dialect("dronecot", "DroneAware or dronecot JSON feed", _recognise, _read)
