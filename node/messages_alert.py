"""``skypicket.alert/1``: something that people should look at now, one message for each object."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from node.checked import ConfigDict, Field, model_validator
from node.messages_base import Timestamp, Uuid, Wire
from node.messages_track import Affiliation, Kind, Level, Metres, NodeInfo, ObjectType, Position, SeverityInfo, Ulid
from node.tracking.track import ChangeKind, EndReason

ALERT_SCHEMA: Final = "skypicket.alert/1"

AlertEndReason = EndReason | Literal["below_level"]


class AckInfo(Wire):
    """Who looks after an alert."""

    by: str
    ts: Timestamp = Field(description="signal time at which it was said")


class AlertMessage(Wire):
    """An object whose severity has reached ``alerts.level`` of the configuration, usually ``warning``, at one moment.

    ``new`` at once when it gets there, ``update`` when its level, its affiliation, the tracks it is made of or who
    looks after it change, ``end`` with an ``end_reason`` when it is over. De-duplicate by ``(node_id, boot_id, seq)``.
    Fields may be added within version 1: ignore those you do not know.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"event": {"const": "end"}}},
            "then": {"properties": {"end_reason": {"type": "string"}}},
            "else": {"properties": {"end_reason": {"type": "null"}}},
        }
    )

    schema_name: Literal["skypicket.alert/1"] = Field(default=ALERT_SCHEMA, alias="schema")
    event: ChangeKind
    alert_id: Ulid = Field(description="of the object: the same when it rises to an alert again")
    node_id: Uuid
    boot_id: Uuid
    seq: int = Field(ge=1, description="counts the alert messages of one boot")
    ts: Timestamp = Field(description="signal time of this message")
    raised: Timestamp = Field(description="signal time of its event new")
    end_reason: AlertEndReason | None
    severity: SeverityInfo = Field(description="now; at the end, what it was last")
    highest: Level = Field(description="highest level since it was raised")
    track_ids: tuple[Ulid, ...] = Field(description="tracks the object is made of, the one that speaks for it first")
    merged_into: Ulid | None = Field(description="at the end, the alert that goes on for it")
    ack: AckInfo | None = Field(description="null until somebody looks after it, and again when its level rises")
    kind: Kind
    label: str = Field(description="protocol heard; unknown where none was")
    family: str
    mode: str | None
    object_type: ObjectType | None = Field(description="null for a radio track alone")
    affiliation: Affiliation
    remote_id: str | None
    dark: bool | None
    spoof_suspect: bool | None
    center_hz: float | None
    position: Position | None
    range_m: Metres | None
    bearing_deg: Annotated[float, Field(ge=0.0, lt=360.0)] | None
    sensors: tuple[str, ...]
    node: NodeInfo

    @model_validator(mode="after")
    def _end_has_a_reason(self) -> Self:
        if (self.event == "end") != (self.end_reason is not None):
            raise ValueError("end_reason is given with the event end, and only then")
        return self
