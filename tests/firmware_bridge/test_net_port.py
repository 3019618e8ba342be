"""Network feeds as ports: TCP, UDP, and a real ZeroMQ publisher."""

from __future__ import annotations

import queue
import random
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from firmware_bridge.contacts import Contact, RemoteIdContact
from firmware_bridge.link import SerialLink
from firmware_bridge.link_settings import LinkSettings, LinkState
from firmware_bridge.net_port import as_line, is_net, open_net
from firmware_bridge.remote_id.receiver import DEVICE, RemoteIdSettings
from firmware_bridge.zmtp import GREETING, LARGEST_FRAME, OPENING, SUBSCRIBE, ZmtpFault, ZmtpReader

RECORD = b'{"mac":"fa:0b:bc:12:34:56","radio":"ble_legacy","rssi":-68,"lat":40.7128,"lon":-74.006,"id":"SERIAL1"}'


@contextmanager
def reading(port: str) -> Iterator[tuple[SerialLink, queue.Queue[RemoteIdContact]]]:
    contacts: queue.Queue[RemoteIdContact] = queue.Queue()

    def deliver(found: Sequence[Contact]) -> None:
        for contact in found:
            assert isinstance(contact, RemoteIdContact)
            contacts.put(contact)

    link = SerialLink("rid", RemoteIdSettings("rid").make(), LinkSettings(port), DEVICE.port, deliver)
    link.start()
    try:
        yield link, contacts
    finally:
        assert link.stop()


def first(contacts: queue.Queue[RemoteIdContact], send: Callable[[], object]) -> RemoteIdContact:
    for _ in range(100):
        send()
        try:
            return contacts.get(timeout=0.2)
        except queue.Empty:
            continue
    pytest.fail("nothing arrived in 20 s")


def test_tcp_comes_back_when_the_other_side_does() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        with reading(f"socket://127.0.0.1:{server.getsockname()[1]}") as (link, contacts):
            for _ in range(2):
                connection, _ = server.accept()
                connection.sendall(RECORD + b"\n")
                assert contacts.get(timeout=20).uas_id == "SERIAL1"
                connection.close()
            server.accept()[0].close()
            assert link.counters.losses >= 1


def test_nobody_there_is_said_with_the_cure() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            open_net(f"socket://127.0.0.1:{unused.getsockname()[1]}", 0.1)
        looked = threading.Event()
        link = SerialLink(
            "rid",
            RemoteIdSettings("rid").make(),
            LinkSettings(f"socket://127.0.0.1:{unused.getsockname()[1]}"),
            DEVICE.port,
            lambda _: None,
        )
        link.start()
        while link.counters.failures == 0:
            looked.wait(0.01)
        counters = link.counters
        assert link.stop()
    assert counters.state is LinkState.UNAVAILABLE
    assert "nobody listens there" in (counters.fault or "")


def test_datagrams_are_lines() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    with reading(f"udp://127.0.0.1:{address[1]}") as (_, contacts), socket.socket(type=socket.SOCK_DGRAM) as sender:
        found = first(contacts, lambda: sender.sendto(RECORD, address))  # until the port listens
        assert (found.transport, found.uas_id) == ("ble4", "SERIAL1")
        with pytest.raises(OSError, match="in use"):
            open_net(f"udp://127.0.0.1:{address[1]}", 0.1)


def test_a_real_zeromq_publisher() -> None:
    zmq = pytest.importorskip("zmq")
    context = zmq.Context()
    publisher = context.socket(zmq.PUB)
    try:
        port = publisher.bind_to_random_port("tcp://127.0.0.1")
        with reading(f"zmq://127.0.0.1:{port}") as (link, contacts):
            found = first(contacts, lambda: publisher.send(RECORD))  # until the subscription has arrived
            assert found.lat_deg == 40.7128
            publisher.send_multipart(
                [b"topic", b'[{"Basic ID":{"id":"' + b"A" * 400 + b'","MAC":"02:00:00:00:00:01"}}]']
            )
            transmitter: str | None = found.transmitter
            while transmitter != "02:00:00:00:00:01":
                transmitter = contacts.get(timeout=20).transmitter
            assert link.counters.losses == 0
    finally:
        publisher.close(0)
        context.term()


def frame(flags: int, body: bytes) -> bytes:
    long = len(body) > 255
    return bytes([flags | 2 * long]) + len(body).to_bytes(8 if long else 1) + body


READY = frame(4, b"\x05READY\x0bSocket-Type\0\0\0\x03PUB")


class TestZmtp:
    def test_messages_come_out_however_they_are_cut(self) -> None:
        stream = GREETING + READY + frame(0, b"one") + frame(1, b"topic") + frame(0, b"x" * 700)
        rng = random.Random(1)
        for most in (1, 5, 2000):
            reader, parts, start = ZmtpReader(), [], 0
            while start < len(stream):
                length = rng.randint(1, most)
                parts += reader.feed(stream[start : start + length])
                start += length
            assert parts == [b"one", b"topic", b"x" * 700]

    @pytest.mark.parametrize(
        ("stream", "message"),
        [
            (b"HTTP/1.1 400 Bad Request", "no ZeroMQ publisher"),
            (GREETING[:10] + b"\x01" + GREETING[11:], "version 1"),
            (GREETING.replace(b"NULL\0", b"CURVE"), "CURVE security"),
            (GREETING + b"\xf0\x01a", "lost the stream"),
            (GREETING + b"\x02" + (LARGEST_FRAME + 1).to_bytes(8), "lost the stream"),
            (GREETING + frame(4, b"\x05ERROR\x06denied"), "refused by the publisher"),
        ],
    )
    def test_others_are_refused_with_a_reason(self, stream: bytes, message: str) -> None:
        with pytest.raises(ZmtpFault, match=message):
            ZmtpReader().feed(stream)

    def test_our_opening_is_a_greeting_and_a_ready(self) -> None:
        assert len(GREETING) == 64
        reader = ZmtpReader()
        assert reader.feed(OPENING[:-1]) == []
        assert not reader.ready
        assert reader.feed(OPENING[-1:] + SUBSCRIBE) == [b"\x01"]
        assert reader.ready


def test_urls() -> None:
    assert is_net("socket://localhost:2947")
    assert not is_net("/dev/ttyUSB0")
    assert not is_net("loop://")
    assert as_line(b"{}") == b"{}\n"
    assert as_line(b"{}\n") == b"{}\n"
    assert as_line(b"\xfd\x00") == b"\xfd\x00"
    with pytest.raises(ValueError, match="write socket://HOST:PORT"):
        open_net("socket://localhost", 0.1)
