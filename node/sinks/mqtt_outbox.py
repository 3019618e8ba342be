"""What waits for the broker: the feed of events, and the latest state of every retained topic."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from node.messages import (
    AlertMessage,
    CommandResponse,
    HealthMessage,
    InfoMessage,
    Message,
    RemoteIdMessage,
    StatusMessage,
    TrackMessage,
    to_json,
)
from node.sinks.mqtt_settings import MqttSettings
from node.sinks.mqtt_topics import ALERT_PREFIX, EVENT, HEALTH, INFO, REMOTE_ID, STATUS, alert_topic, track_topic
from node.spool import RANK_DEAR, RANK_UPDATE, Spool

MOST_STATES = 2_000
"""Retained topics remembered; beyond it the oldest track is forgotten here and expires at the broker."""
INBOX_MESSAGES = 2_000
"""Events that may wait for the sender's thread, which is away for as long as a connection attempt takes."""
ANSWERS_HELD = 128
ANSWER_S = 60
"""An answer that could not be delivered for so long is of no use."""
EXPIRY_INTERVALS = 3
"""A health message outlives so many of its intervals."""


@dataclass(frozen=True, slots=True)
class State:
    """Latest content of a retained topic; an empty payload clears it."""

    topic: str
    payload: bytes
    schema: str
    qos: int
    expiry_s: int | None
    version: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a command, for one full topic; it waits in memory, and not for long."""

    topic: str
    payload: bytes
    schema: str
    correlation: bytes | None
    give_up_s: float


class Outbox:
    """Takes messages from the node's threads and hands them to the sender's.

    ``put`` may be called from any thread and does no input or output. The spool, which may lie on a disk, belongs to
    the sender's thread: ``take_in`` moves to it what has come.

    Parameters
    ----------
    settings
        Room, file and expiry times.
    """

    def __init__(self, settings: MqttSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._inbox = Spool(INBOX_MESSAGES)
        self._states: dict[str, State] = {}
        self._due: dict[str, None] = {}
        self._versions = 0
        self._answers: deque[Answer] = deque()
        self._answers_dropped = 0
        self.spool = Spool(settings.queue_messages, Path(settings.spool) if settings.spool else None)

    @property
    def waiting(self) -> int:
        """Events not yet delivered."""
        return len(self._inbox) + len(self.spool)

    @property
    def dropped(self) -> int:
        """Events for which there was no room."""
        return self._inbox.dropped + self.spool.dropped + self._answers_dropped

    @property
    def is_empty(self) -> bool:
        """Whether everything has been delivered."""
        with self._lock:
            return not self.waiting and not self._due and not self._answers

    def put(self, message: Message) -> None:
        """Take a message."""
        payload = to_json(message)
        schema = message.schema_name
        with self._lock:
            if isinstance(message, TrackMessage):
                rank = RANK_UPDATE if message.event == "update" else RANK_DEAR
                self._inbox.add(EVENT, schema, rank, payload)
                state = b"" if message.event == "end" else payload
                self._set(track_topic(message.track_id), state, schema, 1, self._settings.track_expiry_s)
            elif isinstance(message, AlertMessage):
                topic = alert_topic(message.alert_id)
                over = message.event == "end"
                if over:  # also of one that nobody has heard of, because the broker was away
                    self._inbox.add(topic, schema, RANK_DEAR, payload)
                self._set(topic, b"" if over else payload, schema, 1, self._settings.track_expiry_s)
            elif isinstance(message, RemoteIdMessage):
                self._inbox.add(REMOTE_ID, schema, RANK_UPDATE, payload)
            elif isinstance(message, StatusMessage):
                self._set(STATUS, payload, schema, 1, None)
                if message.state == "stopped":  # the farewell, said when everything else is
                    self._due.pop(STATUS)
            elif isinstance(message, InfoMessage):
                self._set(INFO, payload, schema, 1, None)
            elif isinstance(message, HealthMessage):
                expiry_s = max(1, round(EXPIRY_INTERVALS * message.interval_s))
                self._set(HEALTH, payload, schema, 0, expiry_s)

    def _set(self, topic: str, payload: bytes, schema: str, qos: int, expiry_s: int | None) -> None:
        self._versions += 1
        self._states.pop(topic, None)
        self._states[topic] = State(topic, payload, schema, qos, expiry_s, self._versions)
        self._due[topic] = None
        if len(self._states) > MOST_STATES:
            oldest = next(known for known in self._states if known not in {STATUS, INFO, HEALTH})
            del self._states[oldest]
            self._due.pop(oldest, None)

    def answer(self, response: CommandResponse, topics: tuple[str, ...], correlation: bytes | None) -> None:
        """Take the answer to a command; where too many wait the oldest is dropped."""
        payload, give_up_s = to_json(response), time.monotonic() + ANSWER_S
        with self._lock:
            for topic in topics:
                self._answers.append(Answer(topic, payload, response.schema_name, correlation, give_up_s))
            self._drop_answers()

    def next_answer(self) -> Answer | None:
        """An answer to send."""
        with self._lock:
            while self._answers:
                answer = self._answers.popleft()
                if time.monotonic() < answer.give_up_s:
                    return answer
                self._answers_dropped += 1
            return None

    def answer_lost(self, answer: Answer) -> None:
        """The connection went before the broker had it."""
        with self._lock:
            self._answers.appendleft(answer)
            self._drop_answers()

    def _drop_answers(self) -> None:
        while len(self._answers) > ANSWERS_HELD:
            self._answers.popleft()
            self._answers_dropped += 1

    def renew_alerts(self) -> None:
        """Alerts are due again: nothing else keeps them from expiring, and those of a dead node must."""
        with self._lock:
            for topic, state in self._states.items():
                if topic.startswith(ALERT_PREFIX) and state.payload:
                    self._due[topic] = None

    def take_in(self) -> None:
        """Move what has come into the spool, and make it last."""
        with self._lock:
            self._inbox.rewind()
            found = self._inbox.next(INBOX_MESSAGES)
            for item in found:
                self._inbox.done(item.number)
        for item in found:
            self.spool.add(item.topic, item.schema, item.rank, item.payload)
        self.spool.commit()

    def announce(self) -> None:
        """A new connection: every state is due again, that of the node first."""
        with self._lock:
            self._due = dict.fromkeys([t for t in (STATUS, INFO, HEALTH) if t in self._states] + list(self._states))
        self.spool.rewind()

    def next_state(self) -> State | None:
        """A state that is due, which counts as sent; a clearing one comes until ``state_done``."""
        with self._lock:
            topic = next(iter(self._due), None)
            if topic is None:
                return None
            del self._due[topic]
            return self._states[topic]

    def state_done(self, state: State) -> None:
        """The broker has it; what is cleared is forgotten, unless it was written again since."""
        with self._lock:
            now = self._states.get(state.topic)
            if now is not None and now.version == state.version and not state.payload:
                del self._states[state.topic]

    def state_lost(self, state: State) -> None:
        """The connection went before the broker had it."""
        with self._lock:
            if state.topic in self._states:
                self._due[state.topic] = None

    def knows(self, topic: str) -> bool:
        """Whether a retained topic is one of a live track, or will be cleared anyway."""
        with self._lock:
            return topic in self._states

    def status(self) -> StatusMessage | None:
        """The last status the node gave."""
        with self._lock:
            state = self._states.get(STATUS)
        return None if state is None else StatusMessage.model_validate_json(state.payload)
