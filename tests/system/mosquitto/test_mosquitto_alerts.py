"""Alerts through Debian's broker: retained while they are active, gone when they are over, whoever died meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from node.alerts import AlertBook
from node.fusion.picture import Assessment
from node.ids import boot_uuid
from node.messages import AlertMessage, MessageMaker, NodeIdentity, StatusMessage, TrackMessage, rfc3339
from node.sinks import SinkStatus
from node.sinks.mqtt import MqttSink
from node.sinks.mqtt_settings import MqttSettings
from node.tracking.track import Track, TrackChange

pytestmark = pytest.mark.system

BASE = "skypicket/v1/north/mast-1"
NODE = NodeIdentity("north", "mast-1")
BOOT = boot_uuid(NODE.uuid, "alerts")
START_NS = 1_790_000_000_000_000_000
DEADLINE_S = 30.0
PAUSE = threading.Event()
"""Never set: looking again waits on it for a moment."""
VERSIONS = pytest.mark.parametrize("protocol", ["5", "3.1.1"])
OFFLINE = StatusMessage(
    state="offline", reason=None, node_id=NODE.uuid, boot_id=BOOT, since=rfc3339(0), ts=None, sw="skypicket"
)


class Broker(Protocol):
    port: int

    def start(self) -> None: ...
    def stop(self, *, kill: bool = False) -> None: ...


class Reader(Protocol):
    retained: list[dict[str, Any]]

    def next(self, timeout_s: float = ...) -> dict[str, Any]: ...
    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]: ...


Subscribe = Callable[..., Reader]


class Node:
    """Tells of tracks and of the alerts that follow."""

    def __init__(self, settings: MqttSettings, track: Callable[..., Track]) -> None:
        self.sink = MqttSink(settings, NODE, OFFLINE)
        self._track = track
        self._maker, self._book = MessageMaker(NODE, BOOT), AlertBook()

    def tell(self, number: int, level: str = "warning", event: str = "update") -> str:
        """Tell of a track; the topic of its alert."""
        track = self._track(number)
        reason = "lost" if event == "end" else None
        change = TrackChange(event, track, START_NS, reason)  # type: ignore[arg-type]
        message = self._maker.track(change, None, Assessment(None, (), level, ()))  # type: ignore[arg-type]
        self.sink.publish(message)
        for alert in self._book.hear(message):
            self.sink.publish(alert)
        return f"{BASE}/alert/{_alert_id(message)}"

    def wait(self, wanted: Callable[[SinkStatus], bool]) -> SinkStatus:
        end_s = time.monotonic() + DEADLINE_S
        while not wanted(self.sink.status):
            assert time.monotonic() < end_s, self.sink.status
            PAUSE.wait(0.01)
        return self.sink.status

    def settle(self) -> None:
        self.wait(lambda status: status.connected and not status.queued and self.sink._outbox.is_empty)


def _alert_id(message: TrackMessage) -> str:
    """Of a track that warns, by a book of its own."""
    calm = message.severity.model_copy(update={"level": "warning"})
    new = message.model_copy(update={"event": "new", "end_reason": None, "severity": calm})
    (alert,) = AlertBook().hear(new)
    return alert.alert_id


@pytest.fixture
def start(usual: Callable[..., MqttSettings], heard_track: Callable[..., Track]) -> Iterator[Callable[..., Node]]:
    made: list[Node] = []

    def make(port: int, **changes: Any) -> Node:
        made.append(Node(usual(port, **changes), heard_track))
        return made[-1]

    yield make
    for one in made:
        one.sink.close()


@VERSIONS
def test_an_alert_is_retained_until_it_ends_and_its_end_is_told(
    mosquitto: Broker, subscribe: Subscribe, start: Callable[..., Node], protocol: str
) -> None:
    reader = subscribe(mosquitto.port, f"{BASE}/alert/+", "-V", "5")
    node = start(mosquitto.port, protocol=protocol)
    topic = node.tell(1, "warning", "new")
    new = reader.next()
    alert = AlertMessage.model_validate(new["body"])
    assert (new["topic"], new["qos"], alert.event, alert.severity.level) == (topic, 1, "new", "warning")
    if protocol == "5":
        assert new["properties"]["user-properties"] == {"schema": "skypicket.alert/1"}
        assert 20 <= new["properties"]["message-expiry-interval"] <= 30
    node.tell(1)
    node.tell(1, "critical")
    assert reader.next()["body"]["severity"]["level"] == "critical"
    node.settle()
    (late,) = subscribe(mosquitto.port, f"{BASE}/alert/+").retained
    assert (late["body"]["event"], late["body"]["seq"]) == ("update", 2)
    node.tell(1, event="end")
    said = [reader.next(), reader.next()]
    assert {m["topic"] for m in said} == {topic}
    ends = [m["body"] for m in said if m["payload"]]
    assert [(body["event"], body["end_reason"], body["highest"]) for body in ends] == [("end", "lost", "critical")]
    node.settle()
    assert subscribe(mosquitto.port, f"{BASE}/alert/+").retained == []


def test_an_active_alert_is_renewed_and_one_of_a_dead_node_vanishes(
    mosquitto: Broker, subscribe: Subscribe, start: Callable[..., Node]
) -> None:
    """The node's process dies; nobody clears what it had retained."""
    node = start(mosquitto.port, track_expiry_s=2)
    topic = node.tell(1, "warning", "new")
    node.settle()
    until_s = time.monotonic() + 5.0
    while time.monotonic() < until_s:  # well over its expiry
        (kept,) = subscribe(mosquitto.port, f"{BASE}/alert/+").retained
        assert kept["topic"] == topic
        assert kept["body"]["seq"] == 1  # the same message: whoever has it ignores it
        PAUSE.wait(0.2)
    script = (
        "import sys, threading\n"
        "from node.messages import AlertMessage, NodeIdentity, StatusMessage\n"
        "from node.sinks.mqtt import MqttSink\n"
        "from node.sinks.mqtt_settings import MqttSettings\n"
        "settings = MqttSettings(host='127.0.0.1', port=int(sys.argv[1]), track_expiry_s=2)\n"
        "status = StatusMessage.model_validate_json(sys.argv[2])\n"
        "sink = MqttSink(settings, NodeIdentity('north', 'mast-2'), status)\n"
        "sink.publish(AlertMessage.model_validate_json(sys.argv[3]))\n"
        "threading.Event().wait()\n"
    )
    status = OFFLINE.model_dump_json(by_alias=True)
    other = subscribe(mosquitto.port, "skypicket/v1/north/mast-2/alert/+")
    process = subprocess.Popen([sys.executable, "-c", script, f"{mosquitto.port}", status, kept["payload"]])
    try:
        assert other.next()["body"]["event"] == "new"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    end_s = time.monotonic() + DEADLINE_S
    while subscribe(mosquitto.port, "skypicket/v1/north/mast-2/alert/+").retained:
        assert time.monotonic() < end_s


@VERSIONS
def test_what_was_over_while_the_broker_was_away_is_told_once_and_flagged(
    mosquitto: Broker, subscribe: Subscribe, start: Callable[..., Node], protocol: str
) -> None:
    mosquitto.stop()
    node = start(mosquitto.port, protocol=protocol)
    over, lives = node.tell(1, "critical", "new"), node.tell(2, "warning", "new")
    node.tell(1, event="end")
    node.wait(lambda status: status.last_error is not None)
    mosquitto.start()
    reader = subscribe(mosquitto.port, f"{BASE}/alert/+", "-V", "5")
    seen = [*reader.retained, *reader.until(lambda m: m["topic"] == over and m["payload"] is not None)]
    end = seen[-1]
    assert (end["body"]["event"], end["body"]["highest"]) == ("end", "critical")
    if protocol == "5":
        assert end["properties"]["user-properties"]["backfill"] == "true"
    node.settle()
    assert [m["topic"] for m in subscribe(mosquitto.port, f"{BASE}/alert/+").retained] == [lives]


def test_alerts_that_an_earlier_run_left_are_cleared(
    mosquitto: Broker, subscribe: Subscribe, start: Callable[..., Node]
) -> None:
    ghost = f"{BASE}/alert/01K5GH0ST00000000000000000"
    place = ["-h", "127.0.0.1", "-p", f"{mosquitto.port}", "-q", "1"]
    subprocess.run(["mosquitto_pub", *place, "-t", ghost, "-r", "-m", "{}"], check=True, timeout=DEADLINE_S)
    reader = subscribe(mosquitto.port, f"{BASE}/alert/+")
    assert [m["topic"] for m in reader.retained] == [ghost]
    node = start(mosquitto.port, protocol="3.1.1")
    live = node.tell(1, "warning", "new")
    reader.until(lambda m: m["topic"] == ghost and m["payload"] is None)
    node.settle()
    assert [m["topic"] for m in subscribe(mosquitto.port, f"{BASE}/alert/+").retained] == [live]


def test_an_access_list_without_alerts_holds_up_no_events(
    mosquitto_with: Callable[..., Broker], subscribe: Subscribe, start: Callable[..., Node], tmp_path: Path
) -> None:
    access = tmp_path / "access"
    written = "".join(f"topic write {BASE}/{name}\n" for name in ("status", "info", "health", "event", "track/+"))
    access.write_text(f"topic read #\ntopic write marker/#\n{written}", encoding="utf-8")
    broker = mosquitto_with("allow_anonymous true", f"acl_file {access}")
    reader, node = subscribe(broker.port, f"{BASE}/event"), start(broker.port)
    for number in range(50):
        node.tell(number, "warning", "new")
        node.tell(number, event="end")
    seen = reader.until(lambda m: m["body"]["seq"] == 100)
    assert [m["body"]["seq"] for m in seen] == list(range(1, 101))
    status = node.wait(lambda status: status.queued == 0)
    assert status.dropped == 50  # their ends; said, not silent
    assert "alert: not authorized" in (status.last_error or "")
