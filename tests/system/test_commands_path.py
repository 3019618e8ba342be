"""The whole node as a program, mosquitto, and Debian's clients: what is asked is done, and alerts follow."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.system

Start = Callable[..., Any]
BASE = "skypicket/v1/hill/mast"
TIMEOUT_S = 60.0
RADIO = '[[radio]]\nname = "roof"\ntype = "simulator"\nscene = "elrs_eu868"\n'
MODULES = "".join(
    f'[[serial]]\nname = "{name}"\ntype = "{kind}"\nport = "sim:demo"\n{more}'
    for name, kind, more in (
        ("radar", "ti-mmwave", ""),
        ("camera", "sscma", 'hfov_deg = 12.0\nlabels = ["drone", "bird", "person", "vehicle"]\n'),
    )
)


def write_config(folder: Path, port: int, sensors: str, protocol: str = "5") -> Path:
    path = folder / "node.toml"
    path.write_text(
        f"""
[node]
site = "hill"
name = "mast"
[node.position]
lat = 56.9496
lon = 24.1052
alt_m = 30.0
{sensors}
[mqtt]
host = "127.0.0.1"
port = {port}
protocol = "{protocol}"
will_delay_s = 0
commands = ["ack", "affiliation", "health", "tracks"]
[jsonl]
path = "messages.jsonl"
[live]
health_interval_s = 600
"""
    )
    return path


def ask(port: int, verb: str, payload: dict[str, Any]) -> None:
    place = ["-h", "127.0.0.1", "-p", f"{port}", "-V", "5", "-q", "1", "-t", f"{BASE}/cmd/{verb}"]
    subprocess.run(["mosquitto_pub", *place, "-m", json.dumps(payload)], check=True, timeout=TIMEOUT_S)


def of(kind: str, event: str) -> Callable[[str, dict[str, Any]], bool]:
    return lambda _topic, message: (message.get("schema"), message.get("event")) == (f"skypicket.{kind}/1", event)


def seen(listener: Any, wanted: Callable[[str, dict[str, Any]], bool]) -> dict[str, Any]:
    """The first that is wanted of all that came or come: what is retained goes before what is not."""
    for topic, message in listener.messages:
        if message and wanted(topic.rpartition("/")[2], message):
            found: dict[str, Any] = message
            return found
    coming: dict[str, Any] = listener.wait_for(wanted)
    return coming


def answer(listener: Any, verb: str) -> dict[str, Any]:
    found: dict[str, Any] = listener.wait_for(
        lambda topic, message: topic == verb and message.get("schema") == "skypicket.response/1"
    )
    return found


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_node_with_only_a_radio_raises_an_alert_and_heeds_an_operator(
    tmp_path: Path, port: int, mosquitto: Start, subscriber: Start, skypicket: Start, protocol: str
) -> None:
    config = write_config(tmp_path, port, RADIO, protocol)
    with mosquitto(port), subscriber(port) as listener, skypicket("run", "-c", config) as node:
        alert = listener.wait_for(of("alert", "new"))
        assert (alert["severity"]["level"], alert["label"], alert["kind"]) == ("warning", "expresslrs", "rf_emission")
        (track_id,) = alert["track_ids"]
        new = seen(listener, lambda topic, m: topic == "event" and m["track_id"] == track_id)
        assert (new["event"], new["ts"]) == ("new", alert["ts"])  # not a moment later than the track

        ask(port, "ack", {"alert_id": alert["alert_id"], "by": "Boris"})
        looked_after = listener.wait_for(of("alert", "update"))
        assert (looked_after["ack"]["by"], looked_after["severity"]["level"]) == ("Boris", "warning")

        order = {"track_id": track_id, "affiliation": "hostile", "by": "Anna", "why": "crossed the fence", "id": "1"}
        ask(port, "affiliation", order)
        critical = listener.wait_for(of("alert", "update"))
        assert (critical["severity"]["level"], critical["affiliation"]) == ("critical", "hostile")
        assert (critical["alert_id"], critical["ack"]) == (alert["alert_id"], None)
        track = seen(listener, lambda topic, m: topic == "event" and m["identity"]["affiliation"] == "hostile")
        assert track["track_id"] == track_id
        assert track["identity"]["basis"] == ["said by Anna: crossed the fence"]
        assert track["severity"]["level"] == "critical"

        ask(port, "affiliation", order | {"affiliation": "friend", "why": "it is ours", "id": "2"})
        over = listener.wait_for(of("alert", "end"))
        assert (over["end_reason"], over["affiliation"], over["highest"]) == ("below_level", "friend", "critical")
        with subscriber(port) as late:
            kept = late.wait_for(of("track", "update"))
            assert not any("/alert/" in topic for topic, _ in late.messages)
            assert kept["identity"]["affiliation"] == "friend"

        before = {m["track_id"]: m["seq"] for t, m in listener.messages if m and t.endswith("/event")}
        ask(port, "tracks", {"id": "3"})
        said = answer(listener, "tracks")
        assert (said["ok"], said["id"]) == (True, "3")
        assert said["published"] >= 1
        again = seen(
            listener,
            lambda topic, m: topic == "event" and m["track_id"] == track_id and m["seq"] > before[track_id],
        )
        assert again["event"] == "update"

        ask(port, "health", {})
        health = seen(listener, lambda _, m: m.get("schema") == "skypicket.health/1")
        assert {"name": "commands", "depth": 0, "capacity": 64, "dropped": 0} in health["queues"]
        assert seen(listener, lambda _, m: m.get("schema") == "skypicket.response/1" and m["verb"] == "health")["ok"]
        ask(port, "affiliation", order | {"track_id": "01K5SAMPME0000000000000000"})
        listener.wait_for(
            lambda topic, m: topic == "affiliation" and m.get("error") and m["error"]["code"] == "no_such_track"
        )
        assert node.end(signal.SIGTERM) == 0
    written = [json.loads(line) for line in (tmp_path / "messages.jsonl").read_text().splitlines()]
    alerts = [one for one in written if one["schema"] == "skypicket.alert/1" and one["alert_id"] == alert["alert_id"]]
    assert [one["event"] for one in alerts] == ["new", "update", "update", "end"]


def test_an_object_of_several_sensors_is_one_alert_and_takes_a_word(
    tmp_path: Path, port: int, mosquitto: Start, subscriber: Start, skypicket: Start
) -> None:
    with mosquitto(port), subscriber(port) as listener:
        with skypicket("run", "-c", write_config(tmp_path, port, MODULES)) as node:
            alert = listener.wait_for(of("alert", "new"))
            track_id = alert["track_ids"][0]
            ask(port, "affiliation", {"track_id": track_id, "affiliation": "neutral", "by": "Anna", "why": "a survey"})
            over = listener.wait_for(lambda _, m: m.get("schema") == "skypicket.alert/1" and m["event"] == "end")
            assert (over["alert_id"], over["affiliation"]) == (alert["alert_id"], "neutral")
            assert node.end(signal.SIGTERM) == 0
        listener.wait_for_status("stopped")
    told = [m for t, m in listener.messages if m and "/alert/" in t]
    by_id: dict[str, list[str]] = {}
    for one in told:
        by_id.setdefault(one["alert_id"], []).append(one["event"])
    for events in by_id.values():
        assert events[0] == "new"
        assert events[-1] == "end"


def test_a_replay_repeats_its_alerts_byte_for_byte(tmp_path: Path, skypicket: Start) -> None:
    with skypicket("sim", "render", "elrs_eu868", "--seconds", "4", "--out", tmp_path / "scene") as render:
        assert render.process.wait(TIMEOUT_S) == 0
    said = []
    for number in range(2):
        out = tmp_path / f"{number}.jsonl"
        with skypicket("replay", "--alerts", tmp_path / "scene.sigmf-meta", "--out", out) as program:
            assert program.process.wait(TIMEOUT_S) == 0
        said.append(out.read_bytes())
    assert said[0] == said[1]
    messages = [json.loads(line) for line in said[0].splitlines()]
    alerts = [one for one in messages if one["schema"] == "skypicket.alert/1"]
    warned = {one["track_id"] for one in messages if "track_id" in one and one["severity"]["level"] == "warning"}
    assert {one["track_ids"][0] for one in alerts if one["event"] == "new"} == warned
    assert len([one for one in alerts if one["event"] == "end"]) == len(warned) > 0
