"""``skypicket.track/1``: one emitter or air object, as the centre sees it."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from dsp.protocols.record import Family
from node.checked import ConfigDict, Field, model_validator
from node.messages_base import Share, Timestamp, Uuid, Wire
from node.tracking.track import ChangeKind, EndReason

TRACK_SCHEMA: Final = "skypicket.track/1"

Kind = Literal["rf_emission", "air_object", "remote_id", "fused"]
Affiliation = Literal["pending", "unknown", "assumed_friend", "friend", "neutral", "suspect", "hostile"]
"""NATO standard identities. A node by itself says ``unknown``, and ``assumed_friend`` of an entry of the signed list
whose checks passed; all others come from an operator or the centre, none from a classifier. What claims to be what it
cannot be stays ``unknown``: see ``spoof_suspect``."""
Level = Literal["info", "advisory", "warning", "critical"]
"""How much it matters, rising; ``critical`` takes two kinds of sensors."""
TimeSource = Literal["recording", "system", "ntp", "gps", "simulated"]
ObjectType = Literal["drone", "aircraft", "bird", "ballistic", "ground", "unknown"]
SourceKind = Literal["radar", "camera", "remote_id", "aircraft", "rf"]
EvidenceType = Literal["measurement", "caveat", "clip"]

Ulid = Annotated[str, Field(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
Latitude = Annotated[float, Field(ge=-90.0, le=90.0)]
Longitude = Annotated[float, Field(ge=-180.0, le=180.0)]
Metres = Annotated[float, Field(ge=0.0)]


class Candidate(Wire):
    """One of the labels that were considered."""

    label: str
    mode: str | None
    confidence: Share


class ModelInfo(Wire):
    """The classifier that took part."""

    name: str
    version: str
    sha256: str


class ClassificationInfo(Wire):
    """What it is, as far as can be told."""

    label: str = Field(description="protocol, or unknown, or unknown-hopper")
    family: Family
    mode: str | None = Field(description="way of working of the protocol, for example 200Hz or pal")
    confidence: Share = Field(description="calibrated probability of the label")
    top: tuple[Candidate, ...] = Field(description="best candidates, best first")
    model: ModelInfo | None = Field(description="null where rules alone decided")


class OperatorInfo(Wire):
    """Who and where it says its operator is."""

    id: str | None
    lat: Latitude | None
    lon: Longitude | None


class IdentityInfo(Wire):
    """Whose it is: for people to decide. ``affiliation`` is ``unknown`` until an operator or the centre says more."""

    affiliation: Affiliation = "unknown"
    basis: tuple[str, ...] = Field(default=(), description="why the affiliation is what it is")
    cooperative: bool | None = Field(default=None, description="whether it announces itself; null: not known")
    remote_id: str | None = Field(default=None, description="serial or session number it announces")
    consistency: Share | None = Field(default=None, description="how well what it announces fits what is measured")
    dark: bool | None = Field(
        default=None, description="flies without the Remote ID that would be heard; null: not known"
    )
    spoof_suspect: bool | None = Field(
        default=None, description="whether what it announces cannot be; null: not judged"
    )
    spoof_reasons: tuple[str, ...] = ()
    operator: OperatorInfo | None = None


class DecoyInfo(Wire):
    """Whether it is made to deceive."""

    score: Share | None = None
    reasons: tuple[str, ...] = ()


class SeverityInfo(Wire):
    """How much it matters, and why."""

    level: Level
    reasons: tuple[str, ...]


class RfInfo(Wire):
    """What was measured on the radio."""

    center_hz: float | None = Field(description="on air; null when the recording does not say where it was tuned")
    offset_hz: float | None = Field(description="the same relative to the middle of the slice")
    bandwidth_hz: float | None
    snr_db: float | None = Field(description="of the strongest evidence, in its own bandwidth")
    peak_dbfs: float | None
    channels_hz: tuple[float, ...] = Field(description="channel centres heard so far, ascending")
    hop_rate_hz: float | None
    duty: Share | None = Field(description="share of time on air while heard")
    bursts: int | None = Field(description="how many bursts support the track")
    caveats: tuple[str, ...] = Field(description="what the physics leaves open")


class Position(Wire):
    """Where the object is."""

    lat: Latitude
    lon: Longitude
    alt_m: float | None = Field(description="above the WGS 84 ellipsoid")
    ce_m: Metres | None = Field(description="radius that holds it with 95 %")


class Velocity(Wire):
    """How the object moves."""

    speed_mps: float | None
    heading_deg: float | None
    vertical_mps: float | None


class Area(Wire):
    """Where it must be when there is no position: a circle around a place; ``radius_m`` null when not estimated."""

    lat: Latitude | None
    lon: Longitude | None
    radius_m: Metres | None
    basis: str | None


class NodeInfo(Wire):
    """The node that speaks, and how well it knows place and time."""

    site: str
    name: str
    lat: Latitude | None
    lon: Longitude | None
    alt_m: float | None
    ce_m: Metres | None
    time_source: TimeSource | None
    time_err_ms: float | None = Field(description="null: not known")


class ObjectInfo(Wire):
    """What flies, stands or falls there, whatever it transmits."""

    type: ObjectType
    confidence: Share
    height_m: float | None = Field(description="above the node")
    elevation_deg: float | None = Field(description="above the node's horizon")
    claimed: bool = Field(description="whether place and motion are only what it says of itself")


class SourceInfo(Wire):
    """One source of a track, and how old its word is."""

    kind: SourceKind
    name: str = Field(description="radio or module, as in the info message")
    ref: str = Field(description="its own name of the thing: object number, Remote ID, ICAO address, radio track")
    first_seen: Timestamp
    last_seen: Timestamp
    age_s: Metres
    score: Share | None = Field(description="association; null for the source the track began with")
    reason: str


class Evidence(Wire):
    """One reason: in words and figures, or a file."""

    type: EvidenceType
    text: str | None
    url: str | None = None


class TrackMessage(Wire):
    """One emitter or air object at one moment. De-duplicate by ``(node_id, boot_id, seq)``.

    ``new`` once a track is confirmed, ``update`` while it lives, ``end`` with an ``end_reason`` when it is over.
    Frequencies in Hz, times RFC 3339 in UTC, ``null`` for what is not known. Fields may be added within version 1:
    ignore those you do not know.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"event": {"const": "end"}}},
            "then": {"properties": {"end_reason": {"type": "string"}}},
            "else": {"properties": {"end_reason": {"type": "null"}}},
        }
    )

    schema_name: Literal["skypicket.track/1"] = Field(default=TRACK_SCHEMA, alias="schema")
    event: ChangeKind
    kind: Kind
    node_id: Uuid
    track_id: Ulid
    boot_id: Uuid
    seq: int = Field(ge=1, description="counts the track messages of one boot")
    ts: Timestamp = Field(description="signal time of this message")
    first_seen: Timestamp
    last_seen: Timestamp
    end_reason: EndReason | None
    classification: ClassificationInfo
    identity: IdentityInfo
    decoy: DecoyInfo
    severity: SeverityInfo
    rf: RfInfo | None = Field(description="null for an object no radio has heard")
    position: Position | None
    velocity: Velocity | None
    range_m: Metres | None
    bearing_deg: Annotated[float, Field(ge=0.0, lt=360.0)] | None
    area: Area
    sensors: tuple[str, ...] = Field(description="names of the sensors that noticed it, as in the info message")
    node: NodeInfo
    evidence: tuple[Evidence, ...]
    latency_ms: float | None = Field(
        description="from the newest evidence (`last_seen`) to this message; null in a replay, and where nothing was "
        "seen since the last message of the track"
    )
    object: ObjectInfo | None = Field(default=None, description="null for a radio track")
    sources: tuple[SourceInfo, ...] = Field(
        default=(), description="every one that contributes to a track of the picture"
    )
    association: Share | None = Field(default=None, description="weakest score that holds the sources together")
    part_of: str | None = Field(default=None, description="track of the picture that a radio track belongs to")
    merged_from: tuple[str, ...] = Field(default=(), description="tracks that became this one")
    split_from: str | None = Field(default=None, description="track this one was part of")
    merged_into: str | None = Field(default=None, description="at the end, the track it became")

    @model_validator(mode="after")
    def _end_has_a_reason(self) -> Self:
        if (self.event == "end") != (self.end_reason is not None):
            raise ValueError("end_reason is given with the event end, and only then")
        return self
