"""What may go wrong with a simulated rtl_tcp server, on command."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sim.rtl_tcp_session import HEADER


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """Something to go wrong at a sample of the present client, or now."""

    kind: Literal["drop", "cut", "reset", "lose", "stall"]
    at_sample: int | None
    samples: int = 0


class Faults:
    """Faults that wait to happen; from any thread.

    They act on the present client (or the next, if there is none) at a sample counted from its connection, after
    everything before it was sent; without a sample number at once.

    Parameters
    ----------
    wake
        Called after a change.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self._stalled = self._resumed = False
        self._header = HEADER

    def drop(self, at_sample: int | None = None) -> None:
        """Close the connection of the client; the next may connect."""
        self._add(Fault("drop", at_sample))

    def reset(self, at_sample: int | None = None) -> None:
        """Break the connection as a crashed machine would, by a TCP reset."""
        self._add(Fault("reset", at_sample))

    def cut(self, at_sample: int | None = None) -> None:
        """Close the connection in the middle of a sample: the number of bytes is odd."""
        self._add(Fault("cut", at_sample))

    def lose(self, samples: int, at_sample: int | None = None) -> None:
        """Leave samples out, as a dongle does whose buffer overflows: nothing tells the client."""
        self._add(Fault("lose", at_sample, samples))

    def stall(self, at_sample: int | None = None) -> None:
        """Send no more samples to anybody, connections open, until ``resume``."""
        self._add(Fault("stall", at_sample))

    def resume(self) -> None:
        """End a stall: the radio goes on where it stopped."""
        with self._lock:
            self._waiting = [fault for fault in self._waiting if fault.kind != "stall"]
            self._stalled, self._resumed = False, True
        self._wake()

    def greet_with(self, header: bytes = HEADER) -> None:
        """Send this instead of the header to the next clients; without argument the right one again."""
        with self._lock:
            self._header = header

    @property
    def header(self) -> bytes:
        """The greeting to send."""
        with self._lock:
            return self._header

    @property
    def stalled(self) -> bool:
        """Whether samples are held back."""
        with self._lock:
            return self._stalled

    def take_resumed(self) -> bool:
        """Whether a stall has ended since the last call."""
        with self._lock:
            resumed, self._resumed = self._resumed, False
            return resumed

    def take_due(self, position: int, *, all_sent: bool) -> list[Fault]:
        """Give the faults whose time has come, each once; a stall begins here."""
        with self._lock:
            due = [
                fault
                for fault in self._waiting
                if fault.at_sample is None or (fault.at_sample <= position and all_sent)
            ]
            self._waiting = [fault for fault in self._waiting if fault not in due]
            self._stalled = self._stalled or any(fault.kind == "stall" for fault in due)
            return due

    @property
    def next_at(self) -> int:
        """Sample of the next fault: nothing may be made beyond it."""
        with self._lock:
            return min((fault.at_sample or 0 for fault in self._waiting), default=sys.maxsize)

    def _add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)
        self._wake()
