"""What a sink does with a stream that is not its own."""

from __future__ import annotations

import os
from typing import IO


def file_number(stream: IO[bytes]) -> int:
    """File descriptor of a stream, emptied first; -1 for one that has none, such as a buffer in memory."""
    try:
        stream.flush()
        return stream.fileno()
    except (OSError, ValueError):
        return -1


def abandon(stream: IO[bytes] | IO[str]) -> None:
    """Point a stream whose reader has gone to nowhere, so that flushing it at exit does not complain."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
