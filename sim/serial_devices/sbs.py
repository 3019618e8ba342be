"""Simulated dump1090: aircraft of a scene as SBS text, twice a second, as a feed without bits lost gives them."""

from __future__ import annotations

from firmware_bridge.aviation.aircraft import FEET_PER_MINUTE_MPS, FOOT_M, KNOT_MPS
from sim.scene import Origin
from sim.serial_devices.aircraft import BEAT_S, IDENTITY_BEATS, Told, told, with_transponder
from sim.serial_devices.host import SimulatedModule
from sim.serial_devices.targets import Target


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
        self._aircraft = with_transponder(targets)
        self._origin = origin
        self._beats = 0

    def boot(self) -> bytes:
        """Nothing is said at start."""
        self._beats = 0
        return b""

    def report(self, scene_s: float, uptime_s: float) -> bytes:  # noqa: ARG002 - it has no clock of its own
        """Position, velocity and now and then the name of each; an empty line where there is none."""
        named = self._beats % IDENTITY_BEATS == 0
        self._beats += 1
        lines = [line for one in self._aircraft for line in _lines(told(one, self._origin, scene_s), with_name=named)]
        return ("".join(f"{line}\r\n" for line in lines) or "\r\n").encode("ascii")

    def command(self, data: bytes, uptime_s: float) -> bytes:  # noqa: ARG002 - it takes no commands
        """Nothing: it reads no commands."""
        return b""


def _lines(one: Told, *, with_name: bool) -> list[str]:
    start, dates = f"1,1,{one.address:06X},1", "2026/01/01,00:00:00.000,2026/01/01,00:00:00.000"
    name = [f"MSG,1,{start},{dates},{one.callsign},,,,,,,,,,,"] if with_name else []
    return [
        *name,
        f"MSG,3,{start},{dates},,{round(one.altitude_m / FOOT_M)},,,{one.lat_deg:.5f},{one.lon_deg:.5f},,,0,0,0,0",
        f"MSG,4,{start},{dates},,,{one.speed_mps / KNOT_MPS:.0f},{one.track_deg:.0f},,,"
        f"{round(one.up_mps / FEET_PER_MINUTE_MPS)},,,,,",
    ]
