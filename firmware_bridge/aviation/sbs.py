"""SBS-1 (BaseStation) text: one line a message of readsb and dump1090, TCP port 30003 [1]_.

``MSG,kind,,,HEX,,date,time,date,time,callsign,altitude ft,speed kt,track,lat,lon,climb ft/min,squawk,alert,emergency,
spi,on ground``: empty fields tell nothing. Addresses that begin with ``~`` are no ICAO addresses. An altitude that
ends in ``H`` is above the ellipsoid. There is no checksum, so values are checked one by one.

References
----------
.. [1] http://woodair.net/sbs/article/barebones42_socket_data.htm; wiedehopf/readsb ``net_io.c``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmware_bridge.aviation.aircraft import (
    FASTEST_MPS,
    FEET_PER_MINUTE_MPS,
    FOOT_M,
    KNOT_MPS,
    AircraftTable,
    Report,
)
from firmware_bridge.contacts import Contact
from firmware_bridge.drivers import LineDriver
from firmware_bridge.json_text import Implausible, position
from firmware_bridge.module import Device, PortDefaults

LONGEST_LINE = 512
"""Bytes; a full line has about 130."""
FIELDS = 22
SILENCE_S = 75.0
"""readsb and dump1090 send an empty line as heartbeat every 60 s."""
_ADDRESS = re.compile(rb"[0-9A-Fa-f]{6}")
_NUMBER = re.compile(rb"-?\d{1,9}(?:\.\d{0,12})?")
_SQUAWK = re.compile(rb"[0-7]{1,4}")
_CALLSIGN = re.compile(rb"[A-Z0-9 ]{1,8}")
_OTHER_KINDS = frozenset({b"SEL", b"ID", b"AIR", b"STA", b"CLK"})


@dataclass(frozen=True, slots=True)
class SbsSettings:
    """Settings of an SBS feed; ``name`` is its name in the configuration."""

    name: str = "sbs"

    def make(self) -> Sbs:
        """Build the driver."""
        return Sbs(self)


def _number(field: bytes, low: float, high: float) -> float | None:
    """A number within its range, None for an empty field.

    Raises
    ------
    Implausible
        No number, or outside.
    """
    stripped = field.strip()
    if not stripped:
        return None
    if not _NUMBER.fullmatch(stripped) or not low <= (value := float(stripped)) <= high:
        raise Implausible(f"{stripped!r} is not within {low:g} and {high:g}")
    return value


def _matched(field: bytes, pattern: re.Pattern[bytes]) -> str | None:
    stripped = field.strip()
    if not stripped:
        return None
    if not pattern.fullmatch(stripped):
        raise Implausible(f"{stripped!r}")
    return stripped.decode("ascii")


def read_line(fields: list[bytes]) -> Report:
    """Read the fields of a ``MSG`` line.

    Raises
    ------
    Implausible
        A field is not what it should be.
    """
    altitude_field = fields[11].strip()
    ellipsoid = altitude_field.endswith(b"H")
    altitude = _number(altitude_field.removesuffix(b"H"), -2_000.0, 130_000.0)
    speed = _number(fields[12], 0.0, FASTEST_MPS / KNOT_MPS)
    track = _number(fields[13], 0.0, 360.0)
    climb = _number(fields[16], -32_000.0, 32_000.0)
    latitude_deg, longitude_deg = position(_number(fields[14], -90.0, 90.0), _number(fields[15], -180.0, 180.0))
    squawk = _matched(fields[17], _SQUAWK)
    return Report(
        int(fields[4], 16),
        callsign=_matched(fields[10], _CALLSIGN),
        lat_deg=latitude_deg,
        lon_deg=longitude_deg,
        altitude_m=altitude * FOOT_M if altitude is not None else None,
        altitude_is_pressure=not ellipsoid if altitude is not None else None,
        speed_mps=speed * KNOT_MPS if speed is not None else None,
        track_deg=track % 360.0 if track is not None else None,
        vertical_speed_mps=climb * FEET_PER_MINUTE_MPS if climb is not None else None,
        squawk=squawk.zfill(4) if squawk is not None else None,
    )


class Sbs(LineDriver):
    """Driver of an SBS feed.

    Parameters
    ----------
    settings
        Name of the receiver.
    """

    def __init__(self, settings: SbsSettings) -> None:
        super().__init__(LONGEST_LINE)
        self._table = AircraftTable(settings.name)
        self._ended = self._understood = True

    def greeting(self) -> bytes:
        """Forget half a line and all aircraft: nobody knows how long the feed was away."""
        self._lines.reset()
        self._ended = self._understood = True
        self._table.clear()
        return b""

    def feed(self, data: bytes, time_ns: int) -> list[Contact]:
        """Read bytes."""
        contacts: list[Contact] = []
        for part in data.splitlines(keepends=True) if b"\n" in data else [data]:
            contacts += super().feed(part, time_ns)
            self._count_heartbeat(part)
        return contacts

    def finish(self, time_ns: int) -> list[Contact]:
        """Read a last line without its end, which may lack its last digits: only a line with all its fields."""
        line = self._lines.finish()
        return self._read(line, time_ns) if line else []

    def _count_heartbeat(self, part: bytes) -> None:
        """An empty line from a feed that is understood is a frame: the sky is empty, and the feed is alive."""
        empty, ends = not part.strip(b"\r\n"), part.endswith(b"\n")
        self._counters.frames += empty and ends and self._ended and self._understood
        self._ended = ends or (empty and self._ended)

    def _read(self, line: bytes, time_ns: int) -> list[Contact]:
        fields = line.split(b",")
        if fields[0] in _OTHER_KINDS and len(fields) >= 10:
            self._lines.accepted()
            return []
        other_address = len(fields) > 4 and fields[4].startswith(b"~")
        if fields[0] != b"MSG" or len(fields) != FIELDS or not (other_address or _ADDRESS.fullmatch(fields[4])):
            self._lines.refused(line)
            self._understood = False
            return []
        self._lines.accepted()
        self._understood = True
        if other_address or int(fields[4], 16) == 0:
            return []
        try:
            report = read_line(fields)
        except Implausible:
            self._counters.refused += 1
            return []
        contact, refused = self._table.take(report, time_ns)
        self._counters.refused += refused
        if contact is None:
            return []
        self._counters.contacts += 1
        return [contact]


DEVICE = Device(
    "sbs",
    "readsb or dump1090, SBS text (socket://HOST:30003)",
    SbsSettings,
    PortDefaults(115_200, paced=False, silence_s=SILENCE_S),
)
