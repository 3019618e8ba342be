"""What an aircraft of a scene says of itself by its transponder, however a receiver passes it on."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from sim.scene import Origin
from sim.serial_devices.targets import STEP_S, Target, degrees_of

AIRCRAFT = "aircraft"
"""Kind of the targets that have a transponder."""
BEAT_S = 0.5
"""A position and a velocity each, as DO-260B asks for."""
IDENTITY_BEATS = 10
"""The callsign comes every five seconds."""
CALLSIGN_LETTERS = 8


@dataclass(frozen=True, slots=True)
class Told:
    """State of one aircraft.

    Parameters
    ----------
    address
        24 bits, made of the name.
    callsign
        At most eight letters and digits of the name.
    lat_deg, lon_deg, altitude_m
        WGS 84.
    east_mps, north_mps, up_mps
        Velocity.
    """

    address: int
    callsign: str
    lat_deg: float
    lon_deg: float
    altitude_m: float
    east_mps: float
    north_mps: float
    up_mps: float

    @property
    def speed_mps(self) -> float:
        """Over the ground."""
        return math.hypot(self.east_mps, self.north_mps)

    @property
    def track_deg(self) -> float:
        """Direction of travel, clockwise from north."""
        return math.degrees(math.atan2(self.east_mps, self.north_mps)) % 360.0


def with_transponder(targets: tuple[Target, ...]) -> tuple[Target, ...]:
    """Those of some targets that are heard."""
    return tuple(target for target in targets if target.kind == AIRCRAFT)


def told(target: Target, origin: Origin, scene_s: float) -> Told:
    """What an aircraft says at a time of the scene."""
    x_m, y_m, z_m = target.at(scene_s)
    before, after = (target.at(one_s) for one_s in target.beside(scene_s))
    east_mps, north_mps, up_mps = ((late - early) / STEP_S for early, late in zip(before, after, strict=True))
    return Told(
        int(hashlib.sha256(target.name.encode()).hexdigest()[:6], 16) or 1,
        "".join(letter for letter in target.name.upper() if letter.isascii() and letter.isalnum())[:CALLSIGN_LETTERS],
        *degrees_of(origin.lat_deg, origin.lon_deg, x_m, y_m),
        origin.altitude_m + z_m,
        east_mps,
        north_mps,
        up_mps,
    )
