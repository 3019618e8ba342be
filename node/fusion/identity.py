"""Whose a thing is, by rules; nothing but an operator's word says friend or hostile. docs/fusion.md has the rules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from node.fusion.air_object import AirObject
from node.fusion.claim_checks import Check, claim_checks, consistency
from node.fusion.claims import Claim, ClaimBook
from node.fusion.friends import FriendlyList
from node.fusion.group import Group
from node.fusion.measure import Sight
from node.fusion.picture import Identity, ObjectType
from node.fusion.settings import NS_PER_S, FusionSettings

RADAR_WEIGHT = 1.5
NEAR_M = 20.0
"""A radar that has something so near to where a claim says it is does not miss it, even if it never moved."""
UNSEEN_S = 5.0
"""A radar must have missed what claims to be in front of it for so long."""
FRIEND_CONSISTENCY, FRIEND_WEIGHT = 0.8, 1.5
"""A friend on the list is believed from this share and this sum of passed checks on."""


@dataclass(frozen=True, slots=True)
class Health:
    """What a module can be relied on for."""

    kind: str
    healthy: bool
    since_ns: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What identity needs to know beside the group."""

    book: ClaimBook
    swarm: frozenset[str]
    friends: FriendlyList | None
    health: Mapping[str, Health]
    sights: Mapping[str, Sight]
    settings: FusionSettings
    now_ns: int
    objects: Sequence[AirObject] = ()
    """All that are confirmed, moving or not."""


def identify(group: Group, object_type: ObjectType, around: Surroundings) -> Identity:
    """The identity of a group; takes note in it of what a radar misses."""
    claim = group.claim
    dark = _dark(group, object_type, around)
    share: float | None = None
    suspect = False
    reasons: tuple[str, ...] = ()
    basis: tuple[str, ...] = ()
    friendly = False
    if claim is not None:
        checks = [*claim_checks(claim, around.book, around.swarm), *_seen(group, claim, around)]
        share, suspect, found = consistency(checks)
        if suspect:
            group.suspect_reasons = found
        elif group.object is not None:
            group.suspect_reasons = ()  # a radar sees it where it says it is: what was suspected was wrong
        suspect = suspect or bool(group.suspect_reasons)
        reasons = found if found and suspect else group.suspect_reasons
        friendly, basis = _friendly(claim, checks, share, suspect=suspect, around=around)
    elif group.aircraft is not None:
        basis = (f"ADS-B of {group.aircraft.name}",)
    contact = claim.contact if claim is not None else None
    if (word := group.word) is not None:
        affiliation, basis = word.affiliation, (word.basis, *basis)
    else:
        affiliation = "assumed_friend" if friendly else "unknown"
    return Identity(
        affiliation=affiliation,
        basis=basis,
        cooperative=True if claim is not None else (False if dark else None),
        remote_id=None if contact is None else contact.uas_id,
        consistency=share,
        dark=dark,
        spoof_suspect=suspect,
        spoof_reasons=reasons if suspect else (),
        operator_id=None if contact is None else contact.operator_id,
        operator_lat_deg=None if contact is None else contact.operator_lat_deg,
        operator_lon_deg=None if contact is None else contact.operator_lon_deg,
    )


def _dark(group: Group, object_type: ObjectType, around: Surroundings) -> bool | None:
    one = group.object
    if group.claim is not None:
        return False
    if one is None or one.confirmed_ns is None or object_type in {"aircraft", "bird", "ballistic", "ground"}:
        return None
    needed_ns = int(around.settings.dark_after_s * NS_PER_S)
    if around.now_ns - one.confirmed_ns < needed_ns:
        return None
    for device, health in around.health.items():
        if health.kind != "remote_id" or not health.healthy or around.now_ns - health.since_ns < needed_ns:
            continue
        reach_m = around.settings.mount(device).reach_m or around.settings.rid_reach_m
        if one.ranged and one.range_m <= reach_m:
            return True
    return None


def _seen(group: Group, claim: Claim, around: Surroundings) -> list[Check]:
    """What radars say of the claimed place."""
    one = group.object
    place = claim.places[-1] if claim.places else None
    if one is not None and place is not None:
        group.unseen_since_ns = None
        moment = one.state_at(place.time_ns)
        if moment is None:
            return []
        away_m = math.hypot(place.east_m - moment.state[0], place.north_m - moment.state[1])
        return [
            Check("radar", passed=True, weight=RADAR_WEIGHT, text=f"seen {away_m:.0f} m from where it claims to be")
        ]
    if place is None or place.up_m is None or (around.now_ns - place.time_ns) > 3 * NS_PER_S:
        group.unseen_since_ns = None
        return []
    spot = np.array([place.east_m, place.north_m, place.up_m])
    watching = [
        device
        for device, health in around.health.items()
        if health.kind == "radar" and health.healthy and _covers(around, device, spot)
    ]
    near_m = NEAR_M + 3.0 * place.sigma_m
    if not watching or any(float(np.linalg.norm(other.place_m[:2] - spot[:2])) < near_m for other in around.objects):
        group.unseen_since_ns = None
        return []
    if group.unseen_since_ns is None:
        group.unseen_since_ns = around.now_ns
    unseen_s = (around.now_ns - group.unseen_since_ns) * 1e-9
    if unseen_s < UNSEEN_S:
        return []
    text = f"{watching[0]} sees nothing where it claims to be, for {unseen_s:.0f} s"
    return [Check("radar", passed=False, weight=1.0, text=text)]


def _covers(around: Surroundings, device: str, spot: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    mount = around.settings.mount(device)
    sight = around.sights.get(device) or Sight(mount)
    return mount.reach_m is not None and sight.covers(spot, 0.8 * mount.reach_m)


def _friendly(
    claim: Claim, checks: list[Check], share: float | None, *, suspect: bool, around: Surroundings
) -> tuple[bool, tuple[str, ...]]:
    """Whether the signed list and the checks make it an assumed friend, and why or why not."""
    uas_id, place = claim.contact.uas_id, claim.places[-1] if claim.places else None
    entries = around.friends.of(uas_id) if around.friends is not None and uas_id is not None else ()
    if not entries or around.friends is None:
        return False, ()
    if place is None:
        return False, ("on the friendly list, but tells no position",)
    faults = [entry.admits(around.now_ns, place.lat_deg, place.lon_deg, place.altitude_m) for entry in entries]
    if None not in faults:
        return False, tuple(fault for fault in faults[:1] if fault)
    passed = sum(check.weight for check in checks if check.passed)
    if suspect:
        return False, ("on the friendly list, but inconsistent",)
    if (share or 0.0) < FRIEND_CONSISTENCY or passed < FRIEND_WEIGHT:
        return False, ("on the friendly list, not enough checks passed yet",)
    return True, (
        f"on the signed friendly list of {around.friends.issuer or 'the site'}",
        f"{sum(check.passed for check in checks)} of {len(checks)} checks passed",
    )
