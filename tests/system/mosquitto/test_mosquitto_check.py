from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from firmware_bridge.tls import TlsSettings
from node.config import parse_config
from node.doctor import examine
from node.sinks.mqtt_check import NAMES, Stage, check_broker
from node.sinks.mqtt_settings import MqttSettings

pytestmark = pytest.mark.system


class Broker(Protocol):
    port: int

    def stop(self) -> None: ...


def _settings(port: int) -> MqttSettings:
    return MqttSettings(host="127.0.0.1", port=port, connect_timeout_s=3.0)


def _outcome(stages: list[Stage]) -> list[bool | None]:
    assert [stage.name for stage in stages] == list(NAMES)
    return [stage.ok for stage in stages]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_good_broker_passes(mosquitto: Broker, protocol: str) -> None:
    settings = MqttSettings(host="localhost", port=mosquitto.port, protocol="5" if protocol == "5" else "3.1.1")
    stages = check_broker(settings, "north", "mast-1")
    assert _outcome(stages) == [True] * 4
    assert "skypicket/v1/north/mast-1/check there and back" in stages[3].detail


def test_a_name_without_address_fails_the_first_stage() -> None:
    stages = check_broker(MqttSettings(host="no-such-host.invalid"))
    assert _outcome(stages) == [False, None, None, None]
    assert "no-such-host.invalid" in stages[0].detail


def test_an_absent_broker_fails_the_second_stage(mosquitto: Broker) -> None:
    mosquitto.stop()
    stages = check_broker(_settings(mosquitto.port))
    assert _outcome(stages) == [True, False, None, None]
    assert f"127.0.0.1:{mosquitto.port}" in stages[1].detail
    assert "start the broker" in stages[1].detail


def test_a_broker_that_wants_a_user_fails_the_third_stage(
    mosquitto_with: Callable[..., Broker], tmp_path: Path
) -> None:
    broker = mosquitto_with("allow_anonymous false")
    stages = check_broker(_settings(broker.port))
    assert _outcome(stages) == [True, True, False, None]
    assert "not authorized" in stages[2].detail
    missing = replace(_settings(broker.port), username="node", password_file=str(tmp_path / "none"))
    stages = check_broker(missing)
    assert _outcome(stages) == [True, True, False, None]
    assert str(tmp_path / "none") in stages[2].detail


def test_tls_towards_a_plain_port_fails_the_third_stage(mosquitto: Broker) -> None:
    stages = check_broker(replace(_settings(mosquitto.port), tls=TlsSettings()))
    assert _outcome(stages) == [True, True, False, None]
    assert "TLS" in stages[2].detail


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_forbidden_topic_fails_the_fourth_stage(
    mosquitto_with: Callable[..., Broker], tmp_path: Path, protocol: str
) -> None:
    access = tmp_path / "access"
    access.write_text("topic readwrite somewhere/else\n", encoding="utf-8")
    broker = mosquitto_with("allow_anonymous true", f"acl_file {access}")
    settings = MqttSettings("127.0.0.1", broker.port, "5" if protocol == "5" else "3.1.1", connect_timeout_s=1.0)
    stages = check_broker(settings, "north", "mast-1")
    assert _outcome(stages) == [True, True, True, False]
    assert "skypicket/v1/north/mast-1/check" in stages[3].detail


def test_a_node_that_may_only_write_passes(mosquitto_with: Callable[..., Broker], tmp_path: Path) -> None:
    access = tmp_path / "access"
    access.write_text("topic write skypicket/#\n", encoding="utf-8")
    broker = mosquitto_with("allow_anonymous true", f"acl_file {access}")
    stages = check_broker(replace(_settings(broker.port), connect_timeout_s=1.0), "north", "mast-1")
    assert _outcome(stages) == [True] * 4
    assert "taken" in stages[3].detail


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_the_doctor_warns_where_anybody_could_say_friend_or_hostile(
    mosquitto_with: Callable[..., Broker], tmp_path: Path, protocol: str
) -> None:
    passwords, secret = tmp_path / "passwords", tmp_path / "secret"
    passwords.touch()
    subprocess.run(["mosquitto_passwd", "-b", str(passwords), "mast", "x"], check=True, timeout=30)
    secret.write_text("x\n", encoding="utf-8")
    open_to_all = mosquitto_with("allow_anonymous true", f"password_file {passwords}")
    guarded = mosquitto_with("allow_anonymous false", f"password_file {passwords}")
    for broker, level in ((open_to_all, "WARN"), (guarded, "OK")):
        for commands in ('["health"]', '["affiliation", "health"]'):
            config = parse_config(
                f"""
                [node]
                site = "hill"
                name = "mast"
                [mqtt]
                host = "127.0.0.1"
                port = {broker.port}
                protocol = "{protocol}"
                username = "mast"
                password_file = "{secret}"
                commands = {commands}
                """,
                tmp_path / "node.toml",
            )
            found = {check.name: check for check in examine(config) if check.name.startswith("broker")}
            assert found["broker publish"].level == "OK"
            if "affiliation" in commands:
                assert found["broker access"].level == level
                assert "docs/mqtt.md" in f"{found['broker access'].text}{found['broker access'].cure}"
            else:
                assert "broker access" not in found
