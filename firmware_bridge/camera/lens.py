"""From a place in the picture to a direction: field of view, distortion, mounting.

A pinhole camera with radial distortion [1]_: with focal length f in pictures' widths, a direction (X, Y, Z) falls on
x = X/Z, y = Y/Z, at the distance r = hypot(x, y) from the middle, and is moved outwards to r (1 + k1 r^2 + k2 r^4).
Fisheye lenses (``projection="equidistant"``): r is the angle from the axis in radians.

References
----------
.. [1] D. C. Brown, "Close-Range Camera Calibration", Photogrammetric Engineering 37(8), 1971, pp. 855-866.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

_NEWTON_STEPS = 12
"""Steps to undo the distortion; the residual is below 1e-9 after six for lenses that pass the check of the settings."""
_CORNER_STEPS = 32


@dataclass(frozen=True, slots=True)
class Direction:
    """Where something is seen.

    Parameters
    ----------
    azimuth_deg
        Clockwise seen from above, -180 to 180.
    elevation_deg
        Positive upwards.
    azimuth_error_deg, elevation_error_deg
        One standard deviation.
    """

    azimuth_deg: float
    elevation_deg: float
    azimuth_error_deg: float
    elevation_error_deg: float


@dataclass(frozen=True, slots=True)
class Lens:
    """Lens and mounting of a camera.

    Parameters
    ----------
    hfov_deg
        Horizontal field of view, edge to edge, without distortion; below 180 for a pinhole.
    vfov_deg
        Vertical field of view. None: square pixels, so it follows from the shape of the picture.
    projection
        ``pinhole`` or ``equidistant`` (fisheye).
    k1, k2
        Radial distortion of the pinhole, in units of its focal length; barrel is negative.
    azimuth_deg, elevation_deg, roll_deg
        Where the camera points: clockwise, upwards, and turned clockwise as seen from behind it.
    error_deg
        How well that is known, one standard deviation.
    """

    hfov_deg: float
    vfov_deg: float | None = None
    projection: Literal["pinhole", "equidistant"] = "pinhole"
    k1: float = 0.0
    k2: float = 0.0
    azimuth_deg: float = 0.0
    elevation_deg: float = 0.0
    roll_deg: float = 0.0
    error_deg: float = 1.0

    def __post_init__(self) -> None:
        """Check the optics."""
        widest = 180.0 if self.projection == "pinhole" else 360.0
        for key in ("hfov_deg", "vfov_deg"):
            value = getattr(self, key)
            if value is not None and not 0.0 < value < widest:
                raise ValueError(f"{key} must be above 0 and below {widest:g}, not {value}")
        if self.projection not in {"pinhole", "equidistant"}:
            raise ValueError(f'projection must be "pinhole" or "equidistant", not {self.projection!r}')
        if not -90.0 <= self.elevation_deg <= 90.0:
            raise ValueError(f"elevation_deg must be within -90 and 90, not {self.elevation_deg}")
        if not self.error_deg >= 0.0:
            raise ValueError(f"error_deg must not be negative, not {self.error_deg}")
        corner = math.hypot(self._scale_x(), self._scale_y(1.0))
        for step in range(1, _CORNER_STEPS + 1):
            squared = (corner * step / _CORNER_STEPS) ** 2
            if 1.0 + 3.0 * self.k1 * squared + 5.0 * self.k2 * squared * squared <= 0.0:
                raise ValueError(f"k1 = {self.k1}, k2 = {self.k2} fold the picture over itself before its corner")

    def direction(
        self, x: float, y: float, x_error: float = 0.0, y_error: float = 0.0, aspect: float = 0.75
    ) -> Direction:
        """Return the direction of a place in the picture.

        Parameters
        ----------
        x, y
            Fractions of the picture, 0 to 1, x to the right, y downwards.
        x_error, y_error
            One standard deviation, as fractions.
        aspect
            Height of the picture over its width in pixels.
        """
        azimuth_deg, elevation_deg = self._angles(x, y, aspect)
        spread = [
            (
                _wrapped(self._angles(x + dx, y + dy, aspect)[0] - self._angles(x - dx, y - dy, aspect)[0]) / 2,
                (self._angles(x + dx, y + dy, aspect)[1] - self._angles(x - dx, y - dy, aspect)[1]) / 2,
            )
            for dx, dy in ((x_error, 0.0), (0.0, y_error))
        ]
        return Direction(
            azimuth_deg,
            elevation_deg,
            math.hypot(self.error_deg, spread[0][0], spread[1][0]),
            math.hypot(self.error_deg, spread[0][1], spread[1][1]),
        )

    def _scale_x(self) -> float:
        half_rad = math.radians(self.hfov_deg / 2)
        return math.tan(half_rad) if self.projection == "pinhole" else half_rad

    def _scale_y(self, aspect: float) -> float:
        if self.vfov_deg is None:
            return self._scale_x() * aspect
        half_rad = math.radians(self.vfov_deg / 2)
        return math.tan(half_rad) if self.projection == "pinhole" else half_rad

    def _angles(self, x: float, y: float, aspect: float) -> tuple[float, float]:
        right = (2.0 * x - 1.0) * self._scale_x()
        up = (1.0 - 2.0 * y) * self._scale_y(aspect)
        radius = math.hypot(right, up)
        if self.projection == "equidistant":
            forward = math.cos(radius)
            stretch = math.sin(radius) / radius if radius > 0.0 else 1.0
        else:
            forward = 1.0
            stretch = self._undistorted(radius) / radius if radius > 0.0 else 1.0
        return self._mounted(right * stretch, forward, up * stretch)

    def _undistorted(self, distorted: float) -> float:
        radius = distorted
        if self.k1 == 0.0 and self.k2 == 0.0:
            return radius
        for _ in range(_NEWTON_STEPS):
            squared = radius * radius
            excess = radius * (1.0 + squared * (self.k1 + squared * self.k2)) - distorted
            slope = 1.0 + squared * (3.0 * self.k1 + 5.0 * squared * self.k2)
            radius -= excess / slope if slope > 0.1 else 0.1 * excess
        return radius

    def _mounted(self, right: float, forward: float, up: float) -> tuple[float, float]:
        roll, elevation = math.radians(self.roll_deg), math.radians(self.elevation_deg)
        right, up = (
            right * math.cos(roll) + up * math.sin(roll),
            up * math.cos(roll) - right * math.sin(roll),
        )
        forward, up = (
            forward * math.cos(elevation) - up * math.sin(elevation),
            forward * math.sin(elevation) + up * math.cos(elevation),
        )
        azimuth_deg = math.degrees(math.atan2(right, forward)) + self.azimuth_deg
        return _wrapped(azimuth_deg), math.degrees(math.atan2(up, math.hypot(right, forward)))


def _wrapped(angle_deg: float) -> float:
    """The angle within -180 and 180."""
    return (angle_deg + 180.0) % 360.0 - 180.0
