"""Commands that come over MQTT, and where their answers go."""

from __future__ import annotations

from collections.abc import Callable

from node.commands import Arrival, CommandReader, Fault
from node.messages import CommandResponse
from node.sinks.mqtt_events import Arrived
from node.sinks.mqtt_outbox import Outbox
from node.sinks.mqtt_topics import COMMAND_PREFIX, RESPONSE, Topics

FAULT: Fault = (
    "bad_response_topic",
    "the response topic must be a topic without wildcards, and none where a node speaks or is spoken to",
)


class CommandIntake:
    """Hands commands on; outlives connections, so that an answer goes over the next one if need be.

    Every answer goes to ``rsp/{verb}``, and to the response topic that its sender named as well.

    Parameters
    ----------
    topics
        Of the node.
    reader
        Reads them.
    outbox
        Where answers wait.
    wake
        Wakes who sends them; from any thread.
    """

    def __init__(self, topics: Topics, reader: CommandReader, outbox: Outbox, wake: Callable[[], None]) -> None:
        self._topics, self._reader, self._outbox, self._wake = topics, reader, outbox, wake

    def hear(self, event: Arrived) -> bool:
        """Take a command; false where the message is none."""
        below = self._topics.below(event.topic)
        if not below.startswith(COMMAND_PREFIX):
            return False
        wanted, fault = event.response_topic, None
        if wanted is not None and not self._topics.may_answer_at(wanted):
            wanted, fault = None, FAULT

        def answer(response: CommandResponse) -> None:
            usual = self._topics.full(f"{RESPONSE}/{response.verb}")
            topics = (usual,) if wanted is None or wanted == usual else (usual, wanted)
            self._outbox.answer(response, topics, event.correlation)
            self._wake()

        verb = below.removeprefix(COMMAND_PREFIX)
        self._reader.take(Arrival(verb, event.payload, event.retained, event.expiry_s, fault), answer)
        return True
