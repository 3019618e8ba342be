"""What the main thread makes of the contacts of serial modules: the node's place and time, and messages."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from firmware_bridge.contacts import Contact, PositionFix, RemoteIdContact
from firmware_bridge.position.node_position import GnssSettings, NodePlace, distance_m
from node.clock import clock_state
from node.fusion.fusion import STEP_NS, Fusion
from node.fusion.picture import Affiliation, Assessment, FusedChange, FusedTrack, FusionCounters
from node.messages import InfoMessage, Message, MessageMaker
from node.modules import ModuleRunner, ModuleStatus
from node.radio_book import RadioBook
from node.serial_place import NodeWhereabouts
from node.tracking.track import TrackChange

log = logging.getLogger(__name__)

NS_PER_MS = 1e6
PLACE_EVERY_NS = 1_000_000_000
"""How often place and time are looked at when no fix comes: an old fix gets worse."""
CLOCK_EVERY_NS = 5_000_000_000
SHIFT_M = 5.0
"""A fix that strays by less leaves the picture's frame where it is."""
RECENT_NS = 60_000_000_000
"""A picture that failed within this time makes the node ``degraded``."""
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
    tracks: int = 0
    """Tracks of the picture that live."""
    picture: FusionCounters | None = None


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
    make_fusion
        Makes what makes one picture of contacts and radio tracks, at the start and after a failure; None: there is no
        picture, contacts are counted only.
    clock_ns
        Unix time in nanoseconds.
    gnss
        What is made of fixes.
    """

    def __init__(
        self,
        modules: Sequence[ModuleRunner],
        maker: MessageMaker,
        info: Callable[[], InfoMessage] | None = None,
        make_fusion: Callable[[], Fusion] | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
        gnss: GnssSettings | None = None,
    ) -> None:
        self._modules = modules
        self._maker = maker
        self._info = info
        self._make_fusion = make_fusion
        self._fusion = None if make_fusion is None else make_fusion()
        self._failed_ns: int | None = None
        self._pending: list[FusedChange] = []
        self._framed: NodePlace | None = None
        self._kinds: dict[str, str] = {module.name: module.reports for module in modules if module.reports is not None}
        self._clock_ns = clock_ns
        self._whereabouts = NodeWhereabouts(maker.node, gnss)
        self._place_due_ns = self._clock_due_ns = 0
        self._said: NodePlace | None = self._whereabouts.place(clock_ns())
        self._slowest_ms: float | None = None
        self._live: dict[str, FusedTrack] = {}
        self._radio = RadioBook()
        self._spoken_on: list[str] = []

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
            (*self._whereabouts.faults(now_ns), *self._picture_faults(now_ns)),
            slowest_ms,
            len(self._live),
            None if self._fusion is None else self._fusion.counters,
        )

    def _picture_faults(self, now_ns: int) -> list[str]:
        recent = self._failed_ns is not None and abs(now_ns - self._failed_ns) < RECENT_NS
        return ["the picture failed and was started anew"] if recent else []

    def start(self) -> None:
        """Open the ports as soon as they are there."""
        for module in self._modules:
            module.start()

    def stop(self) -> list[str]:
        """Close the ports; the names of threads that did not end in time."""
        return [f"serial-{module.name}" for module in self._modules if not module.stop()]

    def hear(self, change: TrackChange) -> None:
        """Take a change of a radio track, into the picture too."""
        self._radio.hear(change)
        if self._fusion is not None:
            self._pending += self._guarded(lambda fusion: _heard(fusion, change))

    def assessment(self, track_id: str) -> Assessment | None:
        """What the picture, or an operator, makes of a radio track."""
        return self._radio.assessment(track_id, None if self._fusion is None else self._fusion.assess_rf(track_id))

    def set_affiliation(self, track_id: str, affiliation: Affiliation, by: str, why: str) -> bool:
        """Take an operator's word on a live track of any kind; its message comes with the next ``messages``."""
        of_radio = self._radio.set_affiliation(track_id, affiliation, by, why)
        of_picture = self._fusion is not None and self._fusion.set_affiliation(track_id, affiliation, by, why)
        if of_radio and not of_picture:
            self._spoken_on.append(track_id)
        return of_radio or of_picture

    def again(self) -> list[Message]:
        """Every live track as an update: those of the picture, then the radio's."""
        now_ns = self._clock_ns()
        told: list[Message] = [
            self._maker.fused(FusedChange("update", track, now_ns)) for track in list(self._live.values())
        ]
        return told + self._said_again(self._radio.live)

    def _said_again(self, track_ids: Sequence[str]) -> list[Message]:
        alive = [track_id for track_id in track_ids if track_id in self._radio.live]
        return [self._maker.track(self._radio.again(one), None, self.assessment(one)) for one in alive]

    def close(self) -> list[Message]:
        """Work through what is left; the tracks of the picture end."""
        messages = self.messages()
        if self._fusion is not None:
            messages += self._told(self._guarded(lambda fusion: fusion.close(self._clock_ns())))
        return messages

    def wait_s(self) -> float:
        """Time until the picture is judged again; without end while there is nothing in it."""
        if self._fusion is None or self._fusion.empty:
            return math.inf
        return (STEP_NS - self._clock_ns() % STEP_NS) * 1e-9

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
        if self._fusion is not None:
            pending, self._pending = self._pending, []
            messages += self._told([*pending, *self._guarded(lambda fusion: fusion.advance(now_ns))])
            now_ns = self._clock_ns()
        spoken_on, self._spoken_on = self._spoken_on, []
        messages += self._said_again(spoken_on)
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
            self._see(contact)
            return [self._maker.remote_id(contact, late_ms)]
        else:
            self._see(contact)
        return []

    def _see(self, contact: Contact) -> None:
        self._kinds.setdefault(contact.device, contact.kind)
        if self._fusion is not None:
            self._fusion.observe_contact(contact)

    def _guarded(self, act: Callable[[Fusion], list[FusedChange]]) -> list[FusedChange]:
        """Ask the fusion; when it fails, its tracks end and it is made anew: a bug in it must not end the node."""
        assert self._fusion is not None
        assert self._make_fusion is not None
        try:
            return act(self._fusion)
        except Exception:  # like the top of a thread: whatever it is, radios and modules go on
            log.exception("the picture: internal fault, please report it; it starts anew")
            self._failed_ns = self._clock_ns()
            self._fusion = self._make_fusion()
            self._framed = None
            return [FusedChange("end", track, self._failed_ns, "lost") for track in self._live.values()]

    def _told(self, changes: Sequence[FusedChange]) -> list[Message]:
        messages: list[Message] = []
        for change in changes:
            track = change.track
            told = self._live.get(track.track_id)
            latency_ms = None
            if change.kind == "end":
                self._live.pop(track.track_id, None)
            elif track.kind != "rf_emission":
                self._live[track.track_id] = track
                if told is None or track.last_ns > told.last_ns:  # else something else is thought of what is known
                    latency_ms = max(0.0, (self._clock_ns() - track.last_ns) / NS_PER_MS)
            messages.append(self._maker.fused(change, latency_ms, self.assessment(track.track_id)))
        return messages

    def _look_around(self, now_ns: int) -> list[Message]:
        """Bring place and time up to date; say it where others rely on it."""
        if not 0 <= self._clock_due_ns - now_ns <= CLOCK_EVERY_NS:
            self._clock_due_ns = now_ns + CLOCK_EVERY_NS
            self._whereabouts.take_clock(clock_state())
        self._maker.node = self._whereabouts.identity(now_ns)
        place = self._whereabouts.place(now_ns)
        if self._fusion is not None:
            for module in self._modules:
                if (kind := self._kinds.get(module.name)) is not None:
                    status = module.status
                    self._fusion.receiver_health(module.name, kind, healthy=status.healthy, time_ns=now_ns)
            if place is not None and _elsewhere(place, self._framed, SHIFT_M):
                self._framed = place
                self._fusion.place(place.lat_deg, place.lon_deg, self._maker.node.alt_m)
        if self._info is None or not _elsewhere(place, self._said, MOVED_M):
            return []
        self._said = place
        return [self._info()]


def _elsewhere(place: NodePlace | None, before: NodePlace | None, limit_m: float) -> bool:
    """Whether a place is another one, or known in another way."""
    if place is None or before is None:
        return place is not before
    if place.source != before.source:
        return True
    return distance_m(place.lat_deg, place.lon_deg, before.lat_deg, before.lon_deg) > limit_m


def _heard(fusion: Fusion, change: TrackChange) -> list[FusedChange]:
    """Take a radio track into the picture: what follows is told by the next step."""
    fusion.observe_rf(change)
    return []
