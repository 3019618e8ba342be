# Longer than 300 lines: one broker and one publisher, and every way in which they lose each other.

from __future__ import annotations

import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from firmware_bridge.tls import TlsSettings
from node.ids import boot_uuid
from node.messages import HealthMessage, InfoMessage, MessageMaker, NodeIdentity, StatusMessage, rfc3339
from node.sinks import SinkClosed, SinkStatus
from node.sinks.mqtt import MqttSink
from node.sinks.mqtt_settings import MqttSettings
from node.tracking.track import ChangeKind, EndReason, Track, TrackChange

pytestmark = pytest.mark.system

BASE = "skypicket/v1/north/mast-1"
NODE = NodeIdentity("north", "mast-1")
BOOT = boot_uuid(NODE.uuid, "system test")
START_NS = 1_790_000_000_000_000_000
DEADLINE_S = 30.0
PAUSE = threading.Event()
"""Never set: looking again waits on it for a moment."""


class Broker(Protocol):
    port: int

    def start(self) -> None: ...
    def stop(self, *, kill: bool = False) -> None: ...
    def restart(self, *, kill: bool = True) -> None: ...
    def send(self, number: signal.Signals) -> None: ...
    def wait_for_log(self, text: str) -> str: ...


class Reader(Protocol):
    retained: list[dict[str, Any]]

    def next(self, timeout_s: float = ...) -> dict[str, Any]: ...
    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]: ...


Subscribe = Callable[..., Reader]
MakeBroker = Callable[..., Broker]


def _status(state: str) -> StatusMessage:
    since = rfc3339(START_NS)
    ts = None if state == "offline" else since
    return StatusMessage.model_validate(
        {
            "state": state,
            "reason": None,
            "node_id": NODE.uuid,
            "boot_id": BOOT,
            "since": since,
            "ts": ts,
            "sw": "skypicket",
        }
    )


def _info() -> InfoMessage:
    return InfoMessage(
        node_id=NODE.uuid,
        boot_id=BOOT,
        ts=rfc3339(START_NS),
        sw="skypicket",
        node=NODE.info(),
        sensors=(),
        labels=(),
        model=None,
        schemas=(),
    )


def _settings(port: int, **changes: Any) -> MqttSettings:
    quick = MqttSettings(host="127.0.0.1", port=port, reconnect_min_s=0.1, reconnect_max_s=0.5, will_delay_s=1)
    return replace(quick, **changes)


class Publisher:
    """A node that tells of tracks."""

    def __init__(self, sink: MqttSink, track: Callable[..., Track]) -> None:
        self.sink, self._track = sink, track
        self._maker = MessageMaker(NODE, BOOT)

    def tell(self, number: int, kind: ChangeKind = "new", reason: EndReason | None = None, *, words: int = 0) -> str:
        track = self._track(number, "x" * words)
        self.sink.publish(self._maker.track(TrackChange(kind, track, START_NS, reason), latency_ms=1.0))
        return track.track_id


@pytest.fixture
def publisher(heard_track: Callable[..., Track]) -> Iterator[Callable[[MqttSettings], Publisher]]:
    made: list[Publisher] = []

    def make(settings: MqttSettings) -> Publisher:
        made.append(Publisher(MqttSink(settings, NODE, _status("offline")), heard_track))
        return made[-1]

    yield make
    for one in made:
        one.sink.close()


def _wait(sink: MqttSink, wanted: Callable[[SinkStatus], bool]) -> SinkStatus:
    """The first status that is wanted."""
    end_s = time.monotonic() + DEADLINE_S
    while not wanted(sink.status):
        if time.monotonic() > end_s:
            pytest.fail(f"still {sink.status}")
        PAUSE.wait(0.01)
    return sink.status


def _seqs(messages: list[dict[str, Any]]) -> list[int]:
    return [m["body"]["seq"] for m in messages if m["topic"] == f"{BASE}/event"]


VERSIONS = pytest.mark.parametrize("protocol", ["5", "3.1.1"])


@VERSIONS
def test_messages_arrive_on_their_topics(
    mosquitto: Broker, subscribe: Subscribe, publisher: Callable[[MqttSettings], Publisher], protocol: str
) -> None:
    reader = subscribe(mosquitto.port, "skypicket/#", "-V", "5")
    node = publisher(_settings(mosquitto.port, protocol=protocol, track_expiry_s=77))
    node.sink.publish(_status("online"))
    node.sink.publish(_info())
    track_id = node.tell(1)
    seen = {m["topic"]: m for m in reader.until(lambda m: m["topic"].endswith("/event"))}
    assert set(seen) == {f"{BASE}/{name}" for name in ("status", "info", "event", f"track/{track_id}")}
    assert seen[f"{BASE}/status"]["body"]["state"] == "online"
    assert seen[f"{BASE}/event"]["body"] == seen[f"{BASE}/track/{track_id}"]["body"]
    assert all(m["qos"] == 1 for m in seen.values())
    if protocol == "5":
        event, track = seen[f"{BASE}/event"]["properties"], seen[f"{BASE}/track/{track_id}"]["properties"]
        assert event["content-type"] == "application/json"
        assert event["user-properties"] == {"schema": "skypicket.track/1"} | (
            {"backfill": "true"} if "backfill" in event["user-properties"] else {}
        )
        assert 86_390 <= event["message-expiry-interval"] <= 86_400
        assert 70 <= track["message-expiry-interval"] <= 77
        assert "message-expiry-interval" not in seen[f"{BASE}/status"]["properties"]


@VERSIONS
def test_a_late_subscriber_sees_the_live_tracks_until_they_end(
    mosquitto: Broker, subscribe: Subscribe, publisher: Callable[[MqttSettings], Publisher], protocol: str
) -> None:
    node = publisher(_settings(mosquitto.port, protocol=protocol))
    node.sink.publish(_status("online"))
    kept, over = node.tell(1), node.tell(2)
    node.tell(1, "update")
    _wait(node.sink, lambda s: s.connected and s.queued == 0)
    early = subscribe(mosquitto.port)
    assert {m["topic"] for m in early.retained} == {f"{BASE}/status", f"{BASE}/track/{kept}", f"{BASE}/track/{over}"}
    assert next(m["body"]["event"] for m in early.retained if kept in m["topic"]) == "update"
    node.tell(2, "end", "lost")
    rest = early.until(lambda m: m["topic"] == f"{BASE}/track/{over}")
    assert rest[-1]["payload"] is None
    late = subscribe(mosquitto.port)
    assert {m["topic"] for m in late.retained} == {f"{BASE}/status", f"{BASE}/track/{kept}"}


def test_a_retained_track_expires_when_nobody_renews_it(
    mosquitto: Broker, subscribe: Subscribe, publisher: Callable[[MqttSettings], Publisher]
) -> None:
    node = publisher(_settings(mosquitto.port, track_expiry_s=1))
    track_id = node.tell(1)
    _wait(node.sink, lambda s: s.connected and s.queued == 0)
    end_s = time.monotonic() + DEADLINE_S
    while any(track_id in m["topic"] for m in subscribe(mosquitto.port).retained):
        assert time.monotonic() < end_s


def test_health_is_retained_and_expires(
    mosquitto: Broker, subscribe: Subscribe, publisher: Callable[[MqttSettings], Publisher]
) -> None:
    node = publisher(_settings(mosquitto.port))
    reader = subscribe(mosquitto.port, f"{BASE}/health", "-V", "5")
    health = HealthMessage(
        node_id=NODE.uuid, boot_id=BOOT, ts=rfc3339(START_NS), uptime_s=1.0, state="online", interval_s=10.0, tracks=0
    )
    node.sink.publish(health)
    message = reader.next()
    assert message["qos"] == 0
    assert 25 <= message["properties"]["message-expiry-interval"] <= 30
    assert subscribe(mosquitto.port, f"{BASE}/health").retained[0]["body"]["interval_s"] == 10.0


@VERSIONS
def test_a_closing_node_delivers_and_says_stopped(
    mosquitto: Broker, subscribe: Subscribe, protocol: str, heard_track: Callable[..., Track]
) -> None:
    reader = subscribe(mosquitto.port)
    node = Publisher(MqttSink(_settings(mosquitto.port, protocol=protocol), NODE, _status("offline")), heard_track)
    node.sink.publish(_status("online"))
    for number in range(200):
        node.tell(number)
    node.sink.close()
    node.sink.close()
    seen = reader.until(lambda m: m["topic"].endswith("/status") and m["body"]["state"] != "online")
    assert seen[-1]["body"]["state"] == "stopped"
    assert _seqs(seen) == list(range(1, 201))
    assert node.sink.status.queued == 0
    assert not node.sink.status.connected
    with pytest.raises(SinkClosed):
        node.tell(1000)
    assert subscribe(mosquitto.port, f"{BASE}/status").retained[0]["body"]["state"] == "stopped"


NODE_PROCESS = """
import sys, threading
from node.messages import StatusMessage, NodeIdentity
from node.sinks.mqtt import MqttSink
from node.sinks.mqtt_settings import MqttSettings
status = StatusMessage.model_validate_json(sys.argv[2])
settings = MqttSettings(host="127.0.0.1", port=int(sys.argv[1]), protocol=sys.argv[3], will_delay_s=1)
sink = MqttSink(settings, NodeIdentity("north", "mast-1"), status.model_copy(update={"state": "offline", "ts": None}))
sink.publish(status)
threading.Event().wait()
"""


@VERSIONS
def test_the_broker_says_offline_of_a_killed_node(mosquitto: Broker, subscribe: Subscribe, protocol: str) -> None:
    reader = subscribe(mosquitto.port)
    status = _status("online").model_dump_json(by_alias=True)
    process = subprocess.Popen([sys.executable, "-c", NODE_PROCESS, f"{mosquitto.port}", status, protocol])
    try:
        assert reader.next()["body"]["state"] == "online"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    message = reader.next()
    assert message["body"]["state"] == "offline"
    assert message["body"]["ts"] is None
    assert subscribe(mosquitto.port, f"{BASE}/status").retained[0]["body"]["state"] == "offline"


@VERSIONS
def test_nothing_is_lost_over_a_broken_broker(
    mosquitto_with: MakeBroker,
    subscribe: Subscribe,
    publisher: Callable[[MqttSettings], Publisher],
    protocol: str,
    tmp_path: Path,
) -> None:
    broker = mosquitto_with("allow_anonymous true", "persistence true", f"persistence_location {tmp_path}/")
    reader = subscribe(broker.port, "skypicket/#", "-V", "5", "-c", "-i", "archive", "-x", "600")
    broker.restart(kill=False)  # which writes the archive's session to the disk: what it misses is kept for it
    node = publisher(_settings(broker.port, protocol=protocol))
    node.sink.publish(_status("online"))
    node.sink.publish(_info())
    live = node.tell(1)
    reader.until(lambda m: _seqs([m]) == [1])
    _wait(node.sink, lambda s: s.queued == 0)
    broker.stop(kill=True)
    _wait(node.sink, lambda s: not s.connected and s.last_error is not None)
    for number in range(300):
        node.tell(2 + number)
        node.tell(2 + number, "end", "lost")
    assert node.sink.status.queued == 600
    broker.start()
    seen = reader.until(lambda m: _seqs([m]) == [601])
    events = [m for m in seen if m["topic"].endswith("/event")]
    assert [seq for seq in dict.fromkeys(_seqs(events)) if seq > 1] == list(range(2, 602))
    if protocol == "5":
        assert all(m["properties"]["user-properties"].get("backfill") == "true" for m in events)
    again = {m["topic"] for m in seen}
    assert {f"{BASE}/status", f"{BASE}/info", f"{BASE}/track/{live}"} <= again
    node.tell(999)
    fresh = reader.until(lambda m: _seqs([m]) == [602])[-1]
    if protocol == "5":
        assert "backfill" not in fresh["properties"]["user-properties"]
    status = _wait(node.sink, lambda s: s.connected and s.queued == 0)
    assert status.dropped == 0
    assert status.last_error is None
    tracks = {m["topic"] for m in subscribe(broker.port, f"{BASE}/track/#").retained}
    assert len(tracks) == 2


@VERSIONS
def test_a_frozen_broker_is_noticed_and_nothing_is_lost(
    mosquitto: Broker, subscribe: Subscribe, publisher: Callable[[MqttSettings], Publisher], protocol: str
) -> None:
    """It neither answers nor closes, as behind a network that swallows packets."""
    reader = subscribe(mosquitto.port, f"{BASE}/event", "-k", "600")
    node = publisher(_settings(mosquitto.port, protocol=protocol, keepalive_s=1, connect_timeout_s=1.0))
    node.tell(1)
    reader.until(lambda m: _seqs([m]) == [1])
    mosquitto.send(signal.SIGSTOP)
    for number in range(100):
        node.tell(2 + number)
    status = _wait(node.sink, lambda s: not s.connected and s.last_error is not None)
    assert status.queued in {100, 101}  # the answer to the first may have been swallowed too
    _wait(node.sink, lambda s: "no answer" in (s.last_error or ""))
    mosquitto.send(signal.SIGCONT)
    _wait(node.sink, lambda s: s.connected and s.queued == 0)
    node.tell(999)
    seqs = _seqs(reader.until(lambda m: _seqs([m]) == [102]))
    assert [seq for seq in dict.fromkeys(seqs) if seq > 1] == list(range(2, 103))  # the first may come twice


def test_history_is_not_replayed_into_the_retained_tracks(
    mosquitto: Broker, subscribe: Subscribe, publisher: Callable[[MqttSettings], Publisher]
) -> None:
    mosquitto.stop()
    node = publisher(_settings(mosquitto.port))
    track_id = node.tell(1)
    for _ in range(20):
        node.tell(1, "update")
    _wait(node.sink, lambda s: s.last_error is not None)
    mosquitto.start()
    reader = subscribe(mosquitto.port)
    _wait(node.sink, lambda s: s.connected and s.queued == 0)
    node.tell(2)
    seen = reader.retained + reader.until(lambda m: _seqs([m]) == [22])
    states = [m["body"]["seq"] for m in seen if m["topic"] == f"{BASE}/track/{track_id}"]
    assert states == [21]


def test_a_short_break_does_not_say_offline(
    mosquitto: Broker,
    subscribe: Subscribe,
    publisher: Callable[[MqttSettings], Publisher],
    heard_track: Callable[..., Track],
) -> None:
    """The connection is cut as a flapping network does; the node is back before the will is due."""
    reader = subscribe(mosquitto.port, f"{BASE}/#")
    node = publisher(_settings(mosquitto.port, will_delay_s=2))
    node.sink.publish(_status("online"))
    assert reader.next()["body"]["state"] == "online"
    second = Publisher(
        MqttSink(_settings(mosquitto.port, will_delay_s=2, client_id="b"), NODE, _status("offline")), heard_track
    )
    _cut(mosquitto.port)
    seen = reader.until(lambda m: m["topic"].endswith("/status"))
    assert seen[-1]["body"]["state"] == "online"
    node.tell(1)
    seen = reader.until(lambda m: m["topic"].endswith("/event"))
    assert "offline" not in {m["body"]["state"] for m in seen if m["topic"].endswith("/status")}
    second.sink.close()


def _cut(port: int) -> None:
    """Take the node's place at the broker for a moment: the broker cuts its connection."""
    subprocess.run(
        [
            *("mosquitto_pub", "-h", "127.0.0.1", "-p", f"{port}", "-V", "5", "-i", "skypicket-north-mast-1"),
            *("-c", "-x", "60", "-t", "x", "-m", "x", "-q", "1"),
        ],
        check=True,
        timeout=DEADLINE_S,
    )


def test_what_an_earlier_run_left_retained_is_cleared(
    mosquitto: Broker, subscribe: Subscribe, publisher: Callable[[MqttSettings], Publisher]
) -> None:
    ghost = f"{BASE}/track/01K5GH0ST00000000000000000"
    other = "skypicket/v1/north/mast-2/track/01K5GH0ST00000000000000000"
    for topic in (ghost, other):
        place = ["-h", "127.0.0.1", "-p", f"{mosquitto.port}", "-q", "1"]
        subprocess.run(["mosquitto_pub", *place, "-t", topic, "-r", "-m", "{}"], check=True, timeout=DEADLINE_S)
    reader = subscribe(mosquitto.port)
    assert {m["topic"] for m in reader.retained} == {ghost, other}
    node = publisher(_settings(mosquitto.port, protocol="3.1.1"))
    live = node.tell(1)
    reader.until(lambda m: m["topic"] == ghost and m["payload"] is None)
    _wait(node.sink, lambda s: s.queued == 0)
    assert {m["topic"] for m in subscribe(mosquitto.port).retained} == {other, f"{BASE}/track/{live}"}


def test_a_spool_outlives_the_node(
    mosquitto: Broker, subscribe: Subscribe, tmp_path: Path, heard_track: Callable[..., Track]
) -> None:
    mosquitto.stop()
    settings = _settings(mosquitto.port, spool=str(tmp_path / "spool.db"), drain_s=0.2)
    first = Publisher(MqttSink(settings, NODE, _status("offline")), heard_track)
    for number in range(50):
        first.tell(number)
    first.sink.close()
    assert first.sink.status.queued == 50
    mosquitto.start()
    reader = subscribe(mosquitto.port, f"{BASE}/event", "-V", "5")
    second = Publisher(MqttSink(settings, NODE, _status("offline")), heard_track)
    seen = reader.until(lambda m: _seqs([m]) == [50])
    assert _seqs(seen) == list(range(1, 51))
    assert {m["properties"]["user-properties"]["backfill"] for m in seen} == {"true"}
    _wait(second.sink, lambda s: s.queued == 0)
    second.sink.close()


def test_without_room_the_births_and_ends_survive(
    mosquitto: Broker, subscribe: Subscribe, publisher: Callable[[MqttSettings], Publisher]
) -> None:
    mosquitto.stop()
    node = publisher(_settings(mosquitto.port, queue_messages=30, reconnect_min_s=3.0, reconnect_max_s=3.0))
    _wait(node.sink, lambda s: s.last_error is not None)
    for number in range(10):
        node.tell(number)
        for _ in range(10):
            node.tell(number, "update")
        node.tell(number, "end", "lost")
    status = _wait(node.sink, lambda s: s.queued == 30)
    assert status.dropped == 90
    mosquitto.start()
    reader = subscribe(mosquitto.port, f"{BASE}/event")
    seen = reader.until(lambda m: _seqs([m]) == [120])
    kinds = [m["body"]["event"] for m in seen]
    assert (kinds.count("new"), kinds.count("end"), kinds.count("update")) == (10, 10, 10)


def test_a_wrong_password_is_said_and_the_right_one_is_taken_up(
    mosquitto_with: MakeBroker,
    publisher: Callable[[MqttSettings], Publisher],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    heard_track: Callable[..., Track],
) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "node", "right"], check=True, timeout=DEADLINE_S)
    broker = mosquitto_with("allow_anonymous false", f"password_file {passwords}")
    secret = tmp_path / "secret"
    secret.write_text("wrong\n", encoding="utf-8")
    for protocol in ("5", "3.1.1"):
        settings = _settings(broker.port, username="node", password_file=str(secret), protocol=protocol)
        other = Publisher(MqttSink(replace(settings, drain_s=0.0), NODE, _status("offline")), heard_track)
        status = _wait(other.sink, lambda s: s.last_error is not None)
        assert "mqtt.password_file" in (status.last_error or "") or "not authorized" in (status.last_error or "")
        other.sink.close()
    node = publisher(_settings(broker.port, username="node", password_file=str(secret)))
    node.tell(1)
    _wait(node.sink, lambda s: s.last_error is not None)
    assert "wrong" not in "".join(r.getMessage().replace("wrong user name", "") for r in caplog.records)
    secret.write_text("right\nsecond line\n", encoding="utf-8")
    assert _wait(node.sink, lambda s: s.connected and s.queued == 0).last_error is None
    nobody = Publisher(MqttSink(_settings(broker.port, drain_s=0.0), NODE, _status("offline")), heard_track)
    assert "authorized" in (_wait(nobody.sink, lambda s: s.last_error is not None).last_error or "")
    nobody.sink.close()


def test_a_topic_refused_is_said_and_events_wait_for_the_access_list(
    mosquitto_with: MakeBroker,
    subscribe: Subscribe,
    publisher: Callable[[MqttSettings], Publisher],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    access = tmp_path / "access"
    access.write_text("topic read #\ntopic write marker/#\ntopic write somewhere/else\n", encoding="utf-8")
    broker = mosquitto_with("allow_anonymous true", f"acl_file {access}")
    node = publisher(_settings(broker.port))
    node.tell(1)
    status = _wait(node.sink, lambda s: s.last_error is not None and "event" in s.last_error)
    assert status.connected
    assert status.queued == 1
    assert "not authorized" in (status.last_error or "")
    assert f"{BASE}/event" in caplog.text
    access.write_text("topic readwrite #\n", encoding="utf-8")
    broker.restart()
    reader = subscribe(broker.port, f"{BASE}/#")
    _wait(node.sink, lambda s: s.connected and s.queued == 0 and s.last_error is None)
    assert any("track/" in m["topic"] for m in reader.retained) or reader.until(lambda m: "track/" in m["topic"])


def test_a_message_too_large_for_the_broker_does_not_hold_up_the_rest(
    mosquitto_with: MakeBroker, subscribe: Subscribe, publisher: Callable[[MqttSettings], Publisher]
) -> None:
    broker = mosquitto_with("allow_anonymous true", "max_packet_size 2500")
    reader = subscribe(broker.port, f"{BASE}/event")
    node = publisher(_settings(broker.port))
    node.tell(1)
    node.tell(2, words=5000)
    node.tell(3)
    assert _seqs(reader.until(lambda m: _seqs([m]) == [3])) == [1, 3]
    status = _wait(node.sink, lambda s: s.queued == 0)
    assert status.dropped == 1
    assert status.connected


def test_tls_with_certificates_of_both_sides(
    mosquitto_with: MakeBroker,
    subscribe: Subscribe,
    publisher: Callable[[MqttSettings], Publisher],
    certificates: Path,
    tls_lines: tuple[str, ...],
) -> None:
    broker = mosquitto_with(*tls_lines, "require_certificate true", "use_identity_as_username true")
    ca, cert, key = (str(certificates / name) for name in ("ca.pem", "mast-1.pem", "mast-1.key"))
    tls = TlsSettings(ca, cert, key)
    own = ("--cafile", f"{tls.ca}", "--cert", f"{tls.cert}", "--key", f"{tls.key}")
    reader = subscribe(broker.port, f"{BASE}/event", *own)
    node = publisher(_settings(broker.port, tls=tls))
    for number in range(100):
        node.tell(number)
    assert _seqs(reader.until(lambda m: _seqs([m]) == [100])) == list(range(1, 101))


@pytest.mark.parametrize(
    ("ca", "cert", "requires", "said"),
    [
        ("other.pem", None, False, "not trusted"),
        (None, None, False, "not trusted"),
        ("ca.pem", None, True, "certificate"),
        ("missing.pem", None, False, "mqtt.tls.ca"),
        ("ca.pem", "ca.key", False, "mqtt.tls.cert"),
    ],
)
def test_tls_faults_are_named(
    mosquitto_with: MakeBroker,
    publisher: Callable[[MqttSettings], Publisher],
    certificates: Path,
    tls_lines: tuple[str, ...],
    ca: str | None,
    cert: str | None,
    requires: bool,
    said: str,
) -> None:
    broker = mosquitto_with(*tls_lines, *(("require_certificate true",) if requires else ()))
    tls = TlsSettings(
        ca=ca and str(certificates / ca), cert=cert and str(certificates / cert), key=cert and str(certificates / cert)
    )
    node = publisher(_settings(broker.port, tls=tls, drain_s=0.0))
    assert said in (_wait(node.sink, lambda s: s.last_error is not None).last_error or "")


def test_tls_and_plain_taken_for_each_other_are_named(
    mosquitto_with: MakeBroker,
    publisher: Callable[[MqttSettings], Publisher],
    certificates: Path,
    tls_lines: tuple[str, ...],
) -> None:
    plain, tls = mosquitto_with(), mosquitto_with(*tls_lines)
    one = publisher(_settings(plain.port, tls=TlsSettings(), drain_s=0.0, connect_timeout_s=2.0))
    assert "TLS" in (_wait(one.sink, lambda s: s.last_error is not None).last_error or "")
    two = publisher(_settings(tls.port, drain_s=0.0, connect_timeout_s=2.0))
    assert "TLS" in (_wait(two.sink, lambda s: s.last_error is not None).last_error or "")


def test_publishing_does_not_wait_for_an_absent_broker(publisher: Callable[[MqttSettings], Publisher]) -> None:
    """An address that swallows packets: connecting takes its timeout, publishing does not."""
    node = publisher(_settings(1883, host="192.0.2.1", connect_timeout_s=5.0, drain_s=0.0, queue_messages=100))
    began_s = time.monotonic()
    for number in range(1000):
        node.tell(number)
    assert time.monotonic() - began_s < node.sink._settings.connect_timeout_s
    assert node.sink.status.queued <= 1000


def test_two_nodes_of_one_name_are_told(
    mosquitto: Broker, publisher: Callable[[MqttSettings], Publisher], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        first = publisher(_settings(mosquitto.port, drain_s=0.0))
        _wait(first.sink, lambda s: s.connected)
        publisher(_settings(mosquitto.port, drain_s=0.0))
        end_s = time.monotonic() + DEADLINE_S
        while "same client identifier" not in caplog.text:
            assert time.monotonic() < end_s
            PAUSE.wait(0.01)


def test_a_server_that_speaks_no_mqtt_is_named(publisher: Callable[[MqttSettings], Publisher]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(1000)
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        node = publisher(_settings(port, drain_s=0.0, connect_timeout_s=2.0, reconnect_min_s=60, reconnect_max_s=60))
        status = _wait(node.sink, lambda s: s.last_error is not None)
        assert f"127.0.0.1:{port}" in (status.last_error or "")
        thread.join()
