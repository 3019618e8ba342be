"""Every implementation of the Protocols: one line each in the lists here, one suite per Protocol beside."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import zstandard

from dsp.iq import IqSource
from node.sources import (
    BackOff,
    RecordingOptions,
    ReopeningSource,
    RtlSdrSettings,
    RtlTcpSettings,
    SimulatorSettings,
    open_radio,
    open_recording,
)
from sim.librtlsdr import COMPILERS, build, load_fake
from sim.radio import SimRadio
from sim.rtl_tcp import RtlTcpServer
from sim.rtl_tcp_session import HEADER
from sim.scene import load_scene

LIVE_TOLERANCE_NS = 2_600_000
"""One correction of ``node.sources.live_clock``: 500 ppm of 5 s."""
Opened = AbstractContextManager[IqSource]


@dataclass(frozen=True)
class IqSourceCase:
    """An implementation of ``IqSource``.

    Parameters
    ----------
    name
        For the test report.
    open
        Opens it in an empty folder; what it needs around it (a server, a writer) ends with the context.
    broken
        Opens it in an empty folder so that it must fail at once or at the first block; None where nothing can break.
    endless
        It gives blocks for ever.
    time_tolerance_ns
        How far time may be off the sample count: live clocks are slewed.
    """

    name: str
    open: Callable[[Path], Opened]
    broken: Callable[[Path], Opened] | None = None
    endless: bool = False
    time_tolerance_ns: int = 1


def _bytes(count: int) -> bytes:
    return np.random.default_rng(1).integers(0, 256, count, dtype=np.uint8).tobytes()


@contextmanager
def _sigmf(folder: Path, content: bytes | None = None) -> Iterator[IqSource]:
    captures = [
        {"core:sample_start": 0, "core:frequency": 868e6, "core:global_index": 7},
        {"core:sample_start": 5000, "core:frequency": 915e6, "core:global_index": 6007},
        {"core:sample_start": 9000, "core:global_index": 10_007},
    ]
    text = {"global": {"core:datatype": "cu8", "core:sample_rate": 1e6, "core:version": "1.2.0"}, "captures": captures}
    (folder / "x.sigmf-meta").write_bytes(json.dumps(text).encode() if content is None else content)
    (folder / "x.sigmf-data").write_bytes(_bytes(20_001))
    yield open_recording(folder / "x.sigmf-meta", RecordingOptions(block_samples=1024))


@contextmanager
def _raw(folder: Path, name: str, content: bytes) -> Iterator[IqSource]:
    (folder / name).write_bytes(content)
    yield open_recording(folder / name, RecordingOptions(block_samples=1000))


@contextmanager
def _wav(folder: Path) -> Iterator[IqSource]:
    head = bytes.fromhex("52494646000000005741564566 6d7420 10000000 0100 0200 40420f00 80841e00 0200 0800 64617461")
    with _raw(folder, "x_868M.wav", head + (20_000).to_bytes(4, "little") + _bytes(20_000)) as source:
        yield source


@contextmanager
def _pipe(folder: Path, content: bytes) -> Iterator[IqSource]:
    path = folder / "x_868M_1000k.cu8"
    os.mkfifo(path)
    source = open_recording(path, RecordingOptions(block_samples=1000))

    def feed() -> None:
        with os.fdopen(os.open(path, os.O_RDWR), "wb") as pipe:  # to read too: waits for no reader that may be gone
            pipe.write(content)

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        yield source
    finally:
        source.close()
        feeder.join(20.0)


@contextmanager
def _simulated(folder: Path) -> Iterator[IqSource]:
    scene = Path(__file__).parents[2] / "sim" / "scenes" / "quiet.toml"
    yield SimRadio(load_scene(scene), radio="simulated")


@contextmanager
def _rtl_tcp(folder: Path, greeting: bytes = HEADER) -> Iterator[IqSource]:
    with RtlTcpServer(lambda: SimRadio(load_scene("quiet")), paced=False) as server:
        server.faults.greet_with(greeting)
        yield open_radio(RtlTcpSettings(name="mast", host="127.0.0.1", port=server.port, centre_hz=868e6, gain=20.0))


@contextmanager
def _reopening(folder: Path) -> Iterator[IqSource]:
    """Its server hangs up in the middle of every second block."""
    with RtlTcpServer(lambda: SimRadio(load_scene("quiet")), paced=False) as server:
        settings = RtlTcpSettings(name="mast", host="127.0.0.1", port=server.port, centre_hz=868e6, gain=20.0)

        def make() -> IqSource:
            server.faults.drop(at_sample=1_300_000)
            return open_radio(settings)

        yield ReopeningSource(make, back_off=BackOff(0.01, 0.01))


@contextmanager
def _rtl_sdr(folder: Path, present: str = "SKY00001") -> Iterator[IqSource]:
    if not any(map(shutil.which, COMPILERS)):
        pytest.skip("no C compiler: sudo apt install gcc libc6-dev")
    with (
        RtlTcpServer(lambda: SimRadio(load_scene("quiet")), paced=False) as server,
        load_fake(build(folder), {present: server.address}),
    ):
        yield open_radio(RtlSdrSettings(name="roof", serial="SKY00001", centre_hz=868e6, gain=20.0))


_FLOATS = np.linspace(-900, 900, 20_000).astype("<f4").tobytes()
_PACKED = zstandard.ZstdCompressor().compress(_bytes(20_000))

IQ_SOURCES: tuple[IqSourceCase, ...] = (
    IqSourceCase("sigmf", _sigmf, lambda folder: _sigmf(folder, b'{"global": {}}')),
    IqSourceCase(
        "raw integers",
        lambda folder: _raw(folder, "x_868M_1000k.cu8", _bytes(20_001)),
        lambda folder: _raw(folder, "x_868M.cu8", _bytes(20)),
    ),
    IqSourceCase(
        "raw floats",
        lambda folder: _raw(folder, "x_868M_1000k.cf32", _FLOATS),
        lambda folder: _raw(folder, "x_868M_1000k.cf32", bytes([0xFF]) * 8000),
    ),
    IqSourceCase(
        "compressed",
        lambda folder: _raw(folder, "x_868M_1000k.cu8.zst", _PACKED),
        lambda folder: _raw(folder, "x_868M_1000k.cu8.zst", _PACKED[4:]),
    ),
    IqSourceCase("wav", _wav, lambda folder: _raw(folder, "x.wav", b"RIFF, but no WAV")),
    IqSourceCase("pipe", lambda folder: _pipe(folder, _bytes(20_000)), lambda folder: _pipe(folder, b"")),
    IqSourceCase("simulated radio", _simulated, endless=True),
    IqSourceCase(
        "simulator",
        lambda _: nullcontext(open_radio(SimulatorSettings(name="sim", scene="quiet", pace=0.0))),
        lambda _: nullcontext(open_radio(SimulatorSettings(name="sim", scene="no such scene"))),
        endless=True,
    ),
    IqSourceCase(
        "rtl_tcp",
        _rtl_tcp,
        lambda folder: _rtl_tcp(folder, bytes(12)),
        endless=True,
        time_tolerance_ns=LIVE_TOLERANCE_NS,
    ),
    IqSourceCase(
        "rtl-sdr",
        _rtl_sdr,
        lambda folder: _rtl_sdr(folder, "SKY00002"),
        endless=True,
        time_tolerance_ns=LIVE_TOLERANCE_NS,
    ),
    IqSourceCase("reopening", _reopening, None, endless=True, time_tolerance_ns=LIVE_TOLERANCE_NS),
)
"""Every implementation of ``IqSource``."""


@pytest.fixture(params=IQ_SOURCES, ids=lambda case: case.name)
def iq_source_case(request: pytest.FixtureRequest) -> IqSourceCase:
    case: IqSourceCase = request.param
    return case
