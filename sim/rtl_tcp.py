"""A server that speaks rtl_tcp and plays a simulated radio instead of a dongle.

The protocol [1]: the server greets with 12 bytes (``RTL0``, tuner type, number of gains, big-endian) and then sends
unsigned 8-bit I, Q for ever; the client sends commands of 5 bytes (code, big-endian u32) at any time. There is no
framing, no answer and no time stamp. Like the original the server has one client at a time; others wait.

The fake librtlsdr needs what a USB dongle has and rtl_tcp has not: a stream that starts when reading starts. Two
private commands give it that (the original ignores unknown codes, so they do no harm there): ``hold`` stops the samples
and answers with ``HOLD_MARK`` and its own value in the stream, ``go`` starts them again.

[1] osmocom/rtl-sdr ``src/rtl_tcp.c``
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self

from sim.rtl_tcp_commands import Command, exact_sample_rate_hz
from sim.rtl_tcp_faults import Faults
from sim.rtl_tcp_session import ByteRadio, Session
from sim.rtl_tcp_stats import ServerStats

SEND_BUFFER_BYTES = 65_536
"""Kept small, so that little of the old frequency is on its way after a retune, as with a dongle; Linux doubles it."""
LOG_COMMANDS = 10_000


class RtlTcpServer:
    """An rtl_tcp server on loopback in its own thread; a context manager.

    Parameters
    ----------
    radio_factory
        Called for every client; give the same radio again to let its time go on.
    host, port
        Where to listen; port 0 takes a free one, see ``port``.
    centre_hz, sample_rate_hz
        What the radio is set to before the client says anything, as with ``rtl_tcp -f -s``.
    paced
        Samples leave at their true rate: each block when its last sample is due, on an absolute schedule without
        drift. A late client is served without waiting until it has caught up. Otherwise: as fast as the client reads.

    Raises
    ------
    ValueError
        If an RTL-SDR cannot sample at this rate.
    """

    def __init__(
        self,
        radio_factory: Callable[[], ByteRadio],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        centre_hz: float = 100e6,
        sample_rate_hz: float = 2_048_000.0,
        paced: bool = True,
    ) -> None:
        exact_sample_rate_hz(sample_rate_hz)
        self._radio_factory = radio_factory
        self._host, self._port = host, port
        self._centre_hz, self._sample_rate_hz = centre_hz, sample_rate_hz
        self._paced = paced
        self._changed = threading.Condition()
        self._stats = ServerStats()
        self._commands: deque[Command] = deque(maxlen=LOG_COMMANDS)
        self._refusing = self._stopping = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="rtl_tcp-server", daemon=True)
        self._wake_in, self._wake_out = socket.socketpair()
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.faults = Faults(self._wake)
        """What shall go wrong."""

    def start(self) -> Self:
        """Listen, and serve in a thread.

        Raises
        ------
        OSError
            If the port is taken.
        """
        try:
            self._bind()
            self._listener.listen(1)
        except OSError:
            self._close_sockets()
            raise
        self._port = self._listener.getsockname()[1]
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close everything and wait for the thread; raises what the radio raised, if it did."""
        self._stopping = True
        if self._thread.is_alive():
            self._wake()
            self._thread.join()
        self._close_sockets()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; an error on its way out is more interesting than one of the radio."""
        with contextlib.suppress(Exception) if error is not None else contextlib.nullcontext():
            self.stop()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"{self._host}:{self._port}"

    @property
    def stats(self) -> ServerStats:
        """What it has done so far."""
        with self._changed:
            return self._stats

    @property
    def commands(self) -> tuple[Command, ...]:
        """Every command of every client, in order (the last ``LOG_COMMANDS``)."""
        with self._changed:
            return tuple(self._commands)

    def wait_until(self, condition: Callable[[RtlTcpServer], bool], timeout_s: float) -> bool:
        """Wait until the condition on ``stats`` or ``commands`` holds; false when it does not in time."""
        with self._changed:
            self._changed.wait_for(lambda: condition(self) or self._failure is not None, timeout_s)
            return condition(self)

    def wait_failed(self) -> None:
        """Wait until the radio fails, for ever if it does not; ``stop`` then raises what it raised."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None)

    def refuse(self, refuse: bool = True, timeout_s: float = 10.0) -> None:
        """Refuse connections from now on (or take them again); the present client stays.

        Raises
        ------
        TimeoutError
            If the server does not get to it, because its radio blocks.
        """
        self._refusing = refuse
        self._wake()
        if not self.wait_until(lambda server: server.stats.listening is not refuse, timeout_s):
            raise TimeoutError(f"the rtl_tcp server did not follow within {timeout_s} s")

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._wake_in.send(b"\x00")

    def _close_sockets(self) -> None:
        for each in (self._listener, self._wake_in, self._wake_out):
            each.close()

    def _run(self) -> None:
        try:
            while not self._stopping:
                with contextlib.ExitStack() as stack:
                    connection = self._next_connection()
                    if connection is not None:
                        stack.callback(self._note, connected=False)  # once it is closed
                        stack.enter_context(connection)
                        stack.enter_context(contextlib.suppress(ConnectionError))
                        self._serve(connection)
        except Exception as error:  # noqa: BLE001 - top of the thread; stop() raises it again
            with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _note(
        self, *, connected: bool | None = None, listening: bool | None = None, clients: int = 0, sent: int = 0,
        lost: int = 0, unknown: int = 0, refused: int = 0, commands: list[Command] | None = None,
    ) -> None:  # fmt: skip
        """Write down what happened and tell those who wait."""
        with self._changed:
            old = self._stats
            self._stats = replace(
                old,
                clients=old.clients + clients,
                connected=old.connected if connected is None else connected,
                listening=old.listening if listening is None else listening,
                samples_sent=old.samples_sent + sent,
                samples_lost=old.samples_lost + lost,
                unknown_commands=old.unknown_commands + unknown,
                refused_commands=old.refused_commands + refused,
            )
            self._commands.extend(commands or ())
            self._changed.notify_all()

    def _bind(self) -> None:
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((self._host, self._port))

    def _follow_refusal(self) -> None:
        """Close the listener or open it again. A bound socket that does not listen keeps the port and refuses."""
        if self._refusing is not self.stats.listening:
            return
        if self._refusing:
            self._listener.close()
            self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._bind()
        else:
            self._listener.listen(1)
        self._note(listening=not self._refusing)

    def _select(
        self, reader: socket.socket | None, writer: socket.socket | None, timeout_s: float | None
    ) -> tuple[bool, bool]:
        """Wait for the sockets or a wake-up: (readable, writable)."""
        readers = [self._wake_out] if reader is None else [self._wake_out, reader]
        readable, writable, _ = select.select(readers, [] if writer is None else [writer], [], timeout_s)
        if self._wake_out in readable:
            self._wake_out.recv(4096)
        return reader in readable, bool(writable)

    def _next_connection(self) -> socket.socket | None:
        self._follow_refusal()
        readable, _ = self._select(None if self._refusing else self._listener, None, None)
        if not readable:
            return None
        connection, _ = self._listener.accept()
        connection.settimeout(0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        return connection

    def _serve(self, connection: socket.socket) -> None:
        """One client from greeting to goodbye."""
        session = Session(
            self._radio_factory(),
            header=self.faults.header,
            centre_hz=self._centre_hz,
            sample_rate_hz=self._sample_rate_hz,
            paced=self._paced,
            now_s=time.monotonic(),
        )
        self._note(clients=1, connected=True)
        while not self._stopping and not (session.ended and not session.outgoing):
            self._follow_refusal()
            if self._meet_faults(session, connection):
                return
            wait_s = None if self.faults.stalled else session.wait_s(time.monotonic())
            readable, writable = self._select(connection, connection if session.outgoing else None, wait_s)
            if readable:
                data = connection.recv(4096)
                if not data:
                    return
                self._obey(session, data)
            if writable:
                session.outgoing = session.outgoing[connection.send(session.outgoing) :]
            elif not self.faults.stalled:
                self._note(sent=session.make(time.monotonic(), self.faults.next_at))

    def _obey(self, session: Session, data: bytes) -> None:
        refused_before = session.refused_commands
        commands = session.feed(data, time.monotonic())
        unknown = sum(command.name == "unknown" for command in commands)
        self._note(commands=commands, unknown=unknown, refused=session.refused_commands - refused_before)

    def _meet_faults(self, session: Session, connection: socket.socket) -> bool:
        """Let happen what is due; true when the connection is over."""
        if self.faults.take_resumed():
            session.resume(time.monotonic())
        due = self.faults.take_due(session.position, all_sent=not session.outgoing)
        for fault in due:
            if fault.kind == "lose":
                session.lose(fault.samples)
                self._note(lost=fault.samples)
        kinds = {fault.kind for fault in due}
        if "cut" in kinds:
            with contextlib.suppress(BlockingIOError):
                connection.send(b"\x80")
        if "reset" in kinds:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return bool(kinds & {"drop", "cut", "reset"})
