"""Remote ID messages as their meaning: ASTM F3411-22a [1]_, used in Europe through EN 4709-002.

Every field that a sender may leave open is None when it did: the wire's "no value" markers never get past the decoder.

References
----------
.. [1] ASTM F3411-22a, "Standard Specification for Remote ID and Tracking", section 5.4 and annex A1.
"""

from __future__ import annotations

from dataclasses import dataclass

SERIAL_NUMBER = 1
"""``id_type``: serial number of ANSI/CTA-2063-A."""
CAA_REGISTRATION = 2
"""``id_type``: registration mark given by an aviation authority."""
UTM_UUID = 3
"""``id_type``: UUID given by a traffic management system, binary."""
SPECIFIC_SESSION = 4
"""``id_type``: session id, binary, its kind in the first byte."""

ID_TYPE_NAMES: dict[int, str] = {
    0: "none",
    SERIAL_NUMBER: "serial",
    CAA_REGISTRATION: "caa",
    UTM_UUID: "utm",
    SPECIFIC_SESSION: "session",
}
UA_TYPE_NAMES: tuple[str | None, ...] = (
    None,
    "aeroplane",
    "multirotor",
    "gyroplane",
    "hybrid-lift",
    "ornithopter",
    "glider",
    "kite",
    "free-balloon",
    "captive-balloon",
    "airship",
    "parachute",
    "rocket",
    "tethered",
    "ground-obstacle",
    "other",
)
STATUS_NAMES: tuple[str, ...] = ("undeclared", "ground", "airborne", "emergency", "failure")


@dataclass(frozen=True, slots=True)
class BasicId:
    """Who: message type 0."""

    protocol_version: int | None
    """Version in the message's header; None where a receiver does not pass it on, here and below."""
    ua_type: int | None
    """Kind of aircraft, 0 to 15; 0 means not declared."""
    id_type: int | None
    """Kind of id, 0 to 15; 5 and above are reserved."""
    id_bytes: bytes
    """The 20 bytes of the id as sent."""
    uas_id: str | None
    """The id as text: characters for a serial number or registration, a UUID or hexadecimal digits otherwise."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where and how fast: message type 1."""

    protocol_version: int | None
    status: int | None = None
    """0 undeclared, 1 on the ground, 2 airborne, 3 emergency, 4 remote id failure; above: reserved."""
    direction_deg: float | None = None
    """Course over ground from true north, 0 to below 360."""
    speed_mps: float | None = None
    vertical_speed_mps: float | None = None
    """Positive is up."""
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    pressure_altitude_m: float | None = None
    """Against 1013.25 hPa."""
    geodetic_altitude_m: float | None = None
    """Above the WGS 84 ellipsoid."""
    height_m: float | None = None
    height_over_ground: bool | None = None
    """True when ``height_m`` counts from the ground, False when from the take-off point."""
    horizontal_accuracy_m: float | None = None
    vertical_accuracy_m: float | None = None
    pressure_accuracy_m: float | None = None
    speed_accuracy_mps: float | None = None
    time_in_hour_s: float | None = None
    """Seconds since the last full hour, UTC."""
    time_accuracy_s: float | None = None


@dataclass(frozen=True, slots=True)
class Authentication:
    """One page of authentication data: message type 2."""

    protocol_version: int | None
    auth_type: int
    page: int
    data: bytes
    """17 bytes on page 0, 23 on the others."""
    last_page: int | None = None
    """On page 0 only, as are the next two."""
    length: int | None = None
    unix_time_s: int | None = None


@dataclass(frozen=True, slots=True)
class SelfId:
    """What for, in the pilot's words: message type 3."""

    protocol_version: int | None
    description_type: int | None
    description: str | None


@dataclass(frozen=True, slots=True)
class System:
    """The operator's place and the area of operation: message type 4."""

    protocol_version: int | None
    operator_location_type: int | None = None
    """0 take-off place, 1 live, 2 fixed; 3 reserved."""
    classification_type: int | None = None
    operator_latitude_deg: float | None = None
    operator_longitude_deg: float | None = None
    area_count: int | None = None
    area_radius_m: int | None = None
    area_ceiling_m: float | None = None
    area_floor_m: float | None = None
    category_eu: int | None = None
    class_eu: int | None = None
    operator_altitude_m: float | None = None
    """Above the WGS 84 ellipsoid."""
    unix_time_s: int | None = None


@dataclass(frozen=True, slots=True)
class OperatorId:
    """The operator's registration: message type 5."""

    protocol_version: int | None
    operator_id_type: int | None
    operator_id: str | None


RemoteIdMessage = BasicId | Location | Authentication | SelfId | System | OperatorId
