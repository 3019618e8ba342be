"""The simulated rtl_tcp server, seen from the client's end of the socket."""

# Longer than 300 lines: one server seen through its socket: commands, pace, losses and clients that leave.

from __future__ import annotations

import itertools
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.rtl_tcp import RtlTcpServer
from sim.rtl_tcp_commands import GAINS_DB, Command, CommandParser, exact_sample_rate_hz
from sim.rtl_tcp_session import BLOCK_SAMPLES, FIRST_COMMANDS_S, HEADER, HOLD_MARK, QUIET_S, Session

TIMEOUT_S = 20.0


class CountingRadio:
    """Every sample says which one it is: I and Q are the low bytes of its index; settings are kept."""

    def __init__(self, length: int | None = None) -> None:
        self.index = 0
        self.length = length
        self.settings: dict[str, object] = {}

    def configure(
        self,
        centre_hz: float | None = None,
        sample_rate_hz: float | None = None,
        gain_db: float | None = None,
        agc: bool | None = None,
        ppm: float | None = None,
    ) -> None:
        given_now = {
            "centre_hz": centre_hz,
            "sample_rate_hz": sample_rate_hz,
            "gain_db": gain_db,
            "agc": agc,
            "ppm": ppm,
        }
        self.settings |= {name: value for name, value in given_now.items() if value is not None}

    def read_u8(self, n_samples: int) -> bytes:
        end = self.index + n_samples if self.length is None else min(self.index + n_samples, self.length)
        start, self.index = self.index, end
        return indexes(start, end)


def indexes(start: int, end: int) -> bytes:
    return b"".join(struct.pack("<H", index & 0xFFFF) for index in range(start, end))


def command(code: int, value: int) -> bytes:
    return struct.pack(">BI", code, value & 0xFFFFFFFF)


@contextmanager
def client_of(server: RtlTcpServer) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT_S) as connection:
        yield connection


def receive(connection: socket.socket, count: int) -> bytes:
    """Exactly ``count`` bytes, fewer only at the end of the stream."""
    parts = []
    while count:
        part = connection.recv(min(count, 1 << 20))
        if not part:
            break
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def fast_server(radio: CountingRadio) -> RtlTcpServer:
    return RtlTcpServer(lambda: radio, paced=False)


# The commands.


def test_rates_of_the_resampler() -> None:
    assert exact_sample_rate_hz(2_400_000) == 2_400_000
    assert exact_sample_rate_hz(1_000_000) == pytest.approx(1_000_000.026, abs=1e-3)  # 28.8e6 * 2^22 / 120795952
    assert exact_sample_rate_hz(250_000) == pytest.approx(250_000.000414, abs=1e-6)
    for refused in (225_000, 300_001, 900_000, 3_200_001, 0):
        with pytest.raises(ValueError, match="cannot sample"):
            exact_sample_rate_hz(refused)


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 2**32 - 1))), st.data())
def test_commands_survive_any_cutting(commands: list[tuple[int, int]], data: st.DataObject) -> None:
    wire = b"".join(struct.pack(">BI", code, value) for code, value in commands)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)))))
    parser = CommandParser()
    parsed = [each for start, end in itertools.pairwise([0, *cuts, len(wire)]) for each in parser.feed(wire[start:end])]
    assert parsed == [Command(code, value) for code, value in commands]


def test_negative_values() -> None:
    assert Command(0x05, 0xFFFFFFFE).signed_value == -2
    assert Command(0x05, 7).signed_value == 7


# The session: pacing without a clock.


def open_session(radio: CountingRadio, **options: bool) -> Session:
    paced = options.get("paced", True)
    return Session(radio, header=b"", centre_hz=100e6, sample_rate_hz=1_024_000, paced=paced, now_s=50.0)


def test_blocks_leave_on_an_absolute_schedule() -> None:
    """Late or early calls do not shift what comes after them."""
    session = open_session(CountingRadio())
    block_s = BLOCK_SAMPLES / 1_024_000
    now_s = 50.0 + FIRST_COMMANDS_S
    assert session.make(now_s, 10**9) == 0  # the first block is due when it is complete
    assert session.wait_s(now_s) == pytest.approx(block_s)
    for number in range(1, 200):
        late_s = 0.9 * block_s * (number % 3 == 0)
        due_s = now_s + number * block_s
        assert session.make(due_s - 1e-6, 10**9) == 0
        assert session.make(due_s + late_s + 1e-6, 10**9) == BLOCK_SAMPLES
        session.outgoing = memoryview(b"")
        assert session.wait_s(due_s) == pytest.approx(block_s, abs=1e-5)


def test_a_late_client_is_caught_up_with() -> None:
    session = open_session(CountingRadio())
    start_s = 50.0 + FIRST_COMMANDS_S
    session.make(start_s, 10**9)
    made = 0
    while session.wait_s(start_s + 2.0) == 0.0:
        made += session.make(start_s + 2.0, 10**9)
        session.outgoing = memoryview(b"")
    assert made == 2 * 1_024_000 // BLOCK_SAMPLES * BLOCK_SAMPLES


def test_a_new_rate_paces_the_next_block() -> None:
    session = open_session(CountingRadio())
    start_s = 50.0 + FIRST_COMMANDS_S
    session.make(start_s, 10**9)
    session.feed(command(0x02, 2_048_000), start_s)
    now_s = start_s + BLOCK_SAMPLES / 1_024_000 + 1e-6
    assert session.make(now_s, 10**9) == BLOCK_SAMPLES
    session.outgoing = memoryview(b"")
    assert session.wait_s(now_s) == pytest.approx(BLOCK_SAMPLES / 2_048_000, abs=1e-5)


def test_samples_wait_for_the_first_commands_and_a_moment_of_quiet() -> None:
    session = open_session(CountingRadio(), paced=False)
    assert session.wait_s(50.0) == FIRST_COMMANDS_S
    session.feed(command(0x01, 868_000_000), 50.01)
    assert session.wait_s(50.01) == pytest.approx(QUIET_S)
    session.feed(command(0x02, 2_400_000), 50.24)
    assert session.wait_s(50.24) == pytest.approx(FIRST_COMMANDS_S - 0.24)


# The server on a real socket.


def test_header_and_samples() -> None:
    with fast_server(CountingRadio()) as server, client_of(server) as connection:
        assert receive(connection, 12) == b"RTL0\x00\x00\x00\x05\x00\x00\x00\x1d"
        assert receive(connection, 200_000) == indexes(0, 100_000)
        assert server.stats.clients == 1
        assert server.stats.connected


def test_paced_stream_is_the_same_stream() -> None:
    with RtlTcpServer(CountingRadio, sample_rate_hz=3_200_000) as server, client_of(server) as connection:
        receive(connection, 12)
        assert receive(connection, 4 * BLOCK_SAMPLES) == indexes(0, 2 * BLOCK_SAMPLES)


def test_every_command_reaches_the_radio_and_the_log() -> None:
    radio = CountingRadio()
    sent = [
        (0x01, 868_300_000), (0x02, 2_400_000), (0x03, 1), (0x04, 297), (0x05, -3), (0x06, 0x10005), (0x07, 0),
        (0x08, 1), (0x09, 2), (0x0A, 1), (0x0B, 28_800_000), (0x0C, 28_800_000), (0x0D, 28), (0x0E, 1),
    ]  # fmt: skip
    with fast_server(radio) as server, client_of(server) as connection:
        for byte in b"".join(command(*each) for each in sent):
            connection.sendall(bytes([byte]))
        assert server.wait_until(lambda server: len(server.commands) == len(sent), TIMEOUT_S)
        assert [(each.code, each.signed_value) for each in server.commands] == sent
        assert server.stats.unknown_commands == 0
        assert radio.settings == {
            "centre_hz": 868_300_000.0,
            "sample_rate_hz": 2_400_000.0,
            "gain_db": GAINS_DB[28],
            "agc": False,
            "ppm": -3.0,
        }


def test_unknown_and_impossible_commands_change_nothing_but_the_counters() -> None:
    radio = CountingRadio()
    with fast_server(radio) as server, client_of(server) as connection:
        connection.sendall(command(0x40, 1) + command(0xFF, 2) + command(0x02, 500_000) + command(0x0D, 29))
        assert server.wait_until(lambda server: len(server.commands) == 4, TIMEOUT_S)
        assert server.stats.unknown_commands == 2
        assert server.stats.refused_commands == 1
        assert radio.settings == {"centre_hz": 100e6, "sample_rate_hz": 2_048_000.0}


def test_tuning_comes_before_the_first_sample() -> None:
    class TuningRadio(CountingRadio):
        def read_u8(self, n_samples: int) -> bytes:
            centre_hz = self.settings["centre_hz"]
            assert isinstance(centre_hz, float)
            return bytes([int(centre_hz / 1e6) & 0xFF]) * (2 * n_samples)

    with fast_server(TuningRadio()) as server, client_of(server) as connection:
        connection.sendall(command(0x02, 2_400_000) + command(0x01, 200_000_000))
        assert set(receive(connection, 12 + 100_000)[12:]) == {200}


def test_test_mode_counts_bytes_and_shows_a_loss() -> None:
    with fast_server(CountingRadio()) as server, client_of(server) as connection:
        server.faults.lose(7, at_sample=50_000)
        connection.sendall(command(0x07, 1))
        stream = receive(connection, 12 + 200_000)[12:]
        assert stream[:100_000] == bytes(index & 0xFF for index in range(100_000))
        assert stream[100_000] == (100_000 + 14) & 0xFF
        assert server.stats.samples_lost == 7


def test_hold_marks_the_stream_and_go_continues_it() -> None:
    radio = CountingRadio()
    with fast_server(radio) as server, client_of(server) as connection:
        receive(connection, 12)
        connection.sendall(command(0x70, 77))
        mark = HOLD_MARK + struct.pack(">I", 77)
        seen = b""
        while not seen.endswith(mark):
            seen += receive(connection, 1)
        assert seen == indexes(0, radio.index) + mark
        held_at = radio.index
        connection.sendall(command(0x71, 0))
        assert receive(connection, 1000) == indexes(held_at, held_at + 500)


def test_one_client_at_a_time_and_a_new_radio_for_each() -> None:
    with (
        RtlTcpServer(CountingRadio, paced=False) as server,
        client_of(server) as first,
        client_of(server) as second,
    ):
        assert receive(first, 12) == HEADER
        assert server.stats.clients == 1
        first.close()
        assert receive(second, 12 + 2000) == HEADER + indexes(0, 1000)
        assert server.stats.clients == 2


def test_end_of_the_radio_ends_the_stream() -> None:
    with fast_server(CountingRadio(length=70_001)) as server, client_of(server) as connection:
        assert receive(connection, 10**6) == HEADER + indexes(0, 70_001)
        assert server.wait_until(lambda server: not server.stats.connected, TIMEOUT_S)
        assert server.stats.samples_sent == 70_001


def test_drop_at_a_sample_and_reconnect() -> None:
    with fast_server(CountingRadio()) as server:
        server.faults.drop(at_sample=40_000)
        with client_of(server) as connection:
            assert receive(connection, 10**6) == HEADER + indexes(0, 40_000)
        with client_of(server) as connection:
            assert receive(connection, 12 + 200) == HEADER + indexes(40_000, 40_100)


def test_cut_ends_in_the_middle_of_a_sample() -> None:
    with fast_server(CountingRadio()) as server, client_of(server) as connection:
        server.faults.cut(at_sample=1000)
        assert receive(connection, 10**6) == HEADER + indexes(0, 1000) + b"\x80"


def test_reset_breaks_the_connection() -> None:
    with fast_server(CountingRadio()) as server, client_of(server) as connection:
        receive(connection, 12 + 1000)
        server.faults.reset()
        with pytest.raises(ConnectionResetError):
            receive(connection, 10**8)


def test_stall_and_resume_lose_nothing() -> None:
    with fast_server(CountingRadio()) as server, client_of(server) as connection:
        server.faults.stall(at_sample=10_000)
        assert receive(connection, 12 + 20_000) == HEADER + indexes(0, 10_000)
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(TIMEOUT_S)
        server.faults.resume()
        assert receive(connection, 2000) == indexes(10_000, 11_000)


def test_refuse_and_take_again_on_the_same_port() -> None:
    with fast_server(CountingRadio()) as server:
        server.refuse()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT_S)
        server.refuse(refuse=False)
        with client_of(server) as connection:
            assert receive(connection, 12) == HEADER


def test_another_greeting() -> None:
    with fast_server(CountingRadio()) as server:
        server.faults.greet_with(b"HTTP/1.1 400")
        with client_of(server) as connection:
            assert receive(connection, 12) == b"HTTP/1.1 400"
        server.faults.greet_with()
        with client_of(server) as connection:
            assert receive(connection, 12) == HEADER


def test_stop_with_a_client_that_does_not_read() -> None:
    server = fast_server(CountingRadio())
    with server, client_of(server) as connection:
        assert server.wait_until(lambda server: server.stats.samples_sent > 100_000, TIMEOUT_S)
        server.stop()
        assert receive(connection, 12) == HEADER
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT_S)


def test_a_radio_that_breaks_is_reported_by_stop() -> None:
    class BrokenRadio(CountingRadio):
        def read_u8(self, n_samples: int) -> bytes:
            raise RuntimeError(f"no {n_samples} samples")

    def run() -> None:
        with fast_server(BrokenRadio()) as server, client_of(server) as connection:
            receive(connection, 10**6)

    with pytest.raises(RuntimeError, match="no 32768 samples"):
        run()


def test_a_taken_port_is_an_error() -> None:
    with fast_server(CountingRadio()) as server, pytest.raises(OSError, match="in use"):
        RtlTcpServer(CountingRadio, port=server.port).start()
