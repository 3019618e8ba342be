"""Simulated readsb: aircraft of a scene as Mode S messages in Beast frames, as an antenna with a clear view hears."""

from __future__ import annotations

import math

from firmware_bridge.aviation.beast import ESCAPE
from sim.scene import Origin
from sim.serial_devices import squitter
from sim.serial_devices.aircraft import BEAT_S, IDENTITY_BEATS, told, with_transponder
from sim.serial_devices.host import SimulatedModule
from sim.serial_devices.targets import Target

LONG, MODE_AC = 0x33, 0x31
TICKS_PER_S = 12e6
"""Of the clock in a frame."""
APART_S = 1e-3
"""Between two messages of a beat."""
HEARTBEAT_S = 60.0
"""readsb sends an empty frame when it has had nothing to say for so long."""
LOUD_AT_M, LOUD = 1000.0, 200
"""Level at a kilometre, of 255 for full scale; it falls with the distance."""


def frame(kind: int, time_s: float, level: int, message: bytes) -> bytes:
    """One Beast frame."""
    content = (round(time_s * TICKS_PER_S) & (1 << 48) - 1).to_bytes(6, "big") + bytes([level]) + message
    escape = bytes([ESCAPE])
    return escape + bytes([kind]) + content.replace(escape, 2 * escape)


class BeastTwin(SimulatedModule):
    """The Beast port of readsb or dump1090.

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
        self._aircraft = with_transponder(targets)
        self._origin = origin
        self._beats = 0
        self._spoke_s = 0.0

    def boot(self) -> bytes:
        """Nothing is said at start."""
        self._beats, self._spoke_s = 0, 0.0
        return b""

    def report(self, scene_s: float, uptime_s: float) -> bytes:
        """Place, on the grids in turn, velocity and now and then the name of each."""
        odd, named = bool(self._beats % 2), self._beats % IDENTITY_BEATS == 0
        self._beats += 1
        sent = b""
        number = 0
        for target in self._aircraft:
            one = told(target, self._origin, scene_s)
            range_m = max(1.0, math.dist(target.at(scene_s), (0.0, 0.0, 0.0)))
            level = max(1, min(255, round(LOUD * LOUD_AT_M / range_m)))
            messages = [squitter.place(one, odd=odd), squitter.velocity(one)]
            for message in [*messages, *([squitter.identity(one)] if named else [])]:
                sent += frame(LONG, uptime_s + number * APART_S, level, message)
                number += 1
        if not sent and uptime_s - self._spoke_s >= HEARTBEAT_S:
            sent = frame(MODE_AC, 0.0, 0, bytes(2))
        self._spoke_s = uptime_s if sent else self._spoke_s
        return sent

    def command(self, data: bytes, uptime_s: float) -> bytes:  # noqa: ARG002 - it takes no commands
        """Nothing: commands of this port are for the radio behind it."""
        return b""
