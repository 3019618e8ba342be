"""Payloads of the skypicket microcontroller link (``docs/mcu-link.md``).

Little-endian; the largest value of an unsigned field and the smallest of a signed one mean unknown.
"""

from __future__ import annotations

import struct
from enum import IntEnum

from firmware_bridge.contacts import CameraContact, PositionFix, RadarContact
from firmware_bridge.geometry import xy_from_polar


class FrameType(IntEnum):
    """What a frame carries; from 0x80 on, what the node sends."""

    HELLO = 0x01
    HEALTH = 0x02
    LOG = 0x03
    RADAR = 0x10
    CAMERA = 0x11
    POSITION = 0x12
    ASK_HELLO = 0x80


HELLO = struct.Struct("<IB")
"""Boot counter, length of the name that follows."""
HEALTH = struct.Struct("<IIh")
"""Uptime s, frames it had to drop, temperature 0.1 °C."""
RADAR = struct.Struct("<HIhhhhH")
"""Track number, range mm, azimuth 0.01°, elevation 0.01°, radial speed cm/s, signal-to-noise 0.1 dB, magnitude."""
CAMERA = struct.Struct("<HHHHBBH")
"""Centre x, y, width, height (65534 = the whole picture), confidence 0-100, class, track number."""
POSITION = struct.Struct("<iiiHHB")
"""Latitude, longitude 1e-7°, altitude mm, accuracy cm, heading 0.01°, satellites."""
WHOLE_PICTURE = 65534
U8, U16, U32, I16, I32 = 0xFF, 0xFFFF, 0xFFFFFFFF, -0x8000, -0x80000000
"""Unknown, for each size of field."""


def known(raw: int, unknown: int, scale: float = 1.0) -> float | None:
    """Scale a field unless it says unknown."""
    return None if raw == unknown else raw * scale


def radar_contact(row: tuple[int, ...], time_ns: int, device: str) -> RadarContact:
    """Read one row of a RADAR payload."""
    track_no, distance, azimuth, elevation, speed, snr, magnitude = row
    range_m, azimuth_deg = known(distance, U32, 1e-3), known(azimuth, I16, 0.01)
    elevation_deg = known(elevation, I16, 0.01)
    x_m = y_m = z_m = None
    if range_m is not None and azimuth_deg is not None:
        ground_m = range_m
        if elevation_deg is not None:
            z_m, ground_m = xy_from_polar(range_m, elevation_deg)
        x_m, y_m = xy_from_polar(ground_m, azimuth_deg)
    return RadarContact(
        time_ns=time_ns,
        device=device,
        range_m=range_m,
        azimuth_deg=azimuth_deg,
        elevation_deg=elevation_deg,
        radial_speed_mps=known(speed, I16, 0.01),
        x_m=x_m,
        y_m=y_m,
        z_m=z_m,
        snr_db=known(snr, I16, 0.1),
        magnitude=known(magnitude, U16),
        track_no=None if track_no == U16 else track_no,
    )


def camera_contact(row: tuple[int, ...], time_ns: int, device: str) -> CameraContact:
    """Read one row of a CAMERA payload."""
    x, y, width, height, confidence, class_no, track_no = row
    return CameraContact(
        time_ns=time_ns,
        device=device,
        class_no=None if class_no == U8 else class_no,
        confidence=known(confidence, U8, 0.01),
        x=known(x, U16, 1 / WHOLE_PICTURE),
        y=known(y, U16, 1 / WHOLE_PICTURE),
        width=known(width, U16, 1 / WHOLE_PICTURE),
        height=known(height, U16, 1 / WHOLE_PICTURE),
        track_no=None if track_no == U16 else track_no,
    )


def position_fix(row: tuple[int, ...], time_ns: int, device: str) -> PositionFix:
    """Read a POSITION payload."""
    lat, lon, altitude, accuracy, heading, satellites = row
    return PositionFix(
        time_ns=time_ns,
        device=device,
        lat_deg=known(lat, I32, 1e-7),
        lon_deg=known(lon, I32, 1e-7),
        altitude_m=known(altitude, I32, 1e-3),
        horizontal_accuracy_m=known(accuracy, U16, 0.01),
        heading_deg=known(heading, U16, 0.01),
        satellites=None if satellites == U8 else satellites,
    )
