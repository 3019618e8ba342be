"""Writes SigMF recordings that are complete or not there."""

from __future__ import annotations

import errno
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from dsp.iq import IqBlock
from dsp.units import NS_PER_S
from node.sources.recording_files import LEAST_FREE_BYTES, PendingFiles, RecorderError
from node.sources.sample_encoding import Datatype, SampleEncoder, choose_datatype
from node.sources.sigmf_metadata import FULL_SCALE_KEY, Json, write_metadata

if TYPE_CHECKING:
    from hashlib import _Hash

EXTENSION_VERSION = "1.0.0"
"""Of our SigMF extension, which has one field, ``skypicket:full_scale``."""


@dataclass(frozen=True, slots=True)
class RecordedInfo:
    """A finished recording.

    Parameters
    ----------
    metadata, data
        Its two files.
    datatype
        How samples are stored.
    samples, lost_samples
        Samples in it, and those missing between them.
    captures
        Stretches at one tuning without a gap.
    clipped_samples
        Samples at the end of the scale: the gain is too high if they are many.
    inexact_samples
        Samples that the datatype does not hold exactly.
    sample_rate_hz, start_ns
        Of the first sample.
    ended
        Why: ``time`` is over, ``end`` of the source, ``interrupted`` by the operator.
    """

    metadata: Path
    data: Path
    datatype: Datatype
    samples: int
    lost_samples: int
    captures: int
    clipped_samples: int
    inexact_samples: int
    sample_rate_hz: float
    start_ns: int
    ended: Literal["time", "end", "interrupted"] = "end"

    @property
    def duration_s(self) -> float:
        """From the first sample to the last, what is missing included."""
        return (self.samples + self.lost_samples) / self.sample_rate_hz


@dataclass(frozen=True, slots=True)
class _Written:
    """What is in the data file: one record, so that an interrupt between two statements cannot part it."""

    digest: _Hash
    samples: int
    first: IqBlock
    last: IqBlock


class SigmfRecorder:
    """Writes one recording; a context manager: leaving it by an exception discards the recording.

    Samples go to a hidden file beside the recording; see ``PendingFiles``. A retune or a gap begins a capture; gaps are
    in ``core:global_index``.

    Parameters
    ----------
    base
        Name of the recording, without extension (or with one of SigMF's). Its folder must exist, its files must not.
    datatype
        How to store samples. Integers round and clip. None: what holds the first block exactly.
    description, hardware
        Texts for people.
    least_free_bytes
        Left free on the disk.

    Raises
    ------
    RecorderError
        From every method, if the disk does not do its part; the message says what is left of the recording.
    """

    def __init__(
        self,
        base: Path,
        datatype: Datatype | None = "cu8",
        *,
        description: str = "",
        hardware: str = "",
        least_free_bytes: int = LEAST_FREE_BYTES,
    ) -> None:
        self._encoder = SampleEncoder(datatype) if datatype is not None else None
        self._texts = {"core:description": description, "core:hw": hardware}
        self._captures: list[dict[str, Json]] = []
        self._annotations: list[tuple[int, dict[str, Json]]] = []
        self._written: _Written | None = None
        self._files = PendingFiles(base, least_free_bytes)

    def __enter__(self) -> Self:
        """Nothing to do: the file is open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish, or after an exception discard."""
        if not self._files.is_open:
            return
        if fault is None:
            self.finish()
        else:
            self.discard()

    @property
    def base(self) -> Path:
        """Name of the recording, without extension."""
        return self._files.base

    @property
    def samples(self) -> int:
        """Samples written so far."""
        return 0 if self._written is None else self._written.samples

    def expect(self, samples: int) -> None:
        """Refuse now what the disk cannot hold later; before the first ``write``, with the datatype given.

        Raises
        ------
        RecorderError
            If it cannot: nothing is left.
        """
        why = self._files.why_no_space(samples * (self._encoder.bytes_per_sample if self._encoder else 2))
        if why is not None:
            self.discard()
            raise RecorderError(errno.ENOSPC, f"has no room: {why}; record less, or to another disk", str(self.base))

    def write(self, block: IqBlock) -> None:
        """Write the next block.

        Raises
        ------
        RecorderError
            If the disk is nearly full or the sample rate changed: the recording is finished before this block. If it
            cannot be written: nothing is kept.
        """
        if not len(block.samples):
            return
        written = self._written
        if written is not None and block.sample_rate_hz != written.first.sample_rate_hz:
            was_hz = written.first.sample_rate_hz
            raise self._ended_early(
                errno.EINVAL,
                f"the sample rate changed from {was_hz:.0f} to {block.sample_rate_hz:.0f} S/s; SigMF has only one",
            )
        if self._encoder is None:
            self._encoder = SampleEncoder(choose_datatype(block.samples))
        raw = self._encoder.encode(block.samples)
        why = self._files.why_no_space(len(raw))
        if why is not None:
            raise self._ended_early(errno.ENOSPC, f"the disk is full: {why}")
        if written is None or block.lost_before or _changed(written.last, block):
            self._begin_capture(block)
        self._files.write(raw)
        digest = hashlib.sha512() if written is None else written.digest.copy()
        digest.update(raw)
        first = block if written is None else written.first
        self._written = _Written(digest, self.samples + len(block.samples), first, block)

    def annotate(self, sample_start: int, samples: int, low_hz: float, high_hz: float, label: str) -> None:
        """Say what is in a part of the recording; indexes count from its first sample, gaps not counted."""
        entry: dict[str, Json] = {
            "core:sample_start": sample_start,
            "core:sample_count": samples,
            "core:freq_lower_edge": low_hz,
            "core:freq_upper_edge": high_hz,
            "core:label": label,
        }
        self._annotations.append((sample_start, entry))

    def finish(self) -> RecordedInfo:
        """Give both files their names.

        Raises
        ------
        RecorderError
            If that cannot be done, or there are no samples: nothing is left.
        """
        written, encoder = self._written, self._encoder
        if written is None or encoder is None:
            self.discard()
            raise RecorderError(errno.ENODATA, "nothing was recorded: there were no samples", str(self.base))
        captures = [entry for start, entry in _with_starts(self._captures) if start < written.samples]
        annotations = [entry for _, entry in sorted(self._annotations, key=lambda pair: pair[0])]
        text = write_metadata(self._global_info(written, encoder), captures, annotations)
        self._files.finish(text, written.samples * encoder.bytes_per_sample)
        end = written.last.first_sample + len(written.last.samples)
        return RecordedInfo(
            self._files.metadata,
            self._files.data,
            encoder.datatype,
            written.samples,
            max(end - written.first.first_sample - written.samples, 0),
            len(captures),
            encoder.clipped,
            encoder.inexact,
            written.first.sample_rate_hz,
            written.first.start_ns,
        )

    def discard(self) -> None:
        """Leave nothing behind. Any number of times; not after ``finish``."""
        self._files.discard()

    def _ended_early(self, code: int, why: str) -> RecorderError:
        """Finish, and the error that says what is kept."""
        if self._written is None:
            self.discard()
            return RecorderError(code, f"{why}; nothing is recorded", str(self.base))
        info = self.finish()
        return RecorderError(
            code, f"{why}; the recording ended after {info.duration_s:.3f} s and is kept", str(self.base)
        )

    def _begin_capture(self, block: IqBlock) -> None:
        entry: dict[str, Json] = {
            "core:sample_start": self.samples,
            "core:global_index": block.first_sample,
            "core:datetime": format_time(block.start_ns),
        }
        if block.centre_known:
            entry["core:frequency"] = block.centre_hz
        self._captures.append(entry)

    def _global_info(self, written: _Written, encoder: SampleEncoder) -> dict[str, Json]:
        info: dict[str, Json] = {
            "core:datatype": encoder.datatype,
            "core:sample_rate": written.first.sample_rate_hz,
            "core:sha512": written.digest.hexdigest(),
            "core:recorder": f"skypicket {_version()}",
            **{key: text for key, text in self._texts.items() if text},
        }
        if encoder.datatype == "cf32_le":
            extension: Json = {"name": "skypicket", "version": EXTENSION_VERSION, "optional": True}
            info |= {FULL_SCALE_KEY: 1.0, "core:extensions": [extension]}
        return info


def format_time(time_ns: int) -> str:
    """RFC 3339 with nanoseconds."""
    seconds, rest = divmod(time_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def _with_starts(captures: list[dict[str, Json]]) -> list[tuple[int, dict[str, Json]]]:
    """Each capture with its first sample."""
    return [(start, entry) for entry in captures if isinstance(start := entry["core:sample_start"], int)]


def _changed(last: IqBlock, block: IqBlock) -> bool:
    """Another tuning, or samples are missing."""
    tuning = (last.centre_hz, last.centre_known) != (block.centre_hz, block.centre_known)
    return tuning or block.first_sample != last.first_sample + len(last.samples)


def _version() -> str:
    try:
        return metadata.version("skypicket")
    except metadata.PackageNotFoundError:
        return "0"
