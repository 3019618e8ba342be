"""A group as it is told: place, motion, sources with their ages, evidence in words."""

from __future__ import annotations

import math

import numpy as np

from node.fusion.air_object import AirObject
from node.fusion.claims import ClaimedPlace
from node.fusion.frame import LocalFrame, bearing_deg
from node.fusion.group import Group
from node.fusion.motion import MotionScore
from node.fusion.picture import FusedTrack, Identity, ObjectType, PictureKind, Source, SourceKind
from node.fusion.planes import Aircraft

CE95 = 2.45
"""Radius that holds 95 % of a circular Gauss distribution, in standard deviations: sqrt(-2 ln 0.05)."""
WORST_BEARING_DEG = 30.0
"""A bearing less known than that is not told."""
WORST_PLACE_M = 60.0
"""A place less known than that (one standard deviation) is not told; the range still is."""
AIRCRAFT_SIGMA_M = 60.0


class _Where:
    """Place and motion of a group, None for what is not known."""

    def __init__(self) -> None:
        self.place: tuple[float, float, float | None] | None = None
        self.sigma_m: float | None = None
        self.velocity: tuple[float, float, float | None] | None = None
        self.range_m: float | None = None
        self.bearing_deg: float | None = None
        self.elevation_deg: float | None = None
        self.claimed = False


def told_track(
    group: Group,
    track_id: str,
    object_type: ObjectType,
    confidence: float,
    identity: Identity,
    motion: MotionScore | None,
    frame: LocalFrame | None,
    now_ns: int,
) -> FusedTrack:
    """Put a group into a track of the picture."""
    where = _where(group)
    sources = _sources(group, now_ns)
    kinds = {source.kind for source in sources}
    kind: PictureKind = "fused"
    if len(kinds) == 1:
        kind = "remote_id" if group.claim is not None else "air_object"
    lat_deg = lon_deg = altitude_m = None
    if where.place is not None and frame is not None:
        lat_deg, lon_deg, altitude_m = frame.degrees(*where.place)
    east, north, up = where.velocity or (None, None, None)
    speed_mps = None if east is None or north is None else math.hypot(east, north)
    scores = [score.probability for score in group.scores.values()]
    links = sorted((link.track for link in group.links), key=lambda track: (-track.confidence, track.track_id))
    return FusedTrack(
        track_id=track_id,
        kind=kind,
        first_ns=min(source.first_ns for source in sources),
        last_ns=max(source.last_ns for source in sources),
        object_type=object_type,
        object_confidence=confidence,
        identity=identity,
        decoy_score=None if motion is None else motion.score,
        decoy_reasons=() if motion is None else motion.reasons,
        level=group.level,
        level_reasons=group.level_reasons,
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        altitude_m=altitude_m,
        ce_m=None if lat_deg is None or where.sigma_m is None else CE95 * where.sigma_m,
        speed_mps=speed_mps,
        heading_deg=bearing_deg(east, north)
        if speed_mps is not None and speed_mps > 0.5 and east is not None and north is not None
        else None,
        vertical_mps=up,
        range_m=where.range_m,
        bearing_deg=where.bearing_deg,
        elevation_deg=where.elevation_deg,
        height_m=where.place[2] if where.place is not None else None,
        claimed=where.claimed,
        sources=sources,
        links=tuple(links),
        score=min(scores, default=None),
        evidence=_evidence(group, identity, sources),
        merged_from=tuple(group.merged_from),
        split_from=group.split_from,
    )


def _where(group: Group) -> _Where:
    where = _Where()
    if group.object is not None:
        _of_object(where, group.object)
        if where.place is not None or (group.claim is None and group.aircraft is None):
            return where
    place: ClaimedPlace | None = None
    if group.aircraft is not None:
        _of_aircraft(where, group.aircraft)
    elif group.claim is not None and group.claim.places:
        place = group.claim.places[-1]
        where.claimed = group.object is None
        where.place = (place.east_m, place.north_m, place.up_m)
        where.sigma_m = place.sigma_m
        if place.speed_mps is not None and place.track_deg is not None:
            track = math.radians(place.track_deg)
            east, north = place.speed_mps * math.sin(track), place.speed_mps * math.cos(track)
            where.velocity = (east, north, place.vertical_speed_mps)
        elif (derived := group.claim.velocity_mps()) is not None:
            where.velocity = (*derived, place.vertical_speed_mps)
    if where.place is not None and where.range_m is None:
        _from_node(where, where.place)
    return where


def _of_object(where: _Where, one: AirObject) -> None:
    east, north, up = one.place_m.tolist()
    ground2 = max(east * east + north * north, 1.0)
    across = np.array([north, -east]) / ground2
    sigma_deg = math.degrees(math.sqrt(max(0.0, float(across @ one.estimate.cov[:2, :2] @ across))))
    if sigma_deg <= WORST_BEARING_DEG:
        where.bearing_deg = bearing_deg(east, north)
        where.elevation_deg = math.degrees(math.atan2(up, math.sqrt(ground2)))
    if not one.ranged:
        return
    where.range_m = one.range_m
    if one.sigma_m <= WORST_PLACE_M:
        where.place, where.sigma_m = (east, north, up), one.sigma_m
        velocity = one.velocity_mps.tolist()
        where.velocity = (velocity[0], velocity[1], velocity[2])


def _of_aircraft(where: _Where, aircraft: Aircraft) -> None:
    where.claimed = True
    contact = aircraft.contact
    if aircraft.places:
        last = aircraft.places[-1]
        where.place, where.sigma_m = (last.east_m, last.north_m, last.up_m), AIRCRAFT_SIGMA_M
    if contact.speed_mps is not None and contact.track_deg is not None:
        track = math.radians(contact.track_deg)
        east, north = contact.speed_mps * math.sin(track), contact.speed_mps * math.cos(track)
        where.velocity = (east, north, contact.vertical_speed_mps)


def _from_node(where: _Where, place: tuple[float, float, float | None]) -> None:
    east, north, up = place
    ground_m = math.hypot(east, north)
    where.range_m = math.hypot(ground_m, up or 0.0)
    where.bearing_deg = bearing_deg(east, north)
    where.elevation_deg = None if up is None else math.degrees(math.atan2(up, max(ground_m, 1.0)))


def _sources(group: Group, now_ns: int) -> tuple[Source, ...]:
    found: list[Source] = []
    one, claim, aircraft = group.object, group.claim, group.aircraft
    if one is not None:
        for device, seen in sorted(one.seen.items()):
            kind: SourceKind = "camera" if seen.sensor == "camera" else "radar"
            found.append(
                Source(kind, device, str(one.number), seen.first_ns, seen.last_ns, _age_s(seen.last_ns, now_ns))
            )
    if claim is not None:
        score = group.scores.get(claim.key) if one is not None else None
        for device, (first_ns, last_ns) in sorted(claim.devices.items()):
            found.append(
                Source(
                    "remote_id", device, claim.name, first_ns, last_ns, _age_s(last_ns, now_ns),
                    score.probability if score else None, score.text if score else "",
                )
            )  # fmt: skip
    if aircraft is not None:
        score = group.scores.get(aircraft.key) if one is not None else None
        found.append(
            Source(
                "aircraft", aircraft.contact.device, f"{aircraft.icao_address:06x}", aircraft.first_ns,
                aircraft.last_ns, _age_s(aircraft.last_ns, now_ns),
                score.probability if score else None, score.text if score else "",
            )
        )  # fmt: skip
    for link in group.links:
        score = group.scores.get(link.key)
        track = link.track
        found.append(
            Source(
                "rf", ",".join(track.radio) or "radio", track.track_id, track.first_ns, link.last_ns,
                _age_s(link.last_ns, now_ns), score.probability if score else None, score.text if score else "",
            )
        )  # fmt: skip
    return tuple(found)


def _age_s(last_ns: int, now_ns: int) -> float:
    return max(0.0, (now_ns - last_ns) * 1e-9)


def _evidence(group: Group, identity: Identity, sources: tuple[Source, ...]) -> tuple[str, ...]:
    lines: list[str] = []
    one = group.object
    if one is not None:
        for device, seen in sorted(one.seen.items()):
            lines.append(
                f"{seen.hits} measurements of {device} ({seen.sensor}) in {(seen.last_ns - seen.first_ns) * 1e-9:.1f} s"
            )
        lines += [f"camera: {label} in {count} pictures" for label, count in sorted(one.labels.items())]
    if group.claim is not None:
        lines.append(f"Remote ID {group.claim.name}: {group.claim.count} messages, not authenticated")
    if group.aircraft is not None:
        lines.append(f"ADS-B of {group.aircraft.name} ({group.aircraft.icao_address:06x})")
    lines += [f"{link.track.label} ({link.track.family}) belongs to it" for link in group.links]
    lines += [
        f"{source.kind} {source.ref} joined with {source.score:.2f}: {source.reason}"
        for source in sources
        if source.score is not None
    ]
    if identity.dark:
        lines.append("no Remote ID although the receiver is healthy")
    return tuple(lines)
