"""Bytes from a driver's callback to the reader of a radio: the callback never waits.

When the inbox is full new blocks are dropped until it is half empty (few long gaps instead of many short ones), as in
``node/inbox.py``; the dropped bytes are told with the next block that got through.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from node.sources.live_clock import Moment


@dataclass(frozen=True, slots=True)
class Delivery:
    """One block of bytes."""

    raw: bytes
    arrival: Moment
    lost_bytes: int
    """Dropped between the block before and this one."""


class ByteInbox:
    """One thread puts in, one takes out.

    Parameters
    ----------
    capacity_bytes
        Bytes it holds; one block always fits.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._changed = threading.Condition()
        self._waiting: deque[Delivery] = deque()
        self._waiting_bytes = self._lost_bytes = 0
        self._dropping = False
        self._ended = False

    def offer(self, raw: bytes, arrival: Moment) -> bool:
        """Hand over at once; false when the block was dropped."""
        with self._changed:
            if self._dropping and 2 * self._waiting_bytes <= self._capacity_bytes:
                self._dropping = False
            if self._waiting and self._waiting_bytes + len(raw) > self._capacity_bytes:
                self._dropping = True
            if self._dropping:
                self._lost_bytes += len(raw)
                return False
            self._waiting.append(Delivery(raw, arrival, self._lost_bytes))
            self._lost_bytes = 0
            self._waiting_bytes += len(raw)
            self._changed.notify()
            return True

    def take(self, timeout_s: float) -> Delivery | None:
        """The next block; None when none comes in time, or when it has ended and is empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended, timeout_s)
            if not self._waiting:
                return None
            delivery = self._waiting.popleft()
            self._waiting_bytes -= len(delivery.raw)
            return delivery

    def clear(self) -> int:
        """Forget what waits; give the number of bytes, those dropped before included."""
        with self._changed:
            forgotten = self._lost_bytes + sum(len(each.raw) + each.lost_bytes for each in self._waiting)
            self._waiting.clear()
            self._waiting_bytes = self._lost_bytes = 0
            self._dropping = False
            return forgotten

    def end(self) -> None:
        """Nothing more comes."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    @property
    def ended(self) -> bool:
        """Whether nothing more comes; what waits can still be taken."""
        with self._changed:
            return self._ended
