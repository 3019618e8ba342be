"""What the kernel counts of a port: its structure, sums over openings, and ports that count nothing."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge.uart_errors import TIOCGICOUNT, UartErrors, UartTally, decode, read_uart_errors
from sim.serial_devices.port import PtyPort


class Opened:
    """An open file with the one method of a port that is used."""

    def __init__(self, path: str | Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)

    def fileno(self) -> int:
        return self._descriptor

    def close(self) -> None:
        os.close(self._descriptor)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Opened]:
    with PtyPort(tmp_path / "port") as port:
        opened = Opened(port.path)
        yield opened
        opened.close()


def test_the_structure_is_that_of_linux() -> None:
    # linux/serial.h: cts dsr rng dcd rx tx frame overrun parity brk buf_overrun reserved[9], each an int
    raw = struct.pack("@11i", 1, 2, 3, 4, 5000, 600, 7, 8, 9, 10, 11) + bytes(36)
    assert decode(raw) == UartErrors(overruns=8, buffer_overruns=11, framing=7, parity=9, breaks=10)


def test_the_number_of_the_request_is_the_kernels() -> None:
    header = Path("/usr/include/asm-generic/ioctls.h")
    if not header.exists():
        pytest.skip("no kernel headers: sudo apt install linux-libc-dev")
    line = next(line for line in header.read_text().splitlines() if "TIOCGICOUNT" in line)
    assert int(line.split()[2], 16) == TIOCGICOUNT


def test_a_wrap_is_no_step_back() -> None:
    before, now = UartErrors(overruns=2**32 - 2, framing=5), UartErrors(overruns=3, framing=5)
    assert now.since(before) == UartErrors(overruns=5)
    assert decode(struct.pack("@20i", *[-1] * 20)).parity == 2**32 - 1


def test_openings_are_summed() -> None:
    assert UartErrors(1, 2, 3, 4, 5).plus(UartErrors(10, 20, 30, 40, 50)) == UartErrors(11, 22, 33, 44, 55)


def test_what_was_counted_before_an_opening_is_not_ours() -> None:
    tally = UartTally()
    totals: list[UartErrors | None] = []

    def look(now: UartErrors | None, *, opening: bool = False) -> None:
        (tally.begin if opening else tally.look)(now)
        totals.append(tally.total)

    look(None, opening=True)
    look(None)
    look(UartErrors(overruns=100, framing=7), opening=True)
    look(UartErrors(overruns=103, framing=7))
    look(None)  # pulled out
    look(UartErrors(parity=1), opening=True)  # another chip, or the driver was loaded anew
    look(UartErrors(overruns=2, parity=1))
    look(None, opening=True)
    counted = [None if total is None else total.overruns for total in totals]
    assert counted == [None, None, 0, 3, 3, 3, 5, 5]
    assert tally.total == UartErrors(overruns=5)


def test_a_terminal_counts_nothing(terminal: Opened) -> None:
    with pytest.raises(OSError, match=r"ioctl|argument"):
        fcntl.ioctl(terminal.fileno(), TIOCGICOUNT, bytes(80))
    assert read_uart_errors(terminal) is None


def test_neither_does_what_is_no_port_or_closed(terminal: Opened) -> None:
    assert read_uart_errors(object()) is None
    gone = Opened(f"/proc/self/fd/{terminal.fileno()}")
    gone.close()
    assert read_uart_errors(gone) is None
