"""A simulated dongle behind rtl_tcp, the whole node as a program, mosquitto, and mosquitto_sub at the other end."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node.cli import main
from sim.radio import SimRadio
from sim.rtl_tcp import RtlTcpServer
from sim.scene import load_scene

pytestmark = pytest.mark.system

TIMEOUT_S = 60.0
SCENE = load_scene("elrs_eu868")
Start = Callable[..., Any]


def server(port: int = 0) -> RtlTcpServer:
    """Every client hears the scene from its beginning, in real time."""
    return RtlTcpServer(lambda: SimRadio(SCENE), port=port)


def write_config(folder: Path, mqtt_port: int, radio_port: int, more: str = "") -> Path:
    path = folder / "node.toml"
    path.write_text(
        f"""
[node]
site = "hill"
name = "mast"
[[radio]]
name = "roof"
type = "rtl-tcp"
host = "127.0.0.1"
port = {radio_port}
centre_hz = {SCENE.receiver.centre_hz}
sample_rate_hz = {SCENE.receiver.sample_rate_hz}
gain = {SCENE.receiver.gain_db}
silence_s = 5.0
[mqtt]
host = "127.0.0.1"
port = {mqtt_port}
will_delay_s = 0
reconnect_min_s = 0.2
reconnect_max_s = 0.5
[live]
health_interval_s = 0.5
{more}
"""
    )
    return path


def is_new(topic: str, message: dict[str, Any]) -> bool:
    return topic == "event" and message["event"] == "new"


def what(message: dict[str, Any]) -> tuple[str, str, str | None]:
    kind = message["classification"]
    return kind["label"], kind["family"], kind["mode"]


def test_the_live_node_tells_what_a_replay_of_the_same_scene_tells(
    tmp_path: Path, port: int, mosquitto: Start, subscriber: Start, skypicket: Start, capfdbinary: Any
) -> None:
    assert main(["sim", "render", "elrs_eu868", "--seconds", "8", "--out", str(tmp_path / "scene")]) == 0
    capfdbinary.readouterr()
    assert main(["replay", str(tmp_path / "scene.sigmf-meta")]) == 0
    replayed = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    wanted = {what(message) for message in replayed if message["event"] == "new"}
    channels = {channel for message in replayed for channel in message["rf"]["channels_hz"]}
    assert ("expresslrs", "drone-control", "100Hz") in wanted
    with server() as radio, mosquitto(port), subscriber(port) as listener:
        with skypicket("run", "-c", write_config(tmp_path, port, radio.port)) as node:
            listener.wait_for_status("online")
            heard = listener.wait_for(is_new)
            assert what(heard) in wanted
            assert heard["latency_ms"] >= 0
            assert heard["sensors"] == ["roof"]
            assert min(abs(heard["rf"]["center_hz"] - channel) for channel in channels) < 50e3
            health = listener.wait_for(lambda topic, message: topic == "health" and message["tracks"] > 0)
            roof = health["radios"][0]
            assert (roof["name"], roof["state"], roof["center_hz"]) == ("roof", "running", SCENE.receiver.centre_hz)
            assert roof["samples"] > 0
            assert roof["noise_dbfs"] < 0
            assert health["memory_mib"] > 0
            assert [sink["connected"] for sink in health["sinks"]] == [True]
            assert node.end(signal.SIGTERM) == 0
        end = listener.wait_for(lambda topic, message: topic == "event" and message["event"] == "end")
        assert (end["track_id"], end["end_reason"]) == (heard["track_id"], "shutdown")
        stopped = listener.wait_for_status("stopped")
        assert stopped["boot_id"] == heard["boot_id"]
        assert node.lines == []  # a good run says nothing
        with subscriber(port) as late:  # what is retained: the status and health, and no track
            assert late.wait_for_status("stopped") == stopped
    events = [message for topic, message in listener.messages if topic.endswith("/event") and message is not None]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


def test_the_broker_speaks_for_a_node_that_was_killed(
    tmp_path: Path, port: int, mosquitto: Start, subscriber: Start, skypicket: Start
) -> None:
    with server() as radio, mosquitto(port), subscriber(port) as listener:
        with skypicket("run", "-c", write_config(tmp_path, port, radio.port)) as node:
            online = listener.wait_for_status("online")
            assert node.end(signal.SIGKILL) == -signal.SIGKILL
        offline = listener.wait_for_status("offline")
        assert offline["boot_id"] == online["boot_id"]


def test_a_broker_that_comes_later_gets_what_it_missed(
    tmp_path: Path, port: int, mosquitto: Start, subscriber: Start, skypicket: Start
) -> None:
    jsonl = tmp_path / "messages.jsonl"
    config = write_config(tmp_path, port, 0, f'[jsonl]\npath = "{jsonl}"\n')
    with server() as radio:
        config.write_text(config.read_text().replace("port = 0", f"port = {radio.port}"))
        with skypicket("run", "-c", config) as node:
            assert "nothing listens there" in node.next_line()
            while not jsonl.exists() or b'"event":"new"' not in jsonl.read_bytes():
                assert node.process.poll() is None
                radio.wait_until(lambda _: False, 0.1)
            with mosquitto(port), subscriber(port) as listener:
                missed = listener.wait_for(is_new)
                listener.wait_for_status("online")
                assert node.end() == 0
    written = [json.loads(line) for line in jsonl.read_text().splitlines()]
    assert missed in written


def test_a_radio_that_goes_away_comes_back(
    tmp_path: Path, port: int, mosquitto: Start, subscriber: Start, skypicket: Start
) -> None:
    with mosquitto(port), subscriber(port) as listener, server() as first:
        radio_port = first.port
        node = skypicket("run", "-c", write_config(tmp_path, port, radio_port))
        with node:
            listener.wait_for_status("online")
            first.stop()
            degraded = listener.wait_for_status("degraded")
            assert "roof" in degraded["reason"]
            with server(radio_port):
                listener.wait_for_status("online")
                health = listener.wait_for(lambda topic, message: topic == "health" and message["state"] == "online")
                roof = health["radios"][0]
                assert roof["reopenings"] >= 1
                assert roof["lost_samples"] > 0
                assert node.end() == 0


def test_a_node_starts_without_its_radio_and_finds_it_later(
    tmp_path: Path, port: int, mosquitto: Start, subscriber: Start, skypicket: Start
) -> None:
    with server() as taken:
        radio_port = taken.port
    config = write_config(tmp_path, port, radio_port)
    with mosquitto(port), subscriber(port) as listener, skypicket("run", "-c", config) as node:
        degraded = listener.wait_for_status("degraded")
        assert "roof" in degraded["reason"]
        with server(radio_port):
            listener.wait_for_status("online")
            assert what(listener.wait_for(is_new))[0] == "expresslrs"
            assert node.end(signal.SIGINT) == 0
