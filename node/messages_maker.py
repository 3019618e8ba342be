"""Tracks into messages."""

from __future__ import annotations

from dataclasses import dataclass

from dsp.protocols.record import Family
from firmware_bridge.contacts import RemoteIdContact
from node.fusion.picture import Assessment, FusedChange
from node.ids import node_uuid
from node.messages_base import rfc3339
from node.messages_fused import fused_message
from node.messages_parts import classification_info, rf_info, rounded, share
from node.messages_remote_id import RemoteIdMessage, remote_id_message
from node.messages_track import (
    Area,
    DecoyInfo,
    Evidence,
    IdentityInfo,
    NodeInfo,
    SeverityInfo,
    TimeSource,
    TrackMessage,
)
from node.tracking.labels import UNKNOWN_HOPPER
from node.tracking.track import TrackChange

AREA_BASIS = "position of the node; range not estimated"


@dataclass(frozen=True, slots=True)
class NodeIdentity:
    """Who speaks, from where, with what clock.

    Parameters
    ----------
    site, name
        As configured; part of every topic.
    node_id
        UUID; None derives one from site and name.
    lat, lon, alt_m, ce_m
        Position in degrees (WGS 84), height above the ellipsoid, radius of its error; None where not known.
    time_source, time_err_ms
        Where time comes from and how wrong it may be.
    """

    site: str
    name: str
    node_id: str | None = None
    lat: float | None = None
    lon: float | None = None
    alt_m: float | None = None
    ce_m: float | None = None
    time_source: TimeSource | None = None
    time_err_ms: float | None = None

    @property
    def uuid(self) -> str:
        """The node's identifier, given or derived."""
        return self.node_id.lower() if self.node_id else node_uuid(self.site, self.name)

    def info(self) -> NodeInfo:
        """As it stands in messages."""
        return NodeInfo(
            site=self.site,
            name=self.name,
            lat=self.lat,
            lon=self.lon,
            alt_m=self.alt_m,
            ce_m=self.ce_m,
            time_source=self.time_source,
            time_err_ms=self.time_err_ms,
        )


class MessageMaker:
    """Writes the messages of one boot and counts them.

    Parameters
    ----------
    node
        Who speaks; replace the attribute when the clock or the position gets better.
    boot_id
        UUID of this run: random on a live node, derived from the recording in a replay (``node.ids.boot_uuid``).
    """

    def __init__(self, node: NodeIdentity, boot_id: str) -> None:
        self.node = node
        self._boot_id = boot_id
        self._seq = self._remote_ids = 0

    @property
    def boot_id(self) -> str:
        """Identifier of this run."""
        return self._boot_id

    def track(
        self, change: TrackChange, latency_ms: float | None = None, assessment: Assessment | None = None
    ) -> TrackMessage:
        """Message of one change; every call takes the next sequence number.

        Parameters
        ----------
        change
            What the tracker says.
        latency_ms
            From the last sample of the evidence until now; None in a replay, whose messages know no clock, and where
            there is no newer evidence than in the last message.
        assessment
            What the picture makes of it; None where there is none.
        """
        self._seq += 1
        track = change.track
        node = self.node
        placed = node.lat is not None and node.lon is not None
        return TrackMessage(
            event=change.kind,
            kind="rf_emission",
            node_id=node.uuid,
            track_id=track.track_id,
            boot_id=self._boot_id,
            seq=self._seq,
            ts=rfc3339(change.time_ns),
            first_seen=rfc3339(track.first_ns),
            last_seen=rfc3339(track.last_ns),
            end_reason=change.end_reason,
            classification=classification_info(track),
            identity=IdentityInfo()
            if assessment is None
            else IdentityInfo(affiliation=assessment.affiliation, basis=assessment.basis),
            decoy=DecoyInfo()
            if assessment is None
            else DecoyInfo(score=share(assessment.decoy_score), reasons=assessment.decoy_reasons),
            severity=severity(track.family, track.label)
            if assessment is None
            else SeverityInfo(level=assessment.level, reasons=assessment.level_reasons),
            rf=rf_info(track),
            position=None,
            velocity=None,
            range_m=None,
            bearing_deg=None,
            area=Area(lat=node.lat, lon=node.lon, radius_m=None, basis=AREA_BASIS if placed else None),
            sensors=track.radio,
            node=node.info(),
            evidence=(
                *(Evidence(type="measurement", text=line) for line in track.evidence),
                *(Evidence(type="caveat", text=line) for line in track.caveats),
            ),
            latency_ms=rounded(latency_ms, 1),
            part_of=None if assessment is None else assessment.fused_track_id,
        )

    def fused(
        self, change: FusedChange, latency_ms: float | None = None, assessment: Assessment | None = None
    ) -> TrackMessage:
        """Message of a change of the picture; it takes the next sequence number too.

        Parameters
        ----------
        change
            What the fusion says.
        latency_ms
            From the last evidence until now; None where there is none since the last message.
        assessment
            Of a radio track that is thought of differently now.
        """
        track = change.track
        if track.kind == "rf_emission":
            return self.track(TrackChange(change.kind, track.links[0], change.time_ns), latency_ms, assessment)
        self._seq += 1
        return fused_message(change, self.node.info(), (self.node.uuid, self._boot_id), self._seq, latency_ms)

    def remote_id(self, contact: RemoteIdContact, latency_ms: float | None = None) -> RemoteIdMessage:
        """Message of one Remote ID observation; these have sequence numbers of their own.

        Parameters
        ----------
        contact
            What a receiver heard.
        latency_ms
            From the reception until now.
        """
        self._remote_ids += 1
        ids = (self.node.uuid, self._boot_id)
        return remote_id_message(contact, self.node.info(), ids, self._remote_ids, latency_ms)


def severity(family: Family, label: str) -> SeverityInfo:
    """How much a confirmed radio track matters.

    ========================================================  ============
    drone-control, drone-telemetry, drone-video, drone-datalink  ``warning``
    ``unknown-hopper`` (hops like a control link)                ``advisory``
    non-drone, unknown                                           ``info``
    ========================================================  ============

    ``critical`` is left to the centre and to fused tracks. Confidence does not enter: it is in the message for the
    reader to weigh, and a track is only confirmed once duty, grid and timing agree.
    """
    if family.startswith("drone-"):
        return SeverityInfo(level="warning", reasons=(f"{family} link heard",))
    if label == UNKNOWN_HOPPER:
        return SeverityInfo(level="advisory", reasons=("hops like a control link, matches no known protocol",))
    if family == "non-drone":
        return SeverityInfo(level="info", reasons=("not a drone's protocol",))
    return SeverityInfo(level="info", reasons=("signal of unknown kind",))
