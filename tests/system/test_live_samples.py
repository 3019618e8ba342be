"""Scene, server or dongle, live source: the samples and the tracks must be those of the simulator read directly."""

from __future__ import annotations

import io
import itertools
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.iq import IqBlock, IqSource
from node.replay import ReplaySettings, replay
from node.sinks.jsonl import JsonLinesSink
from node.sources import ReopeningSource, RtlSdrSettings, RtlTcpSettings, open_radio
from node.sources.rtl_sdr import RtlSdrSource
from node.sources.rtl_tcp import START_SETTLE_S
from sim.librtlsdr import COMPILERS, build, load_fake
from sim.radio import SimRadio
from sim.rtl_tcp import RtlTcpServer
from sim.scene import Scene, load_scene

pytestmark = pytest.mark.system

TIMEOUT_S = 60.0
RADIO = "roof"
BLOCK = 32_768
BLOCKS = 400
"""5.5 s at 2.4 MS/s."""
SKIPPED = round(START_SETTLE_S * 2.4e6)
needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, COMPILERS)), reason="no C compiler: sudo apt install gcc libc6-dev"
)
Heard = tuple[NDArray[np.complex64], list[bytes]]
"""Samples and messages."""


class Part:
    """Some blocks of a source, with their numbers and times from 0 on."""

    def __init__(self, source: IqSource, blocks: int) -> None:
        self._source, self._blocks = source, blocks
        self.samples: list[NDArray[np.complex64]] = []

    def blocks(self) -> Iterator[IqBlock]:
        for number, block in enumerate(self._source.blocks()):
            if number == self._blocks:
                self._source.stop()
                break
            self.samples.append(block.samples)
            first = number * BLOCK
            yield replace(block, first_sample=first, start_ns=round(first * 1e9 / block.sample_rate_hz))

    def stop(self) -> None:
        self._source.stop()


def heard_from(source: IqSource) -> Heard:
    part = Part(source, BLOCKS)
    lines = io.BytesIO()
    replay(part, "seed", ReplaySettings(), None, JsonLinesSink(lines))
    return np.concatenate(part.samples), lines.getvalue().splitlines()


@pytest.fixture(scope="module")
def scene() -> Scene:
    return replace(load_scene("elrs_fcc915"), duration_s=None)


def check_same(heard: Heard, direct: Heard) -> None:
    assert np.array_equal(heard[0], direct[0])
    assert heard[1] == direct[1]
    assert any(b'"event":"new"' in message for message in direct[1])


def receiver_settings(scene: Scene) -> dict[str, float]:
    receiver = scene.receiver
    return {"centre_hz": receiver.centre_hz, "sample_rate_hz": receiver.sample_rate_hz, "gain": receiver.gain_db}


def test_over_rtl_tcp(scene: Scene) -> None:
    """The client discards what it cannot trust at the start, so the direct reading does too."""
    with RtlTcpServer(lambda: SimRadio(scene), paced=False) as server:
        settings = RtlTcpSettings(name=RADIO, host="127.0.0.1", port=server.port, **receiver_settings(scene))  # type: ignore[arg-type]
        heard = heard_from(open_radio(settings))
    direct = SimRadio(scene, radio=RADIO, block_samples=BLOCK)
    direct.read_u8(SKIPPED)
    check_same(heard, heard_from(direct))


@needs_compiler
def test_through_librtlsdr(scene: Scene, tmp_path: Path) -> None:
    library = build(tmp_path)
    with (
        RtlTcpServer(lambda: SimRadio(scene), paced=False) as server,
        load_fake(library, {"SKY00001": server.address}),
    ):
        settings = RtlSdrSettings(name=RADIO, serial="SKY00001", **receiver_settings(scene))  # type: ignore[arg-type]
        heard = heard_from(RtlSdrSource(settings, inbox_s=TIMEOUT_S))
    check_same(heard, heard_from(SimRadio(scene, radio=RADIO, block_samples=BLOCK)))


SERVE = """
import sys, threading
from sim.radio import SimRadio
from sim.rtl_tcp import RtlTcpServer
from sim.scene import load_scene

with RtlTcpServer(lambda: SimRadio(load_scene("quiet")), port=int(sys.argv[1])) as server:
    print(server.port, flush=True)
    threading.Event().wait()
"""


def serve_in_a_process(port: int = 0) -> tuple[subprocess.Popen[str], int]:
    server = subprocess.Popen([sys.executable, "-c", SERVE, str(port)], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    return server, int(server.stdout.readline())


def end(server: subprocess.Popen[str]) -> None:
    server.send_signal(signal.SIGKILL)
    with server:
        server.wait(TIMEOUT_S)


def test_a_killed_server_is_found_again_when_it_is_back() -> None:
    """kill -9 in mid-stream, a new server at the same port, at the true rate: numbers and times go on."""
    server, port = serve_in_a_process()
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        nonlocal server
        if not waits:
            server, _ = serve_in_a_process(port)
        waits.append(seconds)
        return len(waits) > 5

    settings = RtlTcpSettings(name=RADIO, host="127.0.0.1", port=port, centre_hz=868e6)
    source = ReopeningSource(lambda: open_radio(settings), wait=wait)
    given: list[IqBlock] = []
    try:
        for block in source.blocks():
            given.append(block)
            if len(given) == 20:
                end(server)
            if source.state.reopenings and block.lost_before == 0:
                source.stop()
    finally:
        end(server)
    outage = next(block for block in given if block.lost_before)
    assert outage.lost_before / outage.sample_rate_hz > START_SETTLE_S
    for before, block in itertools.pairwise(given):
        assert block.first_sample == before.first_sample + len(before.samples) + block.lost_before
        gap_ns = block.start_ns - before.end_ns
        assert gap_ns == pytest.approx(block.lost_before * 1e9 / block.sample_rate_hz, abs=1000)
    assert "connection" in str(source.state.last_error)


READ = """
import sys, time
import numpy as np
import scipy.fft
from node.sources import RtlTcpSettings, open_radio

window = np.hanning(1024).astype(np.complex64)
source = open_radio(RtlTcpSettings(name="load", host="127.0.0.1", port=int(sys.argv[1]), centre_hz=868e6))
reading_s = spectra_s = signal_s = 0.0
left_s = time.process_time()
for block in source.blocks():
    got_s = time.process_time()
    reading_s += got_s - left_s if signal_s else 0.0
    for samples in (block.samples, block.samples[512:-512]):
        (np.abs(scipy.fft.fft(samples.reshape(-1, 1024) * window, axis=1)) ** 2).sum()
    left_s = time.process_time()
    spectra_s += left_s - got_s
    signal_s += block.duration_s
    if signal_s > 4.0:
        source.stop()
print(reading_s / signal_s, spectra_s / signal_s)
"""


def test_reading_is_cheap() -> None:
    """2.4 MS/s at the true rate costs less than one plain spectrum of the same samples, in the same run."""
    with RtlTcpServer(lambda: SimRadio(load_scene("quiet"))) as server:
        command = [sys.executable, "-c", READ, str(server.port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    reading, spectra = map(float, done.stdout.split())
    assert reading < spectra
