"""The fusion: contacts and radio tracks in, changes of the picture out. Pure: time comes with the data."""

from __future__ import annotations

from dataclasses import replace

from firmware_bridge.contacts import AircraftContact, CameraContact, Contact, PositionFix, RadarContact, RemoteIdContact
from node.fusion.claim_checks import swarm_names
from node.fusion.claims import ClaimBook
from node.fusion.decoy import LinkJudge
from node.fusion.frame import LocalFrame
from node.fusion.friends import FriendlyList
from node.fusion.group import Group
from node.fusion.groups import Grouping
from node.fusion.identity import Health, Surroundings
from node.fusion.links import LinkBook
from node.fusion.measure import Measurement, camera_measurement, radar_measurement
from node.fusion.objects import ObjectTracker
from node.fusion.orders import Order
from node.fusion.picture import Affiliation, Assessment, FusedChange, FusionCounters
from node.fusion.planes import AircraftBook
from node.fusion.plausible import plausible_aircraft, plausible_claim
from node.fusion.settings import FusionSettings
from node.fusion.teller import Teller, judge_bird
from node.tracking.track import EndReason, TrackChange

STEP_NS = 50_000_000
"""The picture is judged at every whole multiple of this time: its share of the latency of a message."""
GROUP_EVERY = 10
"""Sources are grouped anew in every so many-th step, and whenever one comes or goes."""
SET_BACK_NS = 2_000_000_000
"""A time so much earlier than before means that the clock was set."""
AHEAD_NS = 10_000_000_000
"""Contacts from further in the future are of a clock that is wrong."""
JUDGE_LONGEST_NS = 40 * STEP_NS
"""After a gap in the data only so much of it is judged step by step."""


class Fusion:
    """Keeps the picture. Single-threaded.

    Parameters
    ----------
    settings
        Rules and mountings.
    node_position
        Latitude, longitude (degrees, WGS 84) and altitude (m above the ellipsoid, None where not known) of the node;
        None where not known: then nothing that tells its place can be compared, and no message has a position.
    node_name
        Part of the tracks' identifiers.
    friends
        A friendly list whose signature was right.
    """

    def __init__(
        self,
        settings: FusionSettings,
        node_position: tuple[float, float, float | None] | None,
        node_name: str,
        friends: FriendlyList | None = None,
    ) -> None:
        self._settings, self._friends = settings, friends
        self._frame = None if node_position is None else LocalFrame(*node_position)
        self._waiting: list[Contact] = []
        self._radio: list[TrackChange] = []
        self._tracker = ObjectTracker(settings)
        self._claims = ClaimBook(settings)
        self._aircraft = AircraftBook(settings)
        self._links = LinkBook(settings)
        self._link_judge = LinkJudge(settings)
        self._grouping = Grouping(settings)
        self._teller = Teller(settings, node_name)
        self._health: dict[str, Health] = {}
        self._judged_ns: int | None = None
        self._known: tuple[str, ...] = ()
        self._swarm: frozenset[str] = frozenset()
        self._counts = FusionCounters()
        self._orders = 0

    # --- in ----------------------------------------------------------------------------------------------------

    def observe_contact(self, contact: Contact, time_ns: int | None = None) -> None:
        """Take a contact; it is worked on by the next ``advance`` at or after its time.

        Parameters
        ----------
        contact
            What a module reports. A ``PositionFix`` is not for the picture: see ``place``.
        time_ns
            Unix time (UTC) in place of the contact's own.
        """
        if time_ns is not None and time_ns != contact.time_ns:
            contact = replace(contact, time_ns=time_ns)
        if isinstance(contact, PositionFix):
            return
        if len(self._waiting) >= self._settings.contacts_at_most:
            self._counts = replace(self._counts, overflow=self._counts.overflow + 1)
            return
        self._waiting.append(contact)

    def observe_rf(self, change: TrackChange) -> None:
        """Take a change of a radio track; like a contact it counts from its time on."""
        if len(self._radio) >= self._settings.contacts_at_most:
            self._links.take(self._radio.pop(0))
        self._radio.append(change)

    def receiver_health(self, device: str, kind: str, *, healthy: bool, time_ns: int) -> None:
        """Say whether a module works; what is missing means something only while its sensor is healthy.

        Parameters
        ----------
        device
            Name of the module in the configuration.
        kind
            What it reports: ``radar``, ``camera``, ``remote_id`` or ``aircraft``.
        healthy
            Whether it is being read.
        time_ns
            Since when; a repeated state keeps its first time.
        """
        before = self._health.get(device)
        if before is None or before.healthy != healthy or before.kind != kind:
            self._health[device] = Health(kind, healthy, time_ns)

    def place(self, lat_deg: float, lon_deg: float, altitude_m: float | None) -> None:
        """Say where the node is now; objects stay where they are relative to it."""
        self._frame = LocalFrame(lat_deg, lon_deg, altitude_m)

    def set_affiliation(self, track_id: str, affiliation: Affiliation, by: str, why: str = "") -> bool:
        """Take an operator's word on a track, of the picture or of the radio; false where there is no such track.

        The later word holds; ``unknown`` takes it back. What follows is told by the next step.
        """
        self._orders += 1
        order = Order(affiliation, by, why, self._orders)
        link = self._links.links.get(track_id)
        if link is not None:
            link.ordered = order
        return self._grouping.take_order(track_id, order) or link is not None

    # --- out ---------------------------------------------------------------------------------------------------

    def advance(self, time_ns: int) -> list[FusedChange]:
        """Work up to a time; give what changed, in order.

        What comes later with an earlier time is still used up to 0.3 s; calling this at other times changes only that.
        """
        if self._judged_ns is not None and time_ns < self._judged_ns - SET_BACK_NS:
            self._set_back(time_ns)
        ahead = sum(one.time_ns > time_ns + AHEAD_NS for one in self._waiting)
        if ahead:
            self._counts = replace(self._counts, unusable=self._counts.unusable + ahead)
            self._waiting = [one for one in self._waiting if one.time_ns <= time_ns + AHEAD_NS]
        due = [one for one in self._waiting if one.time_ns <= time_ns]
        due.sort(key=lambda one: (one.time_ns, one.device))
        self._waiting = [one for one in self._waiting if one.time_ns > time_ns]
        changes: list[FusedChange] = []
        scan: list[Measurement] = []
        for contact in due:
            if scan and (contact.time_ns, contact.device) != (scan[0].time_ns, scan[0].device):
                self._tracker.scan(scan)
                scan = []
            changes += self._judge_until(contact.time_ns - 1)
            measurement = self._sort(contact)
            if measurement is not None:
                scan.append(measurement)
        if scan:
            self._tracker.scan(scan)
        return changes + self._judge_until(time_ns)

    def close(self, time_ns: int) -> list[FusedChange]:
        """End of the data: every track ends."""
        changes = self.advance(time_ns)
        told = [group for group in self._grouping.groups if group.track_id is not None]
        changes += [self._end(group, time_ns, "shutdown") for group in told]
        self._grouping.groups = []
        return changes

    def assess_rf(self, track_id: str) -> Assessment | None:
        """What is to be thought of a radio track, for its own message; None for one that is no drone's."""
        return self._link_judge.assessments.get(track_id)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to judge: the next contact or radio track begins anew."""
        held = (self._tracker.objects, self._claims.claims, self._aircraft.aircraft, self._links.links)
        return not any((*held, self._radio, self._grouping.groups, self._link_judge.assessments))

    @property
    def counters(self) -> FusionCounters:
        """A snapshot for health."""
        return replace(
            self._counts,
            late=self._tracker.late,
            refused=self._tracker.refused + self._claims.refused + self._links.refused,
            objects=sum(one.confirmed_ns is not None for one in self._tracker.objects),
            claims=len(self._claims.claims),
            aircraft=len(self._aircraft.aircraft),
            links=len(self._links.links),
            tracks=sum(group.track_id is not None for group in self._grouping.groups),
        )

    # --- steps -------------------------------------------------------------------------------------------------

    def _set_back(self, time_ns: int) -> None:
        """The clock was set back: what is known lies in the future. Begin anew; links and health go on."""
        self._judged_ns = time_ns // STEP_NS * STEP_NS - STEP_NS
        self._tracker.forget()
        self._claims.forget()
        self._aircraft.aircraft.clear()
        self._waiting = [one for one in self._waiting if one.time_ns <= time_ns + AHEAD_NS]
        self._radio = [replace(one, time_ns=min(one.time_ns, time_ns)) for one in self._radio]
        self._health = {name: replace(one, since_ns=min(one.since_ns, time_ns)) for name, one in self._health.items()}
        self._links.set_back(time_ns)

    def _sort(self, contact: Contact) -> Measurement | None:
        self._counts = replace(self._counts, contacts=self._counts.contacts + 1)
        measurement = None
        if isinstance(contact, RadarContact):
            measurement = radar_measurement(contact, self._settings.mount(contact.device))
        elif isinstance(contact, CameraContact):
            measurement = camera_measurement(contact)
        elif isinstance(contact, RemoteIdContact):
            self._claims.take(plausible_claim(contact), self._frame)
            return None
        elif isinstance(contact, AircraftContact):
            self._aircraft.take(plausible_aircraft(contact), self._frame)
            return None
        if measurement is None:
            self._counts = replace(self._counts, unusable=self._counts.unusable + 1)
        return measurement

    def _judge_until(self, time_ns: int) -> list[FusedChange]:
        """Judge at every step up to a time; without anything to judge time just passes."""
        last_step_ns = time_ns // STEP_NS * STEP_NS
        if self._judged_ns is None:
            self._judged_ns = last_step_ns - STEP_NS
        if self.empty:
            self._judged_ns = max(self._judged_ns, last_step_ns)
            return []
        step_ns = max(self._judged_ns + STEP_NS, last_step_ns - JUDGE_LONGEST_NS)
        changes: list[FusedChange] = []
        while step_ns <= last_step_ns:
            changes += self._judge(step_ns)
            self._judged_ns = step_ns
            step_ns += STEP_NS
        return changes

    def _judge(self, now_ns: int) -> list[FusedChange]:
        for change in self._radio:
            if change.time_ns <= now_ns:
                self._links.take(change)
        self._radio = [change for change in self._radio if change.time_ns > now_ns]
        self._tracker.age(now_ns)
        self._claims.age(now_ns)
        self._aircraft.age(now_ns)
        objects = [one for one in self._tracker.objects if one.confirmed_ns is not None]
        claims = list(self._claims.claims.values())
        aircraft = [one for one in self._aircraft.aircraft.values() if one.places]
        links = list(self._links.links.values())
        known = (
            *(f"{one.key}{one.worth_telling}" for one in objects),
            *(f"{one.key}{bool(one.places)}" for one in claims),
            *(one.key for one in aircraft),
            *(link.key for link in links),
        )
        changes: list[FusedChange] = []
        if known != self._known or now_ns // STEP_NS % GROUP_EVERY == 0:
            self._known = known
            self._swarm = swarm_names([one for one in claims if one.name not in self._claims.supported], now_ns)
            for one in objects:
                judge_bird(one, now_ns)
            merged, self._tracker.merged = self._tracker.merged, []
            ended = self._grouping.regroup(objects, claims, aircraft, links, merged, now_ns)
            self._claims.supported = {
                group.claim.name for group in self._grouping.groups if group.claim and group.object
            }
            for end in [end for end in ended if end.group.track_id is not None]:
                into = end.into.track_id if end.into else None
                changes.append(self._end(end.group, now_ns, "merged" if end.into else "lost", into))
        around = Surroundings(
            self._claims,
            self._swarm,
            self._friends,
            self._health,
            {device: self._tracker.sight(device) for device in self._health},
            self._settings,
            now_ns,
            objects,
        )
        for group in self._grouping.groups:
            changes += self._teller.tell(group, around, self._frame)
        fused = {link.key: group for group in self._grouping.groups for link in group.links}
        seen = any(group.may_carry_link for group in self._grouping.groups)
        return changes + self._link_judge.judge(links, fused, self._health, now_ns, object_seen=seen)

    def _end(self, group: Group, now_ns: int, reason: EndReason, into: str | None = None) -> FusedChange:
        assert group.latest is not None
        return FusedChange("end", replace(group.latest, merged_into=into), now_ns, reason)
