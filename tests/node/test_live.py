"""The main thread: time goes on without samples, messages leave in order, sinks may go away, everything ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from dsp.iq import IqBlock, IqSource, SourceUnavailable
from node import live
from node.health import HealthMeter
from node.inbox import ResultInbox
from node.live import LiveNode, LiveSettings
from node.messages import HealthMessage, Message, MessageMaker, NodeIdentity, StatusMessage, TrackMessage
from node.pipeline import Pipeline, PipelineSettings
from node.runtime import RadioRunner
from node.service import ServiceNotifier
from node.sinks import SinkClosed, SinkStatus
from node.tracking.tracker import Tracker, TrackerSettings
from sim.radio import SimRadio
from sim.scene import load_scene

IDENTITY = NodeIdentity("hill", "mast", time_source="simulated")
BOOT_ID = "00000000-0000-4000-8000-000000000001"


class ListSink:
    """Keeps what it gets."""

    def __init__(self, closes_after: int | None = None) -> None:
        self.messages: list[Message] = []
        self.closed = 0
        self._closes_after = closes_after

    @property
    def status(self) -> SinkStatus:
        return SinkStatus("list", connected=not self.closed)

    def publish(self, message: Message) -> None:
        if self._closes_after is not None and len(self.messages) >= self._closes_after:
            raise SinkClosed("the list is full")
        self.messages.append(message)

    def close(self) -> None:
        self.closed += 1


def make_node(
    openers: Mapping[str, Callable[[], IqSource]],
    sinks: list[ListSink],
    *,
    interval_s: float = 10.0,
    host_time: bool = False,
) -> LiveNode:
    results = ResultInbox()
    radios = [
        RadioRunner(
            name, opener, partial(Pipeline, PipelineSettings(), None, name), results,
            patient=True, host_time=host_time,
        )
        for name, opener in openers.items()
    ]  # fmt: skip
    meter = HealthMeter(IDENTITY, BOOT_ID, "skypicket test", interval_s, Path.cwd())
    make_tracker = partial(Tracker, TrackerSettings(), "mast")
    return LiveNode(
        MessageMaker(IDENTITY, BOOT_ID), make_tracker(), radios, results, sinks, meter,
        LiveSettings(interval_s), ServiceNotifier({}), make_tracker=make_tracker,
    )  # fmt: skip


def scene(name: str, seconds: float | None = None) -> SimRadio:
    found = load_scene(name)
    return SimRadio(found if seconds is None else replace(found, duration_s=seconds))


def kinds(sink: ListSink) -> list[str]:
    """States and events, in order."""
    said: list[str] = []
    for message in sink.messages:
        if isinstance(message, StatusMessage):
            said.append(message.state)
        elif isinstance(message, TrackMessage):
            said.append(message.event)
    return said


def test_a_recording_from_its_start_to_its_orderly_end() -> None:
    sink = ListSink()
    assert make_node({"a": lambda: scene("elrs_eu868", 4.0)}, [sink]).run(threading.Event()) == 0
    said = kinds(sink)
    assert said[0] == "online"
    assert "new" in said
    assert said[-2:] == ["end", "stopped"]
    tracks = [message for message in sink.messages if isinstance(message, TrackMessage)]
    assert [message.seq for message in tracks] == list(range(1, len(tracks) + 1))
    assert all(message.latency_ms is None for message in tracks)
    health = sink.messages[-2]
    assert isinstance(health, HealthMessage)
    assert health.radios[0].samples == 4 * 2_400_000
    assert health.tracks == 0
    assert sink.closed == 1


class SetBack:
    """A radio whose host's clock is set back by an hour in the middle."""

    def __init__(self, radio: SimRadio, after_s: float) -> None:
        self._radio, self._after_s = radio, after_s

    def blocks(self) -> Iterator[IqBlock]:
        for block in self._radio.blocks():
            late = block.first_sample > self._after_s * block.sample_rate_hz
            yield replace(block, start_ns=block.start_ns - 3_600_000_000_000) if late else block

    def stop(self) -> None:
        self._radio.stop()


def test_after_the_clock_was_set_back_radio_tracks_begin_anew(caplog: pytest.LogCaptureFixture) -> None:
    sink = ListSink()
    openers = {"a": lambda: SetBack(scene("elrs_eu868", 8.0), 4.0)}
    assert make_node(openers, [sink], host_time=True).run(threading.Event()) == 0
    tracks = [message for message in sink.messages if isinstance(message, TrackMessage)]
    told = [(message.event, message.end_reason) for message in tracks if message.event != "update"]
    assert told == [("new", None), ("end", "lost"), ("new", None), ("end", "shutdown")]
    first, _, second, _ = (message for message in tracks if message.event != "update")
    assert second.ts < first.ts
    assert second.track_id != first.track_id
    assert caplog.messages == ["radio a: the clock was set back; radio tracks begin anew"]


def test_two_radios_on_one_emitter_are_heard_by_both_names() -> None:
    sink = ListSink()
    openers = {"a": lambda: scene("elrs_eu868", 3.0), "b": lambda: scene("video_pal", 3.0)}
    assert make_node(openers, [sink]).run(threading.Event()) == 0
    heard = {
        (message.classification.family, message.sensors)
        for message in sink.messages
        if isinstance(message, TrackMessage) and message.event == "end"
    }
    assert {("drone-control", ("a",)), ("drone-video", ("b",))} <= heard


def test_when_no_radio_can_be_read_it_fails_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    def refuse() -> IqSource:
        raise SourceUnavailable("x.cu8: no such file; name another")

    sink = ListSink()
    assert make_node({"a": refuse}, [sink]).run(threading.Event()) == 1
    assert "x.cu8: no such file; name another" in caplog.text
    stopped = sink.messages[-1]
    assert isinstance(stopped, StatusMessage)
    assert stopped.reason == "a: x.cu8: no such file; name another"


def test_one_radio_that_is_missing_does_not_stop_the_other() -> None:
    def refuse() -> IqSource:
        raise SourceUnavailable("b: no dongle; plug one in")

    sink = ListSink()
    assert make_node({"a": lambda: scene("elrs_eu868", 3.0), "b": refuse}, [sink]).run(threading.Event()) == 0
    degraded = next(m for m in sink.messages if isinstance(m, StatusMessage) and m.state == "degraded")
    assert degraded.reason is not None
    assert "no dongle" in degraded.reason
    assert "new" in kinds(sink)


def test_a_sink_that_goes_away_is_left_out_and_the_others_go_on() -> None:
    short, long = ListSink(closes_after=1), ListSink()
    assert make_node({"a": lambda: scene("elrs_eu868", 3.0)}, [short, long]).run(threading.Event()) == 0
    assert len(short.messages) == 1
    assert kinds(long)[-1] == "stopped"


def test_tracks_end_when_the_radio_falls_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dongle that is pulled out: signal time goes on with real time."""
    monkeypatch.setattr(live, "IDLE_S", 0.2)
    monkeypatch.setattr(live, "to_ns", lambda seconds: round(seconds * 50e9))  # fifty times as fast, to save time
    over = threading.Event()
    sink = ListSink()

    class Silent:
        """Plays, then stays open and gives nothing more."""

        def __init__(self) -> None:
            self.radio = scene("elrs_eu868", 3.0)

        def blocks(self) -> Iterator[IqBlock]:
            yield from self.radio.blocks()
            over.wait(60)

        def stop(self) -> None:
            over.set()

    stop = threading.Event()
    node = make_node({"a": Silent}, [sink])
    runner = threading.Thread(target=node.run, args=(stop,))
    runner.start()
    deadline_s = time.monotonic() + 60
    while "end" not in kinds(sink) and time.monotonic() < deadline_s:
        stop.wait(0.05)
    stop.set()
    runner.join(60)
    ends = [m for m in sink.messages if isinstance(m, TrackMessage) and m.event == "end"]
    assert ends[0].end_reason == "lost"


def test_health_comes_at_its_interval_and_a_stop_ends_an_endless_radio() -> None:
    sink, stop = ListSink(), threading.Event()
    node = make_node({"a": lambda: scene("demo")}, [sink], interval_s=0.1)
    runner = threading.Thread(target=node.run, args=(stop,))
    runner.start()
    deadline_s = time.monotonic() + 60
    while sum(isinstance(m, HealthMessage) for m in sink.messages) < 4 and time.monotonic() < deadline_s:
        stop.wait(0.05)
    stop.set()
    runner.join(60)
    assert not runner.is_alive()
    uptimes = [m.uptime_s for m in sink.messages if isinstance(m, HealthMessage)]
    assert len(uptimes) >= 4
    assert uptimes == sorted(uptimes)
    assert kinds(sink)[-1] == "stopped"
