"""What the Hi-Link radars share: command frames, and the dialogue that sets them up [1].

A command or its answer, little-endian::

    FD FC FB FA | length u16 | command u16, value ... | 04 03 02 01

The answer carries the command plus 0x0100, then a status u16 (0 = done). Commands work between "enable" (0x00FF) and
"end configuration" (0x00FE) alone.

[1] Hi-Link, HLK-LD2450 serial communication protocol V1.03, sections 2.1 and 2.2.
"""

from __future__ import annotations

import struct

from dsp.units import to_ns

HEAD = b"\xfd\xfc\xfb\xfa"
TAIL = b"\x04\x03\x02\x01"
ENABLE, END, SINGLE_TARGET, MULTI_TARGET = 0x00FF, 0x00FE, 0x0080, 0x0090
ANSWER = 0x0100
"""Added to a command in its answer."""
LONGEST_VALUE = 64
"""Bytes after the length field that an answer may have; the longest documented has 14."""
ANSWER_AFTER_NS = to_ns(1.0)
"""A command not answered for so long is sent again; the radars answer within 0.1 s."""
TRIES = 3
"""Times a command is sent before the dialogue is given up: the radar then runs as it was set before."""


def command_frame(command: int, value: bytes = b"") -> bytes:
    """Build a command frame."""
    return HEAD + struct.pack("<HH", 2 + len(value), command) + value + TAIL


def command_length(buffer: bytearray, start: int) -> int:
    """Length of the command frame that begins at ``start``: a measure for ``MagicFramer``."""
    if len(buffer) - start < 6:
        return 0
    length = buffer[start + 4] | buffer[start + 5] << 8
    return -1 if not 2 <= length <= LONGEST_VALUE else 6 + length + 4


class SetUp:
    """Sends commands one after the other, each when the one before was answered.

    Parameters
    ----------
    commands
        ``(command, value)`` between enabling and ending the configuration; none means nothing is sent at all.
    """

    def __init__(self, commands: tuple[tuple[int, bytes], ...]) -> None:
        self._all = ((ENABLE, b"\x01\x00"), *commands, (END, b"")) if commands else ()
        self._next = len(self._all)
        self._tries = 0
        self._sent_ns: int | None = None
        self.refused = 0
        """Commands the radar answered with a failure or not at all."""

    def start(self) -> bytes:
        """Begin anew: the first command."""
        self._next, self._tries, self._sent_ns = 0, 1, None
        return command_frame(*self._all[0]) if self._all else b""

    def answered(self, frame: bytes) -> None:
        """Read an answer frame."""
        command = frame[6] | frame[7] << 8
        if self._next < len(self._all) and command == self._all[self._next][0] | ANSWER:
            if len(frame) >= 14 and frame[8:10] != b"\x00\x00":
                self.refused += 1
            self._advance()

    def requests(self, time_ns: int) -> bytes:
        """Bytes to send now."""
        if self._next >= len(self._all):
            return b""
        if self._sent_ns is None:
            self._sent_ns = time_ns
            return b"" if self._next == 0 and self._tries == 1 else command_frame(*self._all[self._next])
        if time_ns - self._sent_ns < ANSWER_AFTER_NS:
            return b""
        if self._tries >= TRIES:
            self.refused += 1
            self._advance()
            return self.requests(time_ns)
        self._tries += 1
        self._sent_ns = time_ns
        return command_frame(*self._all[self._next])

    def _advance(self) -> None:
        self._next += 1
        self._tries = 1
        self._sent_ns = None
