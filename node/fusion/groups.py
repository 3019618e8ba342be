"""Which sources are one thing: groups with hysteresis, whose joining and parting are told.

An object has at most one claim and one aircraft, chosen for all at once by the best sum of scores; a radio link goes to
the best group. A group keeps its track while any of its sources goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from node.fusion.air_object import AirObject
from node.fusion.assign import FORBIDDEN, assigned
from node.fusion.association import Score, link_claim, link_object, object_aircraft, object_claim
from node.fusion.claims import Claim
from node.fusion.group import Group, Part
from node.fusion.links import RadioLink
from node.fusion.orders import CARRIED, Order, more_cautious
from node.fusion.planes import Aircraft
from node.fusion.settings import FusionSettings

KEEP_BONUS = 2.0
"""Terms by which what already belongs together is preferred over something new."""
NEWCOMER_MARGIN = 0.5
"""Terms by which a link's newcomer must be the better one: against what came later the link's place was never won."""


Left = TypeVar("Left", bound=Part)
Right = TypeVar("Right", bound=Part)


@dataclass(frozen=True, slots=True)
class Ended:
    """A group that is over: merged into another, or without any source."""

    group: Group
    into: Group | None


class Grouping:
    """Keeps the groups."""

    def __init__(self, settings: FusionSettings) -> None:
        self._settings = settings
        self._homes: dict[str, Group] = {}
        self._weighed: dict[str, frozenset[str]] = {}
        """What each link could have gone to when it came to its group."""
        self._count = 0
        self.groups: list[Group] = []

    def regroup(
        self,
        objects: Sequence[AirObject],
        claims: Sequence[Claim],
        aircraft: Sequence[Aircraft],
        links: Sequence[RadioLink],
        absorbed: Sequence[tuple[AirObject, AirObject]],
        now_ns: int,
    ) -> list[Ended]:
        """Find out anew what belongs together; give the groups that are over.

        Parameters
        ----------
        objects, claims, aircraft, links
            All that live; objects confirmed.
        absorbed
            (kept, given up) objects that turned out to be one.
        now_ns
            Signal time.
        """
        scores: dict[str, Score] = {}
        by_claim = self._pair(objects, claims, object_claim, scores)
        by_aircraft = self._pair(objects, aircraft, object_aircraft, scores)
        wanted = [
            Group(0, one, by_claim.get(one.key), by_aircraft.get(one.key))
            for one in objects
            if one.worth_telling or one.key in by_claim or one.key in by_aircraft or self._told(one)
        ]
        paired = {claim.key for claim in by_claim.values()} | {one.key for one in by_aircraft.values()}
        wanted += [Group(0, claim=claim) for claim in claims if claim.key not in paired]
        wanted += [Group(0, aircraft=one) for one in aircraft if one.key not in paired]
        for group in wanted:
            group.scores = {part.key: scores[part.key] for part in group.parts if part.key in scores}
        self._place_links(wanted, links, now_ns)
        return self._settle(wanted, absorbed)

    def take_order(self, track_id: str, order: Order) -> bool:
        """Take an operator's word on a track, or on a radio link that belongs to one; false where there is none."""
        for group in self.groups:
            if group.track_id == track_id:
                group.ordered, group.spoken_on = order, True
                return True
            if any(link.track.track_id == track_id for link in group.links):
                group.spoken_on = True
                return True
        return False

    def _told(self, part: Part) -> bool:
        home = self._homes.get(part.key)
        return home is not None and home.track_id is not None

    def _pair(
        self,
        left: Sequence[Left],
        right: Sequence[Right],
        score: Callable[[Left, Right], Score | None],
        scores: dict[str, Score],
    ) -> dict[str, Right]:
        """Best pairs by key of the left; hysteresis for those that already share a group."""
        settings = self._settings
        table: list[list[Score | None]] = []
        cost: list[list[float]] = []
        for one in left:
            home = self._homes.get(one.key)
            row, row_cost = [], []
            for other in right:
                found = score(one, other)
                together = home is not None and self._homes.get(other.key) is home
                least = settings.leave_score if together else settings.join_score
                # Without any common time what belongs together stays together.
                fits = (found is None and together) or (found is not None and found.probability >= least)
                row.append(found)
                value = 0.0 if found is None else found.llr
                row_cost.append(-(value + KEEP_BONUS * together) if fits else FORBIDDEN)
            table.append(row)
            cost.append(row_cost)
        pairs: dict[str, Right] = {}
        for at, other_at in assigned(cost):
            other, found = right[other_at], table[at][other_at]
            pairs[left[at].key] = other
            home = self._homes.get(other.key)
            known = found if found is not None else (home.scores.get(other.key) if home else None)
            if known is not None:
                scores[other.key] = known
        return pairs

    def _place_links(self, wanted: list[Group], links: Sequence[RadioLink], now_ns: int) -> None:
        """Give each link to its best group. One that has a group moves only to a better one: by ``KEEP_BONUS`` to one
        it was weighed against when it came there, by ``NEWCOMER_MARGIN`` to one that has come since.
        """
        able = [group for group in wanted if _may_transmit(group)]
        rivals = frozenset(part.key for group in able for part in group.parts)
        weighed: dict[str, frozenset[str]] = {}
        for link in links:
            home = self._homes.get(link.key)
            known = self._weighed.get(link.key, frozenset())
            best: tuple[float, bool, Group, Score] | None = None
            for group in able:
                score = _link_score(link, group, len(able), now_ns)
                together = home is not None and self._homes.get(group.anchor.key) is home
                least = self._settings.leave_score if together else self._settings.join_score
                if score.probability < least:
                    continue
                bonus = NEWCOMER_MARGIN if known.isdisjoint(part.key for part in group.parts) else KEEP_BONUS
                rank = (score.llr - (0.0 if together or home is None else bonus), together)
                if best is None or rank > best[:2]:
                    best = (*rank, group, score)
            if best is not None:
                _, stays, group, score = best
                weighed[link.key] = known if stays else rivals
                group.links.append(link)
                group.scores[link.key] = score
        self._weighed = weighed

    def _settle(self, wanted: list[Group], absorbed: Sequence[tuple[AirObject, AirObject]]) -> list[Ended]:
        """Give every wanted group the identity of the oldest group its sources come from."""
        also: dict[str, list[Group]] = {}
        for kept, given in absorbed:
            if given.key in self._homes:
                also.setdefault(kept.key, []).append(self._homes[given.key])
        claimed: dict[int, Group] = {}
        origins: list[list[Group]] = []
        settled: list[Group] = []
        for want in wanted:
            parts = [part for part in want.parts if not isinstance(part, RadioLink)]
            homes = [self._homes[part.key] for part in parts if part.key in self._homes]
            homes += [home for part in parts for home in also.get(part.key, [])]
            free = [home for home in homes if home.number not in claimed]
            free.sort(key=lambda home: (home.track_id is None, home.number))
            group = free[0] if free else self._new(homes)
            claimed[group.number] = group
            group.object, group.claim, group.aircraft = want.object, want.claim, want.aircraft
            group.links, group.scores = want.links, want.scores
            origins.append(homes)
            settled.append(group)
        ended = []
        for old in self.groups:
            if old.number in claimed:
                continue
            into = next((group for group, homes in zip(settled, origins, strict=True) if old in homes), None)
            if into is not None and old.track_id is not None:
                into.merged_from = [*into.merged_from, old.track_id][-8:]
                into.ordered = more_cautious(into.ordered, old.ordered and old.ordered.carried(old.track_id))
            ended.append(Ended(old, into))
        self.groups = settled
        self._homes = {part.key: group for group in settled for part in group.parts}
        return ended

    def _new(self, homes: list[Group]) -> Group:
        self._count += 1
        group = Group(self._count)
        origin = next((home for home in homes if home.track_id is not None), None)
        if origin is not None:
            group.split_from = origin.track_id
            if origin.ordered is not None and origin.ordered.affiliation in CARRIED:
                group.ordered = origin.ordered.carried(origin.track_id)
        return group


def _link_score(link: RadioLink, group: Group, candidates: int, now_ns: int) -> Score:
    if group.object is not None:
        return link_object(link, group.object, candidates, now_ns)
    assert group.claim is not None
    return link_claim(link, group.claim, candidates, now_ns)


def _may_transmit(group: Group) -> bool:
    """Whether a drone's link may be of this group: no aircraft, no bird."""
    one = group.object
    if group.aircraft is not None:
        return False
    if one is not None:
        return not one.birdlike and (one.worth_telling or group.claim is not None)
    return group.claim is not None and bool(group.claim.places)
