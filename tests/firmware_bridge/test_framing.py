"""Framers: found, refused, given up, counted to the byte."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.framing import IMPOSSIBLE, NEED_MORE, LineFramer, MagicFramer
from firmware_bridge.module import ModuleCounters


class Letters:
    """Frames ``AB`` + length + payload; a payload that begins with ``!`` is refused."""

    def __init__(self) -> None:
        self.counters = ModuleCounters()
        self.frames: list[bytes] = []
        self.framer = MagicFramer(re.compile(b"AB"), 2, 20, self._measure, self._accept, self.counters)

    def _measure(self, buffer: bytearray, start: int) -> int:
        if len(buffer) - start < 3:
            return NEED_MORE
        return IMPOSSIBLE if buffer[start + 2] == 0 else 3 + buffer[start + 2]

    def _accept(self, frame: bytes) -> int:
        if len(frame) < 3 or len(frame) != 3 + frame[2] or frame[3:4] == b"!":
            return 0
        self.frames.append(frame[3:])
        return len(frame)


class TestMagicFramer:
    @pytest.mark.parametrize(
        ("stream", "frames", "malformed", "oversize", "resyncs", "skipped"),
        [
            (b"AB\3xyzAB\1q", [b"xyz", b"q"], 0, 0, 0, 0),
            (b"junkAB\1q", [b"q"], 0, 0, 1, 4),
            (b"AB\4!AB\1q", [b"q"], 1, 0, 1, 4),  # the refused frame held the beginning of a good one
            (b"AB\0AB\1q", [b"q"], 0, 0, 1, 3),
            (b"AB\xc8AB\1q", [b"q"], 0, 1, 1, 3),
            (b"AAAB\1q", [b"q"], 0, 0, 1, 2),
            (b"AB\7xyAB\1q", [b"q"], 0, 0, 1, 5),  # cut by the end: what is inside is found
            (b"AB\1qAB", [b"q"], 0, 0, 1, 2),
        ],
    )
    def test_streams(
        self, stream: bytes, frames: list[bytes], malformed: int, oversize: int, resyncs: int, skipped: int
    ) -> None:
        for size in (1, 2, 3, len(stream)):
            letters = Letters()
            for at in range(0, len(stream), size):
                letters.framer.feed(stream[at : at + size])
            letters.framer.finish()
            counters = letters.counters
            assert letters.frames == frames
            assert (counters.malformed, counters.oversize, counters.resyncs) == (malformed, oversize, resyncs)
            assert (counters.bytes, counters.skipped_bytes) == (len(stream), skipped)

    def test_reset_forgets_a_half_frame(self) -> None:
        letters = Letters()
        letters.framer.feed(b"AB\5xy")
        letters.framer.reset()
        letters.framer.feed(b"AB\1q")
        assert letters.frames == [b"q"]

    @given(st.binary(max_size=300))
    def test_every_byte_is_in_a_frame_or_skipped(self, stream: bytes) -> None:
        letters = Letters()
        letters.framer.feed(stream.replace(b"\7", b"AB\2"))
        letters.framer.finish()
        counters = letters.counters
        assert sum(3 + len(frame) for frame in letters.frames) + counters.skipped_bytes == counters.bytes


class TestLineFramer:
    def lines(self, pieces: list[bytes]) -> tuple[list[bytes], ModuleCounters, bytes]:
        counters = ModuleCounters()
        framer = LineFramer(8, counters)
        found = [line for piece in pieces for line in framer.feed(piece)]
        return found, counters, framer.finish()

    def test_all_ends_and_no_empty_lines(self) -> None:
        found, _, rest = self.lines([b"one\ntwo\r\n\r\nthree\rfo"])
        assert (found, rest) == ([b"one", b"two", b"three"], b"fo")

    @pytest.mark.parametrize("size", [1, 4, 100])
    def test_a_line_too_long_is_given_up_to_its_end(self, size: int) -> None:
        stream = b"12345678\n123456789\nshort\n" + b"x" * 50 + b"\nend\n"
        found, counters, _ = self.lines([stream[at : at + size] for at in range(0, len(stream), size)])
        assert found == [b"12345678", b"short", b"end"]
        assert (counters.oversize, counters.skipped_bytes) == (2, 59)
