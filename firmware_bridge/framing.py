"""Cutting byte streams into frames: by a magic word, or into lines. Bounded, and every byte is counted.

Both framers give the same frames however the bytes are cut, and both find their way back after damage: a refused
frame costs one byte, not its claimed length, because the length may be what was damaged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from firmware_bridge.module import ModuleCounters

NEED_MORE = 0
"""Result of a measure: the length cannot be told yet."""
IMPOSSIBLE = -1
"""Result of a measure: what follows the magic cannot be a frame."""


class MagicFramer:
    """Frames that begin with a magic word and whose length follows from their first bytes.

    Parameters
    ----------
    magic
        Matches the beginning of a frame; all its matches have ``magic_length`` bytes.
    magic_length
        Bytes of the magic.
    longest
        Bytes of the longest frame; the buffer never holds more than this and one ``feed``.
    measure
        ``measure(buffer, start)`` gives the length of the frame that begins there, magic included, ``NEED_MORE`` or
        ``IMPOSSIBLE``.
    accept
        ``accept(frame)`` reads a frame of the measured length (at the end of the stream perhaps less) and gives how
        many of its bytes it used, 0 to refuse it.
    counters
        Where to count; ``malformed`` is counted here for every refused frame.
    """

    def __init__(
        self,
        magic: re.Pattern[bytes],
        magic_length: int,
        longest: int,
        measure: Callable[[bytearray, int], int],
        accept: Callable[[bytes], int],
        counters: ModuleCounters,
    ) -> None:
        self._find = magic.search
        self._magic_length = magic_length
        self._longest = longest
        self._measure = measure
        self._accept = accept
        self._counters = counters
        self._buffer = bytearray()
        self._in_step = True

    def feed(self, data: bytes) -> None:
        """Take bytes; ``accept`` is called for each whole frame."""
        self._counters.bytes += len(data)
        self._buffer += data
        self._read(final=False)

    def finish(self) -> None:
        """Read what is left at the end of the stream: frames within a longer one that never ended."""
        self._read(final=True)
        self._skip(len(self._buffer))
        self._buffer.clear()

    def reset(self) -> None:
        """Forget a half frame."""
        self._skip(len(self._buffer))
        self._buffer.clear()
        self._in_step = True

    def _read(self, *, final: bool) -> None:
        buffer = self._buffer
        position = 0
        while True:
            found = self._find(buffer, position)
            if found is None:
                end = max(position, len(buffer) - (0 if final else self._magic_length - 1))
                self._skip(end - position)
                position = end
                break
            start = found.start()
            self._skip(start - position)
            position = start
            length = self._measure(buffer, start)
            if length > self._longest:
                self._counters.oversize += 1
                length = IMPOSSIBLE
            whole = length not in {NEED_MORE, IMPOSSIBLE} and length <= len(buffer) - start
            if length == NEED_MORE or (length != IMPOSSIBLE and not whole):
                if not final:
                    break
                length = len(buffer) - start
            if length != IMPOSSIBLE:
                used = self._accept(bytes(buffer[start : start + length]))
                if used > 0:
                    position = start + used
                    self._in_step = True
                    continue
                self._counters.malformed += whole
            self._skip(1)
            position += 1
        del buffer[:position]

    def _skip(self, count: int) -> None:
        if count:
            self._counters.skipped_bytes += count
            self._counters.resyncs += self._in_step
            self._in_step = False


class LineFramer:
    r"""Lines that end with ``\n`` or ``\r``; empty ones are left out.

    Parameters
    ----------
    longest
        Bytes of the longest line; a longer one is given up and counted as ``oversize``.
    counters
        Where to count.
    """

    def __init__(self, longest: int, counters: ModuleCounters) -> None:
        self._longest = longest
        self._counters = counters
        self._buffer = b""
        self._giving_up = False
        self._in_step = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes, give the lines that ended, without their ends; iterate to the end."""
        self._counters.bytes += len(data)
        *lines, rest = (self._buffer + data.replace(b"\r", b"\n")).split(b"\n")
        for line in lines:
            if self._giving_up:
                self._giving_up = False
                self._give_up(len(line))
            elif len(line) > self._longest:
                self._counters.oversize += 1
                self._give_up(len(line))
            elif line:
                yield line
        if self._giving_up:
            self._give_up(len(rest))
            rest = b""
        elif len(rest) > self._longest:
            self._counters.oversize += 1
            self._give_up(len(rest))
            self._giving_up = True
            rest = b""
        self._buffer = rest

    def finish(self) -> bytes:
        """Give the last line, which has no end; empty when there is none."""
        line, self._buffer, self._giving_up = self._buffer, b"", False
        return line

    def reset(self) -> None:
        """Forget a half line."""
        self._give_up(len(self._buffer))
        self._buffer = b""
        self._giving_up = False
        self._in_step = True

    def accepted(self) -> None:
        """Tell that the line just given was understood."""
        self._counters.frames += 1
        self._in_step = True

    def refused(self, line: bytes) -> None:
        """Tell that the line just given was not understood."""
        self._counters.malformed += 1
        self._give_up(len(line))

    def _give_up(self, count: int) -> None:
        if count:
            self._counters.skipped_bytes += count
            self._counters.resyncs += self._in_step
            self._in_step = False
