from __future__ import annotations

from typing import Any

import pytest

from firmware_bridge.tls import TlsSettings
from node.sinks.mqtt_settings import MqttSettings
from node.sinks.mqtt_topics import Topics, track_topic


@pytest.mark.parametrize(
    "bad", ["", "a/b", "a b", "a+", "#", "$SYS", "a\n", "a\x00", "x" * 65, "é" * 33], ids=lambda name: ascii(name)[:12]
)
def test_a_name_that_no_topic_can_hold_is_refused(bad: str) -> None:
    for site, name, key in ((bad, "mast", "site"), ("north", bad, "name")):
        with pytest.raises(ValueError, match=key):
            Topics("skypicket/v1", site, name)


@pytest.mark.parametrize("good", ["north", "mast-1", "Ķemeri_2", "a.b", "x" * 64])
def test_other_names_are_taken(good: str) -> None:
    topics = Topics("skypicket/v1", good, good)
    full = topics.full(track_topic("01K5"))
    assert full == f"skypicket/v1/{good}/{good}/track/01K5"
    assert topics.below(full) == "track/01K5"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("host", ""),
        ("host", "mqtt://broker"),
        ("host", "a b"),
        ("port", 0),
        ("port", 65_536),
        ("protocol", "3.1"),
        ("password_file", "x"),
        ("client_id", ""),
        ("base", "skypicket//v1"),
        ("base", "/skypicket"),
        ("base", "a/+"),
        ("keepalive_s", 0),
        ("keepalive_s", 70_000),
        ("reconnect_max_s", 0.5),
        ("reconnect_min_s", float("nan")),
        ("queue_messages", 1),
        ("queue_messages", 60_000),
        ("drain_s", -1.0),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name(key: str, value: Any) -> None:
    with pytest.raises(ValueError, match=key):
        MqttSettings(**{key: value})


def test_ports_follow_the_encryption() -> None:
    assert MqttSettings().effective_port == 1883
    assert MqttSettings(tls=TlsSettings()).effective_port == 8883
    assert MqttSettings(tls=TlsSettings(), port=1884).address == "localhost:1884"
    assert MqttSettings(queue_messages=60_000, spool="x.db").queue_messages == 60_000


def test_a_key_without_a_certificate_is_refused() -> None:
    with pytest.raises(ValueError, match="key needs cert"):
        TlsSettings(key="x.key")
