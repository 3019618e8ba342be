"""Long transforms in two steps of short ones, which stay in the cache.

What FFTW plans without trial runs is slow for thousands of points: 2.6 ns a point at 8 192, against 0.9 at 512. Two
steps of 64 and 128 points with the turns between them [1] take 1.7 ns.

[1] W. M. Gentleman and G. Sande, "Fast Fourier transforms: for fun and profit", AFIPS 1966
"""

from __future__ import annotations

from contextvars import ContextVar

import numpy as np
from numpy.typing import NDArray

from dsp.fourier import aligned, planned

FIRST = 64
SECOND = 128
POINTS = FIRST * SECOND
"""Length of the transforms."""


class LongTransforms:
    """Transforms the rows of an array of its own: write into ``rows``, then ``run``. Not for two threads at once.

    Parameters
    ----------
    count
        Rows.
    """

    def __init__(self, count: int) -> None:
        shape = (count, FIRST, SECOND)
        before, between = aligned(shape), aligned(shape)
        self.rows = before.reshape(count, POINTS)
        """(count, ``POINTS``) complex64, the input; overwritten by ``run``."""
        turns = np.outer(np.arange(FIRST), np.arange(SECOND)) / POINTS
        self._turns = np.exp(-2j * np.pi * turns).astype(np.complex64)
        self._between = between
        self._down = planned(before, between, 1)
        self._across = planned(between, before, 2)

    def run(self) -> NDArray[np.complex64]:
        """Transform all rows; (count, ``FIRST``, ``SECOND``): frequency ``i + FIRST * j`` is at ``[:, i, j]``.

        Valid until the next call. In order of frequency they are ``in_order``.
        """
        self._down()
        np.multiply(self._between, self._turns, out=self._between)
        self._across()
        return self.rows.reshape(-1, FIRST, SECOND)


def in_order(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(``POINTS``,): something of every frequency, (``FIRST``, ``SECOND``) as ``run`` leaves it, by frequency."""
    return values.T.reshape(POINTS)


_LONG: ContextVar[dict[int, LongTransforms]] = ContextVar("long_transforms")


def long_transforms(count: int) -> LongTransforms:
    """The ones of this context with so many rows: every thread has its own."""
    made = _LONG.get(None)
    if made is None:
        made = {}
        _LONG.set(made)
    if count not in made:
        made[count] = LongTransforms(count)
    return made[count]
