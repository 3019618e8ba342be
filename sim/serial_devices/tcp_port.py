"""A port of a program that serves its feed over TCP, with the methods of a simulated serial port."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
READ_BYTES = 4096
MOST_CLIENTS = 8
"""Clients beyond wait in the queue of the kernel."""


class TcpPort:
    """Listens on this machine; every client gets every byte from its connection on; a context manager.

    It never waits for a reader: a client that does not read is given up, as such programs do.

    Parameters
    ----------
    number
        Port; 0 takes a free one and keeps it.
    banner
        Said to every client that connects.
    """

    def __init__(self, number: int = 0, banner: bytes = b"") -> None:
        self._number, self._banner = number, banner
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._clients: list[socket.socket] = []
        self.lost = 0
        """Bytes nobody was there for, or took in time."""
        self.plug()

    @property
    def path(self) -> str:
        """Where to connect, as a port of the configuration."""
        return f"socket://{HOST}:{self._number}"

    def plug(self) -> None:
        """Start to listen: on the same port as before."""
        with self._lock:
            if self._listener is None:
                listener = socket.create_server((HOST, self._number), backlog=MOST_CLIENTS)
                listener.settimeout(0.0)
                self._number = listener.getsockname()[1]
                self._listener = listener

    def unplug(self) -> None:
        """End the program: every connection is closed, and nobody listens."""
        with self._lock:
            if self._listener is not None:
                self._listener.close()
                self._listener = None
            for client in self._clients:
                client.close()
            self._clients.clear()

    def reset(self) -> None:
        """Close every connection: the program starts anew."""
        with self._lock:
            for client in list(self._clients):
                self._drop(client)

    @property
    def plugged(self) -> bool:
        """Whether it listens."""
        with self._lock:
            return self._listener is not None

    def host_baud(self) -> int | None:
        """None: there is no line."""
        return None

    def write(self, data: bytes) -> None:
        """Send bytes to every client."""
        with self._lock:
            self._accept()
            if not self._clients:
                self.lost += len(data)
            for client in list(self._clients):
                self._send(client, data)

    def read(self, timeout_s: float = 0.0) -> bytes:  # noqa: ARG002 - the signature of the terminal; it never waits
        """Bytes the clients sent."""
        heard = b""
        with self._lock:
            self._accept()
            for client in list(self._clients):
                try:
                    data = client.recv(READ_BYTES)
                except BlockingIOError:
                    continue
                except OSError:
                    data = b""
                if not data:
                    self._drop(client)
                heard += data
        return heard

    def close(self) -> None:
        """End for good."""
        self.unplug()

    def __enter__(self) -> Self:
        """It listens already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self.close()

    def _accept(self) -> None:
        while self._listener is not None and len(self._clients) < MOST_CLIENTS:
            with contextlib.suppress(BlockingIOError):
                client, _ = self._listener.accept()
                client.settimeout(0.0)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._clients.append(client)
                self._send(client, self._banner)
                continue
            return

    def _send(self, client: socket.socket, data: bytes) -> None:
        try:
            sent = client.send(data) if data else 0
        except OSError:
            sent = 0
        if sent < len(data):
            self.lost += len(data) - sent
            self._drop(client)

    def _drop(self, client: socket.socket) -> None:
        client.close()
        if client in self._clients:
            self._clients.remove(client)
