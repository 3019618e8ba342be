"""The main thread of a node: results in, tracks and messages out; health; an orderly end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dsp.units import to_ns
from node.alerts import AlertBook
from node.command_desk import Actions, CommandDesk
from node.commands import CommandInbox, Speaker
from node.health import HealthMeter, node_state
from node.inbox import ResultInbox
from node.messages import HealthMessage, Message, MessageMaker, StatusMessage, TrackMessage
from node.messages_node import NodeState
from node.pipeline import BlockResult, PipelineCounters, Step
from node.runtime import RadioRunner
from node.serial_desk import ContactDesk
from node.service import ServiceNotifier
from node.sinks import Sink, SinkClosed
from node.tracking.track import TrackChange
from node.tracking.tracker import Tracker

log = logging.getLogger(__name__)

TICK_S = 0.2
"""How often the main thread looks around when nothing comes."""
IDLE_S = 2.0
"""Without a result for so long signal time goes on with real time, so that tracks of a dead radio end too."""
END_S = 5.0
"""How long radios and pipelines may take to end."""
NS_PER_MS = 1e6
SET_BACK_NS = 2_000_000_000
"""A radio whose time goes back by more has a clock that was set; less is waited for."""
FIRST_STATUS_S = 3.0
"""The first status is said when a radio runs or fails, at the latest after this long."""


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """How a node runs.

    Parameters
    ----------
    health_interval_s
        Time between two health messages.
    """

    health_interval_s: float = 10.0

    def __post_init__(self) -> None:
        """Check the time."""
        if not 0.1 <= self.health_interval_s <= 3600:
            raise ValueError(f"health_interval_s must be 0.1 to 3600, not {self.health_interval_s}")


class LiveNode:
    """Brings the parts together in the thread that calls ``run``.

    Parameters
    ----------
    maker
        Writes the messages.
    tracker
        Keeps the tracks.
    radios
        Not yet started; their results come in ``results``.
    sinks
        Open.
    meter
        Writes the health messages.
    settings
        How it runs.
    notifier
        Where the service supervisor listens.
    desk
        Works through what serial modules say; keeps place and time.
    commands
        Where commands wait; None: there are none.
    alerts
        Makes alerts of track messages; as usual if left out.
    make_tracker
        Makes a tracker in place of one whose radio's clock was set back; None: tracks wait until time has caught up.
    """

    def __init__(
        self,
        maker: MessageMaker,
        tracker: Tracker,
        radios: Sequence[RadioRunner],
        results: ResultInbox,
        sinks: Sequence[Sink],
        meter: HealthMeter,
        settings: LiveSettings,
        notifier: ServiceNotifier,
        desk: ContactDesk | None = None,
        commands: CommandInbox | None = None,
        alerts: AlertBook | None = None,
        make_tracker: Callable[[], Tracker] | None = None,
    ) -> None:
        self._maker = maker
        self._tracker = tracker
        self._radios = radios
        self._results = results
        self._sinks = list(sinks)
        self._meter = meter
        self._settings = settings
        self._notifier = notifier
        self._desk = desk or ContactDesk((), maker)
        self._alerts = alerts or AlertBook()
        self._inbox = commands
        self._commands: CommandDesk | None = None
        if commands is not None:
            actions = Actions(self._desk.set_affiliation, self._acknowledge, self._tell_health, self._tell_tracks)
            self._commands = CommandDesk(commands, Speaker(maker.node.uuid, maker.boot_id), actions)
        self._timed = {radio.name for radio in radios if radio.host_time}
        self._started_s = time.monotonic()
        self._said: tuple[str, str | None] | None = None
        self._tracks: dict[str, int] = {}
        """Live radio tracks, with the time of the last evidence that was told."""
        self._latency_ms: float | None = None
        self._make_tracker = make_tracker
        self._signal_ns = 0
        self._ends_ns: dict[str, int] = {}
        """End of the last result of each radio."""
        self._heard_s = self._passed_s = self._started_s

    def run(self, stop: threading.Event) -> int:
        """Run until told to stop or until every radio has ended; give the exit code."""
        self._desk.start()
        for radio in self._radios:
            radio.start()
        self._notifier.ready()
        next_health_s = self._started_s + self._settings.health_interval_s
        next_alive_s = self._started_s
        while not stop.is_set() and self._has_work():
            result = self._results.get(min(TICK_S, self._desk.wait_s()))
            if result is not None:
                self._take(result)
            elif time.monotonic() - self._heard_s > IDLE_S:
                self._pass_time()
            if self._commands is not None:
                self._commands.work()
            self._publish_all(self._desk.messages())
            self._say_status()
            now_s = time.monotonic()
            if now_s >= next_health_s:
                next_health_s = max(next_health_s + self._settings.health_interval_s, now_s)
                self._publish(self._health())
            if self._notifier.watchdog_s is not None and now_s >= next_alive_s:
                next_alive_s = now_s + self._notifier.watchdog_s
                self._notifier.alive(f"{self._said[0] if self._said else 'starting'}, {len(self._tracks)} tracks")
        return self._end(by_order=stop.is_set())

    def _has_work(self) -> bool:
        """Whether anything may still come; serial modules never end."""
        return self._desk.has_modules or any(radio.alive for radio in self._radios) or bool(self._results.waiting)

    def _end(self, *, by_order: bool) -> int:
        """In the order of the data: radios, pipelines, tracker, sinks."""
        self._notifier.stopping()
        for radio in self._radios:
            radio.stop()
        deadline_s = time.monotonic() + END_S
        while any(radio.alive for radio in self._radios) and time.monotonic() < deadline_s:
            if (result := self._results.get(TICK_S)) is not None:
                self._take(result)
        self._results.close()
        left = [name for radio in self._radios for name in radio.join()]
        left += self._desk.stop()
        if left:
            log.error("threads that did not end and are left behind: %s", ", ".join(left))
        while (result := self._results.get(0.0)) is not None:
            self._take(result)
        self._publish_all(self._desk.close())  # first: that its parts end too is no news then
        self._tell(self._tracker.close(self._signal_ns))
        statuses = [radio.status for radio in self._radios]
        faults = [f"{status.name}: {status.last_error}" for status in statuses if status.last_error]
        failed = bool(statuses) and not by_order and len(faults) == len(statuses)
        self._publish(self._health())
        self._publish(self._status("stopped", "; ".join(faults) if failed else None))
        for sink in self._sinks:
            sink.close()
        for fault in faults if failed else ():
            log.error("%s", fault)
        return 1 if failed else 0

    def _take(self, result: BlockResult) -> None:
        self._heard_s = self._passed_s = time.monotonic()
        before_ns = self._ends_ns.get(result.radio, 0)
        self._ends_ns[result.radio] = result.end_ns
        if result.end_ns < before_ns - SET_BACK_NS and result.radio in self._timed and self._make_tracker is not None:
            log.warning("radio %s: the clock was set back; radio tracks begin anew", result.radio)
            result = self._set_back(result)
        self._signal_ns = max(self._signal_ns, result.end_ns)
        self._tell(self._tracker.observe(result))

    def _set_back(self, result: BlockResult) -> BlockResult:
        """The clock was set back: what is known lies in the future. Every radio track ends, and time begins anew.

        Give what is left of the result: its first steps may still be of the time before.
        """
        assert self._make_tracker is not None
        now_ns = result.end_ns
        before = tuple(step for step in result.steps if step.end_ns > now_ns + SET_BACK_NS)
        self._tell(self._tracker.observe(replace(result, steps=before)))
        ends = [change for change in self._tracker.close(now_ns) if change.kind == "end"]
        self._tell([replace(change, time_ns=now_ns, end_reason="lost") for change in ends])
        self._tracker, self._signal_ns = self._make_tracker(), now_ns
        return replace(result, steps=result.steps[len(before) :])

    def _pass_time(self) -> None:
        """No radio gives anything: let signal time go on by the real time since the last result."""
        now_s = time.monotonic()
        if not self._signal_ns:
            return
        self._signal_ns += to_ns(now_s - self._passed_s)
        self._passed_s = now_s
        step = Step(self._signal_ns, ())
        self._tell(self._tracker.observe(BlockResult((step,), self._signal_ns, "", PipelineCounters())))

    def _tell(self, changes: list[TrackChange]) -> None:
        for change in changes:
            track = change.track
            told_ns = self._tracks.pop(track.track_id, 0)
            if change.kind != "end":
                self._tracks[track.track_id] = track.last_ns
            latency_ms = None
            if change.kind != "end" and track.last_ns > told_ns and self._timed.issuperset(track.radio):
                latency_ms = self._latency_ms = max(0.0, (time.time_ns() - track.last_ns) / NS_PER_MS)
            self._publish(self._maker.track(change, latency_ms, self._desk.assessment(track.track_id)))
            self._desk.hear(change)

    def _say_status(self) -> None:
        """Publish the status when it has changed."""
        statuses = [radio.status for radio in self._radios]
        desk = self._desk.status()
        starting = any(status.state == "starting" for status in statuses) or any(one.starting for one in desk.modules)
        if self._said is None and starting and time.monotonic() - self._started_s < FIRST_STATUS_S:
            return
        state, reason = node_state(statuses, desk)
        if self._said is None or (state, reason) != self._said:
            log.info("status %s%s", state, f": {reason}" if reason else "")
            self._publish(self._status(state, reason))

    def _status(self, state: NodeState, reason: str | None) -> StatusMessage:
        self._said = (state, reason)
        return self._meter.status(state, reason)

    def _health(self) -> HealthMessage:
        desk = self._desk.status(forget=True)
        return self._meter.health(
            self._maker.node,
            [radio.status for radio in self._radios],
            [sink.status for sink in self._sinks],
            desk,
            results_waiting=self._results.waiting,
            tracks=len(self._tracks) + desk.tracks,
            latency_ms=self._latency_ms,
            commands=self._inbox,
        )

    def _acknowledge(self, alert_id: str, by: str) -> bool:
        told = self._alerts.acknowledge(alert_id, by)
        self._publish_all(told)
        return bool(told)

    def _tell_health(self) -> None:
        self._publish(self._health())

    def _tell_tracks(self) -> int:
        messages = self._desk.again()
        self._publish_all(messages)
        return len(messages)

    def _publish_all(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._publish(message)

    def _publish(self, message: Message) -> None:
        self._hand_out(message)
        if isinstance(message, TrackMessage):
            for alert in self._alerts.hear(message):
                self._hand_out(alert)

    def _hand_out(self, message: Message) -> None:
        for sink in list(self._sinks):
            try:
                sink.publish(message)
            except SinkClosed as fault:
                log.error("%s; the node goes on without it", fault)  # noqa: TRY400  # no bug of ours
                self._sinks.remove(sink)
