"""How the node talks to its MQTT broker."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from firmware_bridge.tls import TlsSettings
from node.messages_command import VERBS, Verb

PORT, TLS_PORT = 1883, 8883
"""IANA's ports for MQTT without and with TLS."""
HIGHEST_PORT = 65_535
LONGEST_NAME = 64
"""Bytes of a site, a node or one level of the base: topics stay readable and far below MQTT's 65535 bytes."""
LONGEST_CLIENT_ID = 200
MOST_IN_MEMORY = 50_000
"""Events kept in memory at most: about 80 MB."""
HIGHEST_KEEPALIVE_S = 65_535
"""MQTT writes the interval in 16 bits."""


def check_topic_level(key: str, value: str) -> None:
    """Check that a name can be one level of a topic.

    Raises
    ------
    ValueError
        If it is empty, too long, or holds ``+``, ``#``, ``/``, ``$`` in front, blanks or control characters.
    """
    if not value:
        raise ValueError(f"{key} must not be empty: it is part of every topic")
    if len(value.encode()) > LONGEST_NAME:
        raise ValueError(f"{key} must have at most {LONGEST_NAME} bytes, not {len(value.encode())}")
    bad = sorted({c for c in value if c in "+#/" or c.isspace() or not c.isprintable()})
    if bad:
        raise ValueError(
            f"{key} {value!r} holds {', '.join(map(repr, bad))}, which a topic cannot; use letters, digits, - and _"
        )
    if value.startswith("$"):
        raise ValueError(f"{key} {value!r} must not begin with $: such topics belong to the broker")


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """The broker and what is kept for it while it is away.

    Parameters
    ----------
    host, port
        The broker; port None: 1883, with TLS 8883.
    protocol
        ``5``, or ``3.1.1`` for old brokers: without expiry, flags for late messages and reasons for refusals.
    username, password_file
        Who the node is; the password is the first line of the file.
    tls
        Encryption; None for none.
    client_id
        Name towards the broker, unique among its clients; None: ``skypicket-{site}-{name}``.
    base
        First levels of all topics, before site and name.
    keepalive_s
        The broker takes a silent node for dead after one and a half of these.
    will_delay_s
        How long the broker waits before it says ``offline``: a short break does not flap. MQTT 5 only.
    track_expiry_s
        A retained track or alert that is not renewed vanishes after so long. MQTT 5 only.
    event_expiry_s
        How long the broker keeps an event for a subscriber that is away. MQTT 5 only.
    reconnect_min_s, reconnect_max_s
        Wait before the first and between later attempts to connect, doubled each time, with jitter.
    connect_timeout_s
        Longest wait for the broker's answers.
    queue_messages
        Events kept while the broker is away; then the oldest updates go first.
    spool
        SQLite file that keeps them over a restart; None keeps them in memory.
    drain_s
        How long a stopping node goes on delivering.
    commands
        What clients may ask for at ``cmd/{verb}``: ``health`` and ``tracks`` publish anew, ``affiliation`` lets them
        say whose a track is, ``ack`` who looks after an alert. Whoever may write there at the broker is believed, so
        its access list must guard it.
    """

    host: str = "localhost"
    port: int | None = None
    protocol: Literal["5", "3.1.1"] = "5"
    username: str | None = None
    password_file: str | None = None
    tls: TlsSettings | None = None
    client_id: str | None = None
    base: str = "skypicket/v1"
    keepalive_s: int = 30
    will_delay_s: int = 5
    track_expiry_s: int = 30
    event_expiry_s: int = 86_400
    reconnect_min_s: float = 1.0
    reconnect_max_s: float = 10.0
    connect_timeout_s: float = 10.0
    queue_messages: int = 10_000
    spool: str | None = None
    drain_s: float = 5.0
    commands: tuple[Verb, ...] = ("health", "tracks")

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not self.host or any(c.isspace() or c == "/" for c in self.host):
            raise ValueError(f"host {self.host!r} must be a name or an address, without scheme, port or blanks")
        if self.port is not None and not 1 <= self.port <= HIGHEST_PORT:
            raise ValueError(f"port must be 1 to {HIGHEST_PORT}, not {self.port}")
        if self.protocol not in {"5", "3.1.1"}:
            raise ValueError(f'protocol must be "5" or "3.1.1", not {self.protocol!r}')
        if self.password_file is not None and self.username is None:
            raise ValueError("password_file needs username: MQTT knows no password alone")
        if self.client_id is not None and not 1 <= len(self.client_id.encode()) <= LONGEST_CLIENT_ID:
            raise ValueError(f"client_id must have 1 to {LONGEST_CLIENT_ID} bytes")
        if not set(self.commands) <= set(VERBS):
            raise ValueError(f"commands may hold {', '.join(VERBS)}, not {', '.join(self.commands)}")
        for level in self.base.split("/"):
            check_topic_level("base", level)
        for key, low, high in (
            ("keepalive_s", 1, HIGHEST_KEEPALIVE_S),
            ("will_delay_s", 0, 86_400),
            ("track_expiry_s", 1, 86_400),
            ("event_expiry_s", 1, 31_536_000),
            ("reconnect_min_s", 0.01, 3600),
            ("reconnect_max_s", 0.01, 86_400),
            ("connect_timeout_s", 0.1, 300),
            ("queue_messages", 10, 1_000_000),
            ("drain_s", 0, 300),
        ):
            value = getattr(self, key)
            if not (math.isfinite(value) and low <= value <= high):
                raise ValueError(f"{key} must be {low} to {high}, not {value}")
        if self.spool is None and self.queue_messages > MOST_IN_MEMORY:
            raise ValueError(
                f"queue_messages must be at most {MOST_IN_MEMORY} without spool, which keeps them on disk, "
                f"not {self.queue_messages}"
            )
        if self.reconnect_max_s < self.reconnect_min_s:
            raise ValueError(f"reconnect_max_s must be at least reconnect_min_s ({self.reconnect_min_s})")

    @property
    def effective_port(self) -> int:
        """The port, given or usual."""
        return self.port if self.port is not None else TLS_PORT if self.tls is not None else PORT

    @property
    def address(self) -> str:
        """The broker for people."""
        return f"{self.host}:{self.effective_port}"
