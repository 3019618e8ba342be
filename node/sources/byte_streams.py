"""Bytes of a recording from its beginning to its end: a file, a pipe, either compressed."""

from __future__ import annotations

import errno
import os
import select
import stat
import threading
import weakref
from typing import Protocol

from dsp.iq import SourceLost, SourceUnavailable

POLL_S = 0.1
"""How often a wait for a silent pipe looks whether it was told to stop."""
SKIP_BYTES = 1 << 20
"""Bytes read at once to be skipped, where seeking is impossible."""
ZSTD_SLICE_BYTES = 1024
"""Compressed bytes taken at once: 4 of them may hold 128 KiB, so at most 32 MiB come out at once."""


class ByteStream(Protocol):
    """Bytes in order, read once."""

    def read(self, count: int) -> bytes:
        """Give the next bytes; fewer only at the end or after a stop."""
        ...

    def skip(self, count: int) -> None:
        """Leave out the next bytes."""
        ...

    def close(self) -> None:
        """Give back what is held. Any number of times."""
        ...

    size: int | None
    """All of its bytes; None if that is not known before they are read."""
    truncated: bool
    """The end came too early: the compressed file is cut."""
    live: bool
    """Somebody writes them as they are read: to wait for many delays the first."""


class FileBytes:
    """A file, pipe or device by name, or standard input as ``-``.

    Reads with plain ``read``: no mapping, so a large file costs no memory, and one that shrinks or a disk that goes
    away gives an error and no signal.

    Parameters
    ----------
    path
        The file, or ``-``.
    stop
        Ends a wait for a silent pipe.
    start, length
        Part of a regular file to read.

    Raises
    ------
    SourceUnavailable
        If it cannot be opened.
    """

    def __init__(self, path: str, stop: threading.Event, start: int = 0, length: int | None = None) -> None:
        self._where = "standard input" if path == "-" else path
        self._stop = stop
        try:
            if path == "-":
                self._fd = os.dup(0)
            else:
                self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as fault:
            raise SourceUnavailable(f"{self._where}: {why_not_opened(fault)}") from None
        self._closer = weakref.finalize(self, os.close, self._fd)
        self.truncated = False
        found = os.fstat(self._fd)
        self.live = not stat.S_ISREG(found.st_mode)
        if stat.S_ISDIR(found.st_mode):
            self.close()
            raise SourceUnavailable(f"{self._where}: is a directory; name a recording in it")
        self._left: int | None = None
        if not self.live:
            self._left = max(found.st_size - start, 0)
            if length is not None:
                self._left = min(self._left, length)
            if path != "-":
                os.lseek(self._fd, start, os.SEEK_SET)
            else:
                self._left = max(found.st_size - os.lseek(self._fd, 0, os.SEEK_CUR), 0)
        self.size: int | None = self._left

    def read(self, count: int) -> bytes:
        """Give the next bytes; see ``ByteStream``."""
        if self._left is not None:
            count = min(count, self._left)
        parts: list[bytes] = []
        missing = count
        while missing and (part := self._read_some(missing)):
            parts.append(part)
            missing -= len(part)
        if self._left is not None:
            self._left = 0 if missing else self._left - count
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def skip(self, count: int) -> None:
        """Leave out the next bytes."""
        if self._left is not None:
            count = min(count, self._left)
            os.lseek(self._fd, count, os.SEEK_CUR)
            self._left -= count
            return
        while count and (skipped := len(self.read(min(count, SKIP_BYTES)))):
            count -= skipped

    def close(self) -> None:
        """Give the file back; see ``ByteStream``."""
        self._closer()

    def _read_some(self, count: int) -> bytes:
        """What is there, at least a byte; nothing at the end or when told to stop."""
        waiter = select.poll()
        waiter.register(self._fd, select.POLLIN)
        while not self._stop.is_set():
            try:
                if not self.live or waiter.poll(POLL_S * 1000.0):
                    return os.read(self._fd, count)
            except BlockingIOError:  # another reader of the same pipe was faster
                continue
            except OSError as fault:
                raise SourceLost(f"{self._where}: cannot be read any further: {fault.strerror}") from None
        return b""


class ZstdBytes:
    """What a Zstandard file holds, one frame or several.

    A cut file gives what it holds and sets ``truncated``; a damaged one raises ``SourceLost``.
    """

    def __init__(self, packed: FileBytes, where: str) -> None:
        import zstandard

        self._packed = packed
        self._where = where
        self._fault: type[Exception] = zstandard.ZstdError
        self._context = zstandard.ZstdDecompressor()
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._ready = bytearray()
        self._ended = False
        self.size: int | None = None
        self.truncated = False
        self.live = packed.live

    def read(self, count: int) -> bytes:
        """Give the next bytes; see ``ByteStream``."""
        while len(self._ready) < count and not self._ended:
            self._fill()
        taken = bytes(self._ready[:count])
        del self._ready[:count]
        return taken

    def skip(self, count: int) -> None:
        """Leave out the next bytes, by unpacking them."""
        while count and (skipped := len(self.read(min(count, SKIP_BYTES)))):
            count -= skipped

    def close(self) -> None:
        """Close the packed file."""
        self._packed.close()

    def _fill(self) -> None:
        """Unpack the next slice."""
        packed = self._packed.read(ZSTD_SLICE_BYTES)
        if not packed:
            self._ended = True
            self.truncated = self._frame is not None
            return
        try:
            while packed:
                frame = self._frame or self._context.decompressobj()
                self._ready += frame.decompress(packed)
                self._frame = None if frame.eof else frame
                packed = frame.unused_data if frame.eof else b""
        except self._fault as fault:
            self._ended = True
            raise SourceLost(f"{self._where}: damaged, cannot be unpacked any further ({fault})") from None


def open_bytes(path: str, stop: threading.Event, start: int = 0, length: int | None = None) -> ByteStream:
    """Open a recording's bytes, unpacked if the name ends in ``.zst``.

    Raises
    ------
    SourceUnavailable
        If it cannot be opened or is empty.
    """
    file = FileBytes(path, stop, start, length)
    if file.size == 0:
        file.close()
        raise SourceUnavailable(f"{'standard input' if path == '-' else path}: is empty")
    return ZstdBytes(file, path) if path.lower().endswith(".zst") else file


def why_not_opened(fault: OSError) -> str:
    """What the system says, with the cure."""
    cures = {
        errno.ENOENT: "no such file",
        errno.EACCES: "permission denied; make it readable for this user",
        errno.EISDIR: "is a directory; name a recording in it",
        errno.EMFILE: "too many open files; raise the limit (ulimit -n)",
    }
    return cures.get(fault.errno or 0, fault.strerror or str(fault))
