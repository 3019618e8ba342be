"""What the nodes at a broker report: a subscription that comes back by itself, and a table of it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from node.alert_rows import ALERT_TITLES, alert_row
from node.fusion.picture import LEVELS
from node.messages import AlertMessage, StatusMessage, TrackMessage
from node.sinks.console import TITLES, row
from node.sinks.mqtt_connection import Arrived, Connected, Lost, MqttConnection, MqttUnavailable
from node.sinks.mqtt_settings import MqttSettings
from node.sources.back_off import BackOff

STEP_S = 0.25
"""Longest wait for traffic before the caller is asked whether to stop."""
REMEMBERED = 4096
"""Tracks whose last message is remembered, so that one that comes late is not taken for news."""


def subscription(
    settings: MqttSettings, topics: tuple[str, ...], stop: threading.Event, say: Callable[[str], None]
) -> Iterator[Arrived | None]:
    """Messages as they come, and None whenever none came for ``STEP_S`` or the connection broke.

    A connection that is lost after it once stood is made again for ever; ``say`` is told.

    Parameters
    ----------
    settings
        The broker.
    topics
        Full names, wildcards allowed.
    stop
        Ends the subscription.
    say
        Told of every break and every return, one line each.

    Raises
    ------
    MqttUnavailable
        If the first connection does not come about.
    """
    back_off, rng = BackOff(first_s=0.5, longest_s=10.0), random.Random()  # noqa: S311  # spreads waits
    client_id = settings.client_id or f"skypicket-watch-{random.SystemRandom().randrange(16**8):08x}"
    stood, failures = False, 0
    while not stop.is_set():
        connection = MqttConnection(settings, client_id)
        try:
            yield from _connected(connection, settings, topics, stop)
        except MqttUnavailable as fault:
            if not stood and not isinstance(fault, _Broken):
                raise
            stood = True
            failures = 1 if isinstance(fault, _Broken) else failures + 1
            say(f"{fault}; it is tried again")
        finally:
            connection.close()
        yield None
        stop.wait(back_off.wait_s(failures, rng) if failures else 0.0)


class _Broken(MqttUnavailable):
    """The connection stood, and is lost."""


def _connected(
    connection: MqttConnection, settings: MqttSettings, topics: tuple[str, ...], stop: threading.Event
) -> Iterator[Arrived | None]:
    """What comes over one connection."""
    connection.open()
    stood = False
    give_up_s = time.monotonic() + settings.connect_timeout_s
    while not stop.is_set():
        events = connection.step(STEP_S)
        for event in events:
            if isinstance(event, Connected):
                stood = True
                for topic in topics:
                    connection.subscribe(topic, qos=1)
            elif isinstance(event, Arrived):
                yield event
            elif isinstance(event, Lost):
                raise _Broken(event.text) if stood else MqttUnavailable(event.text)
        if not stood and time.monotonic() > give_up_s:
            raise MqttUnavailable(f"{settings.address}: connected but no answer to MQTT's greeting; is it a broker?")
        if not events:
            yield None


News = StatusMessage | TrackMessage | AlertMessage
"""What may say something new."""


@dataclass(slots=True)
class Board:
    """What is known of all nodes, from their messages in any order.

    Messages that are not ours are counted and otherwise left alone.
    """

    nodes: dict[str, StatusMessage] = field(default_factory=dict)
    """By ``site/name``."""
    tracks: dict[tuple[str, str], TrackMessage] = field(default_factory=dict)
    """Live tracks by node and identifier."""
    alerts: dict[tuple[str, str], AlertMessage] = field(default_factory=dict)
    """Active alerts by node and identifier."""
    strange: int = 0
    _newest: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    def take(self, arrived: Arrived, base: str) -> News | None:
        """Take a message; give it when it says something new."""
        levels = arrived.topic.removeprefix(base + "/").split("/")
        if len(levels) < 3 or not arrived.payload:
            if len(levels) == 4 and levels[2] in {"track", "alert"}:
                cleared = self.tracks if levels[2] == "track" else self.alerts
                cleared.pop(("/".join(levels[:2]), levels[3]), None)
            return None
        node, kind = "/".join(levels[:2]), levels[2]
        try:
            if kind == "status":
                status = StatusMessage.model_validate_json(arrived.payload)
                if self.nodes.get(node) == status:
                    return None
                self.nodes[node] = status
                if status.state == "offline":
                    self._forget(node)
                return status
            if kind in {"event", "track"}:
                return self._take_track(node, TrackMessage.model_validate_json(arrived.payload))
            if kind == "alert":
                return self._take_alert(node, AlertMessage.model_validate_json(arrived.payload))
        except ValueError:  # not JSON, or not of our schema
            self.strange += 1
        return None

    def _take_track(self, node: str, message: TrackMessage) -> TrackMessage | None:
        """The same message comes as event and as retained state: the first of them counts."""
        key = (node, message.track_id)
        if not self._is_newer(key, message):
            return None
        if message.event == "end":
            self.tracks.pop(key, None)
        else:
            self.tracks[key] = message
        return message

    def _take_alert(self, node: str, message: AlertMessage) -> AlertMessage | None:
        key = (node, message.alert_id)
        if not self._is_newer((node, f"alert/{message.alert_id}"), message):
            return None
        if message.event == "end":
            self.alerts.pop(key, None)
        else:
            self.alerts[key] = message
        return message

    def _is_newer(self, key: tuple[str, str], message: TrackMessage | AlertMessage) -> bool:
        """Whether a message is none that is known already; it is from now on."""
        boot_id, seq = self._newest.get(key, ("", 0))
        if boot_id == message.boot_id and seq >= message.seq:
            return False
        self._newest.pop(key, None)
        self._newest[key] = (message.boot_id, message.seq)
        while len(self._newest) > REMEMBERED:
            self._newest.pop(next(iter(self._newest)))
        return True

    def _forget(self, node: str) -> None:
        """A node went away without a word: nobody says that what it had is over. If it comes back it says all anew."""
        for known in (self.tracks, self.alerts, self._newest):
            for key in [key for key in known if key[0] == node]:
                del known[key]

    def render(self, width: int, height: int) -> str:
        """The board as text: nodes, active alerts, live tracks with drones first; no wider and no longer than asked."""
        lines = [f"{'node':<28} {'state':<9} reason"]
        lines += [f"{name:<28} {s.state:<9} {s.reason or ''}".rstrip() for name, s in sorted(self.nodes.items())]
        if self.alerts:
            worst = sorted(self.alerts.items(), key=lambda item: (-LEVELS.index(item[1].severity.level), item[0][1]))
            lines += ["", f"{'node':<20}  {ALERT_TITLES}"]
            lines += [f"{node:<20.20}  {alert_row(alert)}" for (node, _), alert in worst]
        lines += ["", f"{'node':<20}  {TITLES}"]
        ranked = sorted(self.tracks.items(), key=lambda item: (not _is_drone(item[1]), item[0]))
        lines += [f"{node:<20.20}  {row(message)}" for (node, _), message in ranked]
        hidden = len(lines) - height
        if hidden > 0:
            lines = [*lines[: height - 1], f"... and {hidden + 1} more"]
        return "\n".join(line[:width] for line in lines)


def _is_drone(message: TrackMessage) -> bool:
    """Whether a track is that of a drone, heard or seen."""
    seen = message.object is not None and message.object.type == "drone"
    return seen or message.classification.family.startswith("drone")
