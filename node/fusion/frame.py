"""Local frame of the node: metres east, north, up; and the frames of its modules in it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from node.fusion.settings import SensorMount

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (IUGG). Within 10 km a plane that touches the sphere is right within 0.6 %."""
METRES_PER_DEGREE = math.radians(1.0) * EARTH_RADIUS_M


class LocalFrame:
    """Tangent plane at the node.

    Parameters
    ----------
    lat_deg, lon_deg
        Position of the node, WGS 84.
    altitude_m
        Above the ellipsoid; None where not known, then heights of others cannot be compared.
    """

    def __init__(self, lat_deg: float, lon_deg: float, altitude_m: float | None) -> None:
        self.lat_deg, self.lon_deg, self.altitude_m = lat_deg, lon_deg, altitude_m
        self._along_m = METRES_PER_DEGREE * max(0.01, math.cos(math.radians(lat_deg)))

    def local(self, lat_deg: float, lon_deg: float, altitude_m: float | None) -> tuple[float, float, float | None]:
        """East, north and up of a place; up None where a height is not known."""
        up_m = None if altitude_m is None or self.altitude_m is None else altitude_m - self.altitude_m
        turn_deg = (lon_deg - self.lon_deg + 180.0) % 360.0 - 180.0
        return turn_deg * self._along_m, (lat_deg - self.lat_deg) * METRES_PER_DEGREE, up_m

    def degrees(self, east_m: float, north_m: float, up_m: float | None) -> tuple[float, float, float | None]:
        """Latitude, longitude and altitude of a place."""
        altitude_m = None if up_m is None or self.altitude_m is None else self.altitude_m + up_m
        lon_deg = (self.lon_deg + east_m / self._along_m + 180.0) % 360.0 - 180.0
        return max(-90.0, min(90.0, self.lat_deg + north_m / METRES_PER_DEGREE)), lon_deg, altitude_m


def to_module(mount: SensorMount) -> NDArray[np.float64]:
    """Rotation from east, north, up into the module's frame: x right, y forward, z up."""
    heading, tilt = math.radians(mount.heading_deg), math.radians(mount.tilt_deg)
    turn = np.array(
        [[math.cos(heading), -math.sin(heading), 0.0], [math.sin(heading), math.cos(heading), 0.0], [0.0, 0.0, 1.0]]
    )
    nod = np.array([[1.0, 0.0, 0.0], [0.0, math.cos(tilt), math.sin(tilt)], [0.0, -math.sin(tilt), math.cos(tilt)]])
    product: NDArray[np.float64] = nod @ turn
    return product


def bearing_deg(east_m: float, north_m: float) -> float:
    """Clockwise from north, 0 to 360."""
    return math.degrees(math.atan2(east_m, north_m)) % 360.0


def turned_deg(first_deg: float, second_deg: float) -> float:
    """Smallest turn from the first bearing to the second, -180 to 180."""
    return (second_deg - first_deg + 180.0) % 360.0 - 180.0
