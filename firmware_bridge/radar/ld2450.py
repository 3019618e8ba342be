r"""Hi-Link HLK-LD2450: 24 GHz room radar, up to three targets in a plane, ten frames a second [1].

256000 baud 8N1. One frame, 30 bytes, little-endian, no checksum::

    AA FF 03 00 | 3 x (x u16 mm, y u16 mm, speed u16 cm/s, gate u16 mm) | 55 CC

x, y and speed are sign and magnitude **with the sense turned round**: bit 15 set means positive. An unused slot is
eight zero bytes. Speed is negative for an approaching target. The range is that in the radar's plane.

[1] Hi-Link, HLK-LD2450 serial communication protocol V1.03, section 2.3. The sign of the speed: ESPHome component
    ``ld2450``.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Literal

from firmware_bridge.contacts import RadarContact
from firmware_bridge.drivers import FramedDriver
from firmware_bridge.geometry import polar_from_xy
from firmware_bridge.module import Device, PortDefaults
from firmware_bridge.radar import hilink

HEAD = b"\xaa\xff\x03\x00"
TAIL = b"\x55\xcc"
FRAME_LENGTH = 30
SLOTS = 3
SLOT = struct.Struct("<4H")
SIGN = 0x8000


@dataclass(frozen=True, slots=True)
class Ld2450Settings:
    """Settings of an HLK-LD2450.

    Parameters
    ----------
    name
        Name of the radar.
    targets
        How many it shall follow; ``keep`` leaves it as it was set.
    max_range_m
        Contacts beyond are refused: it sees a person at 6 m, so a frame that says more than 10 m is damaged.
    max_speed_mps
        Contacts faster are refused.
    """

    name: str = "ld2450"
    targets: Literal["multi", "single", "keep"] = "multi"
    max_range_m: float = 10.0
    max_speed_mps: float = 20.0

    def __post_init__(self) -> None:
        """Check the gates."""
        if self.targets not in {"multi", "single", "keep"}:
            raise ValueError(f'targets must be "multi", "single" or "keep", not {self.targets!r}')
        for key in ("max_range_m", "max_speed_mps"):
            if not getattr(self, key) > 0:
                raise ValueError(f"{key} must be above 0, not {getattr(self, key)}")

    def make(self) -> Ld2450:
        """Build the driver."""
        return Ld2450(self)


def decode_signed(raw: int) -> int:
    """Sign and magnitude with the sense turned round: bit 15 set is positive."""
    return raw & 0x7FFF if raw & SIGN else -(raw & 0x7FFF)


def encode_signed(value: int) -> int:
    """Inverse of ``decode_signed``; zero as the radar sends it, all bits clear."""
    return value | SIGN if value > 0 else -value


class Ld2450(FramedDriver):
    """Driver of an HLK-LD2450."""

    def __init__(self, settings: Ld2450Settings) -> None:
        self._settings = settings
        magic = re.compile(re.escape(HEAD) + b"|" + re.escape(hilink.HEAD))
        super().__init__(magic, len(HEAD), 10 + hilink.LONGEST_VALUE, _measure)
        wanted = {"multi": ((hilink.MULTI_TARGET, b""),), "single": ((hilink.SINGLE_TARGET, b""),), "keep": ()}
        self._set_up = hilink.SetUp(wanted[settings.targets])

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
        elif len(frame) != FRAME_LENGTH or not frame.endswith(TAIL):
            return 0
        else:
            for slot in range(SLOTS):
                self._read_slot(slot + 1, frame, len(HEAD) + slot * SLOT.size)
        self._counters.frames += 1
        return len(frame)

    def _read_slot(self, number: int, frame: bytes, at: int) -> None:
        if not any(frame[at : at + SLOT.size]):
            return
        raw_x, raw_y, raw_speed, _ = SLOT.unpack_from(frame, at)
        x_m, y_m = decode_signed(raw_x) / 1000, decode_signed(raw_y) / 1000
        speed_mps = decode_signed(raw_speed) / 100
        range_m, azimuth_deg = polar_from_xy(x_m, y_m)
        settings = self._settings
        if y_m < 0 or not 0 < range_m <= settings.max_range_m or abs(speed_mps) > settings.max_speed_mps:
            self._counters.refused += 1
            return
        self._contacts.append(
            RadarContact(
                time_ns=self._time_ns,
                device=settings.name,
                range_m=range_m,
                azimuth_deg=azimuth_deg,
                radial_speed_mps=speed_mps,
                x_m=x_m,
                y_m=y_m,
                track_no=number,
            )
        )


def _measure(buffer: bytearray, start: int) -> int:
    return FRAME_LENGTH if buffer[start] == HEAD[0] else hilink.command_length(buffer, start)


DEVICE = Device("ld2450", "Hi-Link HLK-LD2450", Ld2450Settings, PortDefaults(baud=256000, silence_s=5.0))
