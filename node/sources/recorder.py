"""Writes SigMF recordings that are complete or not there.

Samples go to a hidden file beside the recording; only when all is written and on the disk the two files get their
names, the metadata last. A recording is finished when its ``.sigmf-meta`` is there.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from dsp.iq import IqBlock, SourceError, SourceUnavailable, complex64_to_u8, u8_to_complex64
from dsp.units import NS_PER_S
from node.sources.sigmf_metadata import FULL_SCALE_KEY, Json, write_metadata

Datatype = Literal["cu8", "ci16_le", "cf32_le"]
LEAST_FREE_BYTES = 64 << 20
"""Left free on the disk for the rest of the system; a recording ends before."""
EXTENSION_VERSION = "1.0.0"
"""Of our SigMF extension, which has one field, ``skypicket:full_scale``."""
_BYTES = {"cu8": 2, "ci16_le": 4, "cf32_le": 8}


class RecorderError(OSError):
    """A recording could not be written; names the file, and says what is left of it."""


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
        Samples that the datatype could not hold exactly; counted only where it was chosen by ``choose_datatype``.
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

    @property
    def bytes(self) -> int:
        """Size of the data."""
        return self.samples * _BYTES[self.datatype]


class SigmfRecorder:
    """Writes one recording; a context manager: leaving it by an exception discards the recording.

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
        From every method, if the disk does not do its part; nothing is left of the recording then, or what is left is
        finished and said.
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
        self.base = _without_extension(base)
        self.data = self.base.with_name(self.base.name + ".sigmf-data")
        self.metadata = self.base.with_name(self.base.name + ".sigmf-meta")
        self._part = self.base.with_name(f".{self.base.name}.sigmf-data.part")
        self._meta_part = self.base.with_name(f".{self.base.name}.sigmf-meta.part")
        self._datatype = datatype
        self._chosen = datatype is not None
        self._texts = {"core:description": description, "core:hw": hardware}
        self._least_free_bytes = least_free_bytes
        self._hash = hashlib.sha512()
        self._captures: list[dict[str, Json]] = []
        self._annotations: list[dict[str, Json]] = []
        self._first: IqBlock | None = None
        self._last: IqBlock | None = None
        self._samples = self._lost = self._clipped = self._inexact = 0
        self._fd = self._open()

    def __enter__(self) -> Self:
        """Nothing to do: the file is open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish, or after an exception discard."""
        if self._fd is None:
            return
        if fault is None:
            self.finish()
        else:
            self.discard()

    @property
    def samples(self) -> int:
        """Samples written so far."""
        return self._samples

    def write(self, block: IqBlock) -> None:
        """Write the next block.

        Raises
        ------
        RecorderError
            If the disk is nearly full or the rate changed: the recording is finished before this block. If it cannot
            be written: nothing is kept.
        """
        self._check_rate(block)
        if self._datatype is None:
            self._datatype = choose_datatype(block.samples)
        raw = self._encode(block.samples)
        self._check_space(len(raw))
        if not len(block.samples):
            return
        last = self._last
        if last is None or block.lost_before or _changed(last, block):
            self._begin_capture(block)
        try:
            self._write_all(raw)
        except OSError as fault:
            self.discard()
            raise self._fault(fault, "nothing of this recording is kept") from None
        self._hash.update(raw)
        self._samples += len(block.samples)
        self._last = block

    def annotate(self, sample_start: int, samples: int, low_hz: float, high_hz: float, label: str) -> None:
        """Say what is in a part of the recording; indexes count from its first sample, gaps not counted."""
        self._annotations.append({
            "core:sample_start": sample_start, "core:sample_count": samples,
            "core:freq_lower_edge": low_hz, "core:freq_upper_edge": high_hz, "core:label": label,
        })  # fmt: skip

    def finish(self) -> RecordedInfo:
        """Give both files their names.

        Raises
        ------
        RecorderError
            If that cannot be done, or there are no samples: nothing is left.
        """
        first, fd = self._first, self._fd
        if fd is None:
            raise RecorderError(errno.EBADF, "is finished or discarded", str(self.base))
        if first is None or self._datatype is None:
            self.discard()
            raise RecorderError(errno.ENODATA, "nothing was recorded: there were no samples", str(self.base))
        try:
            text = write_metadata(
                self._global_info(first), self._captures, sorted(self._annotations, key=_annotation_start)
            )
            self._meta_part.write_bytes(text)
            for path in (self._part, self._meta_part):
                _sync(path)
            self._refuse_existing()
            self._part.rename(self.data)
            try:
                self._meta_part.rename(self.metadata)
            except OSError:
                self.data.unlink()
                raise
            _sync(self.data.parent)
        except OSError as fault:
            self.discard()
            raise self._fault(fault, "nothing of this recording is kept") from None
        os.close(fd)
        self._fd = None
        return RecordedInfo(
            self.metadata, self.data, self._datatype, self._samples, self._lost, len(self._captures),
            self._clipped, self._inexact, first.sample_rate_hz, first.start_ns,
        )  # fmt: skip

    def discard(self) -> None:
        """Leave nothing behind. Any number of times."""
        if self._fd is None:
            return
        for path in (self._part, self._meta_part):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        os.close(self._fd)
        self._fd = None

    def _open(self) -> int | None:
        """Open the hidden file; one that a killed recorder left is overwritten, one in use is not."""
        self._refuse_existing()
        try:
            fd = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as fault:
            raise self._fault(fault, "choose a folder that exists and can be written") from None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(fd, 0)
        except BlockingIOError:
            os.close(fd)
            raise RecorderError(errno.EBUSY, "is being recorded by another program", str(self.base)) from None
        except OSError as fault:
            os.close(fd)
            raise self._fault(fault, "nothing is recorded") from None
        return fd

    def _refuse_existing(self) -> None:
        for path in (self.metadata, self.data):
            if path.exists():
                raise RecorderError(errno.EEXIST, "is there already; choose another name or remove it", str(path))

    def _write_all(self, raw: bytes) -> None:
        if self._fd is None:
            raise OSError(errno.EBADF, "is finished or discarded")
        view = memoryview(raw)
        while view:
            view = view[os.write(self._fd, view) :]

    def _check_rate(self, block: IqBlock) -> None:
        if self._first is None or block.sample_rate_hz == self._first.sample_rate_hz:
            return
        was_hz = self._first.sample_rate_hz
        raise RecorderError(
            errno.EINVAL,
            f"the sample rate changed from {was_hz:.0f} to {block.sample_rate_hz:.0f} S/s, and a SigMF recording has "
            f"one: {self._finish_early()}",
            str(self.base),
        )

    def _check_space(self, wanted: int) -> None:
        """End before the disk is full."""
        free = _free_bytes(self.base.parent)
        if free is None or free - wanted >= self._least_free_bytes:
            return
        least = self._least_free_bytes / 1e6
        text = (
            f"only {free / 1e6:.0f} MB are free on the disk and {least:.0f} MB must stay free: {self._finish_early()}"
        )
        raise RecorderError(errno.ENOSPC, text, str(self.base))

    def _finish_early(self) -> str:
        """Finish and say what is kept."""
        if self._first is None:
            self.discard()
            return "nothing is recorded"
        info = self.finish()
        return f"the recording ended after {info.duration_s:.3f} s and is kept"

    def _begin_capture(self, block: IqBlock) -> None:
        first = self._first
        if first is None:
            first = self._first = block
        lost = block.first_sample - first.first_sample - self._samples
        self._lost = max(lost, self._lost)
        entry: dict[str, Json] = {
            "core:sample_start": self._samples,
            "core:global_index": block.first_sample,
            "core:datetime": format_time(block.start_ns),
        }
        if block.centre_known:
            entry["core:frequency"] = block.centre_hz
        self._captures.append(entry)

    def _global_info(self, first: IqBlock) -> dict[str, Json]:
        info: dict[str, Json] = {
            "core:datatype": self._datatype,
            "core:sample_rate": first.sample_rate_hz,
            "core:sha512": self._hash.hexdigest(),
            "core:recorder": f"skypicket {_version()}",
            "core:num_channels": 1,
            **{key: text for key, text in self._texts.items() if text},
        }
        if self._datatype == "cf32_le":
            info[FULL_SCALE_KEY] = 1.0
            extension: Json = {"name": "skypicket", "version": EXTENSION_VERSION, "optional": True}
            info["core:extensions"] = [extension]
        return info

    def _encode(self, samples: NDArray[np.complex64]) -> bytes:
        """Samples as they are stored; counts what is clipped and what is not exact."""
        if self._datatype == "cf32_le":
            return samples.astype("<c8", copy=False).tobytes()
        if self._datatype == "ci16_le":
            scaled = np.rint(np.ascontiguousarray(samples).view(np.float32) * np.float32(32768.0))
            counts: NDArray[np.int16] = np.clip(scaled, -32768, 32767).astype("<i2")
            self._clipped += _samples_with((counts == -32768) | (counts == 32767))
            return counts.tobytes()
        levels = complex64_to_u8(np.ascontiguousarray(samples))
        self._clipped += _samples_with((levels == 0) | (levels == 255))
        if not self._chosen:
            self._inexact += int(np.count_nonzero(u8_to_complex64(levels.tobytes()) != samples))
        return levels.tobytes()

    def _fault(self, fault: OSError, consequence: str) -> RecorderError:
        if isinstance(fault, RecorderError):
            return fault
        return RecorderError(fault.errno, f"{fault.strerror or fault}; {consequence}", str(self.base))


def record_blocks(
    blocks: Iterable[IqBlock],
    base: Path,
    *,
    seconds: float | None,
    description: str,
    datatype: Datatype | None = None,
    hardware: str = "",
    least_free_bytes: int = LEAST_FREE_BYTES,
) -> RecordedInfo:
    """Record a source.

    Parameters
    ----------
    blocks
        Of one radio, in order.
    base
        Name of the recording, see ``SigmfRecorder``.
    seconds
        Length on air, missing samples included; None: until the end or until interrupted.
    description, hardware
        Texts for people.
    datatype
        How to store samples; None: what holds them exactly.
    least_free_bytes
        Left free on the disk.

    Returns
    -------
    What was recorded. ``KeyboardInterrupt`` (Ctrl-C, SIGTERM) ends the recording, which is kept.

    Raises
    ------
    RecorderError
        If the disk does not do its part; says what is kept.
    SourceError
        If the source failed; what came before is kept, and said in the message.
    """
    if seconds is not None and not seconds > 0.0:
        raise ValueError(f"seconds must be above 0, not {seconds}")
    ended: Literal["time", "end", "interrupted"] = "end"
    with SigmfRecorder(
        base, datatype, description=description, hardware=hardware, least_free_bytes=least_free_bytes
    ) as recorder:
        try:
            if _write_until(recorder, blocks, seconds):
                ended = "time"
        except KeyboardInterrupt:
            if not recorder.samples:
                raise
            ended = "interrupted"
        except SourceError as fault:
            if not recorder.samples:
                raise
            info = recorder.finish()
            raise type(fault)(f"{fault}; the {info.duration_s:.3f} s before it are kept in {info.metadata}") from fault
        if not recorder.samples:
            raise SourceUnavailable(f"{recorder.base}: nothing was recorded: the source gave no samples")
        return replace(recorder.finish(), ended=ended)


def _write_until(recorder: SigmfRecorder, blocks: Iterable[IqBlock], seconds: float | None) -> bool:
    """Write blocks; true when the time is over, false when the source ended before."""
    end: int | None = None
    for block in blocks:
        if seconds is not None and end is None:
            end = block.first_sample + max(round(seconds * block.sample_rate_hz), 1)
        if end is None or block.first_sample + len(block.samples) < end:
            recorder.write(block)
            continue
        kept = end - block.first_sample
        if kept > 0:
            recorder.write(replace(block, samples=block.samples[:kept]))
        return True
    return False


def choose_datatype(samples: NDArray[np.complex64]) -> Datatype:
    """The smallest type that holds these samples exactly."""
    if (u8_to_complex64(complex64_to_u8(np.ascontiguousarray(samples)).tobytes()) == samples).all():
        return "cu8"
    scaled = np.ascontiguousarray(samples).view(np.float32) * np.float32(32768.0)
    fits = bool(((scaled == np.rint(scaled)) & (scaled >= -32768) & (scaled <= 32767)).all())
    return "ci16_le" if fits else "cf32_le"


def format_time(time_ns: int) -> str:
    """RFC 3339 with nanoseconds."""
    seconds, rest = divmod(time_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def _changed(last: IqBlock, block: IqBlock) -> bool:
    """Another tuning, or samples are missing."""
    tuning = (last.centre_hz, last.centre_known) != (block.centre_hz, block.centre_known)
    return tuning or block.first_sample != last.first_sample + len(last.samples)


def _samples_with(components: NDArray[np.bool_]) -> int:
    """Samples of which I or Q is marked."""
    return int(np.count_nonzero(components.reshape(-1, 2).any(axis=1)))


def _annotation_start(annotation: dict[str, Json]) -> int:
    start = annotation["core:sample_start"]
    assert isinstance(start, int)
    return start


def _without_extension(base: Path) -> Path:
    name = base.name
    for ending in (".sigmf-meta", ".sigmf-data", ".sigmf"):
        name = name.removesuffix(ending)
    if not name:
        raise RecorderError(errno.EINVAL, "is no name of a recording", str(base))
    return base.with_name(name)


def _free_bytes(folder: Path) -> int | None:
    """What this user may still write; None if the system does not say."""
    try:
        state = os.statvfs(folder)
    except OSError:
        return None
    return state.f_bavail * state.f_frsize


def _sync(path: Path) -> None:
    """Have a file or folder on the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _version() -> str:
    try:
        return metadata.version("skypicket")
    except metadata.PackageNotFoundError:
        return "0"
