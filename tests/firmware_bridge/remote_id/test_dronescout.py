"""DroneScout: the decoder's own C structure, as a C compiler lays it out."""

from __future__ import annotations

import base64
import ctypes
import json
import lzma
from typing import Any

import pytest

from firmware_bridge.contacts import Contact, RemoteIdContact
from firmware_bridge.module import SerialModule
from firmware_bridge.remote_id.decode import MalformedMessage
from firmware_bridge.remote_id.dialects.dronescout import read_payload
from firmware_bridge.remote_id.receiver import RemoteIdSettings

NOW_NS = 1_735_677_508_500_000_000


def read(data: bytes) -> tuple[list[RemoteIdContact], SerialModule]:
    module = RemoteIdSettings("rid", "auto").make()
    contacts: list[Contact] = [*module.feed(data, NOW_NS), *module.finish(NOW_NS)]
    return [contact for contact in contacts if isinstance(contact, RemoteIdContact)], module


class BasicIdData(ctypes.Structure):
    _fields_ = (("UAType", ctypes.c_int), ("IDType", ctypes.c_int), ("UASID", ctypes.c_char * 21))


class LocationData(ctypes.Structure):
    _fields_ = (
        ("Status", ctypes.c_int),
        ("Direction", ctypes.c_float),
        ("SpeedHorizontal", ctypes.c_float),
        ("SpeedVertical", ctypes.c_float),
        ("Latitude", ctypes.c_double),
        ("Longitude", ctypes.c_double),
        ("AltitudeBaro", ctypes.c_float),
        ("AltitudeGeo", ctypes.c_float),
        ("HeightType", ctypes.c_int),
        ("Height", ctypes.c_float),
        ("HorizAccuracy", ctypes.c_int),
        ("VertAccuracy", ctypes.c_int),
        ("BaroAccuracy", ctypes.c_int),
        ("SpeedAccuracy", ctypes.c_int),
        ("TSAccuracy", ctypes.c_int),
        ("TimeStamp", ctypes.c_float),
    )


class AuthData(ctypes.Structure):
    _fields_ = (
        ("DataPage", ctypes.c_uint8),
        ("AuthType", ctypes.c_int),
        ("LastPageIndex", ctypes.c_uint8),
        ("Length", ctypes.c_uint8),
        ("Timestamp", ctypes.c_uint32),
        ("AuthData", ctypes.c_uint8 * 24),
    )


class SelfIdData(ctypes.Structure):
    _fields_ = (("DescType", ctypes.c_int), ("Desc", ctypes.c_char * 24))


class SystemData(ctypes.Structure):
    _fields_ = (
        ("OperatorLocationType", ctypes.c_int),
        ("ClassificationType", ctypes.c_int),
        ("OperatorLatitude", ctypes.c_double),
        ("OperatorLongitude", ctypes.c_double),
        ("AreaCount", ctypes.c_uint16),
        ("AreaRadius", ctypes.c_uint16),
        ("AreaCeiling", ctypes.c_float),
        ("AreaFloor", ctypes.c_float),
        ("CategoryEU", ctypes.c_int),
        ("ClassEU", ctypes.c_int),
        ("OperatorAltitudeGeo", ctypes.c_float),
        ("Timestamp", ctypes.c_uint32),
    )


class OperatorIdData(ctypes.Structure):
    _fields_ = (("OperatorIdType", ctypes.c_int), ("OperatorId", ctypes.c_char * 21))


class UasData(ctypes.Structure):
    """The layout as the C compiler makes it, not as our reader spells it."""

    _fields_ = (
        ("BasicID", BasicIdData * 2),
        ("Location", LocationData),
        ("Auth", AuthData * 16),
        ("SelfID", SelfIdData),
        ("System", SystemData),
        ("OperatorID", OperatorIdData),
        ("BasicIDValid", ctypes.c_uint8 * 2),
        ("LocationValid", ctypes.c_uint8),
        ("AuthValid", ctypes.c_uint8 * 16),
        ("SelfIDValid", ctypes.c_uint8),
        ("SystemValid", ctypes.c_uint8),
        ("OperatorIDValid", ctypes.c_uint8),
    )


def uas_data() -> Any:
    data: Any = UasData()
    data.BasicID[0] = BasicIdData(2, 1, b"1787F04BM24010011195")
    data.BasicIDValid[0] = 1
    data.Location = LocationData(2, 361.0, 255.0, -1.5, 37.5, -122.25, -1000, 30.5, 1, 12.0, 12, 5, 0, 4, 1, 2307.5)
    data.LocationValid = 1
    data.Auth[0] = AuthData(0, 1, 0, 17, 200_000_000)
    data.AuthValid[0] = 1
    data.SelfID = SelfIdData(0, b"Survey")
    data.SelfIDValid = 1
    data.System = SystemData(1, 1, 37.51, -122.26, 1, 0, -1000, -1000, 1, 2, 5.5, 200_000_000)
    data.SystemValid = 1
    data.OperatorID = OperatorIdData(0, b"FIN87astrdge12k8")
    data.OperatorIDValid = 1
    return data


def document(data: Any) -> bytes:
    record = {
        "protocol": 1.0,
        "data": {
            "sensor ID": "sensor-1",
            "RSSI": -72,
            "channel": 6,
            "timestamp": NOW_NS // 1_000_000 - 100,
            "MAC address": "DF:72:11:D2:6B:95",
            "type": "WiFi beacon",
            "UASdata": base64.b64encode(bytes(data)).decode(),
        },
    }
    return json.dumps(record).encode()


class TestDronescout:
    def test_the_structure(self) -> None:
        assert ctypes.sizeof(UasData) == 920
        (contact,), _ = read(document(uas_data()) + b"\n")
        assert (contact.uas_id, contact.id_type, contact.ua_type) == ("1787F04BM24010011195", "serial", 2)
        assert (contact.transmitter, contact.transport, contact.channel) == ("df:72:11:d2:6b:95", "wifi-beacon", 6)
        assert (contact.lat_deg, contact.lon_deg) == (37.5, -122.25)
        assert (contact.track_deg, contact.speed_mps, contact.vertical_speed_mps) == (None, None, -1.5)
        assert (contact.altitude_m, contact.pressure_altitude_m, contact.height_m, contact.height_above) == (
            30.5,
            None,
            12.0,
            "ground",
        )
        assert (contact.horizontal_accuracy_m, contact.vertical_accuracy_m) == (1.0, 3.0)
        assert (contact.operator_lat_deg, contact.operator_altitude_m, contact.operator_id) == (
            37.51,
            5.5,
            "FIN87astrdge12k8",
        )
        assert (contact.self_id, contact.authenticated, contact.timestamp_s) == ("Survey", True, 2307.5)
        assert contact.time_ns == NOW_NS - 100_000_000

    @pytest.mark.parametrize("form", [lzma.FORMAT_XZ, lzma.FORMAT_ALONE])
    def test_packed_payloads(self, form: int) -> None:
        (found,) = read_payload(lzma.compress(document(uas_data()) + b"\0", form))
        assert len(found.messages) == 6

    def test_a_state_report_is_no_observation(self) -> None:
        assert read_payload(b'{"protocol":1.0,"status":{"sensor ID":"s","model":"ds230"}}') == []

    @pytest.mark.parametrize("payload", [b"", b"\xff" * 50, b"{}", lzma.compress(b"{" * 200_000), b'{"protocol":1.0,'])
    def test_other_payloads_are_refused(self, payload: bytes) -> None:
        with pytest.raises(MalformedMessage):
            read_payload(payload)

    def test_a_broken_structure_is_refused(self) -> None:
        data = uas_data()
        data.LocationValid = 7
        contacts, module = read(document(data) + b"\n" + document(uas_data())[:-300] + b"\n")
        assert contacts == []
        assert module.counters.malformed == 2
