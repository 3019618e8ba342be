"""The wire model: what a node says, as JSON with a schema."""

from __future__ import annotations

from typing import Any

from node.messages_alert import ALERT_SCHEMA, AlertMessage
from node.messages_base import Wire, rfc3339
from node.messages_command import RESPONSE_SCHEMA, CommandResponse
from node.messages_maker import MessageMaker, NodeIdentity, severity
from node.messages_node import (
    HEALTH_SCHEMA,
    INFO_SCHEMA,
    STATUS_SCHEMA,
    HealthMessage,
    InfoMessage,
    ModuleHealth,
    PictureHealth,
    PositionHealth,
    QueueHealth,
    RadioHealth,
    ScanHealth,
    SensorInfo,
    SinkHealth,
    StatusMessage,
    StopHealth,
)
from node.messages_remote_id import REMOTE_ID_SCHEMA, RemoteIdMessage
from node.messages_track import TRACK_SCHEMA, ModelInfo, NodeInfo, TrackMessage

__all__ = [
    "SCHEMAS",
    "AlertMessage",
    "CommandResponse",
    "HealthMessage",
    "InfoMessage",
    "Message",
    "MessageMaker",
    "ModelInfo",
    "ModuleHealth",
    "NodeIdentity",
    "NodeInfo",
    "PictureHealth",
    "PositionHealth",
    "QueueHealth",
    "RadioHealth",
    "RemoteIdMessage",
    "ScanHealth",
    "SensorInfo",
    "SinkHealth",
    "StatusMessage",
    "StopHealth",
    "TrackMessage",
    "message_schema",
    "rfc3339",
    "severity",
    "to_json",
    "track_schema",
]

Message = TrackMessage | AlertMessage | RemoteIdMessage | StatusMessage | InfoMessage | HealthMessage

SCHEMAS: dict[str, type[Wire]] = {
    TRACK_SCHEMA: TrackMessage,
    ALERT_SCHEMA: AlertMessage,
    REMOTE_ID_SCHEMA: RemoteIdMessage,
    STATUS_SCHEMA: StatusMessage,
    INFO_SCHEMA: InfoMessage,
    HEALTH_SCHEMA: HealthMessage,
    RESPONSE_SCHEMA: CommandResponse,
}
"""Everything a node says, by the name in its ``schema`` field."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def to_json(message: Message | CommandResponse) -> bytes:
    """A message as compact JSON in UTF-8, one line, keys in the order of the model.

    The same message gives the same bytes. Nothing is left out: what is not known is ``null``, and so is a number that
    is none.
    """
    return message.model_dump_json(by_alias=True).encode()


def message_schema(name: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of a message, by the name in its ``schema`` field.

    Every field is required; further fields are allowed, because a version is extended by adding fields only.
    """
    schema = SCHEMAS[name].model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": DIALECT, "$id": f"urn:skypicket:{name.removeprefix('skypicket.').replace('/', ':')}", **schema}


def track_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of ``skypicket.track/1``."""
    return message_schema(TRACK_SCHEMA)
