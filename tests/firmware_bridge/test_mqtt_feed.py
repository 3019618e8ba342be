"""A subscription at a broker: packets as MQTT 3.1.1 has them, cut anywhere, refusals, others than brokers."""

from __future__ import annotations

import lzma
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.link_settings import LinkSettings
from firmware_bridge.mqtt_feed import LARGEST_PACKET, MqttFault, MqttReader, connect, subscribe
from firmware_bridge.net_port import split_mqtt
from firmware_bridge.packed import LARGEST_PACKED, PackedFault, unpacked

CONNACK, SUBACK, PINGRESP = b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x00", b"\xd0\x00"


def publish(topic: bytes, payload: bytes, qos: int = 0) -> bytes:
    """Written from the standard, 3.3."""
    body = len(topic).to_bytes(2, "big") + topic + (b"\x12\x34" if qos else b"") + payload
    size, left = b"", len(body)
    while left > 127:
        size += bytes([left % 128 + 128])
        left //= 128
    return bytes([0x30 | qos << 1]) + size + bytes([left]) + body


def test_packets_of_a_subscriber_are_those_of_the_standard() -> None:
    plain = bytes.fromhex("10 0e 0004 4d515454 04 02 001e 0002 6162")
    assert connect("ab") == plain
    assert connect("ab", "u", "pw") == bytes.fromhex("10 15 0004 4d515454 04 c2 001e 0002 6162 0001 75 0002 7077")
    assert subscribe("a/#") == bytes.fromhex("82 08 0001 0003 612f23 00")


@given(
    st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=400), st.integers(0, 2)), max_size=6),
    st.lists(st.integers(0, 3000), max_size=10),
)
def test_payloads_come_whole_however_the_stream_is_cut(
    messages: list[tuple[bytes, bytes, int]], places: list[int]
) -> None:
    stream = CONNACK + SUBACK + b"".join(publish(*message) + PINGRESP for message in messages)
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    reader = MqttReader()
    found = [payload for a, b in pairwise(edges) for payload in reader.feed(stream[a:b])]
    assert reader.accepted
    assert found == [payload for _, payload, _ in messages]


@pytest.mark.parametrize(
    ("stream", "says"),
    [
        (b"\x20\x02\x00\x05", "not allowed; give a user"),
        (b"\x20\x02\x00\x04", "wrong user or password"),
        (b"\x20\x02\x00\x63", "code 99"),
        (b"\x20\x01\x00", "no MQTT broker"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n" * 8, "no MQTT broker"),
        (b"\x30\x05\x00\x01ahi", "no MQTT broker"),
        (CONNACK + b"\x90\x03\x00\x01\x80", "refuses the topic"),
        (CONNACK + b"\x30\x02\x00\x09", "shorter than its topic"),
        (CONNACK + b"\x50\x02\x00\x01", "lost the stream"),
        (b"\x30\xff\xff\xff\xff", "no MQTT broker"),
        (b"\x30\xff\xff\xff\x7f", "bytes: no MQTT broker"),
    ],
)
def test_refusals_and_others_than_brokers_are_said(stream: bytes, says: str) -> None:
    with pytest.raises(MqttFault, match=says):
        MqttReader().feed(stream)


@given(st.binary(max_size=300))
def test_any_bytes_end_in_a_fault_or_a_bounded_wait(data: bytes) -> None:
    for start in (b"", CONNACK):
        reader = MqttReader()
        try:
            reader.feed(start + data)
        except MqttFault:
            continue
        assert len(reader._buffer) <= LARGEST_PACKET + 5


def test_topics_may_have_what_addresses_may_not() -> None:
    assert split_mqtt("mqtt://me@broker.lan:1884/rid/+/a?b#") == ("me", "broker.lan", 1884, "rid/+/a?b#")
    assert split_mqtt("mqtt://[::1]:1883/#") == (None, "::1", 1883, "#")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"port": "mqtt://h/t"}, "write mqtt://"),
        ({"port": "mqtt://h:1883"}, "write mqtt://"),
        ({"port": "mqtt://h:1883/"}, "write mqtt://"),
        ({"port": "mqtt://h:x/t"}, "port: "),
        ({"port": "mqtt://u:secret@h:1883/t"}, "password_file"),
        ({"port": "/dev/x", "password_file": "x"}, "password_file belongs to"),
    ],
)
def test_wrong_ports_are_said_without_their_secrets(values: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        LinkSettings(**values)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("form", [lzma.FORMAT_XZ, lzma.FORMAT_ALONE])
def test_packed_documents_are_unpacked_up_to_a_bound(form: int) -> None:
    assert unpacked(lzma.compress(b'{"a":1}\0\r\n', form)) == b'{"a":1}'
    assert unpacked(b"[1]\n") == b"[1]"
    for payload in (b"", b"\xff" * 40, lzma.compress(b"{" * (LARGEST_PACKED + 1), form)):
        with pytest.raises(PackedFault):
            unpacked(payload)
