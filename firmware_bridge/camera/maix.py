"""Sipeed MaixCAM: the Maix protocol with our program at the other end (``maixpy/main.py``) [1]_.

Frame, little-endian: ``AA CA AC BB | length u32 (flags to checksum) | flags u8 | command u8 | body | CRC-16/ARC`` over
all before it. Commands below 0xC8 are the application's; ours is 0x41, a report of the boxes of one picture::

    version u8 (1) | width u16 | height u16 | latency u16 ms | count u8 |
    count x (x u16, y u16, width u16, height u16, score u8, class u8, track u16)

Centre and size in 1/65535 of the picture, score in 1/255, track 0xFFFF for none, latency from exposure to report.

References
----------
.. [1] sipeed/MaixCDK ``docs/doc/convention/protocol.md``.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from firmware_bridge.camera.boxes import MOST_BOXES, Box, BoxReader, CameraSettings
from firmware_bridge.camera.maixpy.main import BOX, COMMAND, FULL, HEAD, NO_TRACK, SCORE_FULL, VERSION
from firmware_bridge.drivers import FramedDriver
from firmware_bridge.framing import IMPOSSIBLE, NEED_MORE
from firmware_bridge.module import Device, PortDefaults

MAGIC = bytes.fromhex("aacaacbb")
PREFIX = struct.Struct("<4sI")
SHORTEST = 4
"""Flags, command and checksum."""
SILENCE_S = 10.0
"""Our program reports every picture, with boxes or without; the largest networks take about a second for one."""
LONGEST = 4096
"""Bytes after the length; our longest body, 64 boxes, has 776."""


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


_TABLE = _crc_table()


def checksum(data: bytes) -> int:
    """Return the CRC-16/ARC of some bytes."""
    value = 0
    table = _TABLE
    for byte in data:
        value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    return value


def encode(command: int, body: bytes, flags: int = 0xE1) -> bytes:
    """Return a frame; the flags of a report by default (response, in order, report, version 1)."""
    frame = PREFIX.pack(MAGIC, len(body) + SHORTEST) + bytes([flags, command]) + body
    return frame + struct.pack("<H", checksum(frame))


@dataclass(frozen=True, slots=True)
class MaixSettings(CameraSettings):
    """Settings of a MaixCAM; its program sends without being asked."""

    name: str = "maix"

    def make(self) -> Maix:
        """Build the driver."""
        return Maix(self)


def measure(buffer: bytearray, start: int) -> int:
    """Length of the frame that begins there, ``NEED_MORE`` or ``IMPOSSIBLE``."""
    if len(buffer) - start < PREFIX.size:
        return NEED_MORE
    length: int = PREFIX.unpack_from(buffer, start)[1]
    return PREFIX.size + length if SHORTEST <= length <= LONGEST else IMPOSSIBLE


def checks(frame: bytes) -> bool:
    """Whether the checksum of a whole frame is right."""
    return checksum(frame[:-2]) == int.from_bytes(frame[-2:], "little")


class Maix(FramedDriver):
    """Driver of a MaixCAM."""

    def __init__(self, settings: MaixSettings) -> None:
        super().__init__(re.compile(re.escape(MAGIC)), len(MAGIC), PREFIX.size + LONGEST, measure)
        self._boxes = BoxReader(settings)

    def _accept(self, frame: bytes) -> int:
        if len(frame) < PREFIX.size + SHORTEST or measure(bytearray(frame), 0) != len(frame):
            return 0  # the stream ended within it
        if not checks(frame):
            self._counters.crc_errors += 1
            return 0
        if frame[PREFIX.size + 1] == COMMAND and not self._read(frame[PREFIX.size + 2 : -2]):
            return 0
        self._counters.frames += 1
        return len(frame)

    def _read(self, body: bytes) -> bool:
        if len(body) < HEAD.size:
            return False
        version, width, height, latency_ms, count = HEAD.unpack_from(body)
        if version != VERSION or count > MOST_BOXES or len(body) != HEAD.size + count * BOX.size:
            return False
        taken_ns = self._time_ns - latency_ms * 1_000_000
        size_px = (width, height) if width and height else None
        for x, y, box_width, box_height, score, class_no, track in BOX.iter_unpack(body[HEAD.size :]):
            box = Box(
                x / FULL,
                y / FULL,
                box_width / FULL,
                box_height / FULL,
                score / SCORE_FULL,
                class_no,
                track_no=None if track == NO_TRACK else track,
            )
            contact = self._boxes.read(box, taken_ns, size_px, fractions=True)
            if contact is None:
                self._counters.refused += 1
            else:
                self._contacts.append(contact)
        return True


DEVICE = Device(
    "maix",
    "Sipeed MaixCAM with skypicket's program (Maix protocol)",
    MaixSettings,
    PortDefaults(115_200, silence_s=SILENCE_S),
)
