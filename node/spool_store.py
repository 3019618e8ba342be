"""Where waiting messages lie: in memory or in an SQLite file. The same methods, the same order."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

VERSION = 1
"""Of the table's layout, kept in the file's ``user_version``."""
BUSY_S = 0.5
"""Wait for another process's lock: it is another node's by mistake, and will stay."""
JOURNAL_BYTES = 1 << 20
"""The write-ahead log shrinks to this after a checkpoint."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits for delivery.

    Parameters
    ----------
    number
        Its place in the order.
    rank
        How dear it is: when there is no room, the oldest of the lowest rank goes first.
    topic
        Below the node's base.
    schema
        Name of its schema.
    payload
        Its bytes.
    """

    number: int
    rank: int
    topic: str
    schema: str
    payload: bytes


class CorruptStore(Exception):
    """The file is no spool, or a broken one."""


class MemoryStore:
    """Keeps messages in memory."""

    def __init__(self, items: Iterable[Waiting] = ()) -> None:
        self._items: dict[int, Waiting] = {}
        self._ranks: dict[int, dict[int, None]] = {}
        for item in items:
            self.put(item)

    def put(self, item: Waiting) -> None:
        """Add one; numbers must rise."""
        self._items[item.number] = item
        self._ranks.setdefault(item.rank, {})[item.number] = None

    def after(self, number: int, limit: int) -> list[Waiting]:
        """The next after a number."""
        return list(islice((item for item in self._items.values() if item.number > number), limit))

    def delete(self, number: int) -> bool:
        """Remove one; whether it was there."""
        item = self._items.pop(number, None)
        if item is not None:
            del self._ranks[item.rank][number]
        return item is not None

    def cheapest(self, after: int) -> int | None:
        """Number of the oldest of the lowest rank after a number, else of all; None when empty."""
        for floor in (after, 0):
            for rank in sorted(self._ranks):
                found = next((number for number in self._ranks[rank] if number > floor), None)
                if found is not None:
                    return found
        return None

    def commit(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def __len__(self) -> int:
        """How many wait."""
        return len(self._items)

    def __iter__(self) -> Iterator[Waiting]:
        """All, in order."""
        return iter(self._items.values())


class DiskStore:
    """Keeps messages in an SQLite file (write-ahead log, one commit a batch).

    A crash of the process loses nothing that was committed; a power cut may lose the last moments, never the file.

    Raises
    ------
    CorruptStore
        If the file is no spool or is damaged.
    sqlite3.Error
        From any method, if the disk is full or fails, or another process holds the file.
    """

    def __init__(self, path: Path) -> None:
        self._base = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        self._open = False
        try:
            self._count = self._prepare()
        except sqlite3.DatabaseError as error:
            self._base.close()
            if isinstance(error, sqlite3.OperationalError):
                raise
            raise CorruptStore(str(error)) from error
        except CorruptStore:
            self._base.close()
            raise

    def _prepare(self) -> int:
        base = self._base
        base.execute("PRAGMA locking_mode = EXCLUSIVE")
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = NORMAL")
        base.execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES}")
        state = base.execute("PRAGMA quick_check(1)").fetchone()[0]
        if state != "ok":
            raise CorruptStore(state)
        version = base.execute("PRAGMA user_version").fetchone()[0]
        tables = base.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version != VERSION and (version or tables):
            raise CorruptStore(f"layout {version}, not {VERSION}")
        base.execute("BEGIN IMMEDIATE")
        base.execute(
            "CREATE TABLE IF NOT EXISTS waiting (number INTEGER PRIMARY KEY, rank INTEGER NOT NULL,"
            " topic TEXT NOT NULL, schema TEXT NOT NULL, payload BLOB NOT NULL)"
        )
        base.execute("CREATE INDEX IF NOT EXISTS cheapest ON waiting (rank, number)")
        base.execute(f"PRAGMA user_version = {VERSION}")
        base.execute("COMMIT")
        return int(base.execute("SELECT count(*) FROM waiting").fetchone()[0])

    @property
    def highest(self) -> int:
        """The last number; 0 when empty."""
        return int(self._base.execute("SELECT coalesce(max(number), 0) FROM waiting").fetchone()[0])

    def _begin(self) -> None:
        if not self._open:
            self._base.execute("BEGIN IMMEDIATE")
            self._open = True

    def put(self, item: Waiting) -> None:
        """Add one."""
        self._begin()
        row = (item.number, item.rank, item.topic, item.schema, item.payload)
        self._base.execute("INSERT INTO waiting VALUES (?, ?, ?, ?, ?)", row)
        self._count += 1

    def after(self, number: int, limit: int) -> list[Waiting]:
        """The next after a number."""
        rows = self._base.execute(
            "SELECT number, rank, topic, schema, payload FROM waiting WHERE number > ? ORDER BY number LIMIT ?",
            (number, limit),
        )
        return [Waiting(*row) for row in rows]

    def delete(self, number: int) -> bool:
        """Remove one; whether it was there."""
        self._begin()
        there = self._base.execute("DELETE FROM waiting WHERE number = ?", (number,)).rowcount > 0
        self._count -= there
        return there

    def cheapest(self, after: int) -> int | None:
        """Number of the oldest of the lowest rank after a number, else of all; None when empty."""
        for floor in (after, 0):
            row = self._base.execute(
                "SELECT number FROM waiting WHERE number > ? ORDER BY rank, number LIMIT 1", (floor,)
            ).fetchone()
            if row is not None:
                return int(row[0])
        return None

    def replace_all(self, items: Iterable[Waiting]) -> None:
        """Hold these and no others."""
        self._begin()
        self._base.execute("DELETE FROM waiting")
        self._count = 0
        for item in items:
            self.put(item)
        self.commit()

    def commit(self) -> None:
        """Make what was put and deleted last."""
        if self._open:
            self._base.execute("COMMIT")
            self._open = False

    def close(self) -> None:
        """Let the file go; what was not committed is not kept."""
        self._base.close()

    def __len__(self) -> int:
        """How many wait."""
        return self._count
