"""Simulated OmniPreSense OPS243-C: speed and range of the strongest mover, as text."""

from __future__ import annotations

import json

from sim.serial_devices.host import SimulatedModule
from sim.serial_devices.sensor import Detection, RadarModel, RadarView

MODEL = RadarModel(
    range_m=55.0,
    for_rcs_m2=10.0,
    azimuth_deg=11.5,
    elevation_deg=11.5,
    range_sigma_m=0.3,
    speed_sigma_mps=0.1,
    slowest_mps=0.2,
)
"""10 m² at 55 m in a beam of 23°, as AN-010 and the data sheet say; a small drone at 12 m."""
SPEED_AFTER_S = 0.012
"""The speed line follows the range line after so long, as real output shows."""
LONGEST_COMMAND = 16


class Ops243Twin(SimulatedModule):
    """OPS243-C: starts with plain lines and units, changes as it is told, about fifteen reports a second."""

    baud = 19200
    period_s = 1 / 15

    def __init__(self, view: RadarView) -> None:
        self._view = view
        self.boot()

    def boot(self) -> bytes:
        """Settings as after a factory reset; the power mode is said at start."""
        self._json = self._time = self._magnitude = False
        self._units = True
        self._decimals = 1
        self._typed = ""
        return self._acknowledge("PowerMode", "Active Continuously")

    def report(self, scene_s: float, uptime_s: float) -> bytes:
        """Range line and speed line of the strongest; nothing when nothing moves."""
        found = self._view.detections(scene_s)
        if not found:
            return b""
        best = found[0]
        return self._line(best, "m", "range", best.range_m, uptime_s) + self._line(
            best, "mps", "speed", 0.0 - best.radial_speed_mps, uptime_s + SPEED_AFTER_S
        )

    def command(self, data: bytes, uptime_s: float) -> bytes:  # noqa: ARG002 - time does not matter
        """Obey two-character commands; those with a number end with a carriage return."""
        answer = b""
        for letter in data.decode("ascii", "replace"):
            if letter in "\r\n":
                self._typed = ""
                continue
            self._typed += letter
            if len(self._typed) == 2 and self._typed[1] not in ">=<":
                answer += self._obey(self._typed)
                self._typed = ""
            elif len(self._typed) > LONGEST_COMMAND:
                self._typed = ""
        return answer

    def _obey(self, command: str) -> bytes:
        kind, value = command[0], command[1]
        if kind.upper() == "O":
            on = kind == "O" and value.isupper()
            known = {"J": "_json", "T": "_time", "M": "_magnitude", "U": "_units"}
            if value.upper() in known:
                setattr(self, known[value.upper()], on)
                return self._acknowledge("SpeedOutputFeature", value)
            return self._acknowledge("SpeedOutputFeature", f"ERROR--{value} UNKNOWN!!")
        if kind == "F" and value.isdigit():
            self._decimals = int(value)
            return self._acknowledge("DecimalPlaces", value)
        if command == "UM":
            return self._acknowledge("SpeedUnit", "mps")
        if command == "uM":
            return self._acknowledge("RangeUnit", "m")
        if command == "R|":
            return self._acknowledge("RequiredDirection", "Either")
        if command == "??":
            return self._acknowledge("Product", "OPS243-C") + self._acknowledge("Version", "1.2.6")
        return self._acknowledge("UnknownCommand", command)

    def _acknowledge(self, key: str, value: str) -> bytes:
        return f'{{"{key}" : {json.dumps(value)}}}\n'.encode()

    def _line(self, found: Detection, unit: str, key: str, value: float, uptime_s: float) -> bytes:
        magnitude = str(round(10 ** (found.snr_db / 20) * 10))
        shown = f"{value:.{self._decimals}f}"
        if self._json:
            pairs = [
                *([("time", f"{uptime_s:.3f}")] if self._time else []),
                *([("unit", unit)] if self._units else []),
                *([("magnitude", magnitude)] if self._magnitude else []),
                (key, shown),
            ]
            return ("{" + ", ".join(f'"{name}" : "{text}"' for name, text in pairs) + "}\n").encode()
        fields = [
            *([f"{uptime_s:.3f}"] if self._time else []),
            *([f'"{unit}"'] if self._units else []),
            *([magnitude] if self._magnitude else []),
            shown,
        ]
        return (",".join(fields) + "\n").encode()
