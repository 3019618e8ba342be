r"""OmniPreSense OPS243-A and -C: 24 GHz radar, radial speed and (-C) range, text lines [1].

USB (pretends to have a rate) or UART 19200 8N1. Lines end with ``\n`` or ``\r\n``, no checksum. Every line that holds a
value is one contact: the -C reports range and speed in separate lines, and nothing says that they belong together.

    {"time" : "105.122", "unit" : "mps", "magnitude" : "23", "speed" : "1.0"}  JSON, values are strings
    {"magnitude":[606.71,352.58],"speed":[-10.90,-12.26]}                      several reports of a frame (``O4``)
    "mps",-1.0    105.122,"mps",23,-1.0                                        plain: time, unit, magnitude, value
    023F0125                                                                   ``OB``: kind (01 speed, 02 range), value
    {"PowerMode" : "Active Continuously"}                                      answers to commands, between the values

**The radar counts inbound speed positive**, a contact counts it negative. Time is seconds since the radar started.
Numbers without a unit tell nothing of what they are and are refused, unless ``bare`` says it.

[1] OmniPreSense, AN-010-AD API Interface; lines of an OPS243-C.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, cast

from dsp.units import NS_PER_S
from firmware_bridge.clock import DeviceClock
from firmware_bridge.contacts import Contact, RadarContact
from firmware_bridge.drivers import LineDriver
from firmware_bridge.module import Device, ModuleCounters, PortDefaults

LONGEST_LINE = 1024
"""Bytes; a frame of sixteen reports with magnitudes has about 400."""
SPEED_UNITS = {
    **dict.fromkeys(("mps", "m/s"), 1.0),
    **dict.fromkeys(("cmps", "cm/s"), 0.01),
    **dict.fromkeys(("kmph", "kph", "kmh", "km/h"), 1 / 3.6),
    "mph": 0.44704,
    **dict.fromkeys(("fps", "ft/s"), 0.3048),
}
"""Metres a second of each unit of speed."""
RANGE_UNITS = {"m": 1.0, "cm": 0.01, "ft": 0.3048, "in": 0.0254, "yd": 0.9144}
"""Metres of each unit of length."""
SET_UP = b"OJOTOMUMuMF2R|"
"""JSON, time, magnitude, m/s, m, two decimals, both directions. Two-character commands need no end of line [1]."""
HEX_LINE = re.compile(r"(?:0[12][0-9A-Fa-f]{2})+")
BARE = re.compile(r"-?\d{1,4}(?:\.\d{1,3})?")

Json: TypeAlias = "dict[str, Json] | list[Json] | str | float | bool | None"


@dataclass(frozen=True, slots=True)
class Ops243Settings:
    """Settings of an OPS243.

    Parameters
    ----------
    name
        Name of the radar.
    set_up
        Send the commands this driver likes best; false leaves the radar as it was set.
    bare
        What a line is that holds one number and nothing else (units switched off): ``speed`` or ``range``.
    speed_unit, range_unit
        Units of values that come without one.
    max_range_m
        Contacts beyond are refused; the -C reports up to 60 m or so.
    max_speed_mps
        Contacts faster are refused; the -A measures up to 155 m/s at its fastest setting.
    """

    name: str = "ops243"
    set_up: bool = True
    bare: Literal["speed", "range"] | None = None
    speed_unit: str = "mps"
    range_unit: str = "m"
    max_range_m: float = 200.0
    max_speed_mps: float = 155.0

    def __post_init__(self) -> None:
        """Check the gates."""
        if self.bare not in {"speed", "range", None}:
            raise ValueError(f'bare must be "speed" or "range", not {self.bare!r}')
        if self.speed_unit not in SPEED_UNITS:
            raise ValueError(f"speed_unit must be one of {', '.join(SPEED_UNITS)}, not {self.speed_unit!r}")
        if self.range_unit not in RANGE_UNITS:
            raise ValueError(f"range_unit must be one of {', '.join(RANGE_UNITS)}, not {self.range_unit!r}")
        for key in ("max_range_m", "max_speed_mps"):
            if not getattr(self, key) > 0:
                raise ValueError(f"{key} must be above 0, not {getattr(self, key)}")

    def make(self) -> Ops243:
        """Build the driver."""
        return Ops243(self)


class _NotALineError(Exception):
    """The line is none of an OPS243."""


class Ops243(LineDriver):
    """Driver of an OPS243."""

    def __init__(self, settings: Ops243Settings) -> None:
        super().__init__(LONGEST_LINE)
        self._settings = settings
        self._clock = DeviceClock(NS_PER_S)

    def greeting(self) -> bytes:
        """Set output and units."""
        self._lines.reset()
        return SET_UP if self._settings.set_up else b""

    @property
    def counters(self) -> ModuleCounters:
        """Snapshot."""
        return replace(self._counters, reboots=self._clock.restarts)

    def _read(self, line: bytes, time_ns: int) -> list[Contact]:
        try:
            text = line.decode("ascii").strip()
            if not text.strip(", "):
                return []  # what it reports when nothing moves (``BL``, ``BS``, ``BC``)
            contacts = self._read_json(text, time_ns) if text.startswith("{") else self._read_plain(text, time_ns)
        except (_NotALineError, ValueError, OverflowError, RecursionError):
            self._lines.refused(line)
            return []
        self._lines.accepted()
        self._counters.contacts += len(contacts)
        return [*contacts]

    def _read_json(self, text: str, time_ns: int) -> list[RadarContact]:
        found = cast("Json", json.loads(text))
        if not isinstance(found, dict):
            raise _NotALineError
        speeds, ranges = _numbers(found.get("speed")), _numbers(found.get("range"))
        if not speeds and not ranges:
            return []
        magnitudes = _numbers(found.get("magnitude"))
        unit = found.get("unit")
        if unit is not None and unit not in SPEED_UNITS and unit not in RANGE_UNITS:
            raise _NotALineError
        started = _numbers(found.get("time"))
        at_ns = self._at(started[0], time_ns) if started else time_ns
        if len(speeds) == len(ranges) == 1:
            return self._contact(at_ns, ranges[0], speeds[0], unit, magnitudes[0] if magnitudes else None)
        contacts: list[RadarContact] = []
        for index, value in enumerate(speeds or ranges):
            magnitude = magnitudes[index] if index < len(magnitudes) else None
            if speeds:
                contacts += self._contact(at_ns, None, value, unit, magnitude)
            else:
                contacts += self._contact(at_ns, value, None, unit, magnitude)
        if speeds:
            for value in ranges:
                contacts += self._contact(at_ns, value, None, unit, None)
        return contacts

    def _read_plain(self, text: str, time_ns: int) -> list[RadarContact]:
        if HEX_LINE.fullmatch(text):
            return self._read_hex(bytes.fromhex(text), time_ns)
        if BARE.fullmatch(text) and self._settings.bare is not None:
            value = float(text)
            is_speed = self._settings.bare == "speed"
            return self._contact(time_ns, None if is_speed else value, value if is_speed else None, None, None)
        fields = [field.strip() for field in text.split(",")]
        at = next((index for index, field in enumerate(fields) if field.startswith('"')), None)
        if at is None or at > 1 or not 1 <= len(fields) - at - 1 <= 2:
            raise _NotALineError
        unit = fields[at].strip('"')
        value = _number(fields[-1])
        magnitude = _number(fields[-2]) if len(fields) - at == 3 else None
        at_ns = self._at(_number(fields[0]), time_ns) if at == 1 else time_ns
        if unit in SPEED_UNITS:
            return self._contact(at_ns, None, value, unit, magnitude)
        if unit in RANGE_UNITS:
            return self._contact(at_ns, value, None, unit, magnitude)
        raise _NotALineError

    def _read_hex(self, pairs: bytes, time_ns: int) -> list[RadarContact]:
        contacts: list[RadarContact] = []
        for kind, value in zip(pairs[::2], pairs[1::2], strict=True):
            is_speed = kind == 1
            contacts += self._contact(
                time_ns, None if is_speed else float(value), float(value) if is_speed else None, None, None
            )
        return contacts

    def _at(self, started_s: float, time_ns: int) -> int:
        if not 0 <= started_s < 1e9:
            raise _NotALineError
        return self._clock.observe(started_s, time_ns)

    def _contact(
        self, time_ns: int, range_raw: float | None, speed_raw: float | None, unit: Json, magnitude: float | None
    ) -> list[RadarContact]:
        settings = self._settings
        speed_unit = unit if isinstance(unit, str) and unit in SPEED_UNITS else settings.speed_unit
        range_unit = unit if isinstance(unit, str) and unit in RANGE_UNITS else settings.range_unit
        range_m = None if range_raw is None else range_raw * RANGE_UNITS[range_unit]
        inbound_mps = None if speed_raw is None else speed_raw * SPEED_UNITS[speed_unit]
        if range_m is None and inbound_mps == 0:
            return []  # the zeros it reports when nothing moves (``BZ``)
        if (range_m is not None and not 0 < range_m <= settings.max_range_m) or (
            inbound_mps is not None and not abs(inbound_mps) <= settings.max_speed_mps
        ):
            self._counters.refused += 1
            return []
        return [
            RadarContact(
                time_ns=time_ns,
                device=settings.name,
                range_m=range_m,
                radial_speed_mps=None if inbound_mps is None else 0.0 - inbound_mps,
                magnitude=magnitude,
            )
        ]


def _number(raw: Json) -> float:
    if isinstance(raw, (dict, list, bool)) or raw is None:
        raise _NotALineError
    number = float(raw)
    if not math.isfinite(number):
        raise _NotALineError
    return number


def _numbers(raw: Json) -> list[float]:
    if raw is None:
        return []
    return [_number(value) for value in raw] if isinstance(raw, list) else [_number(raw)]


DEVICE = Device(
    "ops243", "OmniPreSense OPS243-A and -C", Ops243Settings, PortDefaults(baud=19200, paced=False, silence_s=None)
)
