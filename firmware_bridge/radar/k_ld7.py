"""RFbeam K-LD7: 24 GHz radar, list of targets with distance, speed and angle, and one it follows [1].

115200 baud **8E1** at start; ``INIT`` is answered at that rate and may choose a faster one for all that follows, until
``GBYE`` or the next start. Every packet, both ways: ``name 4 ASCII bytes | length u32 LE | payload``, no checksum. It
talks when asked: ``INIT`` (rate index) once, then ``GNFD`` (mask of what is wanted) for every frame, answered by
``RESP`` (u8, 0 = done), the wanted packets and ``DONE`` (frame number u32). PDAT has rows, TDAT none or one::

    distance u16 cm | speed i16 0.01 km/h | angle i16 0.01° | magnitude u16

Speed is positive for receding, angle positive to the right.

[1] RFbeam, K-LD7 data sheet rev. B, "Serial interface"; nickovs/kld7 ``kld7/constants.py`` and ``device.py``. The
    latter calls direction 0 "approaching" where the data sheet says receding; only the sign of the speed is used.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from dsp.units import to_ns
from firmware_bridge.contacts import RadarContact
from firmware_bridge.drivers import FramedDriver
from firmware_bridge.framing import IMPOSSIBLE, NEED_MORE
from firmware_bridge.geometry import xy_from_polar
from firmware_bridge.module import Device, PortDefaults

HEADER = struct.Struct("<4sI")
ROW = struct.Struct("<HhhH")
LENGTHS: dict[bytes, int] = {b"RESP": 1, b"DDAT": 6, b"DONE": 4, b"RADC": 3072, b"RFFT": 1024, b"RPST": 42}
"""Payload bytes of the packets of one length."""
MOST_ROWS = 32
"""Rows accepted in a PDAT; the module gives up to about 16."""
PDAT, TDAT, DONE = 1 << 2, 1 << 3, 1 << 5
"""Bits of the mask of GNFD."""
RANGE_INDEX = {5: 0, 10: 1, 30: 2, 100: 3}
"""Argument of RRAI for each greatest distance in metres."""
SPEED_INDEX = {12.5: 0, 25.0: 1, 50.0: 2, 100.0: 3}
"""Argument of RSPI for each greatest speed in km/h."""
BOTH_DIRECTIONS = 2
START_BAUD = 115_200
RATE_INDEX = {START_BAUD: 0, 460_800: 1, 921_600: 2, 2_000_000: 3, 3_000_000: 4}
"""Argument of INIT for each rate of the line."""
DONE_WELL = b"\0"
"""Payload of a RESP to a command that was obeyed."""
KMH_PER_MPS = 3.6
SILENCE_S = 10.0
"""It answers every question, so it is gone when five in turn had no answer at either rate."""
ASK_AGAIN_NS = to_ns(1.0)
"""No answer for so long: the module is set up and asked anew; a frame takes at most 0.1 s."""


@dataclass(frozen=True, slots=True)
class KLd7Settings:
    """Settings of a K-LD7.

    Parameters
    ----------
    name
        Name of the radar.
    range_setting_m
        5, 10, 30 or 100: its greatest distance.
    speed_setting_kmh
        12.5, 25, 50 or 100: its greatest speed.
    max_angle_deg
        Contacts further aside are refused.
    line_baud
        Rate of the line after its start: 115200, 460800, 921600, 2000000 or 3000000.
    """

    name: str = "k-ld7"
    range_setting_m: int = 100
    speed_setting_kmh: float = 100.0
    max_angle_deg: float = 90.0
    line_baud: int = START_BAUD

    def __post_init__(self) -> None:
        """Check that the module knows the settings."""
        if self.range_setting_m not in RANGE_INDEX:
            raise ValueError(f"range_setting_m must be one of {sorted(RANGE_INDEX)}, not {self.range_setting_m}")
        if self.speed_setting_kmh not in SPEED_INDEX:
            raise ValueError(f"speed_setting_kmh must be one of {sorted(SPEED_INDEX)}, not {self.speed_setting_kmh}")
        if self.line_baud not in RATE_INDEX:
            raise ValueError(f"line_baud must be one of {sorted(RATE_INDEX)}, not {self.line_baud}")
        if not 0 < self.max_angle_deg <= 180:
            raise ValueError(f"max_angle_deg must be above 0 and at most 180, not {self.max_angle_deg}")

    def make(self) -> KLd7:
        """Build the driver."""
        return KLd7(self)


def packet(name: bytes, payload: bytes = b"") -> bytes:
    """Build a packet."""
    return HEADER.pack(name, len(payload)) + payload


class KLd7(FramedDriver):
    """Driver of a K-LD7; asks for the next frame when the last one is complete.

    Attributes
    ----------
    baud
        Rate the port must have before the next bytes are sent; None: as it was opened.
    """

    def __init__(self, settings: KLd7Settings) -> None:
        self._settings = settings
        magic = re.compile(b"RESP|PDAT|TDAT|DDAT|DONE|RADC|RFFT|RPST")
        super().__init__(magic, 4, HEADER.size + max(LENGTHS.values()), _measure)
        set_up = (
            (b"RRAI", RANGE_INDEX[settings.range_setting_m]),
            (b"RSPI", SPEED_INDEX[settings.speed_setting_kmh]),
            (b"DEDI", BOTH_DIRECTIONS),
            (b"GNFD", PDAT | TDAT | DONE),
        )
        self._questions = [packet(name, struct.pack("<I", value)) for name, value in set_up]
        self._asked = 0
        self._ask = False
        self._asked_ns: int | None = None
        self._leaving = False
        self.baud: int | None = None
        self._frame_number: int | None = None

    def greeting(self) -> bytes:
        """``INIT`` at the rate of the start; the rest follows its answer."""
        self._framer.reset()
        self._asked, self._ask, self._asked_ns = 0, False, None
        self._leaving, self.baud = False, None
        return packet(b"INIT", struct.pack("<I", RATE_INDEX[self._settings.line_baud]))

    def requests(self, time_ns: int) -> bytes:
        """Next command of the set-up, or the question for the next frame."""
        if self._asked_ns is None:
            self._asked_ns = time_ns
        if self._ask:
            self._ask, self._asked_ns = False, time_ns
            return self._questions[min(self._asked, len(self._questions)) - 1]
        if time_ns - self._asked_ns >= ASK_AGAIN_NS:
            question = self._again()
            self._asked_ns = time_ns
            return question
        return b""

    def _again(self) -> bytes:
        """After silence: from the beginning, and every second time at the fast rate, at which it may still listen."""
        if self._settings.line_baud == START_BAUD or self._leaving:
            return self.greeting()
        self._framer.reset()
        self._asked, self._ask = 0, False
        self._leaving, self.baud = True, self._settings.line_baud
        return packet(b"GBYE")

    def _accept(self, frame: bytes) -> int:
        if len(frame) < HEADER.size:
            return 0
        name, length = HEADER.unpack_from(frame)
        payload = frame[HEADER.size :]
        if len(payload) != length:
            return 0
        self._counters.frames += 1
        if name == b"RESP" and self._leaving:
            self._asked_ns = self._time_ns - ASK_AGAIN_NS  # it listens at the rate of the start now
        elif name == b"RESP":
            if self._asked == 0 and payload == DONE_WELL and self._settings.line_baud != START_BAUD:
                self.baud = self._settings.line_baud
            if self._asked < len(self._questions):
                self._asked += 1
                self._ask = True
        elif name == b"DONE":
            self._count_frame(struct.unpack("<I", payload)[0])
            self._ask = self._asked >= len(self._questions)
        elif name in {b"PDAT", b"TDAT"}:
            for row in ROW.iter_unpack(payload):
                self._read_row(*row, tracked=name == b"TDAT")
        return len(frame)

    def _count_frame(self, number: int) -> None:
        if self._frame_number is not None and number <= self._frame_number:
            self._counters.reboots += 1
        self._frame_number = number

    def _read_row(self, distance: int, speed: int, angle: int, magnitude: int, *, tracked: bool) -> None:
        settings = self._settings
        range_m, speed_kmh, azimuth_deg = distance / 100, speed / 100, angle / 100
        if (
            not 0 < range_m <= settings.range_setting_m
            or abs(speed_kmh) > settings.speed_setting_kmh
            or abs(azimuth_deg) > settings.max_angle_deg
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
                radial_speed_mps=speed_kmh / KMH_PER_MPS,
                x_m=x_m,
                y_m=y_m,
                magnitude=float(magnitude),
                track_no=0 if tracked else None,
            )
        )


def _measure(buffer: bytearray, start: int) -> int:
    if len(buffer) - start < HEADER.size:
        return NEED_MORE
    name, length = HEADER.unpack_from(buffer, start)
    if name == b"PDAT":
        possible = length % ROW.size == 0 and length <= MOST_ROWS * ROW.size
    elif name == b"TDAT":
        possible = length in {0, ROW.size}
    else:
        possible = length == LENGTHS[name]
    return HEADER.size + int(length) if possible else IMPOSSIBLE


DEVICE = Device("k-ld7", "RFbeam K-LD7", KLd7Settings, PortDefaults(baud=115200, parity="E", silence_s=SILENCE_S))
