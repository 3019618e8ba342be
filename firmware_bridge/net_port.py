"""Network feeds as ports: what a link needs of pyserial, over sockets.

``socket://HOST:PORT`` connects by TCP, ``udp://HOST:PORT`` listens (``0.0.0.0``: on every interface), and
``zmq://HOST:PORT`` subscribes to a ZeroMQ publisher. Datagrams with JSON and ZeroMQ messages are given as lines.

pyserial has a ``socket://`` of its own, which tells of one waiting byte at most: a busy feed would be read in pieces of
two bytes.
"""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from firmware_bridge.zmtp import OPENING, SUBSCRIBE, ZmtpFault, ZmtpReader

SCHEMES = ("socket", "udp", "zmq")
CONNECT_S = 3.0
"""A host in the same network answers within milliseconds; one that is off never does."""
READ_BYTES = 65_536
_JSON_STARTS = (b"{", b"[")


class NetPort:
    """A TCP connection with the methods of a serial port that a link uses.

    Parameters
    ----------
    connection
        Connected or bound.
    timeout_s
        How long a read waits.
    """

    in_waiting = 0
    """A read gives all there is."""

    def __init__(self, connection: socket.socket, timeout_s: float) -> None:
        connection.settimeout(timeout_s)
        self._connection = connection

    def read(self, count: int = 1) -> bytes:  # noqa: ARG002 - the signature of pyserial
        """Wait for bytes, give all that are there; none after the time limit.

        Raises
        ------
        OSError
            The other side has closed the connection, or it broke.
        """
        try:
            data = self._connection.recv(READ_BYTES)
        except TimeoutError:
            return b""
        if not data:
            raise ConnectionResetError("the other side has closed the connection")
        return data

    def write(self, data: bytes) -> int:
        """Send bytes."""
        self._connection.sendall(data)
        return len(data)

    def close(self) -> None:
        """Close."""
        self._connection.close()


class UdpPort(NetPort):
    """Listens for datagrams; there is nobody to send to."""

    def read(self, count: int = 1) -> bytes:  # noqa: ARG002 - the signature of pyserial
        """Wait for a datagram; JSON is given as a line."""
        try:
            return as_line(self._connection.recv(READ_BYTES))
        except TimeoutError:
            return b""

    def write(self, data: bytes) -> int:
        """Nothing: a feed of datagrams takes no commands."""
        return len(data)


class ZmqPort(NetPort):
    """Subscribes to everything a ZeroMQ publisher sends."""

    def __init__(self, connection: socket.socket, timeout_s: float) -> None:
        super().__init__(connection, timeout_s)
        self._reader = ZmtpReader()
        super().write(OPENING)

    def read(self, count: int = 1) -> bytes:
        """Wait for messages; each is given as a line.

        Raises
        ------
        OSError
            The connection broke, or the other side is no publisher.
        """
        was_ready = self._reader.ready
        try:
            parts = self._reader.feed(super().read(count))
        except ZmtpFault as fault:
            raise ConnectionError(str(fault)) from fault
        if self._reader.ready and not was_ready:
            super().write(SUBSCRIBE)
        return b"".join(part if part.endswith(b"\n") else part + b"\n" for part in parts)

    def write(self, data: bytes) -> int:
        """Nothing: a publisher takes no commands."""
        return len(data)


def as_line(message: bytes) -> bytes:
    """Return a datagram with a line end if it is JSON without one."""
    return message + b"\n" if message.startswith(_JSON_STARTS) and not message.endswith(b"\n") else message


def is_net(port: str) -> bool:
    """Whether a port is a network feed."""
    return port.partition("://")[0] in SCHEMES and "://" in port


def open_net(port: str, timeout_s: float) -> NetPort:
    """Connect or listen.

    Raises
    ------
    ValueError
        The URL has no port number.
    OSError
        Not to be reached, or in use.
    """
    url = urlsplit(port)
    if url.port is None:
        raise ValueError(f"write {url.scheme}://HOST:PORT")
    if url.scheme == "udp":
        host = url.hostname or "0.0.0.0"  # noqa: S104 - a feed from other hosts, as the configuration says
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            listener.bind((host, url.port))
        except OSError:
            listener.close()
            raise
        return UdpPort(listener, timeout_s)
    connection = socket.create_connection((url.hostname or "localhost", url.port), CONNECT_S)
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return ZmqPort(connection, timeout_s) if url.scheme == "zmq" else NetPort(connection, timeout_s)
    except OSError:
        connection.close()
        raise
