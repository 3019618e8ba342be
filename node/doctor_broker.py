"""The broker in four stages: its name, its port, MQTT's greeting, a message of ours."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from node.messages import NodeIdentity
from node.sinks.mqtt_connection import Acknowledged, Connected, Lost, MqttConnection, MqttUnavailable, Publication
from node.sinks.mqtt_faults import describe_reason
from node.sinks.mqtt_settings import MqttSettings
from node.sinks.mqtt_topics import Topics

Stage = tuple[str, Literal["OK", "WARN", "FAIL"], str, str | None]
"""Name, level, what was found, cure."""
STEP_S = 0.25
TOPIC = "doctor"
"""Below the node's base: what the node may write, this may too."""


def broker_stages(settings: MqttSettings, node: NodeIdentity) -> Iterator[Stage]:
    """Try one stage after the other; the first that fails is the last."""
    try:
        found = socket.getaddrinfo(settings.host, settings.effective_port, type=socket.SOCK_STREAM)
    except OSError as fault:
        yield "name", "FAIL", f"{settings.host}: {fault.strerror}", "check mqtt.host and the network's DNS"
        return
    addresses = ", ".join(dict.fromkeys(str(each[4][0]) for each in found))
    yield "name", "OK", f"{settings.host} is {addresses}", None
    try:
        socket.create_connection((settings.host, settings.effective_port), settings.connect_timeout_s).close()
    except OSError as fault:
        why = fault.strerror or str(fault)
        yield "port", "FAIL", f"{settings.address}: {why}", "start the broker, check mqtt.port and the firewall"
        return
    yield "port", "OK", settings.address, None
    try:
        yield from _converse(settings, Topics(settings.base, node.site, node.name))
    except MqttUnavailable as fault:
        yield "MQTT", "FAIL", str(fault), None


def _converse(settings: MqttSettings, topics: Topics) -> Iterator[Stage]:
    """Greet and publish under a name of our own, so that a running node is not thrown out."""
    client_id = f"{settings.client_id or f'skypicket-{topics.site}-{topics.name}'}-doctor-{os.getpid()}"
    connection = MqttConnection(replace(settings, client_id=client_id), client_id)
    deadline_s = time.monotonic() + settings.connect_timeout_s
    stage, number = "MQTT", -1
    try:
        connection.open()
        while time.monotonic() < deadline_s:
            for event in connection.step(STEP_S):
                if isinstance(event, Lost):
                    yield stage, "FAIL", event.text, None
                    return
                if isinstance(event, Connected):
                    yield "MQTT", "OK", f"version {settings.protocol}{', encrypted' if settings.tls else ''}", None
                    stage = "publish"
                    number = connection.publish(Publication(topics.full(TOPIC), b"{}", qos=1))
                if isinstance(event, Acknowledged) and event.number == number:
                    yield _published(topics.full(TOPIC), event.refusal)
                    return
        yield stage, "FAIL", f"{settings.address}: no answer", "is it an MQTT broker? see its log"
    finally:
        connection.close()


def _published(topic: str, refusal: int | None) -> Stage:
    if refusal is None:
        return "publish", "OK", topic, None
    cure = "let this user write there in the broker's access list"
    return "publish", "FAIL", f"{topic}: {describe_reason(refusal)}", cure
