"""Things that move near a module: drones, birds, people, and what they reflect."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.propagation import Route, Waypoint

RCS_M2 = {"drone": 0.02, "bird": 0.003, "person": 0.75, "vehicle": 10.0, "aircraft": 3.0}
"""Radar cross-section at 24 to 77 GHz: small quadcopters 0.012 to 0.155 m² [1], a person about 0.75 m², OmniPreSense
states its ranges for 10 m². A small bird 0.001 to 0.01 m², a light aircraft 1 to 10 m² (estimates).

[1] IEICE ComEx 9 (2020) 262.
"""
SMALL_DRONE_M = 0.35
"""Width of a small quadcopter, from motor to motor."""
STEP_S = 1e-3
"""For speeds by difference."""
METRES_PER_DEGREE = math.radians(1.0) * 6_371_008.8
"""Of latitude, on the mean sphere (IUGG)."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing in the air or on the ground.

    Parameters
    ----------
    name
        For the truth.
    route
        Positions over time, metres, in the frame of the scene: x east, y north, z up.
    kind
        One of ``RCS_M2``; a camera takes it as the class.
    rcs_m2
        Radar cross-section; None: that of the kind.
    size_m
        Width of what a camera sees.
    repeat_s
        After this time the route starts again; None: never.
    """

    name: str
    route: Route
    kind: str = "drone"
    rcs_m2: float | None = None
    size_m: float = SMALL_DRONE_M
    repeat_s: float | None = None

    def __post_init__(self) -> None:
        """Check the kind."""
        if self.kind not in RCS_M2:
            raise ValueError(f"kind must be one of {', '.join(RCS_M2)}, not {self.kind!r}")

    @property
    def reflects_m2(self) -> float:
        """Radar cross-section."""
        return RCS_M2[self.kind] if self.rcs_m2 is None else self.rcs_m2

    def at(self, time_s: float) -> tuple[float, float, float]:
        """Place in the scene in metres."""
        return self.route.at(time_s % self.repeat_s if self.repeat_s else time_s)

    def beside(self, time_s: float) -> tuple[float, float]:
        """Give two times ``STEP_S`` apart around one, for speeds: of the same round, since a path may end far from its
        beginning.
        """
        start_s = time_s - time_s % self.repeat_s if self.repeat_s else 0.0
        early_s = max(start_s, time_s - STEP_S / 2)
        if self.repeat_s:
            early_s = min(early_s, start_s + self.repeat_s - 1.5 * STEP_S)
        return early_s, early_s + STEP_S


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a module stands and looks.

    Parameters
    ----------
    x_m, y_m, z_m
        In the frame of the scene.
    heading_deg
        Of the boresight, clockwise from north.
    tilt_deg
        Of the boresight above the horizon.
    """

    x_m: float = 0.0
    y_m: float = 0.0
    z_m: float = 0.0
    heading_deg: float = 0.0
    tilt_deg: float = 0.0

    def to_module(self, place: tuple[float, float, float]) -> tuple[float, float, float]:
        """Place of the scene in the module's frame: x right, y forward, z up."""
        east_m, north_m, up_m = place[0] - self.x_m, place[1] - self.y_m, place[2] - self.z_m
        heading, tilt = math.radians(self.heading_deg), math.radians(self.tilt_deg)
        right_m = east_m * math.cos(heading) - north_m * math.sin(heading)
        ahead_m = east_m * math.sin(heading) + north_m * math.cos(heading)
        return (
            right_m,
            ahead_m * math.cos(tilt) + up_m * math.sin(tilt),
            up_m * math.cos(tilt) - ahead_m * math.sin(tilt),
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A target as it is, in a module's frame."""

    target: Target
    x_m: float
    y_m: float
    z_m: float
    vx_mps: float
    vy_mps: float
    vz_mps: float

    @property
    def range_m(self) -> float:
        """Distance."""
        return math.sqrt(self.x_m**2 + self.y_m**2 + self.z_m**2)

    @property
    def azimuth_deg(self) -> float:
        """Clockwise from the boresight."""
        return math.degrees(math.atan2(self.x_m, self.y_m))

    @property
    def elevation_deg(self) -> float:
        """Above the boresight."""
        return math.degrees(math.atan2(self.z_m, math.hypot(self.x_m, self.y_m)))

    @property
    def radial_speed_mps(self) -> float:
        """Negative = approaching."""
        toward = self.x_m * self.vx_mps + self.y_m * self.vy_mps + self.z_m * self.vz_mps
        return toward / max(self.range_m, 1e-6)


def places(targets: tuple[Target, ...], mount: Mount, time_s: float) -> list[Place]:
    """Every target in the frame of a module."""
    found: list[Place] = []
    for target in targets:
        before, after = (mount.to_module(target.at(one_s)) for one_s in target.beside(max(0.0, time_s)))
        here = mount.to_module(target.at(time_s))
        velocity = [(late - early) / STEP_S for early, late in zip(before, after, strict=True)]
        found.append(Place(target, *here, *velocity))
    return found


def degrees_of(lat_deg: float, lon_deg: float, x_m: float, y_m: float) -> tuple[float, float]:
    """Latitude and longitude of a place in a scene, on the plane that touches the earth in its middle."""
    along_m = METRES_PER_DEGREE * math.cos(math.radians(lat_deg))
    return lat_deg + y_m / METRES_PER_DEGREE, lon_deg + x_m / along_m


def straight(start_m: tuple[float, float, float], end_m: tuple[float, float, float], duration_s: float) -> Route:
    """From one place to another at one speed."""
    return Route((Waypoint(0.0, *start_m), Waypoint(duration_s, *end_m)))


def wandering(
    around_m: tuple[float, float, float], *, speed_mps: float, duration_s: float, turn_s: float = 0.7, seed: int = 0
) -> Route:
    """Flight of a bird or an insect-hunting bat: a new direction every ``turn_s``, pulled back to where it feeds."""
    rng = np.random.default_rng(seed)
    place = np.array(around_m, dtype=float)
    home = place.copy()
    heading = rng.uniform(0, 2 * np.pi)
    waypoints = [Waypoint(0.0, *place.tolist())]
    for step in range(1, int(duration_s / turn_s) + 2):
        homeward = math.atan2(home[1] - place[1], home[0] - place[0])
        pull = min(1.0, float(np.hypot(*(home - place)[:2])) / (10 * speed_mps))
        heading += rng.normal(0.0, 0.8) + pull * math.sin(homeward - heading)
        place = place + speed_mps * turn_s * np.array([math.cos(heading), math.sin(heading), 0.3 * rng.normal()])
        place[2] = float(np.clip(place[2], home[2] - 5.0, home[2] + 5.0))
        waypoints.append(Waypoint(step * turn_s, *place.tolist()))
    return Route(tuple(waypoints))
