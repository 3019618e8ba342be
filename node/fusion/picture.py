"""What the fusion tells: tracks of the picture and their changes. Frozen; messages are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from node.tracking.track import ChangeKind, EndReason, Track

SourceKind = Literal["radar", "camera", "remote_id", "aircraft", "rf"]
PictureKind = Literal["rf_emission", "air_object", "remote_id", "fused"]
ObjectType = Literal["drone", "aircraft", "bird", "ballistic", "ground", "unknown"]
Affiliation = Literal["pending", "unknown", "assumed_friend", "friend", "neutral", "suspect", "hostile"]
SeverityLevel = Literal["info", "advisory", "warning", "critical"]
LEVELS: tuple[SeverityLevel, ...] = ("info", "advisory", "warning", "critical")
"""Rising."""


@dataclass(frozen=True, slots=True)
class Source:
    """One source of a track.

    Parameters
    ----------
    kind, name
        What it is; the module or radio it comes through.
    ref
        Its own name of the thing: object number, Remote ID, ICAO address, id of the radio track.
    first_ns, last_ns, age_s
        First and last evidence; age of the last.
    score
        Association score, 0 to 1; None for the source the track began with.
    reason
        The terms of the score.
    """

    kind: SourceKind
    name: str
    ref: str
    first_ns: int
    last_ns: int
    age_s: float
    score: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose it is, and why that is thought."""

    affiliation: Affiliation = "unknown"
    basis: tuple[str, ...] = ()
    cooperative: bool | None = None
    remote_id: str | None = None
    consistency: float | None = None
    dark: bool | None = None
    """Flies without a Remote ID although one would be heard; None: not known."""
    spoof_suspect: bool = False
    spoof_reasons: tuple[str, ...] = ()
    operator_id: str | None = None
    operator_lat_deg: float | None = None
    operator_lon_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is to be thought of a radio track that stands alone, or belongs to a fused one."""

    decoy_score: float | None
    decoy_reasons: tuple[str, ...]
    level: SeverityLevel
    level_reasons: tuple[str, ...]
    fused_track_id: str | None = None
    affiliation: Affiliation = "unknown"
    """Said by an operator or the centre of it, or of the fused track it belongs to."""
    basis: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FusedTrack:
    """One thing of the picture at one moment; later knowledge is a new one with the same id.

    Parameters
    ----------
    track_id
        ULID of node, first time and first source: a replay repeats it.
    kind
        ``air_object`` seen by one kind of sensor, ``remote_id`` only claimed, ``fused`` by several kinds,
        ``rf_emission`` a radio track alone (then ``track_id`` is its own).
    object_type, object_confidence
        What it is.
    lat_deg, lon_deg, altitude_m, ce_m
        Position with the radius that holds it with 95 %; None where not known.
    speed_mps, heading_deg, vertical_mps
        Motion.
    range_m, bearing_deg, elevation_deg, height_m
        From the node; height above it.
    claimed
        Whether position and motion are only what it says of itself.
    links
        Radio tracks that belong to it, strongest first.
    score
        Weakest association score that holds it together; None with one source.
    """

    track_id: str
    kind: PictureKind
    first_ns: int
    last_ns: int
    object_type: ObjectType
    object_confidence: float
    identity: Identity
    decoy_score: float | None
    decoy_reasons: tuple[str, ...]
    level: SeverityLevel
    level_reasons: tuple[str, ...]
    lat_deg: float | None
    lon_deg: float | None
    altitude_m: float | None
    ce_m: float | None
    speed_mps: float | None
    heading_deg: float | None
    vertical_mps: float | None
    range_m: float | None
    bearing_deg: float | None
    elevation_deg: float | None
    height_m: float | None
    claimed: bool
    sources: tuple[Source, ...]
    links: tuple[Track, ...]
    score: float | None
    evidence: tuple[str, ...]
    merged_from: tuple[str, ...] = ()
    split_from: str | None = None
    merged_into: str | None = None


@dataclass(frozen=True, slots=True)
class FusedChange:
    """Something the centre should know of the picture."""

    kind: ChangeKind
    track: FusedTrack
    time_ns: int
    end_reason: EndReason | None = None


@dataclass(frozen=True, slots=True)
class FusionCounters:
    """For health: what the fusion holds and what it had to leave out."""

    contacts: int = 0
    unusable: int = 0
    """Contacts that tell nothing usable (a camera without a lens, a speed alone)."""
    late: int = 0
    refused: int = 0
    """Objects, claims and links beyond the bounds."""
    overflow: int = 0
    """Contacts beyond the bound between two calls of ``advance``."""
    objects: int = 0
    claims: int = 0
    aircraft: int = 0
    links: int = 0
    tracks: int = 0
