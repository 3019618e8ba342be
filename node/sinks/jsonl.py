"""Messages as JSON, one a line: into a file, a pipe or standard output."""

from __future__ import annotations

import errno
import logging
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from node.messages import Message, to_json
from node.sinks import SinkClosed, SinkStatus, SinkUnavailable
from node.sinks.streams import abandon, file_number

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JsonLinesSettings:
    """A file of messages.

    Parameters
    ----------
    path
        The file, or ``-`` for standard output. Lines are appended; rotate it with logrotate's ``copytruncate`` or by
        renaming it: it is made anew.
    """

    path: str

    def __post_init__(self) -> None:
        """Check the path."""
        if not self.path:
            raise ValueError("path must name a file")


class JsonLinesSink:
    """Writes every message as one line, whole or not at all.

    A file is opened for appending and each line is one write, so several writers do not mix and a reader sees whole
    lines only. A line that a full disk cut short is taken back; the fault is logged once, lines that do not fit are
    counted, and writing goes on as soon as there is room. A half line left by a power cut is closed first.

    Parameters
    ----------
    target
        Path of a file, ``-`` for standard output, or a binary stream, which is flushed after every line and not
        closed. Writing to a pipe waits for its reader: a replay wants that; give a live node a file.

    Raises
    ------
    SinkUnavailable
        If the file cannot be opened.
    """

    def __init__(self, target: Path | str | IO[bytes]) -> None:
        self._stream: IO[bytes] | None = None
        self._path: Path | None = None
        self._fd = -1
        self._dropped = 0
        self._failing = 0
        self._error: str | None = None
        self._closed = False
        if str(target) == "-":
            target = sys.stdout.buffer
        if isinstance(target, str | Path):
            self._path = Path(target)
            try:
                self._open(self._path)
            except OSError as error:
                raise SinkUnavailable(
                    f"{self._path}: cannot be opened for writing: {_reason(error)}; name another file in jsonl.path"
                ) from error
        else:
            self._stream = target
            self._fd = file_number(target)

    @property
    def status(self) -> SinkStatus:
        """How it is doing."""
        name = f"jsonl {self._path}" if self._path else "jsonl"
        return SinkStatus(name, not self._closed and not self._failing, 0, self._dropped, self._error)

    def publish(self, message: Message) -> None:
        """Write the message as one line.

        Raises
        ------
        SinkClosed
            If whoever read the stream has gone.
        """
        if self._closed:
            raise SinkClosed("the JSON lines were closed")
        line = to_json(message) + b"\n"
        try:
            self._write(line)
        except (BrokenPipeError, ConnectionResetError) as error:
            self._closed = True
            if self._stream is not None:
                abandon(self._stream)
            raise SinkClosed("whoever read the JSON lines has gone") from error
        except OSError as error:
            self._dropped += 1
            self._failing += 1
            self._error = f"{self._path or 'the stream'}: cannot be written: {_reason(error)}"
            if self._failing == 1:
                log.error("%s; lines are lost until it can", self._error)  # noqa: TRY400 - a full disk is no bug of ours
        else:
            if self._failing:
                log.warning("%s: written again; %d lines were lost", self._path or "the stream", self._failing)
            self._failing, self._error = 0, None

    def close(self) -> None:
        """Close the file; a stream stays open."""
        self._closed = True
        if self._path is not None and self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        about = os.fstat(self._fd)
        if stat.S_ISREG(about.st_mode) and about.st_size and os.pread(self._fd, 1, about.st_size - 1) != b"\n":
            os.write(self._fd, b"\n")

    def _write(self, line: bytes) -> None:
        if self._fd < 0:
            assert self._stream is not None
            self._stream.write(line)
            self._stream.flush()
            return
        if self._path is not None:
            self._reopen_if_moved()
        before = os.fstat(self._fd)
        written = os.write(self._fd, line)
        while written < len(line) and not stat.S_ISREG(before.st_mode):  # a pipe takes a line in pieces
            written += os.write(self._fd, line[written:])
        if written < len(line):  # the disk is full: take the piece back, unless another has written since
            if os.fstat(self._fd).st_size == before.st_size + written:
                os.ftruncate(self._fd, before.st_size)
                os.lseek(self._fd, 0, os.SEEK_END)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _reopen_if_moved(self) -> None:
        """Make the file anew when it was renamed or removed, as log rotation does."""
        assert self._path is not None
        try:
            here, ours = self._path.stat(), os.fstat(self._fd)
        except FileNotFoundError:
            moved = True
        else:
            moved = (here.st_dev, here.st_ino) != (ours.st_dev, ours.st_ino)
        if moved:
            old = self._fd
            self._open(self._path)
            os.close(old)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
