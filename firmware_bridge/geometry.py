"""Polar and Cartesian places in the module frame (``contacts`` says how it lies)."""

from __future__ import annotations

import math


def polar_from_xy(x_m: float, y_m: float) -> tuple[float, float]:
    """Range and azimuth (degrees, clockwise from the boresight) of a point in the module's plane."""
    return math.hypot(x_m, y_m), math.degrees(math.atan2(x_m, y_m))


def polar_from_xyz(x_m: float, y_m: float, z_m: float) -> tuple[float, float, float]:
    """Range, azimuth and elevation (degrees) of a point in the module frame."""
    ground_m = math.hypot(x_m, y_m)
    return math.hypot(ground_m, z_m), math.degrees(math.atan2(x_m, y_m)), math.degrees(math.atan2(z_m, ground_m))


def xy_from_polar(range_m: float, azimuth_deg: float) -> tuple[float, float]:
    """Point in the module's plane at a range and an azimuth (degrees, clockwise from the boresight)."""
    azimuth_rad = math.radians(azimuth_deg)
    return range_m * math.sin(azimuth_rad), range_m * math.cos(azimuth_rad)
