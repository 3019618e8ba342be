"""Tracks of the picture into messages: objects, claims, and what several kinds of sensors agree on."""

from __future__ import annotations

from dsp.protocols.record import Family
from node.fusion.picture import FusedChange, FusedTrack, Identity
from node.messages_base import rfc3339
from node.messages_parts import classification_info, rf_info, rounded, share
from node.messages_track import (
    Area,
    ClassificationInfo,
    DecoyInfo,
    Evidence,
    IdentityInfo,
    NodeInfo,
    ObjectInfo,
    OperatorInfo,
    Position,
    SeverityInfo,
    SourceInfo,
    TrackMessage,
    Velocity,
)

NOT_DRONES = frozenset({"aircraft", "bird", "ballistic", "ground"})
AREA_BASIS = "position of the node; the object has a range or a bearing at most"


def fused_message(
    change: FusedChange, node: NodeInfo, ids: tuple[str, str], seq: int, latency_ms: float | None
) -> TrackMessage:
    """Write the message of a change of the picture.

    Parameters
    ----------
    change
        Not one of a radio track that stands alone: that has a message of its own.
    node
        Who speaks.
    ids
        Of the node and of the boot.
    seq
        Number of the message.
    latency_ms
        From the last evidence until now.
    """
    track = change.track
    node_id, boot_id = ids
    return TrackMessage(
        event=change.kind,
        kind=track.kind,
        node_id=node_id,
        track_id=track.track_id,
        boot_id=boot_id,
        seq=seq,
        ts=rfc3339(change.time_ns),
        first_seen=rfc3339(track.first_ns),
        last_seen=rfc3339(track.last_ns),
        end_reason=change.end_reason,
        classification=_classification(track),
        identity=_identity(track.identity),
        decoy=DecoyInfo(score=share(track.decoy_score), reasons=track.decoy_reasons),
        severity=SeverityInfo(level=track.level, reasons=track.level_reasons),
        rf=rf_info(track.links[0]) if track.links else None,
        position=_position(track),
        velocity=_velocity(track),
        range_m=rounded(track.range_m, 1),
        bearing_deg=_bearing(track.bearing_deg),
        area=_area(track, node),
        sensors=tuple(dict.fromkeys(name for source in track.sources for name in source.name.split(","))),
        node=node,
        evidence=tuple(Evidence(type="measurement", text=line) for line in track.evidence),
        latency_ms=rounded(latency_ms, 1),
        object=ObjectInfo(
            type=track.object_type,
            confidence=share(track.object_confidence) or 0.0,
            height_m=rounded(track.height_m, 1),
            elevation_deg=rounded(track.elevation_deg, 1),
            claimed=track.claimed,
        ),
        sources=tuple(
            SourceInfo(
                kind=source.kind,
                name=source.name,
                ref=source.ref,
                first_seen=rfc3339(source.first_ns),
                last_seen=rfc3339(source.last_ns),
                age_s=rounded(source.age_s, 1) or 0.0,
                score=share(source.score),
                reason=source.reason,
            )
            for source in track.sources
        ),
        association=share(track.score),
        merged_from=track.merged_from,
        split_from=track.split_from,
        merged_into=track.merged_into,
    )


def _classification(track: FusedTrack) -> ClassificationInfo:
    """That of the strongest radio link; without one no protocol is known."""
    if track.links:
        return classification_info(track.links[0])
    family: Family = "non-drone" if track.object_type in NOT_DRONES else "unknown"
    return ClassificationInfo(label="unknown", family=family, mode=None, confidence=0.0, top=(), model=None)


def _identity(identity: Identity) -> IdentityInfo:
    known = (identity.operator_id, identity.operator_lat_deg, identity.operator_lon_deg)
    return IdentityInfo(
        affiliation=identity.affiliation,
        basis=identity.basis,
        cooperative=identity.cooperative,
        remote_id=identity.remote_id,
        consistency=share(identity.consistency),
        dark=identity.dark,
        spoof_suspect=identity.spoof_suspect,
        spoof_reasons=identity.spoof_reasons,
        operator=None
        if known == (None, None, None)
        else OperatorInfo(id=known[0], lat=rounded(known[1], 7), lon=rounded(known[2], 7)),
    )


def _position(track: FusedTrack) -> Position | None:
    lat, lon = rounded(track.lat_deg, 7), rounded(track.lon_deg, 7)
    if lat is None or lon is None:
        return None
    return Position(lat=lat, lon=lon, alt_m=rounded(track.altitude_m, 1), ce_m=rounded(track.ce_m, 1))


def _velocity(track: FusedTrack) -> Velocity | None:
    if track.speed_mps is None and track.vertical_mps is None:
        return None
    return Velocity(
        speed_mps=rounded(track.speed_mps, 2),
        heading_deg=_bearing(track.heading_deg),
        vertical_mps=rounded(track.vertical_mps, 2),
    )


def _area(track: FusedTrack, node: NodeInfo) -> Area:
    """A circle around the node where the object has no position of its own."""
    if track.lat_deg is not None or node.lat is None or node.lon is None:
        return Area(lat=None, lon=None, radius_m=None, basis=None)
    return Area(lat=node.lat, lon=node.lon, radius_m=rounded(track.range_m, 1), basis=AREA_BASIS)


def _bearing(value: float | None) -> float | None:
    """From 0 to below 360."""
    found = rounded(value, 1)
    return None if found is None else found % 360.0
