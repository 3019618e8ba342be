"""How likely two sources are the same thing: a sum of log-likelihood ratios, each with its reason.

The score is the probability 1 / (1 + exp(-sum)) for equal odds before. Every term is bounded, so no single one decides
for ever; docs/fusion.md has them all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from node.fusion.air_object import AirObject
from node.fusion.claims import Claim
from node.fusion.frame import bearing_deg, turned_deg
from node.fusion.links import RadioLink
from node.fusion.planes import Aircraft
from node.fusion.settings import NS_PER_S

AREA_M2 = math.pi * 500.0**2
"""Where another thing could be as well: the air space that small radars and Remote ID receivers share."""
LIKELIEST, UNLIKELIEST = 6.0, -8.0
SPEED_SIGMA_MPS = 4.0
SPEED_TERM = (-3.0, 1.5)
HEIGHT_SIGMA_M = 15.0
AIRCRAFT_SIGMA_M = 60.0
"""Of an ADS-B position at the time of its reception: 0.3 s of latency at 100 m/s and its own error."""
BEARING_SIGMA_DEG = 4.0
NEAR_TIME_S = 1.5
TREND_LEAST, TREND_SPAN_DB, TREND_SIGMA_DB = 4, 3.0, 3.0
TREND_TERM = 2.0
GROUND_TREND_TERM = 1.0
"""Of a control link: a level that follows the range speaks for the object, as its telemetry is heard or its pilot comes
along; one that does not says nothing, for the pilot may stand still."""
LINK_PRIOR = 1.0
"""A drone's link and an object that moves are both rare: that both are there speaks for one drone."""
APPEARED_S = 15.0


@dataclass(frozen=True, slots=True)
class Score:
    """An association.

    Parameters
    ----------
    llr
        Sum of the terms.
    terms
        ``(what, term)`` of each.
    """

    llr: float
    terms: tuple[tuple[str, float], ...]

    @property
    def probability(self) -> float:
        """0 to 1."""
        return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, self.llr))))

    @property
    def text(self) -> str:
        """For people: ``position +4.2, speed +1.1``."""
        return ", ".join(f"{what} {term:+.1f}" for what, term in self.terms)


def _score(*terms: tuple[str, float] | None) -> Score:
    known = tuple((what, round(term, 2) + 0.0) for term_ in terms if term_ is not None for what, term in (term_,))
    return Score(sum(term for _, term in known), known)


def object_claim(one: AirObject, claim: Claim) -> Score | None:
    """An object and a Remote ID claim; None where they were never seen within a second of each other.

    A reflection that never moved proves nothing: clutter is everywhere.
    """
    if one.ranged and not one.moving:
        return None
    offsets: list[tuple[float, float]] = []
    heights: list[float] = []
    turns: list[float] = []
    for place in list(claim.places)[-5:]:
        moment = one.state_at(place.time_ns)
        if moment is None:
            continue
        if one.ranged:
            away_m = math.hypot(place.east_m - moment.state[0], place.north_m - moment.state[1])
            # What the claim may lag: a position is up to a second old when it is sent (F3411-22a 5.4.4).
            lag_m = NEAR_TIME_S / 2 * math.hypot(moment.state[3], moment.state[4])
            offsets.append((away_m, math.sqrt(moment.sigma_m**2 + place.sigma_m**2 + lag_m**2)))
            if place.up_m is not None:
                heights.append(place.up_m - float(moment.state[2]))
        else:
            turns.append(_turn_deg(moment.state[0], moment.state[1], place.east_m, place.north_m))
    if not offsets and not turns:
        return None
    return _score(
        _position_term(offsets),
        ("bearing", _bounded(math.log(180.0 / BEARING_SIGMA_DEG / 2.5) - _half_square(turns, BEARING_SIGMA_DEG)))
        if turns
        else None,
        ("height", max(-2.0, 0.5 - _half_square(heights, HEIGHT_SIGMA_M))) if heights else None,
        _speed_term(one, claim.velocity_mps()),
    )


def object_aircraft(one: AirObject, aircraft: Aircraft) -> Score | None:
    """An object and an aircraft that tells where it is."""
    offsets: list[tuple[float, float]] = []
    heights: list[float] = []
    for place in list(aircraft.places)[-5:]:
        moment = one.state_at(place.time_ns)
        if moment is None or not one.ranged:
            continue
        away_m = math.hypot(place.east_m - moment.state[0], place.north_m - moment.state[1])
        offsets.append((away_m, math.hypot(moment.sigma_m, AIRCRAFT_SIGMA_M)))
        if place.up_m is not None:
            heights.append(place.up_m - float(moment.state[2]))
    if not offsets:
        return None
    contact = aircraft.contact
    velocity = None
    if contact.speed_mps is not None and contact.track_deg is not None:
        track = math.radians(contact.track_deg)
        velocity = (contact.speed_mps * math.sin(track), contact.speed_mps * math.cos(track))
    return _score(
        _position_term(offsets),
        ("height", max(-2.0, 0.5 - _half_square(heights, 3 * HEIGHT_SIGMA_M))) if heights else None,
        _speed_term(one, velocity),
    )


def link_object(link: RadioLink, one: AirObject, candidates: int, now_ns: int) -> Score:
    """A radio link and an object: no place is known of a link, so time, trend and how many others it could be count."""
    ranges = [(level_db, one.range_at(time_ns)) for time_ns, level_db in link.levels]
    pairs = [(level_db, -20.0 * math.log10(max(1.0, range_m))) for level_db, range_m in ranges if range_m is not None]
    return _link_score(link, pairs if one.ranged else [], candidates, one.first_ns, one.last_ns, now_ns)


def link_claim(link: RadioLink, claim: Claim, candidates: int, now_ns: int) -> Score:
    """A radio link and a drone that only tells where it is."""
    pairs = []
    for time_ns, level_db in link.levels:
        place = min(claim.places, key=lambda place: abs(place.time_ns - time_ns), default=None)
        if place is not None and abs(place.time_ns - time_ns) <= 2 * NS_PER_S:
            range_m = max(1.0, math.hypot(place.east_m, place.north_m, place.up_m or 0.0))
            pairs.append((level_db, -20.0 * math.log10(range_m)))
    return _link_score(link, pairs, candidates, claim.first_ns, claim.last_ns, now_ns)


def _link_score(
    link: RadioLink, pairs: list[tuple[float, float]], candidates: int, first_ns: int, last_ns: int, now_ns: int
) -> Score:
    together = min(link.last_ns, last_ns) >= now_ns - 6 * NS_PER_S
    appeared_s = abs(link.first_ns - first_ns) * 1e-9
    return _score(
        ("both rare", LINK_PRIOR),
        ("at the same time", 0.5 if together else -1.0),
        ("appeared together", 0.5) if appeared_s <= APPEARED_S else None,
        ("one of them", 1.0) if candidates <= 1 else (f"one of {candidates}", -math.log(candidates)),
        _trend_term(pairs, -TREND_TERM, TREND_TERM) if link.aboard else _trend_term(pairs, 0.0, GROUND_TREND_TERM),
    )


def _trend_term(pairs: list[tuple[float, float]], least: float, most: float) -> tuple[str, float] | None:
    """Whether the level rises while the range closes: slope of level over expected level, 1 in free space."""
    if len(pairs) < TREND_LEAST:
        return None
    measured = np.array([pair[0] for pair in pairs])
    expected = np.array([pair[1] for pair in pairs])
    if float(np.ptp(expected)) < TREND_SPAN_DB:
        return None
    centred = expected - expected.mean()
    power = float(centred @ centred)
    slope = float(centred @ (measured - measured.mean())) / power
    error = TREND_SIGMA_DB / math.sqrt(power)
    # Likelihood of a slope of 1 against that of 0, with the error of the fit and 0.3 for what is not free space.
    spread2 = 2 * (error**2 + 0.3**2)
    term = (slope**2 - (min(slope, 1.5) - 1.0) ** 2) / spread2
    return "level over range", max(least, min(most, term))


def _position_term(offsets: list[tuple[float, float]]) -> tuple[str, float] | None:
    if not offsets:
        return None
    terms = [math.log(AREA_M2 / (2 * math.pi * sigma**2)) - (away / sigma) ** 2 / 2 for away, sigma in offsets]
    return "position", _bounded(sum(terms) / len(terms))


def _speed_term(one: AirObject, velocity: tuple[float, float] | None) -> tuple[str, float] | None:
    if velocity is None or not one.ranged:
        return None
    sigma = math.sqrt(SPEED_SIGMA_MPS**2 + max(0.0, float(np.trace(one.estimate.cov[3:5, 3:5]))))
    off = math.hypot(velocity[0] - one.velocity_mps[0], velocity[1] - one.velocity_mps[1])
    return "speed", max(SPEED_TERM[0], SPEED_TERM[1] - (off / sigma) ** 2 / 2)


def _half_square(values: list[float], sigma: float) -> float:
    return sum((value / sigma) ** 2 / 2 for value in values) / len(values)


def _bounded(term: float) -> float:
    return max(UNLIKELIEST, min(LIKELIEST, term))


def _turn_deg(east_m: float, north_m: float, other_east_m: float, other_north_m: float) -> float:
    return abs(turned_deg(bearing_deg(east_m, north_m), bearing_deg(other_east_m, other_north_m)))
