"""The port, the line and the host of simulated modules."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from sim.serial_devices.host import DeviceHost, SimulatedModule
from sim.serial_devices.line import LineFaults, as_read_at
from sim.serial_devices.port import PtyPort

PATIENCE_S = 20.0


class Counter(SimulatedModule):
    """Ten bytes a report, which say its number and the time since it was switched on."""

    baud = 1000
    period_s = 0.2

    def __init__(self) -> None:
        self.number = 0
        self.commands: list[bytes] = []
        self.boots = 0

    def boot(self) -> bytes:
        self.boots += 1
        self.number = 0
        return b"boot......"

    def report(self, scene_s: float, uptime_s: float) -> bytes:
        self.number += 1
        return b"%04d %04d." % (self.number, round(uptime_s * 10))

    def command(self, data: bytes, uptime_s: float) -> bytes:
        self.commands.append(data)
        return b"ok........"


class Time:
    """A clock that jumps to whatever is waited for, and ends the host at a time."""

    def __init__(self, end_s: float) -> None:
        self.now_s, self.end_s = 0.0, end_s

    def clock(self) -> float:
        return self.now_s

    def wait(self, stop: threading.Event, duration_s: float) -> bool:
        self.now_s += duration_s
        return self.now_s >= self.end_s or stop.is_set()


class Sink(PtyPort):
    """A port that keeps what is written and when."""

    def __init__(self, path: Path, time: Time) -> None:
        super().__init__(path)
        self.time = time
        self.written: list[tuple[float, bytes]] = []

    def write(self, data: bytes) -> None:
        self.written.append((self.time.now_s, data))


def played(tmp_path: Path, end_s: float, faults: LineFaults | None = None) -> tuple[list[tuple[float, bytes]], Counter]:
    time, module = Time(end_s), Counter()
    port = Sink(tmp_path / "port", time)
    host = DeviceHost(module, port, faults, clock=time.clock, wait=time.wait)
    host.start()
    host._thread.join(PATIENCE_S)
    host.stop()
    return port.written, module


class TestPace:
    def test_bytes_leave_at_the_rate_of_the_line(self, tmp_path: Path) -> None:
        written, module = played(tmp_path, 2.0)
        text = b"".join(data for _, data in written)
        assert text.startswith(b"boot......0001 0000.0002 0002.0003 0004.")
        assert module.boots == 1
        # 1000 bits a second are 100 bytes: no byte before its time, none of a report late by more than a piece.
        count = 0
        for at_s, data in written:
            count += len(data)
            assert at_s >= count / 100 - 1e-9
        last_s = max(at_s for at_s, _ in written)
        assert last_s == pytest.approx(1.9, abs=0.05)

    def test_faults_are_applied_to_what_is_read(self, tmp_path: Path) -> None:
        faults = LineFaults(seed=1)
        faults.garbage(7)
        written, _ = played(tmp_path, 1.0, faults)
        assert b"".join(data for _, data in written)[7:].startswith(b"boot......0001")


class TestLine:
    def test_errors_and_drops_at_their_rates(self) -> None:
        faults = LineFaults(seed=2)
        faults.errors(0.01)
        data = bytes(100_000)
        spoilt = np.frombuffer(faults.damage(data), dtype=np.uint8)
        assert len(spoilt) == len(data)
        assert np.count_nonzero(spoilt) == pytest.approx(1000, abs=120)
        assert faults.damaged == np.count_nonzero(spoilt)
        faults.errors(0.0)
        faults.drops(0.02)
        assert len(data) - len(faults.damage(data)) == pytest.approx(2000, abs=200)
        faults.drops(0.0)
        assert faults.damage(b"clean") == b"clean"

    def test_the_right_rate_reads_what_is_sent(self) -> None:
        data = bytes(range(256)) * 3
        assert as_read_at(data, 9600, 9600) == data
        assert as_read_at(data, 9600, 9700) == data  # one percent off is within what a UART bears

    @pytest.mark.parametrize(("sent", "read"), [(256000, 115200), (115200, 256000), (9600, 19200), (921600, 115200)])
    def test_a_wrong_rate_reads_something_else(self, sent: int, read: int) -> None:
        data = bytes(range(256)) * 3
        heard = as_read_at(data, sent, read)
        assert heard != data
        assert 0.3 * len(data) * min(1, read / sent) < len(heard) < 3.5 * len(data) * max(1, read / sent)

    def test_half_of_the_rate_doubles_each_bit(self) -> None:
        # 0x55 at 9600 baud: 0 1010 1010 1; read at twice the rate each bit is seen twice: 00110011 0011...
        assert as_read_at(b"\x55", 9600, 19200)[0] == 0b01100110

    def test_a_rate_is_a_share(self) -> None:
        with pytest.raises(ValueError, match="0 to 1"):
            LineFaults().errors(2)


class TestPort:
    def test_bytes_go_both_ways_unchanged(self, tmp_path: Path) -> None:
        with PtyPort(tmp_path / "port") as port:
            host = os.open(port.path, os.O_RDWR | os.O_NOCTTY)
            data = bytes(range(256))
            port.write(data)
            read = b""
            while len(read) < len(data):
                read += os.read(host, 4096)
            assert read == data
            os.write(host, data)
            heard = b""
            while len(heard) < len(data):
                heard += port.read(PATIENCE_S)
            assert heard == data
            os.close(host)

    def test_unplugging_takes_the_path_away_and_replugging_brings_it_back(self, tmp_path: Path) -> None:
        path = tmp_path / "port"
        with PtyPort(path) as port:
            first = path.readlink()
            host = os.open(path, os.O_RDWR | os.O_NOCTTY)
            port.unplug()
            assert not path.is_symlink()
            assert not port.plugged
            with pytest.raises(OSError, match="Input/output"):
                os.write(host, b"x")
            port.write(b"lost")
            port.plug()
            assert path.readlink().exists()
            assert str(first).startswith("/dev/")
            os.close(host)
            assert port.lost == 4
        assert not path.is_symlink()

    def test_what_nobody_reads_is_lost_and_counted(self, tmp_path: Path) -> None:
        with PtyPort(tmp_path / "port") as port:
            for _ in range(100):
                port.write(bytes(4096))
            assert port.lost > 100_000

    def test_nothing_written_comes_back_as_an_echo(self, tmp_path: Path) -> None:
        with PtyPort(tmp_path / "port") as port:
            port.write(b"report\n")
            assert port.read(0.0) == b""
