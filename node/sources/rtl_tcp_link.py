"""A connection to an ``rtl_tcp`` server: greeting, commands, bytes.

The protocol [1]: the server greets with 12 bytes (``RTL0``, tuner type, number of gains, big-endian) and then sends
unsigned 8-bit I, Q for ever; the client sends commands of 5 bytes (code, big-endian u32) at any time. There is no
framing, no answer, no time stamp, and what the server drops is not told.

[1] osmocom/rtl-sdr ``src/rtl_tcp.c``
"""

from __future__ import annotations

import array
import errno
import fcntl
import os
import select
import socket
import struct
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from dsp.iq import SourceError, SourceLost, SourceStalled, SourceUnavailable

HEADER_BYTES = 12
MAGIC = b"RTL0"
POLL_S = 0.1
"""How often a wait looks whether it was told to stop."""
_WORD = 1 << 32


class Command(IntEnum):
    """Codes of the commands [1]."""

    CENTRE_HZ = 0x01
    SAMPLE_RATE_HZ = 0x02
    GAIN_MODE = 0x03
    """0 automatic, 1 manual."""
    GAIN_TENTHS_DB = 0x04
    PPM = 0x05
    IF_GAIN = 0x06
    """Stage in the upper half, tenths of a dB in the lower: ``if_gain_value``."""
    TEST_MODE = 0x07
    """1: a counter in place of samples."""
    DIGITAL_AGC = 0x08
    DIRECT_SAMPLING = 0x09
    """0 off, 1 input I, 2 input Q."""
    OFFSET_TUNING = 0x0A
    RTL_CRYSTAL_HZ = 0x0B
    TUNER_CRYSTAL_HZ = 0x0C
    GAIN_INDEX = 0x0D
    BIAS_TEE = 0x0E


def encode(command: Command, value: int) -> bytes:
    """The 5 bytes of a command; negative values as two's complement."""
    if not -(_WORD >> 1) <= value < _WORD:
        raise ValueError(f"{command.name} takes 32 bits, not {value}")
    return struct.pack(">BI", command, value % _WORD)


def if_gain_value(stage: int, gain_db: float) -> int:
    """Value of ``IF_GAIN`` for a stage, counted from 1."""
    return stage << 16 | round(10 * gain_db) & 0xFFFF


@dataclass(frozen=True, slots=True)
class Greeting:
    """What the server says of its dongle."""

    tuner: int
    """Type; ``node.sources.rtl2832u.TUNER_NAMES``."""
    gain_count: int


def parse_greeting(header: bytes) -> Greeting | None:
    """The greeting in the first 12 bytes; None when it is something else."""
    magic, tuner, gain_count = struct.unpack(">4sII", header)
    return Greeting(tuner, gain_count) if magic == MAGIC else None


class RtlTcpLink:
    """An open connection. One thread.

    Parameters
    ----------
    address
        Host and port.
    timeout_s
        Longest wait for the connection, for the greeting, and for the server to take a command.
    stopped
        Asked during waits; true ends them.
    label
        Names radio and server in messages.

    Raises
    ------
    SourceUnavailable
        If nobody answers there, or no rtl_tcp server.
    """

    def __init__(self, address: tuple[str, int], timeout_s: float, stopped: Callable[[], bool], label: str) -> None:
        self._label = label
        self._timeout_s = timeout_s
        self._stopped = stopped
        self._socket = self._connect(address)
        try:
            self.greeting = self._read_greeting()
            """What the server says of its dongle."""
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Hang up. Any number of times."""
        self._socket.close()

    @property
    def waiting_bytes(self) -> int:
        """Bytes that have arrived and are not read yet."""
        count = array.array("i", [0])
        fcntl.ioctl(self._socket, termios.FIONREAD, count)
        return count[0]

    def send(self, command: Command, value: int) -> None:
        """Send a command.

        Raises
        ------
        SourceLost
            If the server is gone or takes nothing.
        """
        try:
            self._socket.sendall(encode(command, value))
        except OSError as error:
            raise SourceLost(f"{self._label}: the connection broke ({_reason(error)})") from error

    def fill(self, buffer: memoryview, silence_s: float) -> tuple[int, SourceError | None]:
        """Receive until the buffer is full.

        Returns
        -------
        tuple
            Bytes received, and why there are not more: None when the buffer is full or it was told to stop.
        """
        received = 0
        deadline_s = time.monotonic() + silence_s
        while received < len(buffer):
            ready = self._wait(select.POLLIN, deadline_s)
            if self._stopped():
                return received, None
            if not ready:
                what = f"only {received} bytes" if received else "nothing"
                return received, SourceStalled(
                    f"{self._label}: {what} came in {silence_s:g} s; is the dongle still plugged in at the server?"
                )
            try:
                count = self._socket.recv_into(buffer[received:], flags=socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            except OSError as error:
                return received, SourceLost(f"{self._label}: the connection broke ({_reason(error)})")
            if not count:
                return received, SourceLost(
                    f"{self._label}: the server closed the connection; it ended, or its dongle was unplugged"
                )
            received += count
        return received, None

    def _wait(self, event: int, deadline_s: float, link: socket.socket | None = None) -> bool:
        """Wait for the socket; false when it is not ready in time or it was told to stop."""
        poll = select.poll()
        poll.register(link or self._socket, event)
        while not self._stopped():
            left_s = deadline_s - time.monotonic()
            if poll.poll(1000 * max(min(left_s, POLL_S), 0.0)):
                return True
            if left_s <= 0:
                break
        return False

    def _connect(self, address: tuple[str, int]) -> socket.socket:
        host, port = address
        try:
            places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise SourceUnavailable(
                f"{self._label}: host {host!r} is not known ({_reason(error)}); check it"
            ) from error
        fault = 0
        for family, kind, protocol, _, place in places:
            link = socket.socket(family, kind, protocol)
            try:
                link.settimeout(0)
                fault = link.connect_ex(place)
                if fault == errno.EINPROGRESS:
                    ready = self._wait(select.POLLOUT, time.monotonic() + self._timeout_s, link)
                    fault = link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if ready else errno.ETIMEDOUT
                if not fault:
                    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    link.settimeout(self._timeout_s)
                    return link
            except BaseException:
                link.close()
                raise
            link.close()
        raise SourceUnavailable(f"{self._label}: {self._cure(fault)}")

    def _cure(self, fault: int) -> str:
        if fault == errno.ECONNREFUSED:
            return "the connection is refused; start the server there (rtl_tcp -a 0.0.0.0), check host and port"
        if fault == errno.ETIMEDOUT:
            return f"no answer within {self._timeout_s:g} s; check host, port and firewall"
        return f"cannot be reached ({os.strerror(fault)}); check host and network"

    def _read_greeting(self) -> Greeting:
        header = bytearray(HEADER_BYTES)
        received, fault = self.fill(memoryview(header), self._timeout_s)
        if isinstance(fault, SourceStalled):
            raise SourceUnavailable(
                f"{self._label}: connected, but not greeted within {self._timeout_s:g} s; "
                "an rtl_tcp server has one client at a time: is another connected?"
            )
        if fault is not None:
            raise SourceUnavailable(f"{self._label}: the server hung up before its greeting; has it a dongle?")
        if received < HEADER_BYTES:
            return Greeting(0, 0)  # told to stop
        greeting = parse_greeting(bytes(header))
        if greeting is None:
            raise SourceUnavailable(
                f"{self._label}: the server greets with {bytes(header)!r}, not with RTL0: it is no rtl_tcp server"
            )
        return greeting


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
