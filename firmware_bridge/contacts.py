"""What serial modules report, in SI units. None means unknown; 0.0 always means zero.

Module frame: origin at the module, x to the right, y forward along the boresight, z up (right-handed), metres.
``azimuth_deg`` is clockwise from the boresight seen from above (positive to the right), ``elevation_deg`` is positive
upwards. ``radial_speed_mps`` is the rate of change of the range: **negative = approaching**.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

Covariance: TypeAlias = tuple[tuple[float, ...], ...]
"""Rows of a symmetric matrix."""


@dataclass(frozen=True, slots=True)
class RadarContact:
    """One reflection, or one object a radar tracks itself.

    Parameters
    ----------
    time_ns
        Unix time (UTC) of the measurement in nanoseconds.
    device
        Name of the module in the configuration.
    range_m
        Distance; horizontal where the module measures no height.
    azimuth_deg, elevation_deg
        Direction relative to the boresight.
    radial_speed_mps
        Negative = approaching.
    x_m, y_m, z_m
        Position in the module frame.
    vx_mps, vy_mps, vz_mps
        Velocity in the module frame, where the module tracks.
    snr_db
        Ratio of signal to noise.
    magnitude
        Strength in the module's own unit, where it gives no ratio.
    track_no
        The module's own number of the object, where it tracks; reused by the module at its will.
    confidence
        The module's own confidence in its track, 0 to 1.
    covariance
        4 x 4, of (range m, azimuth rad, elevation rad, radial speed m/s); 3 x 3 without the elevation for a module that
        measures none.
    """

    kind: ClassVar[str] = "radar"
    time_ns: int
    device: str
    range_m: float | None = None
    azimuth_deg: float | None = None
    elevation_deg: float | None = None
    radial_speed_mps: float | None = None
    x_m: float | None = None
    y_m: float | None = None
    z_m: float | None = None
    vx_mps: float | None = None
    vy_mps: float | None = None
    vz_mps: float | None = None
    snr_db: float | None = None
    magnitude: float | None = None
    track_no: int | None = None
    confidence: float | None = None
    covariance: Covariance | None = None


@dataclass(frozen=True, slots=True)
class CameraContact:
    """One object a camera module sees in one picture.

    Parameters
    ----------
    time_ns
        Unix time (UTC) of the picture in nanoseconds: reception less the module's own latency where it tells it.
    device
        Name of the module in the configuration.
    label
        Class name of the module's own network, or None where only a number is known.
    class_no
        Class number of the module's own network.
    confidence
        0 to 1, as the module says.
    x, y, width, height
        Centre and size of the box as fractions of the picture, 0 to 1, x to the right, **y downwards**; None where the
        size of the picture is unknown.
    x_px, y_px, width_px, height_px
        The same in pixels, as the module says it.
    azimuth_deg, elevation_deg
        Direction of the centre relative to the boresight, or to what the mounting is given against, where the field of
        view is configured.
    azimuth_error_deg, elevation_error_deg
        One standard deviation: the box's centre and the mounting.
    track_no
        The module's own number of the object, where it tracks.
    """

    kind: ClassVar[str] = "camera"
    time_ns: int
    device: str
    label: str | None = None
    class_no: int | None = None
    confidence: float | None = None
    x: float | None = None
    y: float | None = None
    width: float | None = None
    height: float | None = None
    x_px: float | None = None
    y_px: float | None = None
    width_px: float | None = None
    height_px: float | None = None
    azimuth_deg: float | None = None
    elevation_deg: float | None = None
    azimuth_error_deg: float | None = None
    elevation_error_deg: float | None = None
    track_no: int | None = None


@dataclass(frozen=True, slots=True)
class RemoteIdContact:
    """What one aircraft broadcasts of itself by Remote ID (ASTM F3411, EN 4709-002). Nothing in it is authenticated.

    Parameters
    ----------
    time_ns
        Unix time (UTC) of reception in nanoseconds.
    device
        Name of the receiver in the configuration.
    transmitter
        Hardware address the broadcast came from, lower case with colons.
    transport
        ``wifi-beacon``, ``wifi-nan``, ``ble4``, ``ble5`` or None.
    rssi_dbm
        Strength at the receiver.
    channel, frequency_hz
        Where it was received.
    uas_id, id_type
        Identifier and its kind: ``serial``, ``caa``, ``utm``, ``session``.
    registration
        Registration mark of an aviation authority, which may be broadcast beside a serial number.
    ua_type
        Kind of aircraft, 0 to 15 as in the standard.
    status
        ``undeclared``, ``ground``, ``airborne``, ``emergency``, ``failure``.
    lat_deg, lon_deg
        Claimed position, WGS 84.
    altitude_m, pressure_altitude_m
        Claimed altitude above the WGS 84 ellipsoid, and by pressure.
    height_m, height_above
        Claimed height above ``takeoff`` or ``ground``.
    speed_mps, track_deg, vertical_speed_mps
        Claimed ground speed, direction of travel clockwise from true north, climb (positive = up).
    horizontal_accuracy_m, vertical_accuracy_m, speed_accuracy_mps
        Claimed 95 % bounds.
    timestamp_s
        Claimed time of the position: seconds after the full UTC hour.
    position_time_ns
        The same as Unix time: in the hour that brings it closest to the reception.
    operator_id, operator_lat_deg, operator_lon_deg, operator_altitude_m
        Claimed operator; ``operator_location`` is ``takeoff``, ``live`` or ``fixed``.
    self_id
        Free text.
    authenticated
        Whether an authentication message came along; it is not verified here.
    protocol_version
        Version in the message header.
    """

    kind: ClassVar[str] = "remote_id"
    time_ns: int
    device: str
    transmitter: str | None = None
    transport: str | None = None
    rssi_dbm: float | None = None
    channel: int | None = None
    frequency_hz: float | None = None
    uas_id: str | None = None
    id_type: str | None = None
    registration: str | None = None
    ua_type: int | None = None
    status: str | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None
    altitude_m: float | None = None
    pressure_altitude_m: float | None = None
    height_m: float | None = None
    height_above: str | None = None
    speed_mps: float | None = None
    track_deg: float | None = None
    vertical_speed_mps: float | None = None
    horizontal_accuracy_m: float | None = None
    vertical_accuracy_m: float | None = None
    speed_accuracy_mps: float | None = None
    timestamp_s: float | None = None
    position_time_ns: int | None = None
    operator_id: str | None = None
    operator_lat_deg: float | None = None
    operator_lon_deg: float | None = None
    operator_altitude_m: float | None = None
    operator_location: str | None = None
    self_id: str | None = None
    authenticated: bool | None = None
    protocol_version: int | None = None


@dataclass(frozen=True, slots=True)
class AircraftContact:
    """A manned or unmanned aircraft reported by ADS-B through a module.

    Parameters
    ----------
    time_ns
        Unix time (UTC) of reception in nanoseconds.
    device
        Name of the receiver in the configuration.
    icao_address
        24-bit address.
    callsign
        Without padding.
    lat_deg, lon_deg, altitude_m
        WGS 84; ``altitude_is_pressure`` tells what the altitude refers to.
    speed_mps, track_deg, vertical_speed_mps
        Ground speed, direction of travel clockwise from true north, climb (positive = up).
    squawk
        Transponder code as read, four octal digits.
    category
        Emitter category, its set in the high half: 0xA3 is A3, large aircraft.
    """

    kind: ClassVar[str] = "aircraft"
    time_ns: int
    device: str
    icao_address: int | None = None
    callsign: str | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None
    altitude_m: float | None = None
    altitude_is_pressure: bool | None = None
    speed_mps: float | None = None
    track_deg: float | None = None
    vertical_speed_mps: float | None = None
    squawk: str | None = None
    category: int | None = None


@dataclass(frozen=True, slots=True)
class PositionFix:
    """Where the node itself is, by a GNSS receiver behind the port.

    Parameters
    ----------
    time_ns
        Unix time (UTC) of reception in nanoseconds.
    device
        Name of the receiver in the configuration.
    lat_deg, lon_deg, altitude_m
        WGS 84; altitude above the ellipsoid.
    horizontal_accuracy_m
        One standard deviation.
    heading_deg
        Where the node's boresight points, clockwise from true north, where a compass tells.
    satellites
        Number used.
    fix
        ``none``, ``2d`` or ``3d``; ``none`` comes from a receiver that is alive and has no position.
    gnss_time_ns
        Unix time (UTC) of the position as the receiver says; None when it says none, or one that cannot be.
    clock_offset_s, clock_offset_error_s
        How far the node's clock is ahead of GNSS time, and one standard deviation of that.
    """

    kind: ClassVar[str] = "position"
    time_ns: int
    device: str
    lat_deg: float | None = None
    lon_deg: float | None = None
    altitude_m: float | None = None
    horizontal_accuracy_m: float | None = None
    heading_deg: float | None = None
    satellites: int | None = None
    fix: str | None = None
    gnss_time_ns: int | None = None
    clock_offset_s: float | None = None
    clock_offset_error_s: float | None = None


Contact: TypeAlias = RadarContact | CameraContact | RemoteIdContact | AircraftContact | PositionFix
