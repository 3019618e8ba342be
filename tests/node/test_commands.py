"""Commands on their way: read without a network, held in a bounded queue, worked on by one thread."""

from __future__ import annotations

import json
import logging
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.command_desk import LEAST_S, Actions, CommandDesk
from node.commands import Arrival, CommandInbox, CommandReader, Speaker
from node.ids import boot_uuid, node_uuid
from node.messages import CommandResponse, message_schema, to_json
from node.messages_command import VERBS, command_schemas, read_command

SPEAKER = Speaker(node_uuid("north", "mast-1"), boot_uuid("x", "commands"))
TRACK = "01K5SAMPME0000000000000000"
ORDER = {"track_id": TRACK, "affiliation": "friend", "by": "Anna", "why": "ours"}
ALERT = "01K5SAMPME0000000000000002"
ACK = {"alert_id": ALERT, "by": "Anna"}
GOOD: dict[str, dict[str, object]] = {"affiliation": {**ORDER}, "ack": {**ACK}}
NOW_NS = 1_800_000_000_000_000_000


class Bench:
    """Reader, queue and desk; time stands still unless it is moved."""

    def __init__(self, allowed: tuple[Any, ...] = VERBS, capacity: int = 4) -> None:
        self.answers: list[CommandResponse] = []
        self.done: list[tuple[str, ...]] = []
        self.wakes = 0
        self.now_s, self.now_ns = 100.0, NOW_NS
        self.broken = False
        self.inbox = CommandInbox(self._wake, capacity)
        self.reader = CommandReader(SPEAKER, allowed, self.inbox)
        actions = Actions(self._order, self._ack, lambda: self.done.append(("health",)), self._tracks)
        self.desk = CommandDesk(self.inbox, SPEAKER, actions, lambda: self.now_s, lambda: self.now_ns)

    def _wake(self) -> None:
        self.wakes += 1

    def _order(self, *said: str) -> bool:
        if self.broken:
            raise IndexError("a bug")
        self.done.append(said)
        return said[0] == TRACK

    def _ack(self, *said: str) -> bool:
        self.done.append(said)
        return said[0] == ALERT

    def _tracks(self) -> int:
        self.done.append(("tracks",))
        return 7

    def ask(self, verb: str, payload: object = b"", **more: Any) -> None:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.reader.take(Arrival(verb, data, **more), self.answers.append)

    def work(self) -> list[CommandResponse]:
        self.now_s += LEAST_S
        self.desk.work()
        said, self.answers = self.answers, []
        return said


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_command_waits_for_the_main_thread_and_wakes_it(bench: Bench) -> None:
    bench.ask("affiliation", ORDER)
    assert (bench.answers, bench.done, bench.inbox.waiting, bench.wakes) == ([], [], 1, 1)
    (said,) = bench.work()
    assert (said.ok, said.track_id, said.affiliation, said.verb) == (True, TRACK, "friend", "affiliation")
    assert bench.done == [(TRACK, "friend", "Anna", "ours")]
    assert bench.inbox.waiting == 0


def test_every_answer_fits_its_schema(bench: Bench) -> None:
    bench.ask("affiliation", ORDER | {"id": "1"})
    bench.ask("tracks")
    bench.ask("health", b"rubbish")
    schema = message_schema("skypicket.response/1")
    jsonschema.Draft202012Validator.check_schema(schema)
    for one in bench.work():
        jsonschema.Draft202012Validator(schema).validate(json.loads(to_json(one)))


def test_the_schemas_of_commands_say_what_the_reader_takes() -> None:
    schemas = command_schemas()
    assert set(schemas) == set(VERBS)
    for verb, schema in schemas.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        check = jsonschema.Draft202012Validator(schema)
        good = GOOD.get(verb, {})
        check.validate(good)
        read_command(verb, json.dumps(good).encode())  # type: ignore[arg-type]
        for bad in (good | {"colour": "red"}, good | {"id": 7}, good | {"id": ""}):
            assert not check.is_valid(bad)
            with pytest.raises(ValueError, match=r"colour|id"):
                read_command(verb, json.dumps(bad).encode())  # type: ignore[arg-type]


def test_when_too_many_wait_the_next_is_told_so_and_counted(bench: Bench) -> None:
    for number in range(7):
        bench.ask("affiliation", ORDER | {"id": f"{number}"})
    assert [(one.id, one.error and one.error.code) for one in bench.answers] == [
        ("4", "busy"), ("5", "busy"), ("6", "busy"),
    ]  # fmt: skip
    assert (bench.inbox.waiting, bench.inbox.dropped) == (4, 3)
    assert [one.id for one in bench.work() if one.ok] == ["0", "1", "2", "3"]


def test_what_many_ask_for_at_once_is_done_once_and_not_at_every_turn(bench: Bench) -> None:
    for _ in range(2):
        bench.ask("health")
        bench.ask("tracks")
    said = bench.work()
    assert [(one.verb, one.published) for one in said] == [("health", 1), ("tracks", 7)] * 2
    assert bench.done == [("health",), ("tracks",)]
    bench.ask("health")
    bench.desk.work()
    assert bench.inbox.waiting == 1  # too soon
    bench.work()
    assert bench.done == [("health",), ("tracks",), ("health",)]


def test_expired_and_unknown_tracks_are_refused(bench: Bench) -> None:
    bench.ask("affiliation", ORDER | {"expires": "2027-01-15T07:59:59.999Z"})  # a millisecond before NOW_NS
    bench.ask("affiliation", ORDER | {"expires": "2027-01-15T10:00:01+02:00"})  # a second after
    bench.ask("affiliation", ORDER | {"track_id": "01K5SAMPME0000000000000001"})
    said = bench.work()
    assert [one.error and one.error.code for one in said] == ["expired", None, "no_such_track"]


def test_who_looks_after_an_alert_is_taken_where_there_is_one(bench: Bench) -> None:
    bench.ask("ack", ACK)
    bench.ask("ack", ACK | {"alert_id": TRACK})
    said = bench.work()
    assert [(one.alert_id, one.error and one.error.code) for one in said] == [(ALERT, None), (None, "no_such_alert")]
    assert bench.done == [(ALERT, "Anna"), (TRACK, "Anna")]


def test_a_fault_of_the_node_is_answered_and_the_next_command_is_worked_on(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.broken = True
    bench.ask("affiliation", ORDER)
    bench.ask("health")
    said = bench.work()
    assert [one.error and one.error.code for one in said] == ["internal", None]
    assert "IndexError: a bug" in caplog.text


def test_every_word_on_a_track_is_in_the_log(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="node.command_desk"):
        bench.ask("affiliation", ORDER)
        bench.work()
    assert f"affiliation of {TRACK}: friend, says Anna: ours" in caplog.text


def test_nobody_fills_the_log_from_outside(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(1000):
        bench.ask("nonsense\n" * 100, b"x" * 100)
    assert len(caplog.records) == 10
    assert all("\n" not in record.getMessage() and len(record.getMessage()) < 1000 for record in caplog.records)


@given(
    st.sampled_from([*VERBS, "x", "", "\x00", "tracks "]),
    st.binary(max_size=200) | st.text(max_size=100).map(lambda text: json.dumps({"id": text}).encode()),
    st.booleans(),
    st.none() | st.integers(0, 10),
)
def test_whatever_comes_has_exactly_one_answer(verb: str, payload: bytes, retained: bool, expiry_s: int | None) -> None:
    bench = Bench()
    bench.ask(verb, payload, retained=retained, expiry_s=expiry_s)
    (said,) = bench.work()
    assert len(to_json(said)) < 2000


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=8), lambda of: st.lists(of, max_size=4)))
def test_a_value_of_any_type_raises_nothing_but_a_clear_refusal(value: object) -> None:
    for key in ("track_id", "affiliation", "by", "why", "id", "expires", "schema"):
        said = ""
        try:
            read_command("affiliation", json.dumps(ORDER | {key: value}).encode())
        except ValueError as fault:
            said = str(fault)
        assert not said or key in said or "JSON" in said
        assert "\n" not in said
