"""Consistency of a Remote ID claim: each check passes, fails or says nothing, with its weight and its reason.

The rules, their limits and where they come from stand in docs/fusion.md. A claim whose failed checks weigh
``SUSPECT_WEIGHT`` or more is a spoof suspect; consistency is the weight passed over the weight passed and failed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from node.fusion.claims import Claim, ClaimBook, ClaimedPlace
from node.fusion.settings import NS_PER_S

SUSPECT_WEIGHT = 1.0
SERIAL = re.compile(r"[0-9A-HJ-NP-Z]{4}[1-9A-F][0-9A-HJ-NP-Z]{1,15}")
"""ANSI/CTA-2063-A: maker (4), length of what follows (1-9, A-F), serial; digits and capitals without I and O."""
FASTEST_MPS = 100.0
"""Ground speed; small unmanned aircraft reach 60 m/s, racing ones less than 100."""
FASTEST_CLIMB_MPS = 30.0
SLACK_M = 30.0
"""Two positions may differ by that whatever the time between them: errors of both and of the times."""
STRONGEST_EIRP_DBM = 36.0
"""Wi-Fi and Bluetooth at 2.4 GHz may radiate 20 dBm (EU) or 36 dBm (FCC, with antenna gain)."""
FIRST_METRE_DB = 40.2
"""Free-space loss of the first metre at 2.44 GHz."""
FADING_DB, LEAST_FADING_DB = 5.0, 2.0
LEAST_LEVELS, LEAST_SPAN_DB = 8, 6.0
"""A level trend needs so many messages over so much change of the expected level."""
FROZEN_S, FROZEN_MESSAGES = 5.0, 5
REPLAY_S = 30.0
CHURN_ADDRESSES, CHURN_S = 4, 60.0
SWARM_LEAST, SWARM_S, SWARM_SPAN_DB, SWARM_SLOPE = 3, 8.0, 6.0, 0.35


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it found, how much it weighs."""

    name: str
    passed: bool
    weight: float
    text: str


def claim_checks(claim: Claim, book: ClaimBook, swarm: frozenset[str]) -> list[Check]:
    """All checks of the claim by itself; those against objects are made where they are known."""
    checks = [
        _id_format(claim),
        _speed(claim),
        _two_places(claim),
        _frozen(claim),
        _replayed(claim),
        _level_trend(claim),
        _too_strong(claim),
        _churn(claim),
        _many_names(claim, book),
        _failed("swarm", 1.0, "several claims of different distances come at one level: one transmitter")
        if claim.name in swarm
        else None,
    ]
    return [check for check in checks if check is not None]


def consistency(checks: Sequence[Check]) -> tuple[float | None, bool, tuple[str, ...]]:
    """Share that passed (None without any check), whether it is a spoof suspect, and the reasons of what failed."""
    passed = sum(check.weight for check in checks if check.passed)
    failed = sum(check.weight for check in checks if not check.passed)
    share = None if passed + failed == 0.0 else passed / (passed + failed)
    return share, failed >= SUSPECT_WEIGHT, tuple(check.text for check in checks if not check.passed)


def swarm_names(claims: Sequence[Claim], time_ns: int) -> frozenset[str]:
    """Claims of different distances whose levels do not follow them: they come from one place."""
    found: list[tuple[str, float, float]] = []
    since_ns = time_ns - int(SWARM_S * NS_PER_S)
    for claim in claims:
        levels = [level for heard_ns, level in claim.levels if heard_ns >= since_ns]
        places = [place for place in claim.places if place.time_ns >= since_ns]
        if len(levels) >= 3 and places:
            found.append((claim.name, float(np.mean(levels)), float(np.mean([_expected_db(p) for p in places]))))
    if len(found) < SWARM_LEAST:
        return frozenset()
    expected = np.array([one[2] for one in found])
    measured = np.array([one[1] for one in found])
    if float(np.ptp(expected)) < SWARM_SPAN_DB:
        return frozenset()
    centred = expected - expected.mean()
    slope = float(centred @ (measured - measured.mean()) / (centred @ centred))
    spread_db = float(np.std(measured))
    if slope > SWARM_SLOPE or spread_db > FADING_DB:
        return frozenset()
    return frozenset(name for name, _, _ in found)


def _passed(name: str, weight: float, text: str) -> Check:
    return Check(name, passed=True, weight=weight, text=text)


def _failed(name: str, weight: float, text: str) -> Check:
    return Check(name, passed=False, weight=weight, text=text)


def _expected_db(place: ClaimedPlace) -> float:
    """Level at the claimed distance relative to that at one metre, free space."""
    return -20.0 * math.log10(max(1.0, math.hypot(place.east_m, place.north_m, place.up_m or 0.0)))


def _id_format(claim: Claim) -> Check | None:
    contact = claim.contact
    if contact.uas_id is None:
        return None
    if contact.id_type not in {None, "serial"}:
        return None
    text = contact.uas_id
    right = SERIAL.fullmatch(text) is not None and len(text) == 5 + int(text[4], 16)
    if right:
        return _passed("id format", 0.5, "the serial number has the form of CTA-2063-A")
    # A receiver that does not tell the kind of identifier may well tell a registration: that weighs less.
    weight = 0.5 if contact.id_type == "serial" else 0.25
    return _failed("id format", weight, f"{text!r} is no serial number of the form CTA-2063-A")


def _speed(claim: Claim) -> Check | None:
    steps = 0
    for before, after in pairwise(claim.places):
        step_s = max((after.time_ns - before.time_ns) * 1e-9, 0.0)
        away_m = math.hypot(after.east_m - before.east_m, after.north_m - before.north_m)
        if away_m > SLACK_M + FASTEST_MPS * step_s:
            return _failed("speed", 1.0, f"moved {away_m:.0f} m in {step_s:.1f} s")
        if before.altitude_m is not None and after.altitude_m is not None:
            climb_m = abs(after.altitude_m - before.altitude_m)
            if climb_m > SLACK_M + FASTEST_CLIMB_MPS * step_s:
                return _failed("speed", 1.0, f"changed its height by {climb_m:.0f} m in {step_s:.1f} s")
        steps += 1
    last = claim.places[-1] if claim.places else None
    if last is not None and last.speed_mps is not None and last.speed_mps > FASTEST_MPS:
        return _failed("speed", 1.0, f"claims {last.speed_mps:.0f} m/s")
    return _passed("speed", 0.5, "positions follow each other at possible speeds") if steps >= 3 else None


def _two_places(claim: Claim) -> Check | None:
    """One identifier from two addresses that take turns at places far apart."""
    last: dict[str, ClaimedPlace] = {}
    newest = claim.places[-1].time_ns if claim.places else 0
    for place in claim.places:
        if place.transmitter is not None and newest - place.time_ns <= 5 * NS_PER_S:
            last[place.transmitter] = place
    for first in last.values():
        for second in last.values():
            away_m = math.hypot(first.east_m - second.east_m, first.north_m - second.north_m)
            apart_s = abs(first.time_ns - second.time_ns) * 1e-9
            if away_m > 2 * SLACK_M + FASTEST_MPS * apart_s:
                return _failed("two places", 1.0, f"at two places {away_m:.0f} m apart at once")
    return None


def _frozen(claim: Claim) -> Check | None:
    recent = list(claim.places)[-FROZEN_MESSAGES:]
    if len(recent) < FROZEN_MESSAGES or (recent[-1].time_ns - recent[0].time_ns) * 1e-9 < FROZEN_S * 0.7:
        return None
    if len({place.same_as for place in recent}) > 1:
        return _passed("frozen", 0.25, "the position lives")
    speed_mps = recent[-1].speed_mps
    if speed_mps is not None and speed_mps > 1.0:
        return _failed("frozen", 1.0, f"claims {speed_mps:.0f} m/s, yet the position never changes")
    times = {place.position_time_ns for place in recent}
    if times != {None} and len(times) == 1:
        return _failed("frozen", 1.0, "repeats one position of one time")
    return None


def _replayed(claim: Claim) -> Check | None:
    told = [place for place in claim.places if place.position_time_ns is not None]
    if not told:
        return None
    late_s = [(place.time_ns - (place.position_time_ns or 0)) * 1e-9 for place in told[-5:]]
    if min(abs(late) for late in late_s) > REPLAY_S:
        return _failed("replayed", 1.0, f"its time is {abs(late_s[-1]):.0f} s off: replayed, or its clock is wrong")
    for before, after in pairwise(told):
        back_s = ((before.position_time_ns or 0) - (after.position_time_ns or 0)) * 1e-9
        if back_s > 2.0 and before.transmitter == after.transmitter:
            return _failed("replayed", 1.0, f"its time runs back by {back_s:.0f} s")
    return _passed("replayed", 0.5, "its time is ours") if len(told) >= 3 else None


def _level_trend(claim: Claim) -> Check | None:
    pairs = [(_expected_db(place), place.rssi_dbm) for place in claim.places if place.rssi_dbm is not None]
    if len(pairs) < LEAST_LEVELS:
        return None
    expected = np.array([pair[0] for pair in pairs])
    measured = np.array([float(pair[1]) for pair in pairs])
    if float(np.ptp(expected)) < LEAST_SPAN_DB:
        return None
    centred = expected - expected.mean()
    slope = float(centred @ (measured - measured.mean()) / (centred @ centred))
    rest_db = float(np.std(measured - measured.mean() - slope * centred))
    error = max(LEAST_FADING_DB, rest_db) / math.sqrt(float(centred @ centred))
    if slope + 2 * error < 0.5:
        change_db = float(np.ptp(expected))
        return _failed(
            "level trend", 0.75, f"its level does not follow its distance ({slope:+.1f} of {change_db:.0f} dB)"
        )
    if slope - error > 0.3:
        return _passed("level trend", 0.75, "its level follows the claimed distance")
    return None


def _too_strong(claim: Claim) -> Check | None:
    levels = [(place, place.rssi_dbm) for place in list(claim.places)[-10:] if place.rssi_dbm is not None]
    if len(levels) < 3:
        return None
    radiated_dbm = float(np.median([level + FIRST_METRE_DB - _expected_db(place) for place, level in levels]))
    if radiated_dbm > STRONGEST_EIRP_DBM + FADING_DB:
        text = f"would have to radiate {radiated_dbm:.0f} dBm from where it claims to be: it is nearer"
        return _failed("level", 1.0, text)
    return _passed("level", 0.25, "its level is possible from where it claims to be")


def _churn(claim: Claim) -> Check | None:
    since_ns = claim.last_ns - int(CHURN_S * NS_PER_S)
    recent = sum(heard_ns >= since_ns for heard_ns in claim.addresses.values())
    if recent > CHURN_ADDRESSES:
        return _failed("address churn", 0.75, f"comes from {recent} addresses within {CHURN_S:.0f} s")
    return None


def _many_names(claim: Claim, book: ClaimBook) -> Check | None:
    since_ns = claim.last_ns - int(CHURN_S * NS_PER_S)
    for address in claim.addresses:
        names = [name for name, heard_ns in book.by_address.get(address, {}).items() if heard_ns >= since_ns]
        if len(names) > 1 and claim.name in names:
            return _failed("many names", 1.0, f"its address claims {len(names)} aircraft")
    return None
