"""What the main thread does about commands."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from node.commands import CommandInbox, Request, Speaker
from node.messages_command import AckCommand, AffiliationCommand, CommandResponse, ErrorCode, OrderedAffiliation, Verb

log = logging.getLogger(__name__)

LEAST_S = 0.25
"""Between two looks at the inbox: what many ask for at once is done once, and a flood costs the node little."""


@dataclass(frozen=True, slots=True)
class Actions:
    """What commands may do: nothing here transmits or changes what is received.

    Parameters
    ----------
    set_affiliation
        Takes a word on a track, who says it and why; false where there is no such track.
    acknowledge
        Takes who looks after an alert; false where there is no such alert.
    tell_health
        Publishes a health message.
    tell_tracks
        Publishes all live tracks anew; gives how many.
    """

    set_affiliation: Callable[[str, OrderedAffiliation, str, str], bool]
    acknowledge: Callable[[str, str], bool]
    tell_health: Callable[[], None]
    tell_tracks: Callable[[], int]


class CommandDesk:
    """Works through commands; each gets its answer.

    Parameters
    ----------
    inbox
        Where they wait.
    speaker
        Who answers.
    actions
        What they may do.
    clock_s
        Monotonic clock.
    clock_ns
        Unix time.
    """

    def __init__(
        self,
        inbox: CommandInbox,
        speaker: Speaker,
        actions: Actions,
        clock_s: Callable[[], float] = time.monotonic,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._inbox, self._speaker, self._actions = inbox, speaker, actions
        self._clock_s, self._clock_ns = clock_s, clock_ns
        self._next_s = 0.0

    def work(self) -> None:
        """Work through what waits, unless that was done a moment ago."""
        now_s = self._clock_s()
        if now_s < self._next_s:
            return
        asked = self._inbox.take()
        if not asked:
            return
        self._next_s = now_s + LEAST_S
        published: dict[Verb, int] = {}
        for request in asked:
            try:
                answer = self._carry_out(request, published)
            except Exception:  # like the top of a thread: no command ends the node
                log.exception("command %s: internal fault, please report it", request.verb)
                answer = self._refusal(request, "internal", "a fault of the node; its log says more")
            request.answer(answer)

    def _carry_out(self, request: Request, published: dict[Verb, int]) -> CommandResponse:
        if request.is_over(self._clock_s(), self._clock_ns()):
            return self._refusal(request, "expired", "its time ran out before it was worked on; ask again")
        command = request.command
        if isinstance(command, AffiliationCommand):
            return self._set_affiliation(request, command)
        if isinstance(command, AckCommand):
            return self._acknowledge(request, command)
        if request.verb not in published:
            if request.verb == "health":
                self._actions.tell_health()
                published["health"] = 1
            else:
                published["tracks"] = self._actions.tell_tracks()
        return self._speaker.done(request, published=published[request.verb])

    def _set_affiliation(self, request: Request, command: AffiliationCommand) -> CommandResponse:
        track_id, affiliation = command.track_id, command.affiliation
        if not self._actions.set_affiliation(track_id, affiliation, command.by, command.why):
            text = f"no live track has the id {track_id}; it may have ended, merged or never been"
            return self._refusal(request, "no_such_track", text)
        log.info(
            "affiliation of %s: %s, says %s: %s", track_id, affiliation, command.by, command.why or "no reason given"
        )
        return self._speaker.done(request, track_id=track_id, affiliation=affiliation)

    def _acknowledge(self, request: Request, command: AckCommand) -> CommandResponse:
        if not self._actions.acknowledge(command.alert_id, command.by):
            text = f"no active alert has the id {command.alert_id}; it may have ended or merged"
            return self._refusal(request, "no_such_alert", text)
        log.info("alert %s: %s looks after it", command.alert_id, command.by)
        return self._speaker.done(request, alert_id=command.alert_id)

    def _refusal(self, request: Request, code: ErrorCode, text: str) -> CommandResponse:
        return self._speaker.refusal(request.verb, request.command.id, code, text)
