"""What every message has in common: how it is checked, and how times are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from node.checked import BaseModel, ConfigDict, Field

NS_PER_MS = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_MS = (datetime(1, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
LATEST_MS = (datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
"""RFC 3339 writes years 0001 to 9999; a time outside, from a broken clock, is held at the border."""

Timestamp = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
        json_schema_extra={"format": "date-time"},
    ),
]
"""RFC 3339, UTC, milliseconds, ``Z``."""

Uuid = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        json_schema_extra={"format": "uuid"},
    ),
]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


def rfc3339(time_ns: int) -> str:
    """Unix time in nanoseconds as RFC 3339 in UTC; what is below a millisecond is cut off."""
    milliseconds = min(max(time_ns // NS_PER_MS, EARLIEST_MS), LATEST_MS)
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + f".{moment.microsecond // 1000:03d}Z"


def milliseconds_of(moment: str) -> int:
    """Unix time in milliseconds of what ``rfc3339`` has written."""
    return (datetime.fromisoformat(moment) - EPOCH) // timedelta(milliseconds=1)


class Wire(BaseModel):
    """Base of everything that goes over the wire.

    A message is extended within its version by new fields only, so whoever reads one ignores what it does not know;
    nothing is left out: what is not known is ``null``, never 0.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        serialize_by_alias=True,
        json_schema_serialization_defaults_required=True,
    )
