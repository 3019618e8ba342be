"""Network feeds as ports: what a link needs of pyserial, over sockets.

``socket://HOST:PORT`` connects by TCP, ``udp://HOST:PORT`` listens (``0.0.0.0``: on every interface),
``zmq://HOST:PORT`` subscribes to a ZeroMQ publisher, ``mqtt://[USER@]HOST:PORT/TOPIC`` at a broker, ``mqtts://`` over
TLS. Datagrams with JSON, ZeroMQ and MQTT messages are given as lines, the latter unpacked.

pyserial has a ``socket://`` of its own, which tells of one waiting byte at most: a busy feed would be read in pieces of
two bytes.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from firmware_bridge.mqtt_feed import KEEP_ALIVE_S, PING, MqttFault, MqttReader, connect, subscribe
from firmware_bridge.packed import PackedFault, unpacked
from firmware_bridge.tls import TlsSettings, describe_tls, tls_context
from firmware_bridge.zmtp import OPENING, SUBSCRIBE, ZmtpFault, ZmtpReader

SCHEMES = ("socket", "udp", "zmq", "mqtt", "mqtts")
MQTT_SCHEMES = ("mqtt://", "mqtts://")
TLS_TABLE = "serial.tls"
"""Of the configuration."""
CONNECT_S = 3.0
"""A host in the same network answers within milliseconds; one that is off never does."""
READ_BYTES = 65_536
_JSON_STARTS = (b"{", b"[")


class FeedRefused(ConnectionError):
    """The other side is there, and will not have us or is something else; the text says why."""


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
            raise (ConnectionError if was_ready else FeedRefused)(str(fault)) from fault
        if self._reader.ready and not was_ready:
            super().write(SUBSCRIBE)
        return b"".join(part if part.endswith(b"\n") else part + b"\n" for part in parts)

    def write(self, data: bytes) -> int:
        """Nothing: a publisher takes no commands."""
        return len(data)


class MqttPort(NetPort):
    """Subscribes at a broker; each message is a line."""

    def __init__(
        self, connection: socket.socket, timeout_s: float, topic: str, user: str | None, password: str | None
    ) -> None:
        super().__init__(connection, timeout_s)
        self._topic = topic
        self._reader = MqttReader()
        self._asked = False
        self._heard_s = self._pinged_s = time.monotonic()
        self._refused = (
            f"does the broker accept {TLS_TABLE}.cert?"
            if isinstance(connection, ssl.SSLSocket)
            else "if the port expects TLS, write mqtts://"
        )
        super().write(connect(f"skypicket-{os.urandom(6).hex()}", user, password))

    def read(self, count: int = 1) -> bytes:
        """Wait for messages; each is given as a line, unpacked where it is packed.

        Raises
        ------
        OSError
            The connection broke, the broker refuses, or has been silent for too long.
        """
        try:
            data = super().read(count)
        except ConnectionResetError as fault:
            if self._reader.accepted:
                raise
            raise FeedRefused(f"connection closed before MQTT's greeting; {self._refused}") from fault
        now_s = time.monotonic()
        self._heard_s = now_s if data else self._heard_s
        if now_s - self._heard_s > 1.5 * KEEP_ALIVE_S:
            raise ConnectionError("the broker does not answer")
        try:
            payloads = self._reader.feed(data)
        except MqttFault as fault:
            raise (FeedRefused if fault.refused else ConnectionError)(str(fault)) from fault
        if self._reader.accepted and not self._asked:
            self._asked = True
            super().write(subscribe(self._topic))
        if self._asked and now_s - self._pinged_s > KEEP_ALIVE_S / 2:
            self._pinged_s = now_s
            super().write(PING)
        return b"".join(map(_document_line, payloads))

    def write(self, data: bytes) -> int:
        """Nothing: receivers take no commands this way."""
        return len(data)


def _document_line(payload: bytes) -> bytes:
    """A message as one line; one that cannot be unpacked goes as it is, to be counted as malformed."""
    try:
        payload = unpacked(payload)
    except PackedFault:
        payload = payload[:1024].replace(b"\0", b"\xff")
    return payload.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"


def split_mqtt(port: str) -> tuple[str | None, str, int, str]:
    """Give user, host, port number and topic of ``mqtt[s]://[USER@]HOST:PORT/TOPIC``; a topic may have ``#`` and ``?``.

    Raises
    ------
    ValueError
        It is none.
    """
    scheme, _, rest = port.partition("://")
    place, _, topic = rest.partition("/")
    url = urlsplit(f"{scheme}://{place}")
    if not url.hostname or url.port is None or not topic:
        usual = 8883 if scheme == "mqtts" else 1883
        raise ValueError(f"write {scheme}://[USER@]HOST:PORT/TOPIC, such as {scheme}://localhost:{usual}/dronescout/#")
    if url.password is not None:
        raise ValueError("name the file of the password in password_file, not the password in the port")
    return url.username, url.hostname, url.port, topic


def place_of(port: str) -> tuple[str, int]:
    """Give host and port number of a network feed.

    Raises
    ------
    ValueError
        It names none.
    """
    if is_mqtt(port):
        _, host, number, _ = split_mqtt(port)
        return host, number
    url = urlsplit(port)
    if url.port is None:
        raise ValueError(f"write {url.scheme}://HOST:PORT")
    return url.hostname or "localhost", url.port


def as_line(message: bytes) -> bytes:
    """Return a datagram with a line end if it is JSON without one."""
    return message + b"\n" if message.startswith(_JSON_STARTS) and not message.endswith(b"\n") else message


def is_net(port: str) -> bool:
    """Whether a port is a network feed."""
    return port.partition("://")[0] in SCHEMES and "://" in port


def is_mqtt(port: str) -> bool:
    """Whether a port is a subscription at a broker."""
    return port.startswith(MQTT_SCHEMES)


def open_net(port: str, timeout_s: float, password: str | None = None, tls: TlsSettings | None = None) -> NetPort:
    """Connect or listen; the password is that of the user at a broker, ``tls`` how to speak to one at ``mqtts://``.

    Raises
    ------
    ValueError
        The URL has no port number, or a file of ``tls`` cannot be used.
    OSError
        Not to be reached, or in use.
    """
    if is_mqtt(port):
        user, host, number, topic = split_mqtt(port)
        context = tls_context(tls or TlsSettings(), TLS_TABLE) if port.startswith("mqtts://") else None
        return _connected(
            host, number, lambda connection: MqttPort(connection, timeout_s, topic, user, password), context
        )
    host, number = place_of(port)
    url = urlsplit(port)
    if url.scheme == "udp":
        host = url.hostname or "0.0.0.0"  # noqa: S104 - a feed from other hosts, as the configuration says
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            listener.bind((host, number))
        except OSError:
            listener.close()
            raise
        return UdpPort(listener, timeout_s)
    kind = ZmqPort if url.scheme == "zmq" else NetPort
    return _connected(host, number, lambda connection: kind(connection, timeout_s))


def _connected(
    host: str, number: int, port: Callable[[socket.socket], NetPort], context: ssl.SSLContext | None = None
) -> NetPort:
    """Connect, and speak first where the port does."""
    connection = socket.create_connection((host, number), CONNECT_S)
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if context is not None:
            connection = _encrypted(connection, host, context)
        return port(connection)
    except OSError:
        connection.close()
        raise


def _encrypted(connection: socket.socket, host: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Agree on TLS, within the connection's time limit."""
    wrapped = context.wrap_socket(connection, server_hostname=host, do_handshake_on_connect=False)
    try:
        wrapped.do_handshake()
    except OSError as fault:
        wrapped.close()
        if isinstance(fault, TimeoutError):
            raise ConnectionError(
                "no answer to TLS's greeting; check that the port is the broker's TLS port"
            ) from fault
        raise ConnectionError(describe_tls(fault, TLS_TABLE, "the host in port") or str(fault)) from fault
    return wrapped
