"""What is inside the TLVs of the TI mmWave demos: points and tracks [1].

Little-endian; angles in radians, azimuth positive to the right; Doppler positive = receding. Types by layout::

    out-of-box SDK 3   1 points <4f x y z doppler;  7 side information <2H snr noise, 0.1 dB
    out-of-box SDK 1/2 1 points <2H count q, then <HhHhhh range bin, Doppler bin, peak, x y z in 2^-q m
    people 3-D         6, 1020 points: units <5f elevation azimuth doppler range snr, then <bbhHH
                       7, 308, 1010 tracks <I27f: id, position, velocity, acceleration, 4 x 4 covariance, gain,
                       confidence
    people 2-D         6 points <4f range azimuth doppler snr;  7 tracks <I6f9ff: the same in a plane, 3 x 3
    toolbox            301 points: units <4f position doppler snr noise, <2H counts, then <4h2B

[1] The visualizers' ``oob_parser.py`` and ``parseTLVs.py`` of the mmWave and Radar Toolboxes; SDK 1.2
    ``detected_obj.h``.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmware_bridge.contacts import Covariance

POINT = struct.Struct("<4f")
SIDE = struct.Struct("<HH")
Q_HEAD = struct.Struct("<HH")
Q_POINT = struct.Struct("<HhHhhh")
SPHERICAL_UNITS = struct.Struct("<5f")
SPHERICAL_POINT = struct.Struct("<bbhHH")
COMPACT_UNITS = struct.Struct("<4f2H")
COMPACT_POINT = struct.Struct("<4h2B")
TRACK_3D = struct.Struct("<I27f")
TRACK_2D = struct.Struct("<I16f")
LARGEST_Q = 15


@dataclass(frozen=True, slots=True)
class Found:
    """One point or track as the demo tells it: position in metres, speeds in metres a second."""

    x_m: float
    y_m: float
    z_m: float | None
    radial_speed_mps: float | None = None
    snr_db: float | None = None
    magnitude: float | None = None
    velocity_mps: tuple[float, float, float | None] | None = None
    track_no: int | None = None
    confidence: float | None = None
    covariance: Covariance | None = None


def _whole_rows(payload: memoryview, row: struct.Struct) -> bool:
    return len(payload) % row.size == 0


def points(payload: memoryview) -> Iterator[Found]:
    """Points of the out-of-box demo of SDK 3."""
    return (Found(x, y, z, speed) for x, y, z, speed in POINT.iter_unpack(payload))


def side_information_db(payload: memoryview) -> list[float]:
    """Signal-to-noise ratio of each point."""
    return [snr / 10 for snr, _ in SIDE.iter_unpack(payload)]


def q_points(payload: memoryview, doppler_step_mps: float | None) -> list[Found] | None:
    """Points of the out-of-box demo of SDK 1 and 2; None when the count and the length disagree."""
    if len(payload) < Q_HEAD.size:
        return None
    count, q = Q_HEAD.unpack_from(payload)
    if q > LARGEST_Q or len(payload) != Q_HEAD.size + count * Q_POINT.size:
        return None
    scale = 2.0**-q
    return [
        Found(
            x * scale,
            y * scale,
            z * scale,
            None if doppler_step_mps is None else doppler * doppler_step_mps,
            magnitude=float(peak),
        )
        for _, doppler, peak, x, y, z in Q_POINT.iter_unpack(payload[Q_HEAD.size :])
    ]


def spherical_points(payload: memoryview) -> list[Found] | None:
    """Compressed points of 3-D people counting."""
    rows = payload[SPHERICAL_UNITS.size :]
    if len(payload) < SPHERICAL_UNITS.size or not _whole_rows(rows, SPHERICAL_POINT):
        return None
    up_unit, aside_unit, speed_unit, range_unit, snr_unit = SPHERICAL_UNITS.unpack_from(payload)
    found: list[Found] = []
    for up, aside, speed, distance, snr in SPHERICAL_POINT.iter_unpack(rows):
        range_m = distance * range_unit
        position = _cartesian(range_m, aside * aside_unit, up * up_unit)
        if position is None:
            return None
        found.append(Found(*position, speed * speed_unit, _ratio_db(snr * snr_unit)))
    return found


def compact_points(payload: memoryview) -> list[Found] | None:
    """Compressed Cartesian points (type 301)."""
    rows = payload[COMPACT_UNITS.size :]
    if len(payload) < COMPACT_UNITS.size or not _whole_rows(rows, COMPACT_POINT):
        return None
    unit_m, unit_mps, unit_snr, _, _, _ = COMPACT_UNITS.unpack_from(payload)
    return [
        Found(x * unit_m, y * unit_m, z * unit_m, speed * unit_mps, _ratio_db(snr * unit_snr))
        for x, y, z, speed, snr, _ in COMPACT_POINT.iter_unpack(rows)
    ]


def polar_points(payload: memoryview) -> list[Found] | None:
    """Points of 2-D people counting."""
    if not _whole_rows(payload, POINT):
        return None
    found: list[Found] = []
    for range_m, azimuth_rad, speed, snr in POINT.iter_unpack(payload):
        position = _cartesian(range_m, azimuth_rad, 0.0)
        if position is None:
            return None
        found.append(Found(position[0], position[1], None, speed, _ratio_db(snr)))
    return found


def tracks_3d(payload: memoryview) -> list[Found] | None:
    """Tracks with height."""
    if not _whole_rows(payload, TRACK_3D):
        return None
    found: list[Found] = []
    for number, x, y, z, vx, vy, vz, *rest in TRACK_3D.iter_unpack(payload):
        matrix, confidence = rest[3:19], rest[20]
        found.append(
            Found(
                x,
                y,
                z,
                _radial(((x, vx), (y, vy), (z, vz))),
                velocity_mps=(vx, vy, vz),
                track_no=number,
                confidence=confidence if 0.0 <= confidence <= 1.0 else None,
                covariance=_matrix(matrix, 4),
            )
        )
    return found


def tracks_2d(payload: memoryview) -> list[Found] | None:
    """Tracks in a plane; the long-range lab sends those with height instead."""
    if not _whole_rows(payload, TRACK_2D):
        return tracks_3d(payload)
    found: list[Found] = []
    for number, x, y, vx, vy, *rest in TRACK_2D.iter_unpack(payload):
        found.append(
            Found(
                x,
                y,
                None,
                _radial(((x, vx), (y, vy))),
                velocity_mps=(vx, vy, None),
                track_no=number,
                covariance=_matrix(rest[2:11], 3),
            )
        )
    return found


READERS_3D: dict[int, Callable[[memoryview], list[Found] | None]] = {
    301: compact_points,
    308: tracks_3d,
    1010: tracks_3d,
    1020: spherical_points,
}
"""TLVs of newer labs; their numbers mean the same everywhere."""


def _cartesian(range_m: float, azimuth_rad: float, elevation_rad: float) -> tuple[float, float, float] | None:
    if not (math.isfinite(range_m) and math.isfinite(azimuth_rad) and math.isfinite(elevation_rad)):
        return None
    ground_m = range_m * math.cos(elevation_rad)
    return ground_m * math.sin(azimuth_rad), ground_m * math.cos(azimuth_rad), range_m * math.sin(elevation_rad)


def _radial(axes: tuple[tuple[float, float], ...]) -> float | None:
    distance_m = math.sqrt(sum(place * place for place, _ in axes))
    return sum(place * speed for place, speed in axes) / distance_m if distance_m > 0 else None


def _ratio_db(ratio: float) -> float | None:
    return 10 * math.log10(ratio) if 0 < ratio < math.inf else None


def _matrix(values: list[float], size: int) -> Covariance | None:
    if not all(map(math.isfinite, values)):
        return None
    return tuple(tuple(values[row * size : (row + 1) * size]) for row in range(size))
