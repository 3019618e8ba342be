"""Simulated gpsd with one receiver on the mast: JSON reports once a second, to who watches."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from sim.scene import Origin
from sim.serial_devices.host import SimulatedModule
from sim.serial_devices.targets import Mount, degrees_of

RECEIVER = "/dev/ttyACM0"
BANNER = b'{"class":"VERSION","release":"3.22","rev":"3.22","proto_major":3,"proto_minor":14}\r\n'
"""What gpsd says to who connects."""
FIX_AFTER_S = 2.0
"""From the start to the first fix: a receiver that was on not long ago."""
ERROR_M = 1.5
"""One standard deviation of each axis of a receiver in the open."""
EPH_M = ERROR_M * 2.448
"""Radius that holds 95 %, as gpsd gives it."""
SATELLITES_SEEN, SATELLITES_USED = 12, 9
LONGEST_COMMAND = 512
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class GpsdView:
    """A receiver in a scene.

    Parameters
    ----------
    origin
        Where the middle of the scene is.
    mount
        Where the antenna stands.
    seed
        Of its errors.
    clock_ns
        True time, Unix nanoseconds: satellites do not live in scenes.
    """

    origin: Origin
    mount: Mount
    seed: int = 0
    clock_ns: Callable[[], int] = time.time_ns


class GpsdTwin(SimulatedModule):
    """gpsd: says nothing until it is told to watch, then a position a second; answers polls.

    Parameters
    ----------
    view
        Where its receiver is.
    """

    baud = 3_000_000
    period_s = 1.0

    def __init__(self, view: GpsdView) -> None:
        self._view = view
        self._typed = b""
        self._watching = False

    def boot(self) -> bytes:
        """Nothing runs; nobody watches."""
        self._typed, self._watching = b"", False
        return b""

    def report(self, scene_s: float, uptime_s: float) -> bytes:
        """Position and satellites, to who watches."""
        return self._position(scene_s, uptime_s) + self._sky(uptime_s) if self._watching else b""

    def command(self, data: bytes, uptime_s: float) -> bytes:  # noqa: ARG002 - time does not matter
        """Obey ``?WATCH=...;`` and ``?POLL;``."""
        *commands, self._typed = (self._typed + data.replace(b"\r", b"").replace(b"\n", b"")).split(b";")
        self._typed = self._typed[-LONGEST_COMMAND:]
        return b"".join(self._obey(command.decode("ascii", "replace").strip()) for command in commands)

    def _obey(self, command: str) -> bytes:
        name, _, values = command.partition("=")
        if name == "?WATCH":
            try:
                wanted = json.loads(values or '{"enable":true}')
                self._watching = bool(wanted.get("enable", True)) if isinstance(wanted, dict) else self._watching
            except ValueError:
                return _line("ERROR", message=f"Invalid WATCH: {values}")
            devices = _line("DEVICES", devices=[{"class": "DEVICE", "path": RECEIVER, "driver": "u-blox", "bps": 9600}])
            return devices + _line("WATCH", enable=self._watching, json=True, pps=True)
        if name == "?POLL":
            return _line("POLL", active=1, tpv=[], sky=[])
        if name == "?VERSION":
            return BANNER
        return _line("ERROR", message=f"Unrecognized request '{command}'")

    def _position(self, scene_s: float, uptime_s: float) -> bytes:
        if uptime_s < FIX_AFTER_S:
            return _line("TPV", device=RECEIVER, mode=1)
        view = self._view
        rng = np.random.default_rng((view.seed, round(max(0.0, scene_s) * 1e3)))
        east_m, north_m, up_m = (float(one) * ERROR_M for one in rng.standard_normal(3))
        lat_deg, lon_deg = degrees_of(
            view.origin.lat_deg, view.origin.lon_deg, view.mount.x_m + east_m, view.mount.y_m + north_m
        )
        moment = EPOCH + timedelta(microseconds=view.clock_ns() // 1000)
        return _line(
            "TPV",
            device=RECEIVER,
            mode=3,
            time=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            lat=round(lat_deg, 9),
            lon=round(lon_deg, 9),
            altHAE=round(view.origin.altitude_m + view.mount.z_m + up_m, 3),
            eph=round(EPH_M, 3),
            speed=0.0,
        )

    def _sky(self, uptime_s: float) -> bytes:
        used = SATELLITES_USED if uptime_s >= FIX_AFTER_S else 0
        return _line("SKY", device=RECEIVER, nSat=SATELLITES_SEEN, uSat=used)


def _line(kind: str, **values: object) -> bytes:
    return json.dumps({"class": kind, **values}, separators=(",", ":")).encode() + b"\r\n"
