"""Scene, simulated dongle, the node as a program, mosquitto, subscriber: the very tracks of a replay."""

from __future__ import annotations

import io
import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsp.iq import IqBlock
from models.onnx import load_classifier
from node.replay import ReplaySettings, replay
from node.sinks.jsonl import JsonLinesSink
from node.sources.rtl_tcp import START_SETTLE_S
from sim.librtlsdr import COMPILERS, build, environment
from sim.radio import SimRadio
from sim.rtl_tcp import RtlTcpServer
from sim.scene import Scene, load_scene

pytestmark = pytest.mark.system

SECONDS = 16
"""Of the scene: the link is silent after five of them, and its track ends."""
ON_S = ((1.0, 5.0),)
BLOCK = 32_768
Start = Callable[..., Any]
Message = dict[str, Any]


def scene() -> Scene:
    whole = load_scene("elrs_eu868")
    return replace(whole, duration_s=None, emitters=tuple(replace(each, on_s=ON_S) for each in whole.emitters))


class FromTheStart:
    """The simulator read directly, in numbers and times that begin with the first sample a live source gives."""

    def __init__(self, skipped_s: float) -> None:
        self._radio = SimRadio(scene(), radio="roof", block_samples=BLOCK)
        self._rate_hz = scene().receiver.sample_rate_hz
        self._radio.read_u8(round(skipped_s * self._rate_hz))

    def blocks(self) -> Iterator[IqBlock]:
        count = int(SECONDS * self._rate_hz) // BLOCK
        for number, block in enumerate(itertools.islice(self._radio.blocks(), count)):
            first = number * BLOCK
            yield replace(block, first_sample=first, start_ns=round(first * 1e9 / block.sample_rate_hz))

    def stop(self) -> None:
        """Nothing to stop."""


def told(messages: list[Message]) -> list[tuple[object, ...]]:
    """What begins and ends of tracks say, but for the moment and the ids that come of it."""
    return sorted(
        (
            message["event"],
            message["end_reason"] or "",
            message["classification"]["label"],
            message["classification"]["mode"] or "",
            message["classification"]["confidence"],
            json.dumps(message["rf"], sort_keys=True),
        )
        for message in messages
        if message["event"] in {"new", "end"}
    )


def replayed(skipped_s: float) -> list[tuple[object, ...]]:
    lines = io.BytesIO()
    replay(FromTheStart(skipped_s), "seed", ReplaySettings(), load_classifier(), JsonLinesSink(lines))
    return told([json.loads(line) for line in lines.getvalue().splitlines()])


def heard(folder: Path, broker_port: int, radio: str, skypicket: Start, subscriber: Start) -> list[tuple[object, ...]]:
    """Events of the node until the track of the drone has ended."""
    receiver = scene().receiver
    config = folder / "node.toml"
    config.write_text(
        f"""
[node]
site = "hill"
name = "mast"
[[radio]]
name = "roof"
{radio}
centre_hz = {receiver.centre_hz}
sample_rate_hz = {receiver.sample_rate_hz}
gain = {receiver.gain_db}
[mqtt]
host = "127.0.0.1"
port = {broker_port}
will_delay_s = 0
"""
    )
    with subscriber(broker_port) as listener:
        with skypicket("run", "-c", config) as node:
            listener.wait_for(lambda topic, message: topic == "event" and message["event"] == "end")
            health = listener.wait_for(lambda topic, _: topic == "health")
            assert health["radios"][0]["lost_samples"] == 0
            assert node.end() == 0
        listener.wait_for_status("stopped")
    return told([message for topic, message in listener.messages if topic.endswith("/event") and message])


def test_over_rtl_tcp(tmp_path: Path, port: int, mosquitto: Start, subscriber: Start, skypicket: Start) -> None:
    with RtlTcpServer(lambda: SimRadio(scene())) as server, mosquitto(port):
        radio = f'type = "rtl-tcp"\nhost = "127.0.0.1"\nport = {server.port}'
        events = heard(tmp_path, port, radio, skypicket, subscriber)
    assert [event[2:4] for event in events] == [("expresslrs", "100Hz")] * 2
    assert events == replayed(START_SETTLE_S)


def test_through_librtlsdr(
    tmp_path: Path,
    port: int,
    mosquitto: Start,
    subscriber: Start,
    skypicket: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not any(map(shutil.which, COMPILERS)):
        pytest.skip("no C compiler: sudo apt install gcc libc6-dev")
    library = build(tmp_path)
    with RtlTcpServer(lambda: SimRadio(scene())) as server, mosquitto(port):
        for name, value in environment(library, {"SKY00001": server.address}).items():
            monkeypatch.setenv(name, value)
        events = heard(tmp_path, port, 'type = "rtl-sdr"\nserial = "SKY00001"', skypicket, subscriber)
    assert [event[2:4] for event in events] == [("expresslrs", "100Hz")] * 2
    assert events == replayed(0.0)
