"""The rtl_tcp client against the simulated server, and against servers that misbehave."""

# Longer than 300 lines: one client against one server, and every fault between them.

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from dsp.iq import IqBlock, SourceLost, SourceStalled, SourceUnavailable, u8_to_complex64
from node.sources import RtlTcpSettings
from node.sources.live_clock import HostClock
from node.sources.rtl_tcp import START_SETTLE_S, RtlTcpSource
from node.sources.rtl_tcp_link import Command, encode, if_gain_value, parse_greeting
from sim.rtl_tcp import RtlTcpServer
from sim.rtl_tcp_commands import COMMAND_NAMES, CommandParser
from sim.rtl_tcp_session import HEADER

TIMEOUT_S = 60.0
RATE_HZ = 250_000.0
SKIPPED = round(START_SETTLE_S * 250_000)
BLOCK = 4096


class CountingRadio:
    """Every sample says which one it is: I and Q are the low bytes of its index."""

    def __init__(self) -> None:
        self.index = 0

    def configure(
        self,
        centre_hz: float | None = None,
        sample_rate_hz: float | None = None,
        gain_db: float | None = None,
        agc: bool | None = None,
        ppm: float | None = None,
    ) -> None:
        pass

    def read_u8(self, n_samples: int) -> bytes:
        start, self.index = self.index, self.index + n_samples
        return indexes(start, self.index)


class TunedRadio(CountingRadio):
    """Every byte says where the radio is tuned to, in MHz less 800."""

    def __init__(self) -> None:
        super().__init__()
        self.centre_hz = 0.0

    def configure(
        self,
        centre_hz: float | None = None,
        sample_rate_hz: float | None = None,
        gain_db: float | None = None,
        agc: bool | None = None,
        ppm: float | None = None,
    ) -> None:
        self.centre_hz = centre_hz or self.centre_hz

    def read_u8(self, n_samples: int) -> bytes:
        return bytes([round(self.centre_hz / 1e6 - 800) % 256]) * (2 * n_samples)


def indexes(start: int, end: int) -> bytes:
    return (np.arange(start, end) & 0xFFFF).astype("<u2").tobytes()


def settings(port: int, **changes: object) -> RtlTcpSettings:
    usual: dict[str, object] = {
        "name": "mast", "host": "127.0.0.1", "port": port, "centre_hz": 868.2e6, "sample_rate_hz": RATE_HZ,
    }  # fmt: skip
    return RtlTcpSettings(**(usual | changes))  # type: ignore[arg-type]


def ended_by(source: RtlTcpSource) -> tuple[list[IqBlock], Exception | None]:
    """All blocks, and what ended them."""
    given: list[IqBlock] = []
    try:
        given.extend(source.blocks())
    except Exception as error:  # noqa: BLE001 - the test looks at it
        return given, error
    return given, None


def samples_of(blocks: list[IqBlock]) -> list[complex]:
    return [complex(sample) for block in blocks for sample in block.samples]


@contextlib.contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Something at a port that serves one client in its own way."""

    def run() -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                serve(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()[1]
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(TIMEOUT_S)


def test_every_command_is_what_the_server_knows() -> None:
    wire = b"".join(encode(command, number) for number, command in enumerate(Command))
    understood = CommandParser().feed(wire)
    assert [each.code for each in understood] == list(range(1, 15))
    assert [each.value for each in understood] == list(range(14))
    names = {int(command): command.name.lower() for command in Command}
    renamed = {0x03: "manual_gain", 0x05: "ppm"}
    assert {code: renamed.get(code, name) for code, name in names.items()} == {
        code: name for code, name in COMMAND_NAMES.items() if code < 0x70
    }


def test_values_on_the_wire() -> None:
    assert encode(Command.CENTRE_HZ, 868_200_000) == b"\x01\x33\xbf\xae\x40"
    assert encode(Command.PPM, -20) == b"\x05\xff\xff\xff\xec"
    assert encode(Command.CENTRE_HZ, 2_200_000_000)[1] == 0x83
    assert if_gain_value(2, -3.0) == 0x0002FFE2
    with pytest.raises(ValueError, match="32 bits"):
        encode(Command.CENTRE_HZ, 1 << 32)


def test_the_greeting() -> None:
    greeting = parse_greeting(HEADER)
    assert greeting is not None
    assert (greeting.tuner, greeting.gain_count) == (5, 29)
    assert parse_greeting(b"SSH-2.0-Open") is None


def test_tells_the_server_everything_and_counts_the_samples() -> None:
    with RtlTcpServer(CountingRadio, paced=False) as server:
        source = RtlTcpSource(
            settings(server.port, gain=30.0, ppm=-12, bias_tee=True, digital_agc=True, converter_offset_hz=-125e6,
                     if_gains_db=(6.0, -3.0), rtl_crystal_hz=28_800_100, offset_tuning=True),
            start_ns=1_000,
        )  # fmt: skip
        blocks = []
        for block in source.blocks():
            blocks.append(block)
            if len(blocks) == 5:
                source.stop()
        values = [(each.name, each.signed_value) for each in server.commands]
    assert values == [
        ("test_mode", 0), ("rtl_crystal_hz", 28_800_100), ("direct_sampling", 0), ("offset_tuning", 1),
        ("sample_rate_hz", 250_000), ("ppm", -12), ("centre_hz", 993_200_000), ("manual_gain", 1),
        ("gain_tenths_db", 297), ("if_gain", 0x1003C), ("if_gain", 0x2FFE2), ("digital_agc", 1), ("bias_tee", 1),
    ]  # fmt: skip
    assert source.notes == ("gain 29.7 dB, the tuner's nearest to 30 dB",)
    assert source.greeting is not None
    assert source.greeting.tuner == 5
    assert {block.centre_hz for block in blocks} == {868.2e6}
    assert {block.radio for block in blocks} == {"mast"}
    assert [block.first_sample for block in blocks] == [SKIPPED + number * BLOCK for number in range(5)]
    rate_hz = blocks[0].sample_rate_hz
    assert [block.start_ns for block in blocks] == [
        1_000 + round((SKIPPED + n * BLOCK) * 1e9 / rate_hz) for n in range(5)
    ]
    assert samples_of(blocks) == list(u8_to_complex64(indexes(SKIPPED, SKIPPED + 5 * BLOCK)))
    assert blocks[0].lost_before == 0
    assert (source.counters.samples, source.counters.lost_samples) == (5 * BLOCK, 0)


@pytest.mark.parametrize(
    ("changes", "sent"),
    [
        ({}, [("manual_gain", 0)]),
        ({"gain_index": 28}, [("manual_gain", 1), ("gain_index", 28)]),
        ({"gain": 49.6}, [("manual_gain", 1), ("gain_tenths_db", 496)]),
    ],
)
def test_gain(changes: dict[str, object], sent: list[tuple[str, int]]) -> None:
    with RtlTcpServer(CountingRadio, paced=False) as server:
        source = RtlTcpSource(settings(server.port, **changes))
        next(iter(source.blocks()))
        assert [(each.name, each.value) for each in server.commands if "gain" in each.name] == sent
    assert source.notes == ()


def test_a_gain_index_that_the_tuner_does_not_have() -> None:
    with RtlTcpServer(CountingRadio, paced=False) as server:
        _, error = ended_by(RtlTcpSource(settings(server.port, gain_index=29)))
    assert isinstance(error, SourceUnavailable)
    assert "gain_index 29 is beyond the 29 gains of its R820T tuner; the largest is 28" in str(error)


def test_an_unknown_tuner_gets_the_gain_as_it_is() -> None:
    with RtlTcpServer(CountingRadio, paced=False) as server:
        server.faults.greet_with(struct.pack(">4sII", b"RTL0", 77, 12))
        source = RtlTcpSource(settings(server.port, gain=30.0))
        next(iter(source.blocks()))
        assert [each.value for each in server.commands if each.name == "gain_tenths_db"] == [300]


def test_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    _, error = ended_by(RtlTcpSource(settings(port)))
    assert isinstance(error, SourceUnavailable)
    assert f"radio mast: rtl_tcp 127.0.0.1:{port}: the connection is refused" in str(error)


def test_an_unknown_host() -> None:
    for host in ("nobody.invalid", "a" * 80, "."):
        _, error = ended_by(RtlTcpSource(settings(1, host=host)))
        assert isinstance(error, SourceUnavailable)
        assert "is not known" in str(error)


@pytest.mark.parametrize(
    ("greeting", "text"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "no rtl_tcp server"),
        (bytes(12), "no rtl_tcp server"),
        (b"RTL0\x00", "hung up before its greeting"),
        (b"", "hung up before its greeting"),
    ],
)
def test_a_server_that_is_something_else(greeting: bytes, text: str) -> None:
    with raw_server(lambda connection: connection.sendall(greeting)) as port:
        given, error = ended_by(RtlTcpSource(settings(port)))
    assert given == []
    assert isinstance(error, SourceUnavailable)
    assert text in str(error)


def test_a_server_that_does_not_greet() -> None:
    """It has another client, and lets us wait."""
    with RtlTcpServer(CountingRadio, paced=False) as server:
        first = RtlTcpSource(settings(server.port))
        blocks = first.blocks()
        next(blocks)
        _, error = ended_by(RtlTcpSource(settings(server.port, connect_timeout_s=0.2)))
        assert isinstance(error, SourceUnavailable)
        assert "one client at a time" in str(error)
        next(blocks)


@pytest.mark.parametrize("fault", ["drop", "cut", "reset"])
def test_a_connection_that_ends(fault: str) -> None:
    """Whole samples before the end are given, half a sample is not."""
    end = SKIPPED + 3 * BLOCK + 77
    with RtlTcpServer(CountingRadio, paced=False) as server:
        getattr(server.faults, fault)(at_sample=end)
        given, error = ended_by(RtlTcpSource(settings(server.port)))
    assert isinstance(error, SourceLost)
    assert str(error).startswith(f"radio mast: rtl_tcp {server.address}: the ")
    count = sum(len(block.samples) for block in given)
    assert samples_of(given) == list(u8_to_complex64(indexes(SKIPPED, SKIPPED + count)))
    if fault != "reset":  # a reset takes along what was not read yet
        assert SKIPPED + count == end


def test_bytes_in_odd_pieces() -> None:
    """Every piece on its way is cut inside a sample; the pairs are found all the same."""
    wire = indexes(0, SKIPPED + 2 * BLOCK)

    def serve(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(HEADER[:5])
        connection.sendall(HEADER[5:])
        for start in range(0, len(wire), 9999):
            connection.sendall(wire[start : start + 9999])
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):  # its commands; closing with these unread would be a reset
            pass

    with raw_server(serve) as port:
        given, error = ended_by(RtlTcpSource(settings(port)))
    assert samples_of(given) == list(u8_to_complex64(wire[2 * SKIPPED :]))
    assert isinstance(error, SourceLost)


def test_a_silent_server_has_stalled() -> None:
    with RtlTcpServer(CountingRadio, paced=False) as server:
        server.faults.stall(at_sample=SKIPPED + BLOCK + 10)
        given, error = ended_by(RtlTcpSource(settings(server.port, silence_s=0.2)))
    assert isinstance(error, SourceStalled)
    assert "came in 0.2 s" in str(error)
    assert [len(block.samples) for block in given] == [BLOCK, 10]


def test_a_server_that_trickles_has_stalled_too() -> None:
    """Never silent, but a thousand times too slow."""
    ended = threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.sendall(HEADER + indexes(0, SKIPPED))
        with contextlib.suppress(OSError):
            while not ended.wait(0.02):
                connection.sendall(b"x")

    with raw_server(serve) as port:
        given, error = ended_by(RtlTcpSource(settings(port, silence_s=0.3)))
        ended.set()
    assert isinstance(error, SourceStalled)
    assert sum(len(block.samples) for block in given) < 100


def test_stop_ends_a_silent_wait() -> None:
    with RtlTcpServer(CountingRadio, paced=False) as server:
        server.faults.stall()
        source = RtlTcpSource(settings(server.port, silence_s=TIMEOUT_S))
        given: list[IqBlock] = []
        reader = threading.Thread(target=lambda: given.extend(source.blocks()))
        reader.start()
        assert server.wait_until(lambda server: len(server.commands) > 8, TIMEOUT_S)
        source.stop()
        source.stop()
        reader.join(TIMEOUT_S)
        assert not reader.is_alive()
        assert given == []
    assert list(source.blocks()) == []


def test_stopped_before_it_began() -> None:
    source = RtlTcpSource(settings(1))
    source.stop()
    assert list(source.blocks()) == []


def test_leaving_the_loop_hangs_up() -> None:
    with RtlTcpServer(CountingRadio, paced=False) as server:
        for block in RtlTcpSource(settings(server.port)).blocks():
            assert len(block.samples) == BLOCK
            break
        assert server.wait_until(lambda server: not server.stats.connected, TIMEOUT_S)


def test_the_first_block_is_dated_by_the_host() -> None:
    clock = HostClock(unix_ns=lambda: 1_777_000_000_000_000_000, steady_ns=lambda: 5)

    def serve(connection: socket.socket) -> None:
        connection.sendall(HEADER + indexes(0, SKIPPED + BLOCK))
        while connection.recv(4096):
            pass

    with raw_server(serve) as port:
        blocks = RtlTcpSource(settings(port), clock=clock).blocks()
        assert abs(next(blocks).end_ns - 1_777_000_000_000_000_000) <= 1
        blocks.close()  # type: ignore[attr-defined]  # it is a generator


def test_retunes_give_nothing_of_the_old_frequency() -> None:
    asked_ns: list[int] = []
    plan = [868e6, 868e6, 915e6, 915e6, 869e6, 869e6]

    def wanted(next_ns: int) -> float:
        asked_ns.append(next_ns)
        return plan[min(len(asked_ns), len(plan)) - 1]

    with RtlTcpServer(TunedRadio, paced=False) as server:
        source = RtlTcpSource(settings(server.port, centre_hz=868e6), retune=wanted, start_ns=0)
        blocks = []
        for block in source.blocks():
            blocks.append(block)
            if len(blocks) == len(plan):
                source.stop()
    assert [block.centre_hz for block in blocks] == plan
    for block in blocks:
        raw = round(block.centre_hz / 1e6 - 800)
        assert set(block.samples) == set(u8_to_complex64(bytes([raw, raw])))
    assert [block.lost_before > 0 for block in blocks] == [False, False, True, False, True, False]
    position = SKIPPED
    for block in blocks:
        assert block.first_sample == position + block.lost_before
        position = block.first_sample + len(block.samples)
    assert source.counters.retunes == 2
    assert source.counters.lost_samples == sum(block.lost_before for block in blocks)
    # The plan was asked with the time the block would have had.
    ends = [round(SKIPPED * 1e9 / blocks[0].sample_rate_hz)] + [block.end_ns for block in blocks]
    assert asked_ns == [pytest.approx(end_ns, abs=1) for end_ns in ends[: len(asked_ns)]]


def test_a_plan_that_cannot_be_tuned() -> None:
    with RtlTcpServer(TunedRadio, paced=False) as server:
        _, error = ended_by(RtlTcpSource(settings(server.port), retune=lambda _: 5.8e9))
    assert isinstance(error, SourceUnavailable)
    assert "cannot be retuned" in str(error)


def test_a_hundred_connections_leave_nothing_behind() -> None:
    def descriptors() -> int:
        return len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))

    with RtlTcpServer(CountingRadio, paced=False) as server:
        next(iter(RtlTcpSource(settings(server.port)).blocks()))
        assert server.wait_until(lambda server: not server.stats.connected, TIMEOUT_S)
        before, threads = descriptors(), threading.active_count()
        for number in range(100):
            server.faults.drop(at_sample=SKIPPED + 100 * (number % 3))
            _, error = ended_by(RtlTcpSource(settings(server.port)))
            assert isinstance(error, SourceLost)
            assert server.wait_until(lambda server: not server.stats.connected, TIMEOUT_S)
        assert descriptors() <= before
        assert threading.active_count() <= threads
        assert server.stats.clients == 101
