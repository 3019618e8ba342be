from __future__ import annotations

from pathlib import Path

from firmware_bridge.contacts import RemoteIdContact
from node.ids import boot_uuid, track_ulid
from node.messages import MessageMaker, NodeIdentity, StatusMessage, rfc3339
from node.sinks.mqtt_outbox import INBOX_MESSAGES, MOST_STATES, Outbox, State
from node.sinks.mqtt_settings import MqttSettings
from node.tracking.track import ChangeKind, Track, TrackChange

NODE = NodeIdentity("north", "mast-1")
BOOT = boot_uuid(NODE.uuid, "outbox")
MAKER = MessageMaker(NODE, BOOT)
STATUS = StatusMessage(
    state="online", reason=None, node_id=NODE.uuid, boot_id=BOOT, since=rfc3339(0), ts=rfc3339(0), sw="s"
)


def _tell(outbox: Outbox, number: int, kind: ChangeKind = "new") -> str:
    track_id = track_ulid("mast-1", 0, f"{number}")
    track = Track(
        track_id=track_id,
        state="confirmed",
        first_ns=0,
        last_ns=1,
        label="cw",
        family="non-drone",
        mode=None,
        confidence=0.5,
        top=(),
        centre_hz=None,
        offset_hz=0.0,
        bandwidth_hz=1e3,
        snr_db=3.0,
        peak_dbfs=-40.0,
        channels_hz=(),
        hop_rate_hz=None,
        duty=None,
        bursts=1,
        model=None,
        radio=("roof",),
        evidence=(),
    )
    outbox.put(MAKER.track(TrackChange(kind, track, 1, "lost" if kind == "end" else None)))
    return f"track/{track_id}"


def _due(outbox: Outbox) -> list[State]:
    found = []
    while (state := outbox.next_state()) is not None:
        found.append(state)
    return found


def test_only_the_latest_state_of_a_track_is_due() -> None:
    outbox = Outbox(MqttSettings())
    topic = _tell(outbox, 1)
    for _ in range(10):
        _tell(outbox, 1, "update")
    states = _due(outbox)
    assert [state.topic for state in states] == [topic]
    assert b'"update"' in states[0].payload
    assert outbox.waiting == 11


def test_a_track_that_ended_is_cleared_until_the_broker_has_it() -> None:
    outbox = Outbox(MqttSettings())
    topic = _tell(outbox, 1)
    _tell(outbox, 1, "end")
    (state,) = _due(outbox)
    assert (state.topic, state.payload) == (topic, b"")
    outbox.state_lost(state)
    assert _due(outbox) == [state]
    outbox.state_done(state)
    outbox.announce()
    assert _due(outbox) == []
    assert not outbox.knows(topic)


def test_a_track_that_came_back_is_not_forgotten_by_an_old_acknowledgement() -> None:
    outbox = Outbox(MqttSettings())
    topic = _tell(outbox, 1, "end")
    (cleared,) = _due(outbox)
    _tell(outbox, 1, "update")
    outbox.state_done(cleared)
    assert [state.topic for state in _due(outbox)] == [topic]


def test_a_new_connection_announces_everything_the_node_first() -> None:
    outbox = Outbox(MqttSettings())
    topics = [_tell(outbox, number) for number in range(3)]
    outbox.put(STATUS)
    _due(outbox)
    outbox.announce()
    assert [state.topic for state in _due(outbox)] == ["status", *topics]


def test_tracks_that_never_end_do_not_push_out_the_status() -> None:
    outbox = Outbox(MqttSettings())
    outbox.put(STATUS)
    topics = [_tell(outbox, number) for number in range(MOST_STATES + 10)]
    due = [state.topic for state in _due(outbox)]
    assert len(due) == MOST_STATES
    assert due[0] == "status"
    assert due[-1] == topics[-1]
    assert topics[0] not in due


def test_memory_is_bounded_while_the_sender_is_away() -> None:
    outbox = Outbox(MqttSettings())
    for _ in range(3 * INBOX_MESSAGES):
        _tell(outbox, 1, "update")
    assert outbox.waiting == INBOX_MESSAGES
    assert outbox.dropped == 2 * INBOX_MESSAGES


def test_what_was_taken_in_is_on_the_disk(tmp_path: Path) -> None:
    settings = MqttSettings(spool=str(tmp_path / "spool.db"))
    outbox = Outbox(settings)
    for number in range(10):
        _tell(outbox, number)
    outbox.take_in()
    outbox.spool._store.close()  # as a crash does
    again = Outbox(settings)
    assert again.waiting == 10
    again.spool.close()


def test_remote_id_is_a_feed_of_its_own_nothing_of_it_is_retained_and_tracks_go_before_it() -> None:
    outbox = Outbox(MqttSettings("localhost", queue_messages=10))
    for number in range(10):
        outbox.put(MAKER.remote_id(RemoteIdContact(number, "rid", transmitter="60:60:1f:00:00:01")))
    assert _due(outbox) == []
    _tell(outbox, 1)
    outbox.take_in()
    waiting = outbox.spool.next(20)
    assert [item.topic for item in waiting] == ["remoteid"] * 9 + ["event"]
    assert [item.schema for item in waiting] == ["skypicket.remote_id/1"] * 9 + ["skypicket.track/1"]
    assert outbox.dropped == 1
