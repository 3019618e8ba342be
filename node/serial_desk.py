"""What the main thread makes of the contacts of serial modules: the node's place and time, and messages."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from firmware_bridge.contacts import Contact, PositionFix, RemoteIdContact
from firmware_bridge.position.node_position import NodePlace, distance_m
from node.clock import clock_state
from node.messages import InfoMessage, Message, MessageMaker
from node.modules import ModuleRunner, ModuleStatus
from node.serial_place import NodeWhereabouts

NS_PER_MS = 1e6
PLACE_EVERY_NS = 1_000_000_000
"""How often place and time are looked at when no fix comes: an old fix gets worse."""
CLOCK_EVERY_NS = 5_000_000_000
MOVED_M = 100.0
"""A node that moved further than this says again where it is to whoever comes later (``info`` is retained)."""


@dataclass(frozen=True, slots=True)
class DeskStatus:
    """Modules, place and time at one moment."""

    modules: tuple[ModuleStatus, ...] = ()
    place: NodePlace | None = None
    satellites: int | None = None
    """Number that the receiver uses."""
    faults: tuple[str, ...] = ()
    """What is wrong with place and time."""
    slowest_ms: float | None = None
    """Longest time from the reception of a contact to its messages since it was last asked for."""


class ContactDesk:
    """Takes contacts out of the modules' inboxes and gives the messages that follow.

    Parameters
    ----------
    modules
        Not yet started.
    maker
        Writes the messages; its ``node`` is kept up to date.
    info
        Writes the message that says what the node is, anew when its place has changed.
    clock_ns
        Unix time in nanoseconds.
    """

    def __init__(
        self,
        modules: Sequence[ModuleRunner],
        maker: MessageMaker,
        info: Callable[[], InfoMessage] | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._modules = modules
        self._maker = maker
        self._info = info
        self._clock_ns = clock_ns
        self._whereabouts = NodeWhereabouts(maker.node)
        self._place_due_ns = self._clock_due_ns = 0
        self._told: NodePlace | None = self._whereabouts.place(clock_ns())
        self._slowest_ms: float | None = None

    @property
    def has_modules(self) -> bool:
        """Whether there is anything to read; serial modules never end by themselves."""
        return bool(self._modules)

    def status(self, *, forget: bool = False) -> DeskStatus:
        """How everything is; ``forget`` begins to measure anew."""
        now_ns = self._clock_ns()
        slowest_ms = self._slowest_ms
        if forget:
            self._slowest_ms = None
        return DeskStatus(
            tuple(module.status for module in self._modules),
            self._whereabouts.place(now_ns),
            self._whereabouts.satellites,
            tuple(self._whereabouts.faults(now_ns)),
            slowest_ms,
        )

    def start(self) -> None:
        """Open the ports as soon as they are there."""
        for module in self._modules:
            module.start()

    def stop(self) -> list[str]:
        """Close the ports; the names of threads that did not end in time."""
        return [f"serial-{module.name}" for module in self._modules if not module.stop()]

    def messages(self) -> list[Message]:
        """Work through what has come; give what there is to say, in the order of time."""
        contacts = [contact for module in self._modules for contact in module.take()]
        contacts.sort(key=lambda contact: contact.time_ns)
        messages: list[Message] = []
        for contact in contacts:
            messages += self._take(contact)
        now_ns = self._clock_ns()
        if not 0 <= self._place_due_ns - now_ns <= PLACE_EVERY_NS:  # due, or the clock was set
            self._place_due_ns = now_ns + PLACE_EVERY_NS
            messages += self._look_around(now_ns)
        for contact in contacts:
            late_ms = max(0.0, (now_ns - contact.time_ns) / NS_PER_MS)
            self._slowest_ms = max(late_ms, self._slowest_ms or 0.0)
        return messages

    def _take(self, contact: Contact) -> list[Message]:
        if isinstance(contact, PositionFix):
            self._whereabouts.take(contact)
            self._place_due_ns = 0
        elif isinstance(contact, RemoteIdContact):
            late_ms = max(0.0, (self._clock_ns() - contact.time_ns) / NS_PER_MS)
            return [self._maker.remote_id(contact, late_ms)]
        return []

    def _look_around(self, now_ns: int) -> list[Message]:
        """Bring place and time up to date; say it where others rely on it."""
        if not 0 <= self._clock_due_ns - now_ns <= CLOCK_EVERY_NS:
            self._clock_due_ns = now_ns + CLOCK_EVERY_NS
            self._whereabouts.take_clock(clock_state())
        self._maker.node = self._whereabouts.identity(now_ns)
        place, told = self._whereabouts.place(now_ns), self._told
        if self._info is None or not _elsewhere(place, told):
            return []
        self._told = place
        return [self._info()]


def _elsewhere(place: NodePlace | None, told: NodePlace | None) -> bool:
    """Whether a place is another one, or known in another way."""
    if place is None or told is None:
        return place is not told
    if place.source != told.source:
        return True
    return distance_m(place.lat_deg, place.lon_deg, told.lat_deg, told.lon_deg) > MOVED_M
