"""Tracks into messages."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dsp.protocols.record import Family
from firmware_bridge.contacts import RemoteIdContact
from node.ids import node_uuid
from node.messages_base import rfc3339
from node.messages_remote_id import RemoteIdMessage, remote_id_message
from node.messages_track import (
    Area,
    Candidate,
    ClassificationInfo,
    DecoyInfo,
    Evidence,
    IdentityInfo,
    ModelInfo,
    NodeInfo,
    RfInfo,
    SeverityInfo,
    TimeSource,
    TrackMessage,
)
from node.tracking.labels import UNKNOWN_HOPPER
from node.tracking.track import Track, TrackChange

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

    def track(self, change: TrackChange, latency_ms: float | None = None) -> TrackMessage:
        """Message of one change; every call takes the next sequence number.

        Parameters
        ----------
        change
            What the tracker says.
        latency_ms
            From the last sample of the evidence until now; None in a replay, whose messages know no clock.
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
            classification=_classification(track),
            identity=IdentityInfo(),
            decoy=DecoyInfo(),
            severity=severity(track.family, track.label),
            rf=_rf(track),
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
            latency_ms=None if latency_ms is None else _rounded(latency_ms, 1),
        )

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


def _classification(track: Track) -> ClassificationInfo:
    top = []
    for name, confidence in track.top:
        label, _, mode = name.partition("/")
        top.append(Candidate(label=label, mode=mode or None, confidence=_share(confidence) or 0.0))
    model = track.model
    return ClassificationInfo(
        label=track.label,
        family=track.family,
        mode=track.mode,
        confidence=_share(track.confidence) or 0.0,
        top=tuple(top),
        model=None if model is None else ModelInfo(name=model.name, version=model.version, sha256=model.sha256),
    )


def _rf(track: Track) -> RfInfo:
    return RfInfo(
        center_hz=_rounded(track.centre_hz, 0),
        offset_hz=_rounded(track.offset_hz, 0),
        bandwidth_hz=_rounded(track.bandwidth_hz, 0),
        snr_db=_rounded(track.snr_db, 2),
        peak_dbfs=_rounded(track.peak_dbfs, 2),
        channels_hz=tuple(round(channel_hz) + 0.0 for channel_hz in track.channels_hz if math.isfinite(channel_hz)),
        hop_rate_hz=_rounded(track.hop_rate_hz, 3),
        duty=_share(track.duty),
        bursts=track.bursts,
        caveats=track.caveats,
    )


def _rounded(value: float | None, digits: int) -> float | None:
    """The value with so many decimals; None where there is no number."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits) + 0.0  # the sum turns -0.0 into 0.0


def _share(value: float | None) -> float | None:
    """A probability or share with four decimals, held within 0 to 1."""
    rounded = _rounded(value, 4)
    return None if rounded is None else min(1.0, max(0.0, rounded))
