"""The contract of ``Sink``, for every kind in the registry."""

from __future__ import annotations

import ast
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import node.sinks
from node.ids import boot_uuid, track_ulid
from node.messages import MessageMaker, NodeIdentity, StatusMessage, TrackMessage, rfc3339
from node.sinks import Sink, SinkClosed, SinkUnavailable
from node.sinks.console import ConsoleSettings, ConsoleSink
from node.sinks.jsonl import JsonLinesSettings, JsonLinesSink
from node.sinks.mqtt_settings import MqttSettings
from node.sinks.registry import SINKS, SinkSettings, SinkStart, open_sinks
from node.tracking.track import Track, TrackChange

NODE = NodeIdentity("north", "mast-1")
BOOT = boot_uuid(NODE.uuid, "contract")
OFFLINE = StatusMessage(
    state="offline", reason=None, node_id=NODE.uuid, boot_id=BOOT, since=rfc3339(0), ts=None, sw="skypicket"
)
START = SinkStart(NODE, OFFLINE)
ABSENT = MqttSettings(host="127.0.0.1", port=1, drain_s=0.0)
"""Nothing listens on port 1."""

MAKERS: dict[str, Callable[[Path], Sink]] = {
    "mqtt": lambda _: open_sinks([ABSENT], START)[0],
    "jsonl": lambda folder: JsonLinesSink(folder / "messages.jsonl"),
    "jsonl-stream": lambda _: JsonLinesSink(io.BytesIO()),
    "console": lambda _: ConsoleSink(io.StringIO()),
}


def _message(number: int) -> TrackMessage:
    track = Track(
        track_id=track_ulid("mast-1", 0, f"{number}"),
        state="confirmed",
        first_ns=0,
        last_ns=1,
        label="lorawan",
        family="non-drone",
        mode=None,
        confidence=0.5,
        top=(),
        centre_hz=None,
        offset_hz=12_500.0,
        bandwidth_hz=125e3,
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
    return MessageMaker(NODE, BOOT).track(TrackChange("new", track, 1))


@pytest.fixture(params=sorted(MAKERS))
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sink]:
    made: Sink = MAKERS[request.param](tmp_path)
    yield made
    made.close()


def test_every_kind_takes_messages_of_every_sort(sink: Sink) -> None:
    for number in range(100):
        sink.publish(_message(number))
    sink.publish(OFFLINE.model_copy(update={"state": "online", "ts": rfc3339(0)}))
    assert sink.status.dropped == 0
    assert sink.status.name


def test_close_may_be_called_twice_and_ends_publishing(sink: Sink) -> None:
    sink.publish(_message(1))
    sink.close()
    sink.close()
    with pytest.raises(SinkClosed):
        sink.publish(_message(2))
    assert not sink.status.connected


def test_every_file_with_a_sink_is_registered() -> None:
    folder = Path(node.sinks.__file__).parent
    files = {
        path.stem
        for path in folder.glob("*.py")
        for item in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(item, ast.ClassDef) and item.name.endswith("Sink") and item.name != "Sink"
    }
    assert files == {kind.table for kind in SINKS}
    assert {name.partition("-")[0] for name in MAKERS} == files


def test_the_registry_opens_what_a_configuration_names(tmp_path: Path) -> None:
    wanted: list[SinkSettings] = [JsonLinesSettings(str(tmp_path / "a" / "b.jsonl")), ConsoleSettings(), ABSENT]
    sinks = open_sinks(wanted, START)
    assert [type(one).__name__ for one in sinks] == ["JsonLinesSink", "ConsoleSink", "MqttSink"]
    for one in sinks:
        one.close()


def test_a_sink_that_cannot_be_opened_closes_those_before_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(SinkUnavailable, match=r"jsonl\.path"):
        open_sinks([ABSENT, JsonLinesSettings(str(tmp_path / "file" / "x.jsonl"))], START)
