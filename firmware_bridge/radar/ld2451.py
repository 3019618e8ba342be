"""Hi-Link HLK-LD2451: 24 GHz vehicle radar, several targets with angle, distance and speed [1].

115200 baud 8N1. One frame, no checksum::

    F4 F3 F2 F1 | length u16 LE | count u8 | alarm u8
    | count x (angle u8, distance u8 m, direction u8, speed u8 km/h, snr u8) | F8 F7 F6 F5

The angle is the byte less 0x80, in degrees. Without a target the length is 0 (nothing follows) or 2. The unit of the
signal-to-noise figure is nowhere stated, so it is given as ``magnitude``.

Direction: the document's table says 1 = approaching, its worked example the opposite, so it can be configured [2].

[1] Hi-Link, HLK-LD2451 serial communication protocol V1.00, section 2.3.
[2] k-madsenDK/HLK-LD2451-radar-detector.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Literal

from firmware_bridge.contacts import RadarContact
from firmware_bridge.drivers import FramedDriver
from firmware_bridge.framing import IMPOSSIBLE, NEED_MORE
from firmware_bridge.geometry import xy_from_polar
from firmware_bridge.module import Device, PortDefaults
from firmware_bridge.radar import hilink

HEAD = b"\xf4\xf3\xf2\xf1"
TAIL = b"\xf8\xf7\xf6\xf5"
ROW = struct.Struct("<5B")
ZERO_ANGLE = 0x80
MOST_TARGETS = 16
"""Rows accepted in a frame; no more than eight were seen, the document names no limit."""
KMH_PER_MPS = 3.6
DETECTION = 0x0002
"""Command that sets greatest distance m, direction (0 away, 1 towards, 2 both), least speed km/h, hold time s [1]."""


@dataclass(frozen=True, slots=True)
class Ld2451Settings:
    """Settings of an HLK-LD2451.

    Parameters
    ----------
    name
        Name of the radar.
    set_up
        Set it to report both directions, from 1 km/h, to its full distance, without hold; false leaves it as it is.
    approaching
        Value of the direction byte that means approaching.
    max_range_m
        Contacts beyond are refused; its own limit is 100 m.
    max_speed_mps
        Contacts faster are refused; its own limit is 120 km/h.
    max_angle_deg
        Contacts further aside are refused; its beam is ±20°.
    """

    name: str = "ld2451"
    set_up: bool = True
    approaching: Literal[0, 1] = 1
    max_range_m: float = 110.0
    max_speed_mps: float = 50.0
    max_angle_deg: float = 60.0

    def __post_init__(self) -> None:
        """Check the gates."""
        if self.approaching not in {0, 1}:
            raise ValueError(f"approaching must be 0 or 1, not {self.approaching!r}")
        for key in ("max_range_m", "max_speed_mps", "max_angle_deg"):
            if not getattr(self, key) > 0:
                raise ValueError(f"{key} must be above 0, not {getattr(self, key)}")

    def make(self) -> Ld2451:
        """Build the driver."""
        return Ld2451(self)


class Ld2451(FramedDriver):
    """Driver of an HLK-LD2451."""

    def __init__(self, settings: Ld2451Settings) -> None:
        self._settings = settings
        magic = re.compile(re.escape(HEAD) + b"|" + re.escape(hilink.HEAD))
        super().__init__(magic, len(HEAD), max(12 + MOST_TARGETS * ROW.size, 10 + hilink.LONGEST_VALUE), _measure)
        self._set_up = hilink.SetUp(((DETECTION, bytes((100, 2, 1, 0))),) if settings.set_up else ())

    def greeting(self) -> bytes:
        """Enable configuration; the other commands follow its answer."""
        self._framer.reset()
        return self._set_up.start()

    def requests(self, time_ns: int) -> bytes:
        """Next command of the set-up."""
        return self._set_up.requests(time_ns)

    def _accept(self, frame: bytes) -> int:
        if frame.startswith(hilink.HEAD):
            if len(frame) < 12 or not frame.endswith(hilink.TAIL):
                return 0
            self._set_up.answered(frame)
        else:
            payload = frame[6:-4]
            whole = len(frame) >= 10 and len(payload) == frame[4] | frame[5] << 8 and frame.endswith(TAIL)
            if not whole or (payload and len(payload) != 2 + payload[0] * ROW.size):
                return 0
            for row in ROW.iter_unpack(payload[2:]):
                self._read_row(*row)
        self._counters.frames += 1
        return len(frame)

    def _read_row(self, angle: int, distance: int, direction: int, speed: int, snr: int) -> None:
        settings = self._settings
        azimuth_deg, range_m, speed_mps = float(angle - ZERO_ANGLE), float(distance), speed / KMH_PER_MPS
        if (
            abs(azimuth_deg) > settings.max_angle_deg
            or not 0 < range_m <= settings.max_range_m
            or speed_mps > settings.max_speed_mps
            or direction > 1
        ):
            self._counters.refused += 1
            return
        x_m, y_m = xy_from_polar(range_m, azimuth_deg)
        self._contacts.append(
            RadarContact(
                time_ns=self._time_ns,
                device=settings.name,
                range_m=range_m,
                azimuth_deg=azimuth_deg,
                radial_speed_mps=-speed_mps if direction == settings.approaching and speed else speed_mps,
                x_m=x_m,
                y_m=y_m,
                magnitude=float(snr),
            )
        )


def _measure(buffer: bytearray, start: int) -> int:
    if buffer[start] != HEAD[0]:
        return hilink.command_length(buffer, start)
    if len(buffer) - start < 6:
        return NEED_MORE
    length = buffer[start + 4] | buffer[start + 5] << 8
    if length and (length % ROW.size != 2 or length > 2 + MOST_TARGETS * ROW.size):
        return IMPOSSIBLE
    return 6 + length + 4


DEVICE = Device("ld2451", "Hi-Link HLK-LD2451", Ld2451Settings, PortDefaults(baud=115200))
