"""What goes to a broker and what comes from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Publication:
    """What is sent.

    Parameters
    ----------
    topic, payload
        Full name and bytes.
    schema
        Name of the payload's schema, a user property; empty for none.
    qos, retain, expiry_s
        As MQTT has them; the expiry is left out in 3.1.1.
    late
        Whether it waited for this connection; flagged by the user property ``backfill``.
    correlation
        Correlation data of the request that it answers; left out in 3.1.1.
    """

    topic: str
    payload: bytes
    schema: str = ""
    qos: int = 1
    retain: bool = False
    expiry_s: int | None = None
    late: bool = False
    correlation: bytes | None = None


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker lets us in; what it can do."""

    window: int
    retain: bool
    highest_qos: int
    largest_packet: int | None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker has a message, or refuses it with this reason."""

    number: int
    refusal: int | None


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The broker has answered a subscription."""

    number: int
    granted: bool


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message to us; the rest is of MQTT 5 alone."""

    topic: str
    payload: bytes
    retained: bool
    expiry_s: int | None = None
    response_topic: str | None = None
    correlation: bytes | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is over; why, and the cure."""

    text: str
    code: int = 0


Event = Connected | Acknowledged | Subscribed | Arrived | Lost
