"""Frames of the skypicket microcontroller link: COBS, sequence, device clock, CRC (``docs/mcu-link.md``).

::

    00 | COBS( version u8 | type u8 | sequence u16 | time u32 us | payload | CRC-16/CCITT-FALSE u16 ) | 00

Little-endian. Every zero byte on the wire ends a frame, so damage never costs more than the frames it touches.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from cobs import cobs

from firmware_bridge.module import ModuleCounters

VERSION = 1
HEADER = struct.Struct("<BBHI")
CRC = struct.Struct("<H")
CRC_START = 0xFFFF
LONGEST_PAYLOAD = 1000
LONGEST_FRAME = 1024
"""Bytes between two zeros: header, payload, CRC and what COBS adds (one in 254)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One intact frame."""

    type: int
    sequence: int
    time_us: int
    payload: bytes


def encode(frame: Frame) -> bytes:
    """Bytes on the wire, with the zeros on both sides."""
    if len(frame.payload) > LONGEST_PAYLOAD:
        raise ValueError(f"payload must be at most {LONGEST_PAYLOAD} bytes, not {len(frame.payload)}")
    body = HEADER.pack(VERSION, frame.type, frame.sequence & 0xFFFF, frame.time_us & 0xFFFFFFFF) + frame.payload
    encoded: bytes = cobs.encode(body + CRC.pack(binascii.crc_hqx(body, CRC_START)))
    return b"\x00" + encoded + b"\x00"


class CobsFramer:
    """Cuts a stream into frames at its zeros; bounded.

    Parameters
    ----------
    counters
        Where to count.
    """

    def __init__(self, counters: ModuleCounters) -> None:
        self._counters = counters
        self._buffer = b""
        self._giving_up = False
        self._in_step = True

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes, give the intact frames; iterate to the end."""
        self._counters.bytes += len(data)
        *pieces, rest = (self._buffer + data).split(b"\x00")
        for piece in pieces:
            if self._giving_up:
                self._giving_up = False
                self._skip(len(piece))
            elif len(piece) > LONGEST_FRAME:
                self._counters.oversize += 1
                self._skip(len(piece))
            elif piece:
                frame = self._decode(piece)
                if frame is None:
                    self._skip(len(piece))
                else:
                    self._counters.frames += 1
                    self._in_step = True
                    yield frame
        if self._giving_up:
            self._skip(len(rest))
            rest = b""
        elif len(rest) > LONGEST_FRAME:
            self._counters.oversize += 1
            self._skip(len(rest))
            self._giving_up = True
            rest = b""
        self._buffer = rest

    def reset(self) -> None:
        """Forget a half frame."""
        self._skip(len(self._buffer))
        self._buffer, self._giving_up, self._in_step = b"", False, True

    def _decode(self, piece: bytes) -> Frame | None:
        try:
            body: bytes = cobs.decode(piece)
        except cobs.DecodeError:
            body = b""
        if len(body) < HEADER.size + CRC.size:
            self._counters.malformed += 1
            return None
        (crc,) = CRC.unpack_from(body, len(body) - CRC.size)
        if binascii.crc_hqx(body[: -CRC.size], CRC_START) != crc:
            self._counters.crc_errors += 1
            return None
        version, kind, sequence, time_us = HEADER.unpack_from(body)
        if version != VERSION:
            self._counters.malformed += 1
            return None
        return Frame(kind, sequence, time_us, body[HEADER.size : -CRC.size])

    def _skip(self, count: int) -> None:
        if count:
            self._counters.skipped_bytes += count
            self._counters.resyncs += self._in_step
            self._in_step = False
