"""What is said over one connection that the broker has accepted."""

from __future__ import annotations

import logging
import time

from node.messages import StatusMessage, rfc3339, to_json
from node.sinks.mqtt_commands import CommandIntake
from node.sinks.mqtt_connection import (
    Acknowledged,
    Arrived,
    Connected,
    Event,
    MqttConnection,
    Publication,
    Subscribed,
)
from node.sinks.mqtt_faults import FOR_THIS_MESSAGE_ONLY, PACKET_TOO_LARGE, describe_reason
from node.sinks.mqtt_outbox import ANSWER_S, Answer, Outbox, State
from node.sinks.mqtt_settings import MqttSettings
from node.sinks.mqtt_topics import ALL_COMMANDS, COMMAND_PREFIX, EVENT, STATUS, SWEPT, Topics
from node.spool_store import Waiting

log = logging.getLogger(__name__)

WINDOW = 20
"""Messages on their way without an acknowledgement, as most brokers allow."""
REFUSED_RETRY_S = 30.0
"""What the broker has refused is tried again after so long: its access list or quota may be mended."""
ANSWERS_AT_ONCE = 5
"""Of the window, as much for answers to commands: nobody can ask so much that tracks have to wait."""
RENEWALS = 3
"""How often an alert is renewed within its time at the broker."""
PACKET_OVERHEAD = 512
"""Bytes of topic and properties around a payload, at most."""
FAREWELL_S = 1.0
"""Longest wait for the acknowledgement of the last word."""


class Refusals:
    """What the broker refuses at the moment, logged once for each topic and reason."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self.given_up = 0

    @property
    def text(self) -> str | None:
        """All of them; None when there is none."""
        return "; ".join(list(self._texts.values())) or None

    def add(self, topic: str, text: str) -> None:
        """One more."""
        kind = topic.partition("/")[0]
        if self._texts.get(kind) != text:
            log.error("%s", text)
        self._texts[kind] = text

    def over(self, topic: str) -> None:
        """The topic is accepted."""
        self._texts.pop(topic.partition("/")[0], None)


class MqttSession:
    """Sends what waits, in a window, and keeps account of what the broker acknowledges.

    Parameters
    ----------
    connection
        The connection.
    greeting
        What the broker can do.
    settings, topics
        Expiry times and names.
    outbox
        What waits.
    refusals
        Outlive the session.
    intake
        Takes commands; None: they are not asked for.
    """

    def __init__(
        self,
        connection: MqttConnection,
        greeting: Connected,
        settings: MqttSettings,
        topics: Topics,
        outbox: Outbox,
        refusals: Refusals,
        intake: CommandIntake | None = None,
    ) -> None:
        self.connection = connection
        self.since_s = time.monotonic()
        self._greeting = greeting
        self._settings = settings
        self._topics = topics
        self._outbox = outbox
        self._refusals = refusals
        self._states: dict[int, State] = {}
        self._events: dict[int, Waiting] = {}
        self._answers: dict[int, Answer] = {}
        self._intake = intake
        self._renew_s = self.since_s
        self._refused_states: list[State] = []
        self._events_refused = False
        self._again_s = 0.0
        self._farewell: int | None = None
        self._farewell_until_s = 0.0
        outbox.take_in()
        outbox.announce()
        self._late_until = outbox.spool.last_number
        self._sweeps = {connection.subscribe(topics.full(swept)): swept for swept in SWEPT}
        self._commands = -1
        if intake is not None:
            self._commands = connection.subscribe(topics.full(ALL_COMMANDS), qos=1, as_published=True)
        if not greeting.retain:
            log.warning("%s: the broker retains nothing: late subscribers see no status", settings.address)

    @property
    def _room(self) -> int:
        return min(WINDOW, self._greeting.window) - len(self._states) - len(self._events) - len(self._answers)

    def send(self) -> None:
        """Send what waits, as far as the window allows: states first, then events in their order."""
        if self._refused_states or self._events_refused:
            self._retry_refused()
        self._renew()
        self._send_answers()
        while self._room > 0 and (state := self._outbox.next_state()) is not None:
            self._send_state(state)
        if self._events_refused:
            return
        for item in self._outbox.spool.next(max(0, self._room)):
            if self._is_too_large(item.payload):
                self._give_up(item, PACKET_TOO_LARGE)
                continue
            number = self.connection.publish(
                Publication(
                    self._topics.full(item.topic),
                    item.payload,
                    item.schema,
                    qos=min(1, self._greeting.highest_qos),
                    expiry_s=self._settings.event_expiry_s,
                    late=item.number <= self._late_until,
                )
            )
            self._events[number] = item

    def hear(self, event: Event) -> None:
        """Take what the broker says."""
        if isinstance(event, Acknowledged):
            self._acknowledge(event)
        elif isinstance(event, Arrived):
            if self._intake is not None and self._intake.hear(event):
                return
            if event.retained and event.payload and not self._outbox.knows(self._topics.below(event.topic)):
                self.connection.publish(Publication(event.topic, b"", qos=0, retain=True))  # of what is over
        elif isinstance(event, Subscribed):
            if (swept := self._sweeps.pop(event.number, None)) is not None:
                self.connection.unsubscribe(self._topics.full(swept))
            elif event.number == self._commands and not event.granted:
                where = self._topics.full(ALL_COMMANDS)
                cure = "let it read there in the broker's access list, or set mqtt.commands = []"
                self._refusals.add(
                    COMMAND_PREFIX, f"{self._settings.address}: does not let the node read {where}; {cure}"
                )

    def _send_answers(self) -> None:
        while self._room > 0 and len(self._answers) < ANSWERS_AT_ONCE:
            answer = self._outbox.next_answer()
            if answer is None:
                return
            number = self.connection.publish(
                Publication(
                    answer.topic,
                    answer.payload,
                    answer.schema,
                    qos=min(1, self._greeting.highest_qos),
                    expiry_s=ANSWER_S,
                    correlation=answer.correlation,
                )
            )
            self._answers[number] = answer

    def _renew(self) -> None:
        """Publish the alerts again before they expire at the broker."""
        now_s = time.monotonic()
        if now_s - self._renew_s >= self._settings.track_expiry_s / RENEWALS:
            self._renew_s = now_s
            self._outbox.renew_alerts()

    def lose(self) -> None:
        """The connection is lost: what was on its way waits again."""
        for state in [*self._states.values(), *self._refused_states]:
            self._outbox.state_lost(state)
        for answer in reversed(self._answers.values()):
            self._outbox.answer_lost(answer)
        self.connection.abort()

    def say_goodbye(self, last_will: StatusMessage, *, at_once: bool) -> bool:
        """Once all is delivered, or at once, say ``stopped`` and disconnect; whether that is done."""
        if self._farewell is None:
            busy = self._states or self._events or self._answers or not (self._events_refused or self._outbox.is_empty)
            if busy and not at_once:
                return False
            told = self._outbox.status() or last_will
            if told.state != "stopped":
                changes = {"state": "stopped", "reason": "the node was stopped", "ts": rfc3339(time.time_ns())}
                told = told.model_copy(update=changes)
            topic, qos = self._topics.full(STATUS), min(1, self._greeting.highest_qos)
            what = Publication(topic, to_json(told), told.schema_name, qos, self._greeting.retain)
            self._farewell = self.connection.publish(what)
            self._farewell_until_s = time.monotonic() + FAREWELL_S
            return False
        if self._farewell != -1 and time.monotonic() < self._farewell_until_s:
            return False
        self.connection.close()
        return True

    def _send_state(self, state: State) -> None:
        if self._is_too_large(state.payload):
            self._complain(state.topic, PACKET_TOO_LARGE)
            return
        full = bool(state.payload)
        number = self.connection.publish(
            Publication(
                self._topics.full(state.topic),
                state.payload,
                state.schema if full else "",
                min(state.qos, self._greeting.highest_qos),
                self._greeting.retain,
                state.expiry_s if full else None,
            )
        )
        self._states[number] = state

    def _acknowledge(self, event: Acknowledged) -> None:
        if event.number == self._farewell:
            self._farewell = -1
        state = self._states.pop(event.number, None)
        item = self._events.pop(event.number, None)
        answer = self._answers.pop(event.number, None)
        if state is not None:
            if event.refusal is None:
                self._outbox.state_done(state)
                self._refusals.over(state.topic)
            else:
                self._complain(state.topic, event.refusal)
                if event.refusal not in FOR_THIS_MESSAGE_ONLY:
                    self._refused_states.append(state)
        elif answer is not None:
            if event.refusal is not None:
                log.warning("%s: refuses %s: %s", self._settings.address, answer.topic, describe_reason(event.refusal))
                self._refusals.given_up += 1
        elif item is not None:
            if event.refusal is None:
                self._outbox.spool.done(item.number)
                self._refusals.over(item.topic)
            elif event.refusal in FOR_THIS_MESSAGE_ONLY or item.topic != EVENT:  # the feed does not wait for others
                self._give_up(item, event.refusal)
            else:
                self._complain(EVENT, event.refusal)
                self._events_refused = True

    def _retry_refused(self) -> None:
        if self._events or self._states or time.monotonic() < self._again_s:
            return
        for state in self._refused_states:
            self._outbox.state_lost(state)
        self._refused_states.clear()
        if self._events_refused:
            self._events_refused = False
            self._outbox.spool.rewind()

    def _give_up(self, item: Waiting, reason: int) -> None:
        self._outbox.spool.done(item.number)
        self._refusals.given_up += 1
        self._complain(item.topic, reason)

    def _complain(self, topic: str, reason: int) -> None:
        self._again_s = time.monotonic() + REFUSED_RETRY_S
        where = self._topics.full(topic.partition("/")[0])
        self._refusals.add(topic, f"{self._settings.address}: refuses {where}: {describe_reason(reason)}")

    def _is_too_large(self, payload: bytes) -> bool:
        largest = self._greeting.largest_packet
        return largest is not None and len(payload) + PACKET_OVERHEAD > largest
