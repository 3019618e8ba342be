"""``cmd/{verb}`` and ``rsp/{verb}``: what a node can be asked, and what it answers.

Nothing that can be asked transmits, or changes what is received.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from node.checked import BaseModel, ConfigDict, Field, model_validator, read_json
from node.messages_base import Timestamp, Uuid, Wire, rfc3339
from node.messages_track import Affiliation, Ulid

COMMAND_SCHEMA: Final = "skypicket.command/1"
RESPONSE_SCHEMA: Final = "skypicket.response/1"

Verb = Literal["ack", "affiliation", "health", "tracks"]
VERBS: tuple[Verb, ...] = ("ack", "affiliation", "health", "tracks")
OrderedAffiliation = Literal["pending", "unknown", "friend", "neutral", "suspect", "hostile"]
"""What people may say; ``assumed_friend`` is the signed list's alone, ``unknown`` takes back what was said."""
ErrorCode = Literal[
    "malformed", "too_large", "retained", "expired", "unknown_verb", "not_enabled", "bad_response_topic", "busy",
    "no_such_track", "no_such_alert", "internal",
]  # fmt: skip
"""
======================  ================================================================================================
``malformed``           no JSON object, a key missing, unknown or of the wrong type
``too_large``           more than ``LARGEST_BYTES``
``retained``            commands count once: publish them without the retain flag
``expired``             its time ran out before it was worked on
``unknown_verb``        not one of ``VERBS``
``not_enabled``         the configuration does not allow it
``bad_response_topic``  no topic, or one that belongs to a node
``busy``                too many wait already
``no_such_track``       no live track has this id
``no_such_alert``       no active alert has this id
``internal``            a fault of the node
======================  ================================================================================================
"""
LARGEST_BYTES = 4096
EMPTY = b"{}"

Word = Annotated[str, Field(min_length=1, max_length=64)]
Reason = Annotated[str, Field(max_length=200)]


class Command(BaseModel):
    """What every command may hold; an empty payload is one without any of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)

    schema_name: Literal["skypicket.command/1"] = Field(default=COMMAND_SCHEMA, alias="schema")
    id: Word | None = Field(default=None, description="comes back in the answer; for clients without correlation data")
    expires: str | None = Field(
        default=None, description="RFC 3339 with offset; later it is not worked on, for clients without message expiry"
    )

    @model_validator(mode="after")
    def _readable(self) -> Self:
        for key, value in self:
            if isinstance(value, str) and not value.isprintable():
                raise ValueError(f"{key} holds control characters")
        if self.expires is not None and _moment(self.expires) is None:
            raise ValueError(f"expires must be RFC 3339 with an offset, such as {rfc3339(0)}")
        return self

    def is_over(self, now_ns: int) -> bool:
        """Whether its time has run out."""
        moment = None if self.expires is None else _moment(self.expires)
        return moment is not None and moment.timestamp() * 1e9 < now_ns


class AffiliationCommand(Command):
    """Says what a live track is; the later word holds."""

    track_id: Ulid
    affiliation: OrderedAffiliation
    by: Word = Field(description="who says so; stands in identity.basis")
    why: Reason = Field(default="", description="stands in identity.basis")


class AckCommand(Command):
    """Says who looks after an active alert; it is worse when its level has risen since, and to be looked after anew."""

    alert_id: Ulid
    by: Word = Field(description="who looks after it; stands in ack")


class HealthCommand(Command):
    """Publish a health message now."""


class TracksCommand(Command):
    """Publish every live track anew, as an update."""


COMMANDS: dict[Verb, type[Command]] = {
    "ack": AckCommand,
    "affiliation": AffiliationCommand,
    "health": HealthCommand,
    "tracks": TracksCommand,
}
"""The payload of each verb."""


class CommandError(Wire):
    """Why a command was not carried out."""

    code: ErrorCode
    text: str = Field(description="what is wrong, and the cure")


class CommandResponse(Wire):
    """Answer to one command; with the correlation data of its request, where there are any."""

    schema_name: Literal["skypicket.response/1"] = Field(default=RESPONSE_SCHEMA, alias="schema")
    node_id: Uuid
    boot_id: Uuid
    ts: Timestamp
    verb: str
    id: str | None = Field(description="that of the command; null where it had none or could not be read")
    ok: bool
    error: CommandError | None
    track_id: str | None = Field(default=None, description="of an affiliation")
    affiliation: Affiliation | None = None
    alert_id: str | None = Field(default=None, description="of an ack")
    published: int | None = Field(default=None, description="messages that were published because of it")


def read_command(verb: Verb, payload: bytes) -> Command:
    """Read the payload of a command.

    Raises
    ------
    ValueError
        If it is not one; the text names every key that is wrong.
    """
    return read_json(COMMANDS[verb], payload.strip() or EMPTY)


def command_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema of the payload of each verb."""
    return {verb: kind.model_json_schema(by_alias=True) for verb, kind in COMMANDS.items()}


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None or moment.timestamp() < 0 else moment
    except (ValueError, OverflowError):
        return None
