"""The spool: messages that wait for the broker, bounded, in memory or on disk."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from node.spool_store import CorruptStore, DiskStore, MemoryStore, Waiting

log = logging.getLogger(__name__)

RANK_UPDATE, RANK_OTHER, RANK_DEAR = 0, 1, 2
"""What goes first when there is no room: updates, then the rest, births and ends of tracks last."""
RETRY_DISK_S = 60.0
"""How often a disk that failed is tried again."""
SIDE_FILES = ("-wal", "-shm", "-journal")

Result = TypeVar("Result")


class Spool:
    """Messages in the order they came, each until it is said to be done.

    When there is no room the oldest of the lowest rank is dropped and counted. A damaged file is moved aside to
    ``*.corrupt`` and a new one begun; when the disk is full or fails, the spool goes on in memory, says so, and returns
    to the disk once it works again. Not thread-safe.

    Parameters
    ----------
    capacity
        How many messages may wait.
    path
        SQLite file that outlives the process; None to keep them in memory.
    clock_s
        Monotonic clock.
    """

    def __init__(self, capacity: int, path: Path | None = None, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._capacity = capacity
        self._path = path
        self._clock_s = clock_s
        self._store: MemoryStore | DiskStore = MemoryStore()
        self._last_number = 0
        self._handed_out = 0
        self._retry_s = 0.0
        self._unread = False
        self._fresh: dict[int, Waiting] = {}
        self._gone: set[int] = set()
        self.dropped = 0
        self.error: str | None = None
        if path is not None:
            self._open_first(path)

    @property
    def on_disk(self) -> bool:
        """Whether what waits outlives the process."""
        return isinstance(self._store, DiskStore)

    @property
    def last_number(self) -> int:
        """Number of the last message that came."""
        return self._last_number

    def __len__(self) -> int:
        """How many messages wait, those handed out among them."""
        return len(self._store)

    def add(self, topic: str, schema: str, rank: int, payload: bytes) -> None:
        """Take a message; drop the cheapest if there is no room."""
        self._last_number += 1
        item = Waiting(self._last_number, rank, topic, schema, payload)
        if self.on_disk:
            self._fresh[item.number] = item
        if not self._try(lambda: self._store.put(item)):
            self._store.delete(item.number)
            self._store.put(item)  # in memory by now, at the end
        self._make_room()

    def next(self, limit: int) -> list[Waiting]:
        """Hand out the next messages; each waits on until ``done``."""
        found: list[Waiting] = []
        if not self._try(lambda: found.extend(self._store.after(self._handed_out, limit))):
            found = self._store.after(self._handed_out, limit)
        if found:
            self._handed_out = found[-1].number
        return found

    def rewind(self) -> None:
        """Hand out from the beginning again: the connection was lost."""
        self._handed_out = 0

    def done(self, number: int) -> None:
        """A message has arrived."""
        if self.on_disk:
            self._gone.add(number)
        if not self._try(lambda: self._store.delete(number)):
            self._store.delete(number)

    def commit(self) -> None:
        """Make the changes since the last commit last; try a failed disk again when it is time."""
        if self._try(self._store.commit):
            self._fresh.clear()
            self._gone.clear()
        if self._path is not None and not self.on_disk and self._clock_s() >= self._retry_s:
            self._return_to_disk(self._path)

    def close(self) -> None:
        """Let the file go."""
        self._try(self._store.commit)
        with suppress(sqlite3.Error):
            self._store.close()

    def _make_room(self) -> None:
        while len(self._store) > self._capacity:
            numbers: list[int | None] = []
            if not self._try(lambda: numbers.append(self._store.cheapest(self._handed_out))):  # noqa: B023 - called at once
                continue
            number = numbers[0]
            if number is None:
                return
            self.done(number)
            self.dropped += 1

    def _open_first(self, path: Path) -> None:
        try:
            self._store = _open(path)
            self._last_number = self._store.highest
        except (sqlite3.Error, OSError) as error:
            self._store = MemoryStore()
            self._unread = True
            self._complain(error)
            return
        if len(self._store):
            log.info("spool %s: %d messages of an earlier run wait for delivery", path, len(self._store))
        self._make_room()

    def _try(self, work: Callable[[], object]) -> bool:
        """Do it; False when the disk failed and the spool has gone over to memory."""
        try:
            work()
        except sqlite3.Error as error:
            self._go_to_memory(error)
            return False
        return True

    def _go_to_memory(self, error: sqlite3.Error) -> None:
        """Take along what is on the disk, with what a failed transaction may have undone."""
        items: dict[int, Waiting] = {}
        try:
            items = {item.number: item for item in self._store.after(0, self._capacity + 1)}
        except sqlite3.Error:
            self._unread = True
        with suppress(sqlite3.Error):
            self._store.close()
        items |= self._fresh
        self._store = MemoryStore(items[number] for number in sorted(items) if number not in self._gone)
        self._fresh.clear()
        self._gone.clear()
        self._complain(error)

    def _complain(self, error: Exception) -> None:
        self._retry_s = self._clock_s() + RETRY_DISK_S
        first = self.error is None
        self.error = (
            f"spool {self._path}: {error}; what waits is kept in memory and lost with the process: {_cure(error)}"
        )
        if first:
            log.error("%s", self.error)

    def _return_to_disk(self, path: Path) -> None:
        memory = self._store
        assert isinstance(memory, MemoryStore)
        try:
            disk = _open(path)
        except (sqlite3.Error, OSError) as error:
            self._complain(error)
            return
        try:
            old = disk.after(0, self._capacity) if self._unread else []
            for item in old:
                self._last_number += 1
                memory.put(Waiting(self._last_number, item.rank, item.topic, item.schema, item.payload))
            self._unread = False
            disk.replace_all(memory)
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                disk.close()
            self._complain(error)
            return
        self._store, self.error = disk, None
        log.warning("spool %s: works again; %d messages are on disk", path, len(disk))
        self._make_room()


def _open(path: Path) -> DiskStore:
    """Open the file; one that is no spool is moved aside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return DiskStore(path)
    except CorruptStore as error:
        aside = path.with_name(path.name + ".corrupt")
        log.error("spool %s is damaged (%s): moved to %s, a new one is begun", path, error, aside)  # noqa: TRY400
        path.replace(aside)
        for ending in SIDE_FILES:
            path.with_name(path.name + ending).unlink(missing_ok=True)
        return DiskStore(path)


def _cure(error: Exception) -> str:
    text = str(error)
    if "locked" in text:
        return "another process uses the file; give each node its own"
    if "full" in text or "disk I/O" in text or "too large" in text:
        return "make room on the disk and check it"
    return "check that the folder exists and may be written"
