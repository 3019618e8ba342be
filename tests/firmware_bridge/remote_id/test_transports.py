"""The radio frames: Bluetooth advertisements, Wi-Fi beacons, NAN action frames."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.remote_id.aircraft import Transmitters
from firmware_bridge.remote_id.decode import MalformedMessage
from firmware_bridge.remote_id.messages import BasicId, Location
from firmware_bridge.remote_id.observation import Observation
from firmware_bridge.remote_id.transports import (
    from_advertisement,
    from_service_data,
    from_vendor_element,
    from_wifi_frame,
)

MAC = bytes.fromhex("903ae65bc8a8")
BASIC_ID = bytes.fromhex("02125041434b53455249414c30303030303100000000000000")
LOCATION = bytes.fromhex("12245a2103c0bf1e1b20708305c0081b0948084b3339300200")
PACK = bytes.fromhex("f21902") + BASIC_ID + LOCATION


def test_a_legacy_advertisement_holds_one_message() -> None:
    service_data = bytes.fromhex("16faff0d2a") + LOCATION
    found = from_advertisement(bytes([2, 1, 6, len(service_data)]) + service_data, MAC, -61)
    assert found is not None
    assert (found.transmitter, found.transport, found.counter, found.rssi_dbm) == ("90:3a:e6:5b:c8:a8", "ble4", 42, -61)
    assert isinstance(found.messages[0], Location)


def test_an_extended_advertisement_holds_a_pack() -> None:
    found = from_service_data(bytes.fromhex("0d07") + PACK, MAC)
    assert (found.transport, found.counter, len(found.messages)) == ("ble5", 7, 2)


@pytest.mark.parametrize("data", ["", "0201060303fafe", "1b16faff0e00" + LOCATION.hex(), "ff16faff0d"])
def test_other_advertisements_are_passed_over(data: str) -> None:
    assert from_advertisement(bytes.fromhex(data), MAC) is None


def test_a_truncated_message_in_service_data_is_malformed() -> None:
    with pytest.raises(MalformedMessage):
        from_service_data(bytes.fromhex("0d00") + LOCATION[:-1], MAC)


def beacon(*elements: bytes) -> bytes:
    header = bytes.fromhex("80000000ffffffffffff") + MAC + MAC + bytes(2) + bytes(12)
    return header + b"".join(elements)


def element(kind: int, content: bytes) -> bytes:
    return bytes([kind, len(content)]) + content


def test_a_beacon_carries_a_pack_among_other_elements() -> None:
    frame = beacon(
        element(0, b"ssid"),
        element(0xDD, bytes.fromhex("0050f2020101")),
        element(0xDD, bytes.fromhex("fa0bbc0d5b") + PACK),
        element(1, b"\x8c"),
    )
    found = from_wifi_frame(frame, -40)
    assert found is not None
    assert (found.transmitter, found.transport, found.counter) == ("90:3a:e6:5b:c8:a8", "wifi-beacon", 0x5B)
    assert isinstance(found.messages[0], BasicId)
    assert found.messages[0].uas_id == "PACKSERIAL000001"


def nan_frame(pack: bytes) -> bytes:
    header = bytes.fromhex("d0000000516f9a010000") + MAC + bytes.fromhex("506f9a0100ff") + bytes(2)
    info = bytes([9]) + pack
    descriptor = bytes.fromhex("8869199d9209010010") + bytes([len(info)]) + info
    attribute = bytes([3]) + len(descriptor).to_bytes(2, "little") + descriptor
    return header + bytes.fromhex("0409506f9a13") + attribute + bytes.fromhex("0e04000100020" + "9")


def test_a_nan_action_frame_carries_a_pack() -> None:
    found = from_wifi_frame(nan_frame(PACK))
    assert found is not None
    assert (found.transport, found.counter, len(found.messages)) == ("wifi-nan", 9, 2)


def test_other_frames_are_passed_over() -> None:
    assert from_wifi_frame(b"") is None
    assert from_wifi_frame(beacon(element(0, b"ssid"))) is None
    assert from_wifi_frame(b"\x40" + beacon()[1:]) is None


@given(st.binary(max_size=400))
def test_any_bytes_in_any_frame_are_read_or_refused(data: bytes) -> None:
    readers: list[Callable[[], Observation | None]] = [
        partial(from_advertisement, data, MAC),
        partial(from_service_data, data, MAC),
        partial(from_vendor_element, bytes.fromhex("fa0bbc0d") + data, MAC),
        partial(from_wifi_frame, beacon(data)),
        partial(from_wifi_frame, nan_frame(PACK)[:30] + data),
    ]
    for read in readers:
        with suppress(MalformedMessage):
            read()


@pytest.mark.recordings
def test_a_real_flight_is_one_aircraft(remote_id_vectors: Callable[[str], list[dict[str, Any]]]) -> None:
    frames = remote_id_vectors("real_parrot_anafi_frames.jsonl")
    transmitters = Transmitters("receiver")
    contacts = []
    for frame in frames:
        content = bytes.fromhex("fa0bbc0d") + bytes([frame["counter"]]) + bytes.fromhex(frame["pack"])
        found = from_vendor_element(content, bytes.fromhex(frame["mac"].replace(":", "")), frame["rssi_dbm"])
        assert found is not None
        contacts.append(transmitters.observe(found, 1_680_350_400_000_000_000 + round(frame["t_s"] * 1e9)))
    assert len(contacts) == len(frames) == 1140
    assert len(transmitters) == 1
    first = next(i for i, contact in enumerate(contacts) if contact.uas_id)
    assert {contact.uas_id for contact in contacts[first:]} == {"1588E040445AC004418"}
    assert {contact.id_type for contact in contacts[first:]} == {"serial"}
    assert all(contact.lat_deg is not None and 47.19 < contact.lat_deg < 47.21 for contact in contacts)
    assert all(contact.altitude_m is None and contact.operator_id is None for contact in contacts)
    assert 10 <= max(contact.height_m or 0.0 for contact in contacts) <= 11.5
    assert contacts[0].protocol_version == 0
