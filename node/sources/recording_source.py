"""Reads any recording, block by block, once its layout is known."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from dsp.iq import IqBlock, SourceUnavailable
from dsp.units import NS_PER_S
from node.sources.byte_streams import ByteStream
from node.sources.datatype_check import why_wrong_type
from node.sources.float_levels import PEEK_SAMPLES, FloatLevels
from node.sources.recording_layout import RecordingLayout, Stretch, left_over_note
from sim.pacing import Pacer


class RecordingSource:
    """An ``IqSource`` of recorded samples; memory is a few blocks, however long the recording.

    The samples do not depend on ``block_samples``. Blocks have exactly that length, the last before a gap, a new
    tuning or the end apart. Time follows the sample count from the start; lost samples count.

    Parameters
    ----------
    layout
        Where the samples are and what they mean.
    stream
        The bytes, of which ``layout.bytes_read`` are read already. Closed at the end of ``blocks()``.
    stop
        The event the stream listens to; ``stop()`` sets it.
    block_samples
        Length of a block.
    radio
        Name in the blocks.
    pace
        None: as fast as it goes. 1.0: a block comes when its last sample is due, 2.0: twice as fast, ...
    wait, clock
        How to wait and to tell time, see ``Pacer``; None: on ``stop``, by the monotonic clock.
    """

    def __init__(
        self,
        layout: RecordingLayout,
        stream: ByteStream,
        stop: threading.Event,
        *,
        block_samples: int,
        radio: str = "recording",
        pace: float | None = None,
        wait: Callable[[float], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.layout = layout
        self._stream = stream
        self._stop = stop
        self._block_samples = block_samples
        self._radio = radio
        self._pacer = Pacer(pace, wait or stop.wait, clock) if pace is not None else None
        self._levels = FloatLevels(layout.where, layout.full_scale) if layout.sample_type.is_float else None
        self._ending_notes: list[str] = []
        self._checked = False
        self._begun = False
        self._ended = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What is unusual, in words; more may come while reading."""
        notes = list(self.layout.notes)
        if self._levels is not None:
            if self._levels.note is not None:
                notes.append(self._levels.note)
            if count := self._levels.non_finite:
                notes.append(f"{count} sample{'s are' if count > 1 else ' is'} NaN or infinite and taken as 0")
        return (*notes, *self._ending_notes)

    def blocks(self) -> Iterator[IqBlock]:
        """Give the blocks; see ``IqSource``."""
        if self._begun:
            raise RuntimeError("blocks() may be called once")
        self._begun = True
        try:
            for block in self._blocks():
                if self._pacer is not None:
                    end = block.first_sample + len(block.samples)
                    if not self._pacer.wait_until(end / block.sample_rate_hz):
                        return
                if self._stop.is_set():
                    return
                yield block
        finally:
            self._stream.close()

    def stop(self) -> None:
        """End ``blocks()`` soon. From any thread, any number of times."""
        self._stop.set()

    def close(self) -> None:
        """Give the file back without reading it. Any number of times."""
        self._stop.set()
        self._stream.close()

    def _blocks(self) -> Iterator[IqBlock]:
        layout = self.layout
        position, first_sample, lost_before = layout.bytes_read, 0, 0
        given = 0
        for stretch in layout.stretches:
            self._stream.skip(stretch.first_byte - position)
            lost_before += stretch.lost_before
            first_sample += stretch.lost_before
            position = stretch.first_byte
            for samples in _cut(self._pieces(stretch), self._block_samples):
                yield IqBlock(
                    samples=samples,
                    sample_rate_hz=layout.sample_rate_hz,
                    centre_hz=stretch.centre_hz,
                    first_sample=first_sample,
                    lost_before=lost_before,
                    start_ns=layout.start_ns + round(first_sample * NS_PER_S / layout.sample_rate_hz),
                    radio=self._radio,
                    centre_known=stretch.centre_known,
                )
                lost_before = 0
                given += len(samples)
                first_sample += len(samples)
                position += len(samples) * layout.sample_type.bytes_per_sample
            if self._ended:
                break
        if self._stop.is_set():
            return
        if self._stream.truncated:
            self._ending_notes.append("the compressed file is cut: it ends within a frame")
        if not given:
            raise SourceUnavailable(f"{layout.where}: holds no samples")

    def _pieces(self, stretch: Stretch) -> Iterator[NDArray[np.complex64]]:
        """The samples of a stretch as they are read."""
        sample_type, levels = self.layout.sample_type, self._levels
        left = stretch.samples
        while left != 0:
            peek = not (self._checked or self._stream.live) if levels is None else not levels.decided
            wanted = PEEK_SAMPLES if peek else self._block_samples
            if left is not None:
                wanted = min(wanted, left)
                left -= wanted
            raw = self._stream.read(wanted * sample_type.bytes_per_sample)
            if self._stop.is_set():
                return
            whole, left_over = divmod(len(raw), sample_type.bytes_per_sample)
            if left_over:
                self._ending_notes.append(left_over_note(sample_type, left_over))
            if whole:
                self._check_type(raw)
                samples = sample_type.to_complex64(raw[: len(raw) - left_over] if left_over else raw)
                yield samples if levels is None else levels.feed(samples)
            if whole < wanted:
                self._ended = True
                if left is not None:
                    missing = wanted - whole + left
                    self._ending_notes.append(f"the recording is cut: {missing} samples it should hold are missing")
                return

    def _check_type(self, raw: bytes) -> None:
        """Look once whether the first bytes can be what they are said to be."""
        if self._checked:
            return
        self._checked = True
        sample_type = self.layout.sample_type
        looks_like = why_wrong_type(sample_type, raw)
        if looks_like is not None:
            raise SourceUnavailable(
                f"{self.layout.where}: is said to hold {sample_type.name}, but looks like {looks_like}: "
                "is the datatype right? Say it with --datatype"
            )


def _cut(pieces: Iterator[NDArray[np.complex64]], length: int) -> Iterator[NDArray[np.complex64]]:
    """The same samples in arrays of this length, the last one shorter; copies only what lies in two pieces."""
    rest: list[NDArray[np.complex64]] = []
    held = 0
    for piece in pieces:
        start = 0
        if held:
            start = min(length - held, len(piece))
            rest.append(piece[:start])
            held += start
            if held < length:
                continue
            yield np.concatenate(rest)
            rest, held = [], 0
        while len(piece) - start >= length:
            yield piece[start : start + length]
            start += length
        if start < len(piece):
            rest, held = [piece[start:]], len(piece) - start
    if held:
        yield np.concatenate(rest) if len(rest) > 1 else rest[0]
