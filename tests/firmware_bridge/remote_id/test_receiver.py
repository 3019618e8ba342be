"""Receivers as serial modules: every dialect, broken lines, MAVLink frames."""

from __future__ import annotations

import base64
import ctypes
import json
import lzma
import random
import struct
from typing import Any

import pytest

from firmware_bridge.contacts import Contact, RemoteIdContact
from firmware_bridge.module import SerialModule
from firmware_bridge.remote_id import mavlink
from firmware_bridge.remote_id.decode import MalformedMessage
from firmware_bridge.remote_id.dialects import JSON_DIALECTS
from firmware_bridge.remote_id.dialects.dronescout import read_payload
from firmware_bridge.remote_id.receiver import LONGEST_LINE, RemoteIdSettings

NOW_NS = 1_735_677_508_500_000_000


def read(data: bytes, dialect: str = "auto") -> tuple[list[RemoteIdContact], SerialModule]:
    module = RemoteIdSettings("rid", dialect).make()
    contacts: list[Contact] = [*module.feed(data, NOW_NS), *module.finish(NOW_NS)]
    return [contact for contact in contacts if isinstance(contact, RemoteIdContact)], module


MESH_LINE = (
    '{"mac":"90:3a:e6:5b:c8:a8","rssi":-61,"drone_lat":47.198710,"drone_long":8.730237,"drone_altitude":431,'
    '"pilot_lat":0.000000,"pilot_long":0.000000,"basic_id":"1588E040445AC004418"}\r\n'
)


class TestMeshMapper:
    def test_a_line(self) -> None:
        (contact,), module = read(MESH_LINE.encode())
        assert (contact.transmitter, contact.rssi_dbm, contact.uas_id) == (
            "90:3a:e6:5b:c8:a8",
            -61.0,
            "1588E040445AC004418",
        )
        assert (contact.lat_deg, contact.lon_deg, contact.altitude_m) == (47.19871, 8.730237, 431.0)
        assert (contact.operator_lat_deg, contact.operator_lon_deg, contact.speed_mps) == (None, None, None)
        assert (contact.time_ns, contact.device, contact.id_type) == (NOW_NS, "rid", None)
        assert (module.counters.frames, module.counters.malformed, module.counters.contacts) == (1, 0, 1)

    def test_channel_of_the_two_band_boards(self) -> None:
        (contact,), _ = read(MESH_LINE.replace('"}', '","band":"5GHz","channel":149}').encode())
        assert contact.channel == 149

    def test_no_fix_is_no_position(self) -> None:
        line = MESH_LINE.replace("47.198710", "0.000000").replace("8.730237", "0.000000").replace("431", "0")
        (contact,), _ = read(line.encode())
        assert (contact.lat_deg, contact.lon_deg, contact.altitude_m) == (None, None, None)
        assert contact.transmitter == "90:3a:e6:5b:c8:a8"

    def test_marker_of_an_unknown_altitude(self) -> None:
        (contact,), _ = read(MESH_LINE.replace("431", "-1000").encode())
        assert (contact.lat_deg, contact.altitude_m) == (47.19871, None)

    @pytest.mark.parametrize(
        "line",
        [
            '{"   [+] Device is active and scanning..."}',
            '{"heartbeat":"Device is active and running."}',
            '{"status":"active","uptime":12}',
            "Drone: 90:3a:e6:5b:c8:a8 RSSI:-61 https://maps.google.com/?q=47.198710,8.730237",
            "ESP-ROM:esp32s3-20210327",
        ],
    )
    def test_remarks_are_understood(self, line: str) -> None:
        contacts, module = read(line.encode() + b"\r\n" + MESH_LINE.encode())
        assert len(contacts) == 1
        assert (module.counters.frames, module.counters.malformed) == (2, 0)

    @pytest.mark.parametrize("length", [1, 20, 80, 150, 170])
    def test_a_truncated_line_is_refused_and_the_next_is_read(self, length: int) -> None:
        contacts, module = read(MESH_LINE[:length].encode() + b"\r\n" + MESH_LINE.encode())
        assert len(contacts) == 1
        assert (module.counters.malformed, module.counters.skipped_bytes) == (1, length)

    @pytest.mark.parametrize(("raw", "shown"), [(b'A"B\\', 'A"B\\'), (b"\x01\x0b\xff", "\\x01\\x0b\\xff")])
    def test_an_id_that_spoils_the_json_is_not_lost(self, raw: bytes, shown: str) -> None:
        (contact,), _ = read(MESH_LINE.encode().replace(b"1588E040445AC004418", raw))
        assert (contact.uas_id, contact.lat_deg) == (shown, 47.19871)

    def test_an_impossible_place_is_refused(self) -> None:
        contacts, module = read(MESH_LINE.replace("47.198710", "147.198710").encode())
        assert contacts == []
        assert (module.counters.refused, module.counters.contacts) == (1, 0)

    def test_a_line_without_end_is_bounded(self) -> None:
        contacts, module = read(b"{" * (3 * LONGEST_LINE) + b"\n" + MESH_LINE.encode())
        assert len(contacts) == 1
        assert module.counters.oversize == 1


DRONEID_GO = [
    {
        "Basic ID": {
            "id_type": "Serial Number (ANSI/CTA-2063-A)",
            "id": "SN123",
            "ua_type": "Helicopter or Multirotor",
            "MAC": "AA:BB:CC:DD:EE:FF",
            "RSSI": -65,
            "transport": "WiFi Beacon",
            "frequency_mhz": 2437,
        }
    },
    {
        "Location/Vector Message": {
            "latitude": 10.0,
            "longitude": 20.0,
            "speed": "8.25 m/s",
            "vert_speed": -1.5,
            "geodetic_altitude": "120.0 m",
            "height_agl": 30.0,
            "height_type": "Above Takeoff",
            "direction": 270,
            "op_status": "Airborne",
            "horizontal_accuracy": "<10 m",
            "timestamp": "1234.5",
        }
    },
    {"System Message": {"latitude": 10.5, "longitude": 20.5}},
    {"Operator ID Message": {"operator_id_type": "Operator ID", "operator_id": "OP-12345"}},
    {"Self-ID Message": {"text": "Survey"}},
    "no object",
    None,
]


class TestDroneidGo:
    def test_a_list_of_messages(self) -> None:
        (contact,), _ = read(json.dumps(DRONEID_GO).encode() + b"\n")
        assert (contact.uas_id, contact.id_type, contact.ua_type) == ("SN123", "serial", 2)
        assert (contact.transmitter, contact.transport, contact.frequency_hz) == (
            "aa:bb:cc:dd:ee:ff",
            "wifi-beacon",
            2.437e9,
        )
        assert (contact.lat_deg, contact.speed_mps, contact.vertical_speed_mps, contact.track_deg) == (
            10.0,
            8.25,
            -1.5,
            270.0,
        )
        assert (contact.altitude_m, contact.height_m, contact.height_above) == (120.0, 30.0, "takeoff")
        assert (contact.operator_lat_deg, contact.operator_id, contact.self_id) == (10.5, "OP-12345", "Survey")
        assert (contact.status, contact.horizontal_accuracy_m, contact.timestamp_s) == ("airborne", 10.0, 1234.5)

    def test_one_object_of_an_esp32(self) -> None:
        document = {
            "index": 42,
            "runtime": 12345,
            "AUX_ADV_IND": {"rssi": -68},
            "aext": {"AdvA": "AA:BB:CC:DD:EE:FF random"},
            "Basic ID": {"id_type": "CAA Assigned Registration ID", "id": "CAA-XYZ", "ua_type": 2},
            "Location/Vector Message": {"latitude": 0.0, "longitude": 0.0, "speed": 0.0, "geodetic_altitude": 0.0},
            "System Message": {"operator_lat": 3.0, "operator_lon": 4.0},
        }
        (contact,), _ = read(json.dumps(document).encode() + b"\n")
        assert (contact.transmitter, contact.rssi_dbm, contact.transport) == ("aa:bb:cc:dd:ee:ff", -68.0, "ble5")
        assert (contact.uas_id, contact.id_type, contact.registration) == ("CAA-XYZ", "caa", "CAA-XYZ")
        assert (contact.lat_deg, contact.speed_mps, contact.altitude_m) == (None, None, None)
        assert (contact.operator_lat_deg, contact.operator_lon_deg) == (3.0, 4.0)

    def test_the_take_off_place_stands_in_for_the_pilots(self) -> None:
        system = {"System Message": {"latitude": 0.0, "longitude": 0.0, "home_lat": 10.3, "home_lon": 20.3}}
        (contact,), _ = read(json.dumps([DRONEID_GO[0], system]).encode() + b"\n")
        assert (contact.operator_lat_deg, contact.operator_lon_deg, contact.operator_location) == (
            10.3,
            20.3,
            "takeoff",
        )

    def test_frequency_in_hertz(self) -> None:
        document = [*DRONEID_GO[1:2], {"MAC": "AA:BB:CC:DD:EE:FF"}, {"Frequency Message": {"frequency": 5.805e9}}]
        (contact,), _ = read(json.dumps(document).encode() + b"\n")
        assert contact.frequency_hz == 5.805e9


class TestDronecot:
    def test_a_location(self) -> None:
        record = {
            "t": NOW_NS / 1e9 - 0.25,
            "mac": "fa:0b:bc:12:34:56",
            "radio": "wifi_beacon",
            "rssi": -68,
            "channel": 6,
            "type": "Location/Vector",
            "lat": 40.7128,
            "lon": -74.006,
            "alt": 120.5,
            "speed": 8.25,
            "hdg": 270.0,
            "id": None,
        }
        (contact,), _ = read(json.dumps(record).encode() + b"\n")
        assert (contact.lat_deg, contact.lon_deg, contact.altitude_m) == (40.7128, -74.006, 120.5)
        assert (contact.speed_mps, contact.track_deg, contact.channel) == (8.25, 270.0, 6)
        assert (contact.transport, contact.uas_id) == ("wifi-beacon", None)
        assert contact.time_ns == pytest.approx(NOW_NS - 250_000_000, abs=1000)

    def test_the_place_in_a_system_message_is_the_operators(self) -> None:
        record = {"mac": "fa:0b:bc:12:34:56", "radio": "ble", "type": "System", "lat": 1.0, "lon": 2.0}
        (contact,), _ = read(json.dumps(record).encode() + b"\n")
        assert (contact.lat_deg, contact.operator_lat_deg) == (None, 1.0)


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


def mavlink_frame(message_id: int, payload: bytes, extra: int, sequence: int = 0) -> bytes:
    payload = payload.rstrip(b"\0") or b"\0"
    body = bytes([len(payload), 0, 0, sequence, 1, 236]) + message_id.to_bytes(3, "little") + payload
    crc = mavlink.checksum(body + bytes([extra]))
    return b"\xfd" + body + struct.pack("<H", crc)


MAC = bytes.fromhex("903ae65bc8a8")
SENDER = MAC.ljust(20, b"\0")
BASIC_ID = bytes.fromhex("02125041434b53455249414c30303030303100000000000000")
LOCATION = bytes.fromhex("12245a2103c0bf1e1b20708305c0081b0948084b3339300200")
PACK_FRAME = mavlink_frame(
    12915, (bytes([0, 0]) + SENDER + bytes([25, 2]) + BASIC_ID + LOCATION).ljust(249, b"\0"), 94, sequence=5
)

# Type and name of every field in the order of the definition, without extensions (common.xml).
FIELDS = {
    12900: "OPEN_DRONE_ID_BASIC_ID uint8_t target_system uint8_t target_component uint8_t[20] id_or_mac "
    "uint8_t id_type uint8_t ua_type uint8_t[20] uas_id",
    12901: "OPEN_DRONE_ID_LOCATION int32_t latitude int32_t longitude float altitude_barometric "
    "float altitude_geodetic float height float timestamp uint16_t direction uint16_t speed_horizontal "
    "int16_t speed_vertical uint8_t target_system uint8_t target_component uint8_t[20] id_or_mac uint8_t status "
    "uint8_t height_reference uint8_t horizontal_accuracy uint8_t vertical_accuracy uint8_t barometer_accuracy "
    "uint8_t speed_accuracy uint8_t timestamp_accuracy",
    12902: "OPEN_DRONE_ID_AUTHENTICATION uint32_t timestamp uint8_t target_system uint8_t target_component "
    "uint8_t[20] id_or_mac uint8_t authentication_type uint8_t data_page uint8_t last_page_index uint8_t length "
    "uint8_t[23] authentication_data",
    12903: "OPEN_DRONE_ID_SELF_ID uint8_t target_system uint8_t target_component uint8_t[20] id_or_mac "
    "uint8_t description_type char[23] description",
    12904: "OPEN_DRONE_ID_SYSTEM int32_t operator_latitude int32_t operator_longitude float area_ceiling "
    "float area_floor float operator_altitude_geo uint32_t timestamp uint16_t area_count uint16_t area_radius "
    "uint8_t target_system uint8_t target_component uint8_t[20] id_or_mac uint8_t operator_location_type "
    "uint8_t classification_type uint8_t category_eu uint8_t class_eu",
    12905: "OPEN_DRONE_ID_OPERATOR_ID uint8_t target_system uint8_t target_component uint8_t[20] id_or_mac "
    "uint8_t operator_id_type char[20] operator_id",
    12915: "OPEN_DRONE_ID_MESSAGE_PACK uint8_t target_system uint8_t target_component uint8_t[20] id_or_mac "
    "uint8_t single_message_size uint8_t msg_pack_size uint8_t[225] messages",
}


class TestMavlink:
    @pytest.mark.parametrize("message_id", sorted(FIELDS))
    def test_definition_bytes_follow_from_the_definitions(self, message_id: int) -> None:
        name, *fields = FIELDS[message_id].split()
        crc = mavlink.checksum(f"{name} ".encode())
        for kind, field in zip(fields[::2], fields[1::2], strict=True):
            base, _, count = kind.rstrip("]").partition("[")
            crc = mavlink.checksum(f"{base} {field} ".encode(), crc)
            if count:
                crc = mavlink.checksum(bytes([int(count)]), crc)
        assert (crc & 0xFF) ^ (crc >> 8) == mavlink.DEFINITIONS[message_id].extra

    def test_a_pack(self) -> None:
        (contact,), module = read(PACK_FRAME, "mavlink")
        assert (contact.transmitter, contact.uas_id) == ("90:3a:e6:5b:c8:a8", "PACKSERIAL000001")
        assert (contact.lat_deg, contact.speed_mps, contact.protocol_version) == (45.5, 8.25, 2)
        assert (module.counters.frames, module.counters.skipped_bytes) == (1, 0)

    def test_single_messages_are_collected(self) -> None:
        head = bytes([0, 0]) + SENDER
        frames = (
            mavlink_frame(12900, head + bytes([1, 2]) + b"SERIAL1".ljust(20, b"\0"), 114),
            mavlink_frame(12905, head + bytes([0]) + b"FIN87".ljust(20, b"\0"), 49, 1),
            mavlink_frame(12903, head + bytes([0]) + b"Survey".ljust(23, b"\0"), 249, 2),
            mavlink_frame(
                12904,
                struct.pack("<iifffIHH", 455_000_000, 92_500_000, -1000, -1000, 105.5, 200_000_000, 1, 0)
                + head
                + bytes([1, 1, 1, 2]),
                77,
                3,
            ),
            mavlink_frame(12902, struct.pack("<I", 7) + head + bytes([1, 0, 0, 17]) + bytes(range(1, 24)), 140, 4),
            mavlink_frame(
                12901,
                struct.pack("<iiffffHHh", 455_000_000, -92_500_000, -1000, 165.5, 60, 1234.5, 27_000, 825, -550)
                + head
                + bytes([2, 1, 11, 4, 3, 3, 2]),
                254,
                5,
            ),
        )
        contacts, module = read(b"".join(frames), "mavlink")
        contact = contacts[-1]
        assert len(contacts) == 6
        assert (contact.uas_id, contact.operator_id, contact.self_id) == ("SERIAL1", "FIN87", "Survey")
        assert (contact.lat_deg, contact.lon_deg, contact.altitude_m, contact.pressure_altitude_m) == (
            45.5,
            -9.25,
            165.5,
            None,
        )
        assert (contact.track_deg, contact.speed_mps, contact.vertical_speed_mps) == (270.0, 8.25, -5.5)
        assert (contact.operator_lat_deg, contact.operator_altitude_m, contact.authenticated) == (45.5, 105.5, True)
        assert module.counters.gaps == 0

    def test_unknown_markers(self) -> None:
        payload = struct.pack("<iiffffHHh", 0, 0, -1000, -1000, -1000, 65535, 36_100, 25_500, 6_300) + bytes(2)
        (contact,), _ = read(mavlink_frame(12901, payload + SENDER + bytes(7), 254), "mavlink")
        assert (contact.lat_deg, contact.altitude_m, contact.height_m, contact.timestamp_s) == (None,) * 4
        assert (contact.track_deg, contact.speed_mps, contact.vertical_speed_mps) == (None,) * 3

    def test_other_messages_are_passed_over(self) -> None:
        heartbeat = mavlink_frame(0, bytes.fromhex("000000000d035104ff"), 50)
        contacts, module = read(heartbeat + PACK_FRAME + heartbeat, "mavlink")
        assert len(contacts) == 1
        assert (module.counters.frames, module.counters.crc_errors, module.counters.skipped_bytes) == (3, 0, 0)

    def test_every_flipped_bit_is_noticed(self) -> None:
        for bit in range(8 * len(PACK_FRAME)):
            damaged = bytearray(PACK_FRAME)
            damaged[bit // 8] ^= 1 << bit % 8
            contacts, _ = read(bytes(damaged) + PACK_FRAME, "mavlink")
            assert len(contacts) == 1, bit

    def test_garbage_that_looks_like_a_header_costs_no_good_frame(self) -> None:
        contacts, _ = read(bytes.fromhex("fdff0000000000000000") + PACK_FRAME * 20, "mavlink")
        assert len(contacts) == 20

    def test_a_signed_frame(self) -> None:
        payload = PACK_FRAME[10:-2]
        body = bytes([len(payload), 1, 0, 5, 1, 236]) + (12915).to_bytes(3, "little") + payload
        crc = struct.pack("<H", mavlink.checksum(body + bytes([94])))
        contacts, module = read(b"\xfd" + body + crc + bytes(range(13)) + PACK_FRAME, "mavlink")
        assert len(contacts) == 2
        assert module.counters.skipped_bytes == 0

    def test_a_receiver_set_to_the_wrong_dialect_is_told_the_right_one(self) -> None:
        module = RemoteIdSettings("rid").make()
        module.feed(MESH_LINE.encode(), NOW_NS)
        assert getattr(module, "fault", "") is None
        module.feed(PACK_FRAME * 2 + b"\n", NOW_NS)
        assert "mavlink" in getattr(module, "fault", "")
        module.feed(MESH_LINE.encode(), NOW_NS)
        assert getattr(module, "fault", "") is None

    def test_gaps_are_counted(self) -> None:
        later = mavlink_frame(0, bytes.fromhex("000000000d035104ff"), 50, sequence=9)
        assert read(PACK_FRAME + later, "mavlink")[1].counters.gaps == 3


def test_an_unknown_dialect_is_named() -> None:
    with pytest.raises(ValueError, match=r"dialect: 'zmq' is none of auto, mavlink, mesh-mapper"):
        RemoteIdSettings("rid", "zmq")


STREAM = (
    MESH_LINE.encode()
    + json.dumps(DRONEID_GO).encode()
    + b"\n"
    + document(uas_data())
    + b'\nnoise\n{"broken\n'
    + MESH_LINE.encode()
)


@pytest.mark.parametrize(
    ("stream", "dialect"), [(STREAM, "auto"), (PACK_FRAME * 3 + b"\xfdnoise" + PACK_FRAME, "mavlink")]
)
def test_any_cutting_gives_the_same_contacts(stream: bytes, dialect: str) -> None:
    whole, module = read(stream, dialect)
    assert len(whole) == 4
    rng = random.Random(3)
    for most in (1, 2, 7, 100):
        cut = RemoteIdSettings("rid", dialect).make()
        contacts: list[Contact] = []
        start = 0
        while start < len(stream):
            length = rng.randint(1, most)
            contacts += cut.feed(stream[start : start + length], NOW_NS)
            start += length
        contacts += cut.finish(NOW_NS)
        assert contacts == whole
        assert cut.counters == module.counters


def mutated(rng: random.Random, stream: bytes) -> bytes:
    data = bytearray(stream)
    for _ in range(rng.randint(1, 40)):
        place = rng.randrange(len(data))
        change = rng.randrange(3)
        if change == 0:
            data[place] = rng.randrange(256)
        elif change == 1:
            del data[place]
        else:
            data[place:place] = rng.randbytes(rng.randint(1, 20))
    return bytes(data)


@pytest.mark.parametrize("dialect", ["auto", "mavlink", *(dialect.name for dialect in JSON_DIALECTS)])
def test_a_million_random_and_damaged_bytes(dialect: str) -> None:
    rng = random.Random(11)
    module = RemoteIdSettings("rid", dialect).make()
    base = PACK_FRAME * 4 if dialect == "mavlink" else STREAM
    fed = false = 0
    while fed < 500_000:
        data = rng.randbytes(4096)
        fed += len(data)
        false += len(module.feed(data, NOW_NS))
    assert false <= fed * 1e-6
    while fed < 1_000_000:
        data = mutated(rng, base)
        fed += len(data)
        module.feed(data, NOW_NS)
    module.finish(NOW_NS)
    assert module.counters.bytes == fed
