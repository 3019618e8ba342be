"""A look at the broker in four stages, for ``skypicket doctor``: each fault with its cure."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from node.sinks.mqtt_connection import (
    Acknowledged,
    Arrived,
    Connected,
    Event,
    Lost,
    MqttConnection,
    MqttUnavailable,
    Publication,
    Subscribed,
)
from node.sinks.mqtt_faults import describe_error, describe_no_greeting, describe_reason
from node.sinks.mqtt_settings import MqttSettings
from node.sinks.mqtt_topics import Topics

NAMES = ("DNS", "TCP", "MQTT", "publish")
CHECK_TOPIC = "check"
"""Below the node's base; not retained, and no message of the node uses it."""
STEP_S = 0.5


@dataclass(frozen=True, slots=True)
class Stage:
    """Outcome of one stage.

    Parameters
    ----------
    name
        ``DNS``, ``TCP``, ``MQTT`` or ``publish``.
    ok
        None where an earlier stage failed.
    detail
        What was found, or what is wrong and the cure.
    """

    name: str
    ok: bool | None
    detail: str


def check_broker(settings: MqttSettings, site: str = "check", name: str = "check") -> list[Stage]:
    """Find the broker's address, connect, log in, and send a message there and back.

    A running node is not disturbed: the check has a client identifier of its own and a topic nobody else uses.

    Parameters
    ----------
    settings
        The broker.
    site, name
        The node's, for access lists that know its topics.
    """
    stages: list[Stage] = []
    talk: _Talk | None = None
    try:
        stages.append(Stage(NAMES[0], ok=True, detail=_resolve(settings)))
        stages.append(Stage(NAMES[1], ok=True, detail=_reach(settings)))
        talk = _log_in(settings, f"{settings.client_id or f'skypicket-{site}-{name}'}-check")
        stages.append(Stage(NAMES[2], ok=True, detail=f"MQTT {settings.protocol}{', TLS' if settings.tls else ''}"))
        stages.append(Stage(NAMES[3], ok=True, detail=_round_trip(talk, settings, site, name)))
    except (MqttUnavailable, OSError, ValueError) as error:
        text = str(error) if isinstance(error, MqttUnavailable) else describe_error(error, settings)
        stages.append(Stage(NAMES[len(stages)], ok=False, detail=text))
    finally:
        if talk is not None:
            talk.connection.close()
    stages += [Stage(rest, ok=None, detail="not tried") for rest in NAMES[len(stages) :]]
    return stages


def lets_anybody_in(settings: MqttSettings) -> bool:
    """Whether the broker takes a client without name, password and certificate."""
    tls = None if settings.tls is None else replace(settings.tls, cert=None, key=None)
    nobody = replace(settings, username=None, password_file=None, tls=tls, client_id=f"anybody-{os.urandom(4).hex()}")
    try:
        _log_in(nobody, f"{nobody.client_id}").connection.close()
    except MqttUnavailable:
        return False
    return True


def _resolve(settings: MqttSettings) -> str:
    found = socket.getaddrinfo(settings.host, settings.effective_port, type=socket.SOCK_STREAM)
    return f"{settings.host} is {', '.join(dict.fromkeys(str(entry[4][0]) for entry in found))}"


def _reach(settings: MqttSettings) -> str:
    began_s = time.monotonic()
    with socket.create_connection((settings.host, settings.effective_port), settings.connect_timeout_s):
        return f"{settings.address} answers in {1e3 * (time.monotonic() - began_s):.1f} ms"


def _log_in(settings: MqttSettings, client_id: str) -> _Talk:
    talk = _Talk(settings, client_id)
    try:
        talk.connection.open()
        talk.wait_for(lambda e: isinstance(e, Connected), "MQTT's greeting", describe_no_greeting(settings))
    except BaseException:
        talk.connection.abort()
        raise
    return talk


def _round_trip(talk: _Talk, settings: MqttSettings, site: str, name: str) -> str:
    topic, payload = Topics(settings.base, site, name).full(CHECK_TOPIC), os.urandom(8).hex().encode()
    asked = talk.connection.subscribe(topic, qos=1)
    subscribed = talk.wait_for(lambda e: isinstance(e, Subscribed) and e.number == asked, "a subscription")
    began_s = time.monotonic()
    sent = talk.connection.publish(Publication(topic, payload))
    answer = talk.wait_for(lambda e: isinstance(e, Acknowledged) and e.number == sent, f"a message on {topic}")
    if isinstance(answer, Acknowledged) and answer.refusal is not None:
        raise MqttUnavailable(f"{settings.address}: refuses {topic}: {describe_reason(answer.refusal)}")
    unread = f"{topic} taken; reading it back is not allowed, nor needed"
    if isinstance(subscribed, Subscribed) and not subscribed.granted:
        return unread
    try:
        talk.wait_for(lambda e: isinstance(e, Arrived) and e.payload == payload, "the message back")
    except MqttUnavailable as error:
        if settings.protocol == "5":
            return unread
        raise MqttUnavailable(
            f"{error}; a broker of MQTT 3.1.1 drops without a word what its access list forbids: allow {topic}"
        ) from error
    return f"{topic} there and back in {1e3 * (time.monotonic() - began_s):.1f} ms"


class _Talk:
    """A connection and all it has brought."""

    def __init__(self, settings: MqttSettings, client_id: str) -> None:
        self.connection = MqttConnection(settings, client_id)
        self._settings = settings
        self._seen: list[Event] = []

    def wait_for(self, wanted: Callable[[Event], bool], what: str, otherwise: str = "") -> Event:
        """The first event that is wanted, of those that came or come; what to say when none does."""
        wait_s = self._settings.connect_timeout_s
        until_s = time.monotonic() + wait_s
        while True:
            for event in self._seen:
                if wanted(event):
                    return event
                if isinstance(event, Lost):
                    raise MqttUnavailable(event.text)
            if time.monotonic() > until_s:
                none = f"{self._settings.address}: no answer within {wait_s:g} s to {what}"
                raise MqttUnavailable(otherwise or none)
            self._seen += self.connection.step(STEP_S)
