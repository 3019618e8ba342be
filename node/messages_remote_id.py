"""``skypicket.remote_id/1``: what one aircraft says of itself. Nothing in it is authenticated."""

from __future__ import annotations

import math
from typing import Final, Literal

from firmware_bridge.contacts import RemoteIdContact
from node.checked import Field
from node.messages_base import Timestamp, Uuid, Wire, rfc3339
from node.messages_track import Latitude, Longitude, NodeInfo

REMOTE_ID_SCHEMA: Final = "skypicket.remote_id/1"


class ClaimedPlace(Wire):
    """Where it says it is, and how it says it moves."""

    lat: Latitude | None
    lon: Longitude | None
    alt_m: float | None = Field(description="above the WGS 84 ellipsoid")
    pressure_alt_m: float | None
    height_m: float | None
    height_above: str | None = Field(description="takeoff or ground")
    speed_mps: float | None
    heading_deg: float | None
    vertical_mps: float | None
    ce_m: float | None = Field(description="its own 95 % bound")
    ts: Timestamp | None = Field(description="time of the position, as it says")


class ClaimedOperator(Wire):
    """Who and where it says its operator is."""

    id: str | None
    lat: Latitude | None
    lon: Longitude | None
    alt_m: float | None
    location: str | None = Field(description="takeoff, live or fixed")


class RemoteIdMessage(Wire):
    """One observation of a receiver, as it came; objects made of several are ``skypicket.track/1``.

    De-duplicate by ``(node_id, boot_id, seq)``. Fields may be added within version 1.
    """

    schema_name: Literal["skypicket.remote_id/1"] = Field(default=REMOTE_ID_SCHEMA, alias="schema")
    node_id: Uuid
    boot_id: Uuid
    seq: int = Field(ge=1, description="counts the Remote ID messages of one boot")
    ts: Timestamp = Field(description="time of reception")
    sensor: str = Field(description="name of the receiver, as in the info message")
    transmitter: str | None = Field(description="hardware address it came from")
    transport: str | None
    rssi_dbm: float | None
    channel: int | None
    frequency_hz: float | None
    uas_id: str | None
    id_type: str | None
    registration: str | None
    ua_type: int | None = Field(description="kind of aircraft, 0 to 15 as in ASTM F3411")
    status: str | None
    claimed: ClaimedPlace
    operator: ClaimedOperator
    self_id: str | None
    signed: bool | None = Field(description="whether an authentication message came along; it is not verified")
    protocol_version: int | None
    node: NodeInfo
    latency_ms: float | None = Field(description="from reception to this message")


def remote_id_message(
    contact: RemoteIdContact, node: NodeInfo, ids: tuple[str, str], seq: int, latency_ms: float | None
) -> RemoteIdMessage:
    """Write the message of an observation.

    Parameters
    ----------
    contact
        The observation.
    node
        Who speaks.
    ids
        Of the node and of the boot.
    seq
        Number of the message.
    latency_ms
        Since the reception.
    """
    node_id, boot_id = ids
    claimed_ns = contact.position_time_ns
    return RemoteIdMessage(
        node_id=node_id,
        boot_id=boot_id,
        seq=seq,
        ts=rfc3339(contact.time_ns),
        sensor=contact.device,
        transmitter=contact.transmitter,
        transport=contact.transport,
        rssi_dbm=_number(contact.rssi_dbm, 1),
        channel=contact.channel,
        frequency_hz=_number(contact.frequency_hz, 0),
        uas_id=contact.uas_id,
        id_type=contact.id_type,
        registration=contact.registration,
        ua_type=contact.ua_type,
        status=contact.status,
        claimed=ClaimedPlace(
            lat=_number(contact.lat_deg, 7),
            lon=_number(contact.lon_deg, 7),
            alt_m=_number(contact.altitude_m, 1),
            pressure_alt_m=_number(contact.pressure_altitude_m, 1),
            height_m=_number(contact.height_m, 1),
            height_above=contact.height_above,
            speed_mps=_number(contact.speed_mps, 2),
            heading_deg=_number(contact.track_deg, 1),
            vertical_mps=_number(contact.vertical_speed_mps, 2),
            ce_m=_number(contact.horizontal_accuracy_m, 1),
            ts=None if claimed_ns is None else rfc3339(claimed_ns),
        ),
        operator=ClaimedOperator(
            id=contact.operator_id,
            lat=_number(contact.operator_lat_deg, 7),
            lon=_number(contact.operator_lon_deg, 7),
            alt_m=_number(contact.operator_altitude_m, 1),
            location=contact.operator_location,
        ),
        self_id=contact.self_id,
        signed=contact.authenticated,
        protocol_version=contact.protocol_version,
        node=node,
        latency_ms=_number(latency_ms, 1),
    )


def _number(value: float | None, digits: int) -> float | None:
    """The value with so many decimals; None where there is no number."""
    return None if value is None or not math.isfinite(value) else round(float(value), digits) + 0.0
