"""Replaying: the pure path from blocks to messages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dsp.iq import IqSource
from node.messages import Message, NodeIdentity, TrackMessage, to_json
from node.replay import ReplaySettings, replay
from node.sinks import SinkStatus
from node.tracking.tracker import TrackerSettings
from sim.radio import SimRadio
from sim.scene import load_scene


class ListSink:
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    @property
    def status(self) -> SinkStatus:
        return SinkStatus("list", connected=True)

    def publish(self, message: Message) -> None:
        self.messages.append(message)

    def close(self) -> None:
        pass

    @property
    def tracks(self) -> list[TrackMessage]:
        return [message for message in self.messages if isinstance(message, TrackMessage)]


def source(seconds: float = 4.0, block_samples: int = 65_536) -> IqSource:
    return SimRadio(replace(load_scene("elrs_eu868"), duration_s=seconds), block_samples=block_samples)


def replayed(settings: ReplaySettings | None = None, seed: str = "x", **options: int) -> ListSink:
    sink = ListSink()
    replay(source(**options), seed, settings or ReplaySettings(), None, sink)
    return sink


def test_the_size_of_the_blocks_does_not_matter() -> None:
    big, small = replayed(block_samples=131_072), replayed(block_samples=10_000)
    assert [to_json(message) for message in big.messages] == [to_json(message) for message in small.messages]
    assert big.messages


def test_identity_and_seed_name_the_messages_and_nothing_else_changes() -> None:
    one, other = replayed(seed="a.cu8"), replayed(seed="b.cu8")
    assert {message.boot_id for message in one.tracks} != {message.boot_id for message in other.tracks}
    assert [m.model_copy(update={"boot_id": ""}) for m in one.tracks] == [
        m.model_copy(update={"boot_id": ""}) for m in other.tracks
    ]
    named = replayed(ReplaySettings(identity=NodeIdentity("hill", "mast", lat=56.0, lon=24.0)))
    assert {message.node.site for message in named.tracks} == {"hill"}
    assert {message.node.time_source for message in named.tracks} == {"recording"}
    assert {message.node_id for message in named.tracks} != {message.node_id for message in one.tracks}


def test_counts_are_those_of_the_signal() -> None:
    sink, lines = ListSink(), list[str]()
    counts = replay(source(2.0), "x", ReplaySettings(), None, sink, lines.append)
    assert counts.signal_s == pytest.approx(2.0)
    assert counts.messages == len(sink.messages)
    assert counts.tracks == sum(message.event == "new" for message in sink.tracks)
    assert counts.bursts == sum(" burst " in line for line in lines)


def test_nothing_heard_is_no_message() -> None:
    sink = ListSink()
    counts = replay(SimRadio(replace(load_scene("quiet"), duration_s=1.0)), "x", ReplaySettings(), None, sink)
    assert counts.signal_s == pytest.approx(1.0)
    assert sink.messages == []


def test_settings_of_the_tracker_are_used() -> None:
    rare = replayed(ReplaySettings(tracker=TrackerSettings(refresh_s=3000.0, update_s=3000.0)))
    often = replayed(ReplaySettings(tracker=TrackerSettings(refresh_s=0.2, update_s=0.2)))
    assert len(rare.messages) < len(often.messages)
