"""Receivers that write JSON lines: every dialect, broken lines."""

from __future__ import annotations

import json
import random

import pytest

from firmware_bridge.contacts import Contact, RemoteIdContact
from firmware_bridge.module import SerialModule
from firmware_bridge.remote_id.dialects import JSON_DIALECTS
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


def test_an_unknown_dialect_is_named() -> None:
    with pytest.raises(ValueError, match=r"dialect: 'zmq' is none of auto, mavlink, mesh-mapper"):
        RemoteIdSettings("rid", "zmq")


STREAM = (
    MESH_LINE.encode()
    + json.dumps(DRONEID_GO).encode()
    + b'\nnoise\n{"broken\n'
    + b'{"mac":"fa:0b:bc:12:34:56","radio":"ble","lat":1.0,"lon":2.0}\n'
    + MESH_LINE.encode()
)


def test_any_cutting_gives_the_same_contacts() -> None:
    whole, module = read(STREAM)
    assert len(whole) == 4
    rng = random.Random(3)
    for most in (1, 2, 7, 100):
        cut = RemoteIdSettings("rid").make()
        contacts: list[Contact] = []
        start = 0
        while start < len(STREAM):
            length = rng.randint(1, most)
            contacts += cut.feed(STREAM[start : start + length], NOW_NS)
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


@pytest.mark.parametrize("dialect", ["auto", *(dialect.name for dialect in JSON_DIALECTS)])
def test_a_million_random_and_damaged_bytes(dialect: str) -> None:
    rng = random.Random(11)
    module = RemoteIdSettings("rid", dialect).make()
    fed = false = 0
    while fed < 500_000:
        data = rng.randbytes(4096)
        fed += len(data)
        false += len(module.feed(data, NOW_NS))
    assert false <= fed * 1e-6
    while fed < 1_000_000:
        data = mutated(rng, STREAM)
        fed += len(data)
        module.feed(data, NOW_NS)
    module.finish(NOW_NS)
    assert module.counters.bytes == fed
