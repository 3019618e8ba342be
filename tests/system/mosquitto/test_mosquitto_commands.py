"""Commands through Debian's broker, from its own clients: each is answered, none harms, few are believed."""

# Longer than 300 lines: one broker and one node that takes commands, and every way to ask wrongly.

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import jsonschema
import pytest

from node.command_desk import Actions, CommandDesk
from node.commands import COMMANDS_HELD, CommandInbox, Speaker
from node.ids import boot_uuid
from node.messages import InfoMessage, NodeIdentity, StatusMessage, message_schema, rfc3339
from node.messages_command import LARGEST_BYTES, VERBS
from node.sinks.mqtt import MqttSink
from node.sinks.mqtt_settings import MqttSettings

pytestmark = pytest.mark.system

BASE = "skypicket/v1/north/mast-1"
NODE = NodeIdentity("north", "mast-1")
BOOT = boot_uuid(NODE.uuid, "commands")
KNOWN = "01K5SAMPME0000000000000000"
DEADLINE_S = 30.0
PAUSE = threading.Event()
"""Never set: looking again waits on it for a moment."""
VERSIONS = pytest.mark.parametrize("protocol", ["5", "3.1.1"])
OFFLINE = StatusMessage(
    state="offline", reason=None, node_id=NODE.uuid, boot_id=BOOT, since=rfc3339(0), ts=None, sw="skypicket"
)


class Broker(Protocol):
    port: int

    def stop(self, *, kill: bool = False) -> None: ...
    def restart(self, *, kill: bool = True) -> None: ...


class Reader(Protocol):
    retained: list[dict[str, Any]]

    def next(self, timeout_s: float = ...) -> dict[str, Any]: ...
    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]: ...


Subscribe = Callable[..., Reader]
MakeBroker = Callable[..., Broker]


class Node:
    """The sink, and a main thread that can be held up; it notes what commands made it do."""

    def __init__(self, settings: MqttSettings) -> None:
        self.done: list[tuple[str, ...]] = []
        self.held_up = threading.Event()
        self._woken, self._over = threading.Event(), threading.Event()
        self.inbox = CommandInbox(self._woken.set)
        self.sink = MqttSink(settings, NODE, OFFLINE, self.inbox)
        actions = Actions(self._order, self._ack, lambda: self.done.append(("health",)), self._tracks)
        self._desk = CommandDesk(self.inbox, Speaker(NODE.uuid, BOOT), actions)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _order(self, *said: str) -> bool:
        self.done.append(said)
        return said[0] == KNOWN

    def _ack(self, *said: str) -> bool:
        self.done.append(said)
        return True

    def _tracks(self) -> int:
        self.done.append(("tracks",))
        return 3

    def _run(self) -> None:
        while not self._over.is_set():
            self._woken.wait(0.05)
            self._woken.clear()
            if not self.held_up.is_set():
                self._desk.work()

    def wait(self, wanted: Callable[[], bool]) -> None:
        end_s = time.monotonic() + DEADLINE_S
        while not wanted():
            assert time.monotonic() < end_s, (self.sink.status, self.done)
            PAUSE.wait(0.01)

    def close(self) -> None:
        self._over.set()
        self._thread.join(DEADLINE_S)
        self.sink.close()


@pytest.fixture
def start(usual: Callable[..., MqttSettings]) -> Iterator[Callable[..., Node]]:
    made: list[Node] = []

    def make(port: int, **changes: Any) -> Node:
        made.append(Node(usual(port, **({"commands": VERBS} | changes))))
        made[-1].wait(lambda: made[-1].sink.status.connected)
        made[-1].sink.publish(OFFLINE.model_copy(update={"state": "online", "ts": rfc3339(0)}))
        return made[-1]

    yield make
    for one in made:
        one.close()


def ask(port: int, verb: str, payload: bytes | dict[str, Any], *arguments: str, check: bool = True) -> None:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    place = ["-h", "127.0.0.1", "-p", f"{port}", "-V", "5", "-q", "1", "-t", f"{BASE}/cmd/{verb}"]
    subprocess.run(
        ["mosquitto_pub", *place, *arguments, "-s" if data else "-n"], input=data, check=check, timeout=DEADLINE_S
    )


def ready(node: Node, reader: Reader, port: int) -> None:
    """Wait until the node takes commands: what is asked before is nobody's."""
    for _ in range(100):
        ask(port, "ready", b"")
        try:
            while reader.next(0.3)["topic"] != f"{BASE}/rsp/ready":
                pass
        except queue.Empty:
            continue
        return
    pytest.fail(f"takes no commands: {node.sink.status}")


def order(**changes: Any) -> dict[str, Any]:
    return {"track_id": KNOWN, "affiliation": "hostile", "by": "Anna", "why": "crossed the fence"} | changes


def answer_of(reader: Reader, verb: str) -> dict[str, Any]:
    message = reader.until(lambda m: m["topic"] == f"{BASE}/rsp/{verb}")[-1]
    jsonschema.Draft202012Validator(message_schema("skypicket.response/1")).validate(message["body"])
    assert (message["qos"], message["retain"]) == (1, 0)
    body: dict[str, Any] = message["body"]
    assert (body["node_id"], body["boot_id"], body["verb"]) == (NODE.uuid, BOOT, verb)
    return body


@VERSIONS
def test_each_command_is_carried_out_and_answered(
    mosquitto: Broker, subscribe: Subscribe, start: Callable[..., Node], protocol: str
) -> None:
    reader, node = subscribe(mosquitto.port, f"{BASE}/rsp/+"), start(mosquitto.port, protocol=protocol)
    ready(node, reader, mosquitto.port)
    ask(mosquitto.port, "affiliation", order(id="a-1"))
    said = answer_of(reader, "affiliation")
    assert (said["ok"], said["error"], said["id"]) == (True, None, "a-1")
    assert (said["track_id"], said["affiliation"]) == (KNOWN, "hostile")
    ask(mosquitto.port, "health", b"")
    assert answer_of(reader, "health")["published"] == 1
    ask(mosquitto.port, "tracks", {"schema": "skypicket.command/1"})
    assert answer_of(reader, "tracks")["published"] == 3
    ask(mosquitto.port, "ack", {"alert_id": KNOWN, "by": "Anna"})
    assert answer_of(reader, "ack")["alert_id"] == KNOWN
    assert node.done == [(KNOWN, "hostile", "Anna", "crossed the fence"), ("health",), ("tracks",), (KNOWN, "Anna")]


def test_the_answer_goes_where_mqtt_5_says_with_its_correlation_data(
    mosquitto: Broker, subscribe: Subscribe, start: Callable[..., Node]
) -> None:
    reader, node = subscribe(mosquitto.port, f"{BASE}/rsp/+", "-V", "5"), start(mosquitto.port)
    ready(node, reader, mosquitto.port)
    asked = subprocess.run(
        [
            "mosquitto_rr", "-h", "127.0.0.1", "-p", f"{mosquitto.port}", "-V", "5", "-q", "1", "-W", "20",
            "-t", f"{BASE}/cmd/health", "-e", "centre/answers/7", "-m", "{}", "-F", "%j",
            "-D", "publish", "correlation-data", "seven",
        ],
        check=True, capture_output=True, timeout=DEADLINE_S, text=True,
    )  # fmt: skip
    heard = json.loads(asked.stdout)
    assert heard["topic"] == "centre/answers/7"
    assert json.loads(heard["payload"])["ok"]
    properties = heard["properties"]
    assert properties["correlation-data"] == "seven"
    assert properties["user-properties"] == {"schema": "skypicket.response/1"}
    assert 50 <= properties["message-expiry-interval"] <= 60
    also = reader.until(lambda m: m["topic"] == f"{BASE}/rsp/health")[-1]
    assert also["properties"]["correlation-data"] == "seven"
    assert also["payload"] == heard["payload"]


@pytest.mark.parametrize(
    "topic",
    [
        f"{BASE}/status", f"{BASE}/event", f"{BASE}/cmd/health", "skypicket/v1/south/other/track/x", "$SYS/x",
        "x" * 600,
    ],
    ids=lambda topic: topic[-12:],
)  # fmt: skip
def test_nobody_makes_the_node_speak_where_nodes_speak(
    mosquitto: Broker, subscribe: Subscribe, start: Callable[..., Node], topic: str
) -> None:
    reader, node = subscribe(mosquitto.port, "#"), start(mosquitto.port)
    ready(node, reader, mosquitto.port)
    ask(mosquitto.port, "health", {}, "-D", "publish", "response-topic", topic)
    seen = reader.until(lambda m: m["topic"] == f"{BASE}/rsp/health")
    assert seen[-1]["body"]["error"]["code"] == "bad_response_topic"
    assert [m for m in seen if m["topic"] == topic and b"response/1" in m["payload"].encode()] == []
    assert node.done == []


BAD: dict[str, tuple[bytes | dict[str, Any], str, str]] = {
    "no JSON": (b"friend", "malformed", "JSON"),
    "no text": (b"\xff\xfe\x00", "malformed", "JSON"),
    "no object": (b"[]", "malformed", "object"),
    "nothing": (b"", "malformed", "track_id: is missing"),
    "deep": (b"[" * 2000, "malformed", "JSON"),
    "unknown key": (order(colour="red"), "malformed", "colour: is not known here; known are schema, id"),
    "two faults": (order(colour="red", by=None), "malformed", "by:"),
    "number for text": (order(by=5), "malformed", "by:"),
    "no such word": (order(affiliation="foe"), "malformed", "'hostile'"),
    "the list's word": (order(affiliation="assumed_friend"), "malformed", "affiliation:"),
    "no track id": (order(track_id="x"), "malformed", "track_id:"),
    "control characters": (order(why="a\nERROR all is lost"), "malformed", "control characters"),
    "nobody": (order(by=""), "malformed", "by:"),
    "long reason": (order(why="x" * 201), "malformed", "why:"),
    "other schema": (order(schema="skypicket.command/2"), "malformed", "schema:"),
    "no time": (order(expires="tomorrow"), "malformed", "expires"),
    "time without offset": (order(expires="2026-11-26T17:00:00"), "malformed", "expires"),
    "long ago": (order(expires="2020-01-01T00:00:00Z"), "expired", "ask again"),
    "oversized": (order(id="big") | {"why": "x" * LARGEST_BYTES}, "too_large", f"{LARGEST_BYTES}"),
    "no such track": (order(track_id="01K5SAMPME0000000000000001"), "no_such_track", "01K5SAMPME0000000000000001"),
}


@VERSIONS
def test_what_is_wrong_is_said_and_the_next_is_taken(
    mosquitto: Broker, subscribe: Subscribe, start: Callable[..., Node], protocol: str
) -> None:
    reader, node = subscribe(mosquitto.port, f"{BASE}/rsp/+"), start(mosquitto.port, protocol=protocol)
    ready(node, reader, mosquitto.port)
    for what, (payload, code, text) in BAD.items():
        ask(mosquitto.port, "affiliation", payload)
        said = answer_of(reader, "affiliation")
        assert (said["ok"], said["error"]["code"]) == (False, code), what
        assert text in said["error"]["text"], what
        assert len(said["error"]["text"]) <= 500
    assert {one[0] for one in node.done} == {"01K5SAMPME0000000000000001"}
    ask(mosquitto.port, "affiliation", order(id="last"))
    assert answer_of(reader, "affiliation")["ok"]
    assert node.sink.status.connected


def test_the_id_of_a_command_that_is_wrong_comes_back(
    mosquitto: Broker, subscribe: Subscribe, start: Callable[..., Node]
) -> None:
    reader, node = subscribe(mosquitto.port, f"{BASE}/rsp/+"), start(mosquitto.port)
    ready(node, reader, mosquitto.port)
    for given, back in (("x-1", "x-1"), (7, None), ("", None), ("a\nb", None), ("y" * 65, None)):
        ask(mosquitto.port, "health", {"id": given, "colour": "red"})
        assert answer_of(reader, "health")["id"] == back


def test_unknown_verbs_are_answered(mosquitto: Broker, subscribe: Subscribe, start: Callable[..., Node]) -> None:
    reader, node = subscribe(mosquitto.port, f"{BASE}/rsp/+"), start(mosquitto.port)
    ready(node, reader, mosquitto.port)
    for verb, where in (("transmit", "transmit"), ("Tune Now", "unknown"), ("x" * 2000, "unknown"), ("é", "unknown")):
        ask(mosquitto.port, verb, b"{}")
        said = answer_of(reader, where)
        assert said["error"]["code"] == "unknown_verb"
        assert "ack, affiliation, health, tracks" in said["error"]["text"]


@VERSIONS
def test_what_is_retained_is_never_carried_out_twice(
    mosquitto: Broker, subscribe: Subscribe, start: Callable[..., Node], protocol: str
) -> None:
    """It would be again at every connect, for ever."""
    reader = subscribe(mosquitto.port, f"{BASE}/rsp/+")
    ask(mosquitto.port, "affiliation", order(), "-r")
    node = start(mosquitto.port, protocol=protocol)
    assert answer_of(reader, "affiliation")["error"]["code"] == "retained"
    ready(node, reader, mosquitto.port)
    if protocol == "5":  # where the flag is seen at once
        ask(mosquitto.port, "affiliation", order(), "-r")
        assert answer_of(reader, "affiliation")["error"]["code"] == "retained"
    assert node.done == []
    ask(mosquitto.port, "affiliation", b"", "-r")  # clears it
    assert answer_of(reader, "affiliation")["error"]["code"] in {"retained", "malformed"}


def test_a_command_whose_time_ran_out_in_the_node_is_not_carried_out(
    mosquitto: Broker, subscribe: Subscribe, start: Callable[..., Node]
) -> None:
    reader, node = subscribe(mosquitto.port, f"{BASE}/rsp/+"), start(mosquitto.port)
    ready(node, reader, mosquitto.port)
    node.held_up.set()
    ask(mosquitto.port, "affiliation", order(id="late"), "-D", "publish", "message-expiry-interval", "1")
    node.wait(lambda: node.inbox.waiting == 1)
    over_s = time.monotonic() + 1.0
    node.wait(lambda: time.monotonic() > over_s)
    node.held_up.clear()
    said = answer_of(reader, "affiliation")
    assert (said["id"], said["error"]["code"]) == ("late", "expired")
    assert node.done == []


@VERSIONS
def test_only_what_the_configuration_allows(
    mosquitto: Broker, subscribe: Subscribe, start: Callable[..., Node], protocol: str
) -> None:
    reader = subscribe(mosquitto.port, f"{BASE}/rsp/+")
    node = start(mosquitto.port, protocol=protocol, commands=MqttSettings().commands)
    ready(node, reader, mosquitto.port)
    ask(mosquitto.port, "affiliation", order())
    error = answer_of(reader, "affiliation")["error"]
    assert error["code"] == "not_enabled"
    assert "mqtt.commands" in error["text"]
    for verb in ("health", "tracks"):
        ask(mosquitto.port, verb, b"")
        assert answer_of(reader, verb)["ok"]
    assert node.done == [("health",), ("tracks",)]


def test_a_node_that_takes_no_commands_does_not_listen(
    mosquitto: Broker, subscribe: Subscribe, start: Callable[..., Node]
) -> None:
    reader, node = subscribe(mosquitto.port, f"{BASE}/#"), start(mosquitto.port, commands=())
    ask(mosquitto.port, "health", b"")
    reader.until(lambda m: m["topic"] == f"{BASE}/cmd/health")
    node.sink.publish(_info())
    seen = reader.until(lambda m: m["topic"] == f"{BASE}/info")
    assert [m for m in seen if "/rsp/" in m["topic"]] == []
    assert node.done == []


def _info() -> InfoMessage:
    return InfoMessage(
        node_id=NODE.uuid, boot_id=BOOT, ts=rfc3339(0), sw="skypicket", node=NODE.info(), sensors=(), labels=(),
        model=None, schemas=(),
    )  # fmt: skip


def test_a_flood_is_held_off_counted_and_costs_nothing_else(
    mosquitto: Broker, subscribe: Subscribe, start: Callable[..., Node]
) -> None:
    reader, node = subscribe(mosquitto.port, f"{BASE}/#"), start(mosquitto.port)
    ready(node, reader, mosquitto.port)
    node.held_up.set()
    lines = b"".join(json.dumps(order(id=f"{number}")).encode() + b"\n" for number in range(300))
    place = ["-h", "127.0.0.1", "-p", f"{mosquitto.port}", "-q", "1", "-t", f"{BASE}/cmd/affiliation", "-l"]
    subprocess.run(["mosquitto_pub", *place], input=lines, check=True, timeout=DEADLINE_S)
    node.wait(lambda: node.inbox.dropped == 300 - COMMANDS_HELD)
    node.sink.publish(_info())
    seen = reader.until(lambda m: m["topic"] == f"{BASE}/info")
    assert {m["body"]["error"]["code"] for m in seen if m["topic"].endswith("/rsp/affiliation")} <= {"busy"}
    node.held_up.clear()
    node.wait(lambda: len(node.done) == COMMANDS_HELD)
    reader.until(lambda m: "/rsp/" in m["topic"] and m["body"]["ok"])
    assert node.sink.status.connected


def test_an_answer_outlives_the_connection_that_its_command_came_over(
    mosquitto: Broker, subscribe: Subscribe, start: Callable[..., Node]
) -> None:
    reader, node = subscribe(mosquitto.port, f"{BASE}/rsp/+"), start(mosquitto.port)
    ready(node, reader, mosquitto.port)
    node.held_up.set()
    ask(mosquitto.port, "health", {"id": "patient"})
    node.wait(lambda: node.inbox.waiting == 1)
    mosquitto.stop(kill=True)
    node.wait(lambda: not node.sink.status.connected)
    mosquitto.restart()
    late = subscribe(mosquitto.port, f"{BASE}/rsp/+")  # before the answer is made: it is told once
    node.held_up.clear()
    node.wait(lambda: node.done == [("health",)])
    assert late.until(lambda m: m["body"]["id"] == "patient")[-1]["body"]["ok"]


ACCESS = Path(__file__).parents[3] / "docs" / "mqtt.md"


def test_the_access_list_of_the_manual_guards_commands(
    mosquitto_with: MakeBroker, subscribe: Subscribe, start: Callable[..., Node], tmp_path: Path
) -> None:
    """Taken out of docs/mqtt.md: the node and the centre do their work, an onlooker looks on."""
    text = ACCESS.read_text(encoding="utf-8").partition("```acl\n")[2].partition("```")[0]
    assert "cmd/" in text
    access, passwords = tmp_path / "access", tmp_path / "passwords"
    access.write_text(text + "\nuser centre\ntopic write marker/#\ntopic read marker/#\n", encoding="utf-8")
    passwords.touch()
    for user in ("mast-1", "mast-2", "centre", "onlooker"):
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), user, "x"], check=True, timeout=DEADLINE_S)
    broker = mosquitto_with("allow_anonymous false", f"password_file {passwords}", f"acl_file {access}")
    secret = tmp_path / "secret"
    secret.write_text("x", encoding="utf-8")
    as_centre = ("-u", "centre", "-P", "x")
    reader = subscribe(broker.port, f"{BASE}/rsp/+", *as_centre)
    node = start(broker.port, username="mast-1", password_file=str(secret))
    for user in ("onlooker", "mast-2"):
        ask(broker.port, "affiliation", order(by=user), "-u", user, "-P", "x", check=False)
    for _ in range(100):
        ask(broker.port, "affiliation", order(), *as_centre)
        if node.done:
            break
    assert answer_of(reader, "affiliation")["ok"]
    assert {said[2] for said in node.done} == {"Anna"}
    assert node.sink.status.last_error is None


PLUGINS = (*Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"), *Path("/usr/lib").glob("mosquitto_dynamic*.so"))


@VERSIONS
def test_a_broker_that_refuses_the_subscription_is_named_with_the_cure(
    mosquitto_with: MakeBroker, start: Callable[..., Node], tmp_path: Path, protocol: str
) -> None:
    """Access lists in a file say nothing of it; mosquitto's plugin of roles does."""
    if not PLUGINS:
        pytest.skip("no mosquitto_dynamic_security.so")
    access = {"publishClientSend": True, "publishClientReceive": True, "subscribe": False, "unsubscribe": True}
    rules = tmp_path / "rules.json"
    acls = [{"acltype": kind, "allow": allow} for kind, allow in access.items()]
    rules.write_text(json.dumps({"defaultACLAccess": acls}), encoding="utf-8")
    rules.chmod(0o666)
    broker = mosquitto_with("allow_anonymous true", f"plugin {PLUGINS[0]}", f"plugin_opt_config_file {rules}")
    node = start(broker.port, protocol=protocol)
    node.wait(lambda: node.sink.status.last_error is not None)
    error = node.sink.status.last_error or ""
    assert f"does not let the node read {BASE}/cmd/+" in error
    assert "mqtt.commands = []" in error
    assert node.sink.status.connected


def test_a_broker_that_does_not_let_the_node_listen_gets_everything_else(
    mosquitto_with: MakeBroker, subscribe: Subscribe, start: Callable[..., Node], tmp_path: Path
) -> None:
    access = tmp_path / "access"
    access.write_text(f"topic write {BASE}/#\ntopic read marker/#\ntopic write marker/#\n", encoding="utf-8")
    broker = mosquitto_with("allow_anonymous true", f"acl_file {access}")
    node = start(broker.port)
    node.sink.publish(_info())
    node.wait(lambda: node.sink.status.queued == 0)
    assert node.sink.status.connected
