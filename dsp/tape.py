"""Rows that come at one end and are forgotten at the other, without a copy of the whole each time."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)

CHEAP = 8
"""So many times fewer rows than are to come are moved to the beginning, where the processor has the memory at hand."""


class Tape(Generic[T]):
    """A growing and shrinking array; ``rows`` is a view of what is on it.

    Parameters
    ----------
    width
        Length of a row; 0 for a tape of single values.
    dtype
        Type of the values.
    capacity
        Rows that there is room for from the beginning; more is made when it is needed.
    """

    def __init__(self, width: int, dtype: type[T], capacity: int = 256) -> None:
        self._width = width
        self._dtype = dtype
        self._store = self._empty(capacity)
        self._begin = 0
        self._end = 0
        self._dropped = 0
        """Rows since the last that came."""

    def _empty(self, rows: int) -> NDArray[T]:
        shape = (rows, self._width) if self._width else (rows,)
        # Begins at a multiple of 64 bytes, as vector units like it.
        size = int(np.prod(shape)) * np.dtype(self._dtype).itemsize
        room = np.empty(size + 64, dtype=np.uint8)
        skip = -room.ctypes.data % 64
        store: NDArray[T] = room[skip : skip + size].view(self._dtype).reshape(shape)
        return store

    def __len__(self) -> int:
        """Rows on the tape."""
        return self._end - self._begin

    @property
    def rows(self) -> NDArray[T]:
        """(len, width) or (len,): what is on the tape; valid until the next ``append``."""
        return self._store[self._begin : self._end]

    def extend(self, count: int) -> NDArray[T]:
        """Make room for rows at the end and give the place to write them to, which holds anything."""
        kept = len(self)
        need = kept + count
        room = len(self._store) - self._end
        cheap = kept <= self._begin > 0 and kept * CHEAP <= count
        # Right after a drop there is least to move: as much will come before the next one.
        if room < count or cheap or (kept <= self._begin and room < self._dropped):
            store = self._store
            if 5 * need > 4 * len(store):
                store = self._empty(need + need // 2)  # no more: new memory costs more than moving what is kept
            store[:kept] = self.rows
            self._begin, self._end, self._store = 0, kept, store
        self._dropped = 0
        begin, self._end = self._end, self._end + count
        return self._store[begin : self._end]

    def append(self, rows: NDArray[T]) -> None:
        """Add rows at the end."""
        self.extend(len(rows))[...] = rows

    def drop(self, rows: int) -> None:
        """Forget rows at the beginning."""
        self._dropped += rows
        self._begin = min(self._end, self._begin + rows)
        if self._begin == self._end:
            self._begin = self._end = 0  # the same memory again, while the processor still has it at hand
