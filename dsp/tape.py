"""Rows that come at one end and are forgotten at the other, without a copy of the whole each time."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)


class Tape(Generic[T]):
    """A growing and shrinking array; ``rows`` is a view of what is on it.

    Parameters
    ----------
    width
        Length of a row; 0 for a tape of single values.
    dtype
        Type of the values.
    """

    def __init__(self, width: int, dtype: type[T]) -> None:
        self._width = width
        self._store: NDArray[T] = np.empty(self._shape(256), dtype=dtype)
        self._begin = 0
        self._end = 0

    def _shape(self, rows: int) -> tuple[int, ...]:
        return (rows, self._width) if self._width else (rows,)

    def __len__(self) -> int:
        """Rows on the tape."""
        return self._end - self._begin

    @property
    def rows(self) -> NDArray[T]:
        """(len, width) or (len,): what is on the tape; valid until the next ``append``."""
        return self._store[self._begin : self._end]

    def append(self, rows: NDArray[T]) -> None:
        """Add rows at the end."""
        need = len(self) + len(rows)
        if self._end + len(rows) > len(self._store):
            store = self._store
            if need > len(store) // 2:
                store = np.empty(self._shape(3 * need), dtype=self._store.dtype)
            store[: len(self)] = self.rows
            self._begin, self._end, self._store = 0, len(self), store
        self._store[self._end : self._end + len(rows)] = rows
        self._end += len(rows)

    def drop(self, rows: int) -> None:
        """Forget rows at the beginning."""
        self._begin = min(self._end, self._begin + rows)
