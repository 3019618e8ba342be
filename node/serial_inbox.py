"""Contacts of one serial module on their way to the main thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from firmware_bridge.contacts import Contact

CONTACTS_HELD = 2048
"""Contacts that may wait: two seconds of the busiest radar (50 reflections in each of 20 frames a second); about
0.6 MiB."""


@dataclass(frozen=True, slots=True)
class ContactCounters:
    """What has gone through: ``taken_in = taken_out + dropped + waiting``."""

    taken_in: int = 0
    taken_out: int = 0
    dropped: int = 0
    waiting: int = 0


class ContactInbox:
    """Bounded hand-over from the thread of a port, which never waits.

    When it is full the oldest contacts make room: of things that move, the latest word counts.

    Parameters
    ----------
    wake
        Called when something has come, in the thread that brought it; must not block.
    capacity
        How many contacts may wait.
    """

    def __init__(self, wake: Callable[[], None], capacity: int = CONTACTS_HELD) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be 1 or more, not {capacity}")
        self._wake = wake
        self._lock = threading.Lock()
        self._contacts: deque[Contact] = deque(maxlen=capacity)
        self._in = self._out = self._dropped = 0

    def offer(self, contacts: Sequence[Contact]) -> None:
        """Hand over."""
        with self._lock:
            for contact in contacts:
                self._dropped += len(self._contacts) == self._contacts.maxlen
                self._contacts.append(contact)
            self._in += len(contacts)
        self._wake()

    def take(self) -> list[Contact]:
        """All that wait, in the order they came."""
        with self._lock:
            found = list(self._contacts)
            self._contacts.clear()
            self._out += len(found)
        return found

    @property
    def counters(self) -> ContactCounters:
        """What has gone through so far."""
        with self._lock:
            return ContactCounters(self._in, self._out, self._dropped, len(self._contacts))
