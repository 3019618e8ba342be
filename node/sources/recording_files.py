"""The two files of a recording being written: hidden until both are complete and on the disk."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path

LEAST_FREE_BYTES = 64 << 20
"""Left free on the disk for the rest of the system; a recording ends before."""
_ENDINGS = (".sigmf-meta", ".sigmf-data", ".sigmf")


class RecorderError(OSError):
    """A recording could not be written; names the file, and says what is left of it."""

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.filename}: {self.strerror}"


class PendingFiles:
    """Data under a hidden name, then both files under their own; the metadata last, which makes the recording.

    Parameters
    ----------
    base
        Name of the recording, without extension (or with one of SigMF's). Its folder must exist, its files must not.
    least_free_bytes
        Left free on the disk.

    Raises
    ------
    RecorderError
        From every method but ``discard``; nothing is left of the recording then, ``check_space`` apart.
    """

    def __init__(self, base: Path, least_free_bytes: int = LEAST_FREE_BYTES) -> None:
        name = base.name
        for ending in _ENDINGS:
            name = name.removesuffix(ending)
        if not name or "\0" in str(base):
            raise RecorderError(errno.EINVAL, "is no name of a recording", str(base))
        self.base = base.with_name(name)
        self.data = base.with_name(f"{name}.sigmf-data")
        self.metadata = base.with_name(f"{name}.sigmf-meta")
        self._data_part = base.with_name(f".{name}.sigmf-data.part")
        self._metadata_part = base.with_name(f".{name}.sigmf-meta.part")
        self._least_free_bytes = least_free_bytes
        self._fd: int | None = self._open()

    @property
    def is_open(self) -> bool:
        """Neither finished nor discarded."""
        return self._fd is not None

    def write(self, raw: bytes) -> None:
        """Append to the data."""
        if self._fd is None:
            raise RecorderError(errno.EBADF, "is finished or discarded", str(self.base))
        view = memoryview(raw)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as fault:
            self.discard()
            raise self._fault(fault, "nothing of this recording is kept") from None

    def why_no_space(self, wanted: int) -> str | None:
        """Why so many bytes more are too many for the disk; None if they are not, or the system does not say."""
        try:
            state = os.statvfs(self.base.parent)
        except OSError:
            return None
        free = state.f_bavail * state.f_frsize
        if free - wanted >= self._least_free_bytes:
            return None
        least = self._least_free_bytes / 1e6
        return f"{free / 1e6:.0f} MB are free on the disk, of which {least:.0f} MB must stay free"

    def finish(self, metadata: bytes, data_bytes: int) -> None:
        """Write the metadata and give both files their names; data beyond ``data_bytes`` are cut off."""
        fd = self._fd
        if fd is None:
            raise RecorderError(errno.EBADF, "is finished or discarded", str(self.base))
        try:
            os.ftruncate(fd, data_bytes)
            os.fsync(fd)
            self._metadata_part.write_bytes(metadata)
            _sync(self._metadata_part)
            self._refuse_existing()
            self._data_part.rename(self.data)
            try:
                self._metadata_part.rename(self.metadata)
            except BaseException:  # an interrupt too
                self.data.unlink()
                raise
            with suppress(OSError):  # some network file systems cannot sync folders
                _sync(self.data.parent)
        except OSError as fault:
            self.discard()
            raise self._fault(fault, "nothing of this recording is kept") from None
        except BaseException:
            self.discard()
            raise
        os.close(fd)
        self._fd = None

    def discard(self) -> None:
        """Leave nothing behind. Any number of times."""
        if self._fd is None:
            return
        for path in (self._data_part, self._metadata_part):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        os.close(self._fd)
        self._fd = None

    def _open(self) -> int:
        """Open the hidden file; one that a killed recorder left is overwritten, one in use is not."""
        self._refuse_existing()
        try:
            fd = os.open(self._data_part, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
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
            try:
                there = path.exists()
            except OSError as fault:  # a folder that may not be searched
                raise self._fault(fault, "choose a folder that can be written") from None
            if there:
                raise RecorderError(errno.EEXIST, "is there already; choose another name or remove it", str(path))

    def _fault(self, fault: OSError, consequence: str) -> RecorderError:
        if isinstance(fault, RecorderError):
            return fault
        return RecorderError(fault.errno, f"{fault.strerror or fault}; {consequence}", str(self.base))


def _sync(path: Path) -> None:
    """Have a file or folder on the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
