"""Simulated dump1090: aircraft of a scene as SBS text, twice a second, as a feed without bits lost gives them."""

from __future__ import annotations

import hashlib
import math

from firmware_bridge.aviation.aircraft import FEET_PER_MINUTE_MPS, FOOT_M, KNOT_MPS
from sim.scene import Origin
from sim.serial_devices.host import SimulatedModule
from sim.serial_devices.mesh_mapper import METRES_PER_DEGREE
from sim.serial_devices.targets import Target

AIRCRAFT = "aircraft"
"""Kind of the targets that have a transponder."""
BEAT_S = 0.5
"""A position and a velocity each, as DO-260B asks for."""
STEP_S = 0.1
IDENTITY_BEATS = 10
"""The callsign comes every five seconds."""


class SbsTwin(SimulatedModule):
    """The text port of dump1090.

    Parameters
    ----------
    targets
        Of the scene; those of kind ``aircraft`` are heard.
    origin
        Where the middle of the scene is.
    """

    baud = 3_000_000
    period_s = BEAT_S

    def __init__(self, targets: tuple[Target, ...], origin: Origin) -> None:
        self._aircraft = tuple(target for target in targets if target.kind == AIRCRAFT)
        self._origin = origin
        self._beats = 0

    def boot(self) -> bytes:
        """Nothing is said at start."""
        self._beats = 0
        return b""

    def report(self, scene_s: float, uptime_s: float) -> bytes:  # noqa: ARG002 - it has no clock of its own
        """Position, velocity and now and then the name of each; an empty line where there is none."""
        lines = [line for target in self._aircraft for line in self._lines(target, scene_s)]
        self._beats += 1
        return ("".join(f"{line}\r\n" for line in lines) or "\r\n").encode("ascii")

    def command(self, data: bytes, uptime_s: float) -> bytes:  # noqa: ARG002 - it takes no commands
        """Nothing: it reads no commands."""
        return b""

    def _lines(self, target: Target, scene_s: float) -> list[str]:
        x_m, y_m, z_m = target.at(scene_s)
        before = target.at(max(0.0, scene_s - STEP_S))
        east, north, up = ((now - then) / STEP_S for now, then in zip((x_m, y_m, z_m), before, strict=True))
        lat_deg = self._origin.lat_deg + y_m / METRES_PER_DEGREE
        lon_deg = self._origin.lon_deg + x_m / (METRES_PER_DEGREE * math.cos(math.radians(self._origin.lat_deg)))
        altitude_ft = round((self._origin.altitude_m + z_m) / FOOT_M)
        address = hashlib.sha256(target.name.encode()).hexdigest()[:6].upper()
        dates = "2026/01/01,00:00:00.000,2026/01/01,00:00:00.000"
        lines = [
            f"MSG,3,1,1,{address},1,{dates},,{altitude_ft},,,{lat_deg:.5f},{lon_deg:.5f},,,0,0,0,0",
            f"MSG,4,1,1,{address},1,{dates},,,{math.hypot(east, north) / KNOT_MPS:.0f},"
            f"{math.degrees(math.atan2(east, north)) % 360.0:.0f},,,{round(up / FEET_PER_MINUTE_MPS)},,,,,",
        ]
        if self._beats % IDENTITY_BEATS == 0:
            callsign = "".join(letter for letter in target.name.upper() if letter.isalnum())[:8]
            lines.insert(0, f"MSG,1,1,1,{address},1,{dates},{callsign},,,,,,,,,,,")
        return lines
