"""Commands on their way from a client to the main thread: read where they come in, held in a bounded queue.

Whatever comes is answered, and nothing that comes raises or waits.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from node.messages_base import rfc3339
from node.messages_command import (
    LARGEST_BYTES,
    VERBS,
    Command,
    CommandError,
    CommandResponse,
    ErrorCode,
    Verb,
    read_command,
)

log = logging.getLogger(__name__)

COMMANDS_HELD = 64
"""Commands that may wait for the main thread: an operator marks one track at a time, a centre asks once."""
LONGEST_TEXT = 500
"""Of what is wrong with a command no more is said."""
GOOD_VERB = re.compile(r"[a-z][a-z0-9_-]{0,31}")
STRANGE_VERB = "unknown"
"""Where what is not even a name is answered."""

Fault = tuple[ErrorCode, str]
"""What is wrong with a command, and the cure."""
Answer = Callable[[CommandResponse], None]
"""Takes the answer to one command; from any thread, at once."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A command as it comes in.

    Parameters
    ----------
    verb
        Last level of its topic.
    payload
        As it came.
    retained
        Whether it is one that the broker keeps.
    expiry_s
        Time that its sender gives it from now; None for ever.
    fault
        What the transport finds wrong with it.
    """

    verb: str
    payload: bytes
    retained: bool = False
    expiry_s: float | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A command that can be worked on."""

    verb: Verb
    command: Command
    answer: Answer
    give_up_s: float | None = None
    """Monotonic time at which it is over."""

    def is_over(self, clock_s: float, clock_ns: int) -> bool:
        """Whether its time has run out."""
        return (self.give_up_s is not None and clock_s >= self.give_up_s) or self.command.is_over(clock_ns)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who answers."""

    node_id: str
    boot_id: str

    def done(self, request: Request, **results: str | int | None) -> CommandResponse:
        """It was carried out."""
        return CommandResponse.model_validate({**self._head(request.verb, request.command.id), "ok": True, **results})

    def refusal(self, verb: str, request_id: str | None, code: ErrorCode, text: str) -> CommandResponse:
        """It was not carried out."""
        error = CommandError(code=code, text=text[:LONGEST_TEXT])
        return CommandResponse.model_validate({**self._head(verb, request_id), "ok": False, "error": error})

    def _head(self, verb: str, request_id: str | None) -> dict[str, object]:
        return {
            "node_id": self.node_id, "boot_id": self.boot_id, "ts": rfc3339(time.time_ns()), "verb": verb,
            "id": request_id, "error": None,
        }  # fmt: skip


class CommandInbox:
    """Commands that wait for the main thread.

    Parameters
    ----------
    wake
        Called when one has come.
    capacity
        How many may wait.
    """

    def __init__(self, wake: Callable[[], None], capacity: int = COMMANDS_HELD) -> None:
        self._wake = wake
        self.capacity = capacity
        self._lock = threading.Lock()
        self._requests: deque[Request] = deque()
        self._dropped = 0

    def offer(self, request: Request) -> bool:
        """Take a command; false, and counted, when there is no room."""
        with self._lock:
            if len(self._requests) >= self.capacity:
                self._dropped += 1
                return False
            self._requests.append(request)
        self._wake()
        return True

    def take(self) -> list[Request]:
        """All that wait, in their order."""
        with self._lock:
            found, self._requests = list(self._requests), deque()
        return found

    @property
    def waiting(self) -> int:
        """Commands that wait."""
        with self._lock:
            return len(self._requests)

    @property
    def dropped(self) -> int:
        """Commands for which there was no room, since the start."""
        with self._lock:
            return self._dropped


class CommandReader:
    """Reads commands as they come in; one thread.

    Parameters
    ----------
    speaker
        Who answers.
    allowed
        Verbs that the configuration allows.
    inbox
        Where good ones go.
    """

    def __init__(self, speaker: Speaker, allowed: tuple[Verb, ...], inbox: CommandInbox) -> None:
        self._speaker, self._allowed, self._inbox = speaker, allowed, inbox
        self._refused = 0
        self._say_at = 1

    def take(self, arrival: Arrival, answer: Answer) -> None:
        """Take a command; what is wrong with it is answered at once."""
        fault = arrival.fault or self._wrong(arrival) or self._hand_on(arrival, answer)
        if fault is None:
            return
        code, text = fault
        self._complain(arrival.verb, code, text)
        name = arrival.verb if GOOD_VERB.fullmatch(arrival.verb) else STRANGE_VERB
        answer(self._speaker.refusal(name, _id_of(arrival.payload), code, text))

    def _hand_on(self, arrival: Arrival, answer: Answer) -> Fault | None:
        verb = next(verb for verb in VERBS if verb == arrival.verb)
        try:
            command = read_command(verb, arrival.payload)
        except ValueError as error:
            return "malformed", str(error)
        give_up_s = None if arrival.expiry_s is None else time.monotonic() + arrival.expiry_s
        if self._inbox.offer(Request(verb, command, answer, give_up_s)):
            return None
        return "busy", f"{self._inbox.capacity} commands wait already; ask again later"

    def _wrong(self, arrival: Arrival) -> Fault | None:
        if arrival.verb not in VERBS:
            return "unknown_verb", f"this node knows no such command; it knows {', '.join(VERBS)}"
        if arrival.verb not in self._allowed:
            return (
                "not_enabled",
                f'not allowed by this node; add "{arrival.verb}" to mqtt.commands in its configuration',
            )
        if arrival.retained:
            return "retained", "commands count once: publish without the retain flag, and clear what is retained"
        if len(arrival.payload) > LARGEST_BYTES:
            return "too_large", f"{len(arrival.payload)} bytes; a command has at most {LARGEST_BYTES}"
        return None

    def _complain(self, verb: str, code: ErrorCode, text: str) -> None:
        """At the first, then each time their number has doubled: nobody fills the log from outside."""
        self._refused += 1
        if self._refused >= self._say_at:
            self._say_at = 2 * self._refused
            log.warning(
                "command %s refused (%s: %s); %d refused so far",
                ascii(verb[:64]),
                code,
                text[:LONGEST_TEXT],
                self._refused,
            )


def _id_of(payload: bytes) -> str | None:
    """The identifier in a command, be the rest of it as it may."""
    if len(payload) > LARGEST_BYTES:
        return None
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    request_id = found.get("id") if isinstance(found, dict) else None
    good = isinstance(request_id, str) and 0 < len(request_id) <= 64 and request_id.isprintable()
    return request_id if good else None
