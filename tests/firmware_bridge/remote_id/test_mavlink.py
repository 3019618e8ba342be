"""MAVLink receivers: definitions, frames, damage."""

from __future__ import annotations

import random
import struct

import pytest

from firmware_bridge.contacts import Contact, RemoteIdContact
from firmware_bridge.module import SerialModule
from firmware_bridge.remote_id import mavlink
from firmware_bridge.remote_id.receiver import RemoteIdSettings

NOW_NS = 1_735_677_508_500_000_000


def read(data: bytes) -> tuple[list[RemoteIdContact], SerialModule]:
    module = RemoteIdSettings("rid", "mavlink").make()
    contacts: list[Contact] = [*module.feed(data, NOW_NS), *module.finish(NOW_NS)]
    return [contact for contact in contacts if isinstance(contact, RemoteIdContact)], module


JSON_LINE = b'{"mac":"90:3a:e6:5b:c8:a8","rssi":-61,"basic_id":"1588E040445AC004418"}\n'


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
        (contact,), module = read(PACK_FRAME)
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
        contacts, module = read(b"".join(frames))
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
        (contact,), _ = read(mavlink_frame(12901, payload + SENDER + bytes(7), 254))
        assert (contact.lat_deg, contact.altitude_m, contact.height_m, contact.timestamp_s) == (None,) * 4
        assert (contact.track_deg, contact.speed_mps, contact.vertical_speed_mps) == (None,) * 3

    def test_other_messages_are_passed_over(self) -> None:
        heartbeat = mavlink_frame(0, bytes.fromhex("000000000d035104ff"), 50)
        contacts, module = read(heartbeat + PACK_FRAME + heartbeat)
        assert len(contacts) == 1
        assert (module.counters.frames, module.counters.crc_errors, module.counters.skipped_bytes) == (3, 0, 0)

    def test_every_flipped_bit_is_noticed(self) -> None:
        for bit in range(8 * len(PACK_FRAME)):
            damaged = bytearray(PACK_FRAME)
            damaged[bit // 8] ^= 1 << bit % 8
            contacts, _ = read(bytes(damaged) + PACK_FRAME)
            assert len(contacts) == 1, bit

    def test_garbage_that_looks_like_a_header_costs_no_good_frame(self) -> None:
        contacts, _ = read(bytes.fromhex("fdff0000000000000000") + PACK_FRAME * 20)
        assert len(contacts) == 20

    def test_a_signed_frame(self) -> None:
        payload = PACK_FRAME[10:-2]
        body = bytes([len(payload), 1, 0, 5, 1, 236]) + (12915).to_bytes(3, "little") + payload
        crc = struct.pack("<H", mavlink.checksum(body + bytes([94])))
        contacts, module = read(b"\xfd" + body + crc + bytes(range(13)) + PACK_FRAME)
        assert len(contacts) == 2
        assert module.counters.skipped_bytes == 0

    def test_a_receiver_set_to_the_wrong_dialect_is_told_the_right_one(self) -> None:
        module = RemoteIdSettings("rid").make()
        module.feed(JSON_LINE, NOW_NS)
        assert getattr(module, "fault", "") is None
        module.feed(PACK_FRAME * 2 + b"\n", NOW_NS)
        assert "mavlink" in getattr(module, "fault", "")
        module.feed(JSON_LINE, NOW_NS)
        assert getattr(module, "fault", "") is None

    @pytest.mark.parametrize("size", [1, 7, 100, 10_000])
    @pytest.mark.parametrize("before", [b"", b"boot: ok\r\n", bytes(range(256)) * 9, PACK_FRAME[100:]])
    def test_auto_finds_out_and_loses_nothing(self, before: bytes, size: int) -> None:
        stream = before + b"".join(
            mavlink_frame(12900, bytes(2) + SENDER + bytes([1, 2]) + b"SERIAL%02d" % number, 114, number)
            for number in range(20)
        )
        module, named = RemoteIdSettings("rid").make(), RemoteIdSettings("rid", "mavlink").make()
        found, wanted = [
            [one for at in range(0, len(stream), size) for one in each.feed(stream[at : at + size], NOW_NS)]
            + each.finish(NOW_NS)
            for each in (module, named)
        ]
        assert [one.uas_id for one in found if isinstance(one, RemoteIdContact)] == [f"SERIAL{n:02}" for n in range(20)]
        assert found == wanted
        assert module.counters.bytes == len(stream)
        assert module.counters.contacts == 20
        module.greeting()
        assert len(module.feed(PACK_FRAME, NOW_NS)) == 1

    def test_auto_stays_with_what_it_has_read(self) -> None:
        module = RemoteIdSettings("rid").make()
        assert len(module.feed(JSON_LINE, NOW_NS)) == 1
        assert module.feed(PACK_FRAME, NOW_NS) == []
        assert len(module.feed(b"\n" + JSON_LINE, NOW_NS)) == 1
        assert module.counters.bytes == 2 * len(JSON_LINE) + len(PACK_FRAME) + 1

    def test_gaps_are_counted(self) -> None:
        later = mavlink_frame(0, bytes.fromhex("000000000d035104ff"), 50, sequence=9)
        assert read(PACK_FRAME + later)[1].counters.gaps == 3


STREAM = PACK_FRAME * 3 + b"\xfdnoise" + PACK_FRAME


def test_any_cutting_gives_the_same_contacts() -> None:
    whole, module = read(STREAM)
    assert len(whole) == 4
    rng = random.Random(3)
    for most in (1, 2, 7, 100):
        cut = RemoteIdSettings("rid", "mavlink").make()
        contacts: list[Contact] = []
        start = 0
        while start < len(STREAM):
            length = rng.randint(1, most)
            contacts += cut.feed(STREAM[start : start + length], NOW_NS)
            start += length
        contacts += cut.finish(NOW_NS)
        assert contacts == whole
        assert cut.counters == module.counters


def test_a_million_random_and_damaged_bytes() -> None:
    """The checksum lets no damaged frame through: whoever is heard is the one who sent."""
    rng = random.Random(11)
    module = RemoteIdSettings("rid", "mavlink").make()
    fed = 0
    while fed < 500_000:
        data = rng.randbytes(4096)
        fed += len(data)
        assert module.feed(data, NOW_NS) == []
    while fed < 1_000_000:
        damaged = bytearray(PACK_FRAME * 4)
        for _ in range(rng.randint(1, 20)):
            place = rng.randrange(len(damaged))
            damaged[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
        fed += len(damaged)
        for contact in module.feed(bytes(damaged), NOW_NS):
            assert isinstance(contact, RemoteIdContact)
            assert contact.uas_id == "PACKSERIAL000001"
    module.finish(NOW_NS)
    assert module.counters.bytes == fed
