"""Measurements of moving objects: what a contact tells in its module's frame, and what a state would give there.

A contact tells any of range, azimuth, elevation and radial speed; what it does not tell is not used (unknown is None,
never 0). The measurement function and its derivative are those of a polar sensor with range rate [1]_.

References
----------
.. [1] Y. Bar-Shalom, X. R. Li, T. Kirubarajan, "Estimation with Applications to Tracking and Navigation", Wiley 2001,
   sections 10.3.3 and 10.4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.contacts import CameraContact, RadarContact
from node.fusion.frame import to_module
from node.fusion.plausible import FARTHEST_M, FASTEST_MPS, within
from node.fusion.settings import SensorMount

Array = NDArray[np.float64]
RANGE, AZIMUTH, ELEVATION, SPEED = 0, 1, 2, 3
"""Rows in the order of ``RadarContact.covariance``."""
SHORTEST_M = 0.05
LARGEST_VARIANCE = 1e6
"""A covariance with more is none."""
CAMERA_SIGMA_DEG = 3.0
"""Of a box whose error the camera does not tell: half a box of a small object."""
FINEST_SIGMA = (0.02, math.radians(0.2), math.radians(0.2), 0.02)
"""No module is better than that, whatever its covariance says."""


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """One contact as rows for the filter.

    Parameters
    ----------
    time_ns, device, sensor
        When, by which module, of which kind.
    rows
        Which of range, azimuth, elevation, radial speed are told, ascending.
    values, noise
        Their values (m, rad, rad, m/s) and covariance.
    label, confidence
        What a camera's network says it is.
    snr_db
        Strength in a radar.
    """

    time_ns: int
    device: str
    sensor: Literal["radar", "camera"]
    rows: tuple[int, ...]
    values: Array
    noise: Array
    label: str | None = None
    confidence: float | None = None
    snr_db: float | None = None


class Sight:
    """A module in the local frame: predicts what it would measure of a state (e, n, u, ve, vn, vu)."""

    def __init__(self, mount: SensorMount) -> None:
        self.mount = mount
        self.place_m = np.array([mount.east_m, mount.north_m, mount.up_m])
        self.turn = to_module(mount)

    def polar(self, place_m: Array) -> tuple[float, float, float]:
        """Range, azimuth and elevation (rad) of a place."""
        x, y, z = (self.turn @ (place_m - self.place_m)).tolist()
        ground = math.hypot(x, y)
        return math.hypot(ground, z), math.atan2(x, y), math.atan2(z, ground)

    def covers(self, place_m: Array, reach_m: float) -> bool:
        """Whether a place lies in the field of view, with a margin of a tenth, and within reach."""
        range_m, azimuth, elevation = self.polar(place_m)
        return (
            range_m <= reach_m
            and abs(azimuth) <= 0.9 * math.radians(self.mount.azimuth_half_deg)
            and abs(elevation) <= 0.9 * math.radians(self.mount.elevation_half_deg)
        )

    def expected(self, state: Array) -> tuple[Array, Array]:
        """Range, azimuth, elevation and radial speed of a state, and their derivatives (4 x 6)."""
        d = self.turn @ (state[:3] - self.place_m)
        v = self.turn @ state[3:]
        x, y, z = d.tolist()
        ground2 = max(x * x + y * y, SHORTEST_M**2)
        ground = math.sqrt(ground2)
        range_m = max(math.sqrt(ground2 + z * z), SHORTEST_M)
        speed = float(d @ v) / range_m
        inner = np.zeros((4, 6))
        inner[RANGE, :3] = d / range_m
        inner[AZIMUTH, :2] = (y / ground2, -x / ground2)
        inner[ELEVATION, :3] = (-x * z / (ground * range_m**2), -y * z / (ground * range_m**2), ground / range_m**2)
        inner[SPEED, :3] = v / range_m - speed * d / range_m**2
        inner[SPEED, 3:] = d / range_m
        jacobian = np.hstack((inner[:, :3] @ self.turn, inner[:, 3:] @ self.turn))
        return np.array([range_m, math.atan2(x, y), math.atan2(z, ground), speed]), jacobian


def radar_measurement(contact: RadarContact, mount: SensorMount) -> Measurement | None:
    """What a radar contact tells; None when it tells nothing."""
    told = (
        within(contact.range_m, SHORTEST_M, FARTHEST_M),
        within(contact.azimuth_deg, -360.0, 360.0),
        within(contact.elevation_deg, -90.0, 90.0),
        within(_radial_speed(contact), -FASTEST_MPS, FASTEST_MPS),
    )
    sigmas = (
        mount.range_sigma_m,
        math.radians(mount.azimuth_sigma_deg),
        math.radians(mount.elevation_sigma_deg),
        mount.speed_sigma_mps,
    )
    return _measurement(
        contact.time_ns,
        contact.device,
        "radar",
        told,
        sigmas,
        covariance=contact.covariance,
        snr_db=within(contact.snr_db, -1000.0, 1000.0),
    )


def _radial_speed(contact: RadarContact) -> float | None:
    """Radial speed as told, else of the place and velocity that a module which tracks tells."""
    if contact.radial_speed_mps is not None:
        return contact.radial_speed_mps
    place = (contact.x_m, contact.y_m, contact.z_m or 0.0)
    velocity = (contact.vx_mps, contact.vy_mps, contact.vz_mps or 0.0)
    if None in place or None in velocity:
        return None
    along = sum((at or 0.0) * (speed or 0.0) for at, speed in zip(place, velocity, strict=True))
    return along / max(SHORTEST_M, math.hypot(*(at or 0.0 for at in place)))


def camera_measurement(contact: CameraContact) -> Measurement | None:
    """What a camera contact tells; None when its lens is not known."""
    told = (None, within(contact.azimuth_deg, -360.0, 360.0), within(contact.elevation_deg, -90.0, 90.0), None)
    sigmas = tuple(
        math.radians(CAMERA_SIGMA_DEG if (known := within(error, 0.0, 90.0)) is None else known)
        for error in (0.0, contact.azimuth_error_deg, contact.elevation_error_deg, 0.0)
    )
    return _measurement(
        contact.time_ns, contact.device, "camera", told, sigmas, label=contact.label, confidence=contact.confidence
    )


def _measurement(
    time_ns: int,
    device: str,
    sensor: Literal["radar", "camera"],
    told: tuple[float | None, ...],
    sigmas: tuple[float, ...],
    *,
    covariance: tuple[tuple[float, ...], ...] | None = None,
    label: str | None = None,
    confidence: float | None = None,
    snr_db: float | None = None,
) -> Measurement | None:
    rows = tuple(row for row, value in enumerate(told) if value is not None)
    if not rows:
        return None
    values = np.array([float(told[row] or 0.0) for row in rows])
    for at, row in enumerate(rows):
        if row in {AZIMUTH, ELEVATION}:
            values[at] = math.radians(values[at])
    noise = np.diag([max(sigmas[row], FINEST_SIGMA[row]) ** 2 for row in rows])
    given = None if covariance is None else _given(covariance, rows)
    return Measurement(
        time_ns, device, sensor, rows, values, noise if given is None else given, label, confidence, snr_db
    )


def _given(covariance: tuple[tuple[float, ...], ...], rows: tuple[int, ...]) -> Array | None:
    """The module's own covariance for these rows; None where it is none."""
    if not all(len(row) == len(covariance) for row in covariance):
        return None
    whole = np.array(covariance, dtype=float)
    order = {4: (RANGE, AZIMUTH, ELEVATION, SPEED), 3: (RANGE, AZIMUTH, SPEED)}.get(len(whole))
    if order is None or whole.shape != (len(order), len(order)) or not set(rows) <= set(order):
        return None
    at = [order.index(row) for row in rows]
    part: Array = whole[np.ix_(at, at)]
    if not np.all(np.abs(part) < LARGEST_VARIANCE):
        return None
    part = (part + part.T) / 2 + np.diag([FINEST_SIGMA[row] ** 2 for row in rows])
    return part if np.linalg.eigvalsh(part)[0] > 0 else None
