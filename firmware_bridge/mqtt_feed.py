"""A subscription at an MQTT 3.1.1 broker, as DroneScout receivers publish to [1]_. No I/O here.

The node's own messages go out through a client of their own; this one only listens, at QoS 0, so that the few packets
a subscriber needs are all there is: CONNECT, SUBSCRIBE, PINGREQ out; CONNACK, SUBACK, PUBLISH, PINGRESP in.

References
----------
.. [1] OASIS, MQTT Version 3.1.1.
"""

from __future__ import annotations

KEEP_ALIVE_S = 30
"""A broker hears from this client at least so often, else it hangs up after half as long again."""
LARGEST_PACKET = 1 << 20
"""Bytes; the largest document of these receivers has about 3 kB."""
PING = b"\xc0\x00"
_CONNACK, _PUBLISH, _SUBACK, _PINGRESP = 2, 3, 9, 13
_CLEAN, _USER, _PASSWORD = 0x02, 0x80, 0x40
_REFUSALS = {
    1: "it does not speak MQTT 3.1.1",
    2: "it does not like the client's name",
    3: "it is not available",
    4: "wrong user or password",
    5: "not allowed; give a user in the port and password_file",
}


class MqttFault(Exception):
    """The other side is no broker, or refuses; the text says why.

    Parameters
    ----------
    text
        Why.
    refused
        Whether it would not have us from the start; False: the stream was lost later.
    """

    def __init__(self, text: str, *, refused: bool = False) -> None:
        super().__init__(text)
        self.refused = refused


def connect(client: str, user: str | None = None, password: str | None = None) -> bytes:
    """What a subscriber says at once."""
    flags = _CLEAN | (_USER if user is not None else 0) | (_PASSWORD if password is not None else 0)
    fields = [client, *(one for one in (user, password) if one is not None)]
    head = _text("MQTT") + bytes([4, flags]) + KEEP_ALIVE_S.to_bytes(2)
    return _packet(0x10, head + b"".join(map(_text, fields)))


def subscribe(topic: str) -> bytes:
    """And when the broker has accepted it."""
    return _packet(0x82, b"\x00\x01" + _text(topic) + b"\x00")


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2) + data


def _packet(kind: int, body: bytes) -> bytes:
    length, left = b"", len(body)
    while True:
        left, low = left >> 7, left & 0x7F
        length += bytes([low | (0x80 if left else 0)])
        if not left:
            return bytes([kind]) + length + body


class MqttReader:
    """Takes the bytes of the broker apart into the payloads of messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.accepted = False
        """Whether the broker is ready for ``subscribe``."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes, give the payloads of messages that are complete.

        Raises
        ------
        MqttFault
            These are no bytes of a broker, or it refuses; the connection is of no use.
        """
        self._buffer += data
        payloads: list[bytes] = []
        while (found := self._next()) is not None:
            first, body = found
            kind = first >> 4
            if kind == _PUBLISH and self.accepted:
                payloads.append(_payload(first, body))
            elif kind == _CONNACK:
                self._accept(body)
            elif not self.accepted:
                raise MqttFault("no MQTT broker", refused=True)
            elif kind == _SUBACK and (len(body) < 3 or body[2] > 2):
                raise MqttFault("the broker refuses the topic", refused=True)
            elif kind not in {_SUBACK, _PINGRESP}:
                raise MqttFault(f"packet of kind {kind} from the broker: lost the stream")
        return payloads

    def _accept(self, body: bytes) -> None:
        if len(body) != 2:
            raise MqttFault("no MQTT broker", refused=True)
        if body[1]:
            raise MqttFault(f"the broker refuses: {_REFUSALS.get(body[1], f'code {body[1]}')}", refused=True)
        self.accepted = True

    def _next(self) -> tuple[int, bytes] | None:
        """Kind and body of the next whole packet."""
        length = 0
        for place, byte in enumerate(self._buffer[1:5]):
            length |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                break
        else:
            if len(self._buffer) >= 5:
                raise MqttFault("no MQTT broker", refused=True)
            return None
        if length > LARGEST_PACKET:
            raise MqttFault(f"packet of {length} bytes: no MQTT broker", refused=not self.accepted)
        head = place + 2
        if len(self._buffer) < head + length:
            return None
        found = self._buffer[0], bytes(self._buffer[head : head + length])
        del self._buffer[: head + length]
        return found


def _payload(first: int, body: bytes) -> bytes:
    start = 2 + int.from_bytes(body[:2]) + (2 if first & 0x06 else 0)
    if len(body) < start:
        raise MqttFault("message shorter than its topic: lost the stream")
    return body[start:]
