"""The radio frames that carry Remote ID [1]_: Bluetooth advertisements, Wi-Fi beacons, Wi-Fi Aware (NAN) action frames.

References
----------
.. [1] ASTM F3411-22a section 5.4.6-5.4.9; opendroneid/opendroneid-core-c ``libopendroneid/wifi.c``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from firmware_bridge.remote_id.decode import MalformedMessage, decode, decode_pack
from firmware_bridge.remote_id.observation import Observation, address

SERVICE_DATA_TYPE = 0x16
"""Advertising data type of service data with a 16-bit UUID."""
SERVICE_UUID = 0xFFFA
APPLICATION_CODE = 0x0D
"""Open Drone ID, after the UUID in Bluetooth and after the OUI in Wi-Fi."""
BLE4_MESSAGE_LENGTH = 25
"""A legacy advertisement holds one message; a pack needs the extended advertisements of Bluetooth 5."""

VENDOR_ELEMENT = 0xDD
BEACON_OUIS = (bytes.fromhex("fa0bbc"), bytes.fromhex("903ae6"))
"""ASD-STAN, and Parrot's own, under which its first aircraft sent the same."""
NAN_DESTINATION = bytes.fromhex("516f9a010000")
NAN_SERVICE_ID = bytes.fromhex("8869199d9209")
"""First six bytes of the hash of ``org.opendroneid.remoteid``."""
NAN_ACTION = bytes.fromhex("0409506f9a13")
"""Public action, vendor specific, Wi-Fi Alliance, NAN."""

_MANAGEMENT_HEADER = 24
_BEACON_FIXED = 12
_BEACON = 0x80
_ACTION = 0xD0
_SUBTYPE_MASK = 0xFC
_NAN_SERVICE_DESCRIPTOR = 3
_SERVICE_INFO_PRESENT = 0x10


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and content of each advertising data structure; stops at the first that does not fit."""
    start = 0
    while start + 1 < len(data):
        length = data[start]
        if length == 0 or start + 1 + length > len(data):
            return
        yield data[start + 1], data[start + 2 : start + 1 + length]
        start += 1 + length


def from_advertisement(data: bytes, transmitter: bytes, rssi_dbm: float | None = None) -> Observation | None:
    """Read the advertising data of one Bluetooth advertisement.

    Parameters
    ----------
    data
        Advertising data structures: length, type, content.
    transmitter
        Advertiser's address, six bytes, most significant first.
    rssi_dbm
        Strength.

    Returns
    -------
    None when it carries no Remote ID.

    Raises
    ------
    MalformedMessage
        It says it carries Remote ID and does not.
    """
    for kind, content in _fields(data):
        if kind == SERVICE_DATA_TYPE and content[:3] == struct.pack("<HB", SERVICE_UUID, APPLICATION_CODE):
            return from_service_data(content[2:], transmitter, rssi_dbm)
    return None


def from_service_data(data: bytes, transmitter: bytes, rssi_dbm: float | None = None) -> Observation:
    """Read service data of UUID 0xFFFA as Bluetooth stacks deliver it: application code, counter, message or pack.

    Raises
    ------
    MalformedMessage
        Another application, or no message.
    """
    if len(data) < 2 or data[0] != APPLICATION_CODE:
        raise MalformedMessage("service data of another application")
    transport = "ble4" if len(data) - 2 == BLE4_MESSAGE_LENGTH else "ble5"
    return Observation(decode(data[2:]), address(transmitter), transport=transport, rssi_dbm=rssi_dbm, counter=data[1])


def from_vendor_element(content: bytes, transmitter: bytes, rssi_dbm: float | None = None) -> Observation | None:
    """Read the content of one vendor-specific element (after its id and length): OUI, type, counter, pack.

    Returns
    -------
    None when it is another vendor's.

    Raises
    ------
    MalformedMessage
        It carries no whole pack.
    """
    if content[:3] not in BEACON_OUIS or content[3:4] != bytes([APPLICATION_CODE]):
        return None
    if len(content) < 5:
        raise MalformedMessage("vendor element without a message counter")
    return Observation(
        decode_pack(content[5:]),
        address(transmitter),
        transport="wifi-beacon",
        rssi_dbm=rssi_dbm,
        counter=content[4],
    )


def _from_beacon(frame: bytes, rssi_dbm: float | None) -> Observation | None:
    start = _MANAGEMENT_HEADER + _BEACON_FIXED
    while start + 2 <= len(frame):
        kind, length = frame[start], frame[start + 1]
        content = frame[start + 2 : start + 2 + length]
        if len(content) < length:
            return None
        if kind == VENDOR_ELEMENT and (found := from_vendor_element(content, frame[10:16], rssi_dbm)):
            return found
        start += 2 + length
    return None


def _from_nan(frame: bytes, rssi_dbm: float | None) -> Observation | None:
    start = _MANAGEMENT_HEADER + len(NAN_ACTION)
    while start + 3 <= len(frame):
        kind, length = struct.unpack_from("<BH", frame, start)
        content = frame[start + 3 : start + 3 + length]
        if len(content) < length:
            return None
        if kind == _NAN_SERVICE_DESCRIPTOR and content[:6] == NAN_SERVICE_ID:
            if len(content) < 11 or not content[8] & _SERVICE_INFO_PRESENT or len(content) < 10 + content[9]:
                raise MalformedMessage("NAN service descriptor without its service info")
            return Observation(
                decode_pack(content[11 : 10 + content[9]]),
                address(frame[10:16]),
                transport="wifi-nan",
                rssi_dbm=rssi_dbm,
                counter=content[10],
            )
        start += 3 + length
    return None


def from_wifi_frame(frame: bytes, rssi_dbm: float | None = None) -> Observation | None:
    """Read one 802.11 management frame, from its frame control on, without the check sequence.

    Returns
    -------
    None when it is neither a beacon nor a NAN action frame with Remote ID.

    Raises
    ------
    MalformedMessage
        It says it carries Remote ID and does not.
    """
    if len(frame) < _MANAGEMENT_HEADER:
        return None
    subtype = frame[0] & _SUBTYPE_MASK
    if subtype == _BEACON:
        return _from_beacon(frame, rssi_dbm)
    if subtype == _ACTION and frame[4:10] == NAN_DESTINATION and frame[24:30] == NAN_ACTION:
        return _from_nan(frame, rssi_dbm)
    return None
