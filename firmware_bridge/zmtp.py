"""ZeroMQ subscriptions over TCP (ZMTP 3.0, no security), as droneid-go and DragonSync publish [1]_. No I/O here.

Both sides send a greeting of 64 bytes, then a READY command with the type of their socket; a subscriber sends
``01 topic``. A frame is ``flags | length | body``: bit 0 more parts follow, bit 1 the length has eight bytes instead of
one, bit 2 a command.

References
----------
.. [1] https://rfc.zeromq.org/spec/23/ (ZMTP 3.0).
"""

from __future__ import annotations

GREETING = bytes.fromhex("ff00000000000000007f0300") + b"NULL".ljust(20, b"\0") + bytes(32)
"""Signature, version 3.0, mechanism, and that this side is no server."""
_MORE, _LONG, _COMMAND = 1, 2, 4
_READY_BODY = b"\x05READY\x0bSocket-Type" + (3).to_bytes(4) + b"SUB"
OPENING = GREETING + bytes([_COMMAND, len(_READY_BODY)]) + _READY_BODY
"""What a subscriber says at once."""
SUBSCRIBE = bytes([0, 1, 1])
"""And when the publisher is ready: send everything. libzmq hangs up when it comes sooner."""
LARGEST_FRAME = 1 << 20
"""Bytes; the largest document of these publishers has about 3 kB."""


class ZmtpFault(Exception):
    """The other side does not speak ZMTP 3, or refuses; the text says why."""


class ZmtpReader:
    """Takes the bytes of the publisher apart into the parts of its messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._greeted = False
        self.ready = False
        """Whether the publisher is ready for ``SUBSCRIBE``."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes, give the message parts that are complete.

        Raises
        ------
        ZmtpFault
            These are no bytes of a publisher; the connection is of no use.
        """
        self._buffer += data
        if not self._greeted and not self._greet():
            return []
        parts: list[bytes] = []
        while (found := self._frame()) is not None:
            flags, body = found
            if flags & _COMMAND:
                self.ready = self.ready or body.startswith(b"\x05READY")
                if body.startswith(b"\x05ERROR"):
                    raise ZmtpFault(f"refused by the publisher: {body[7:].decode('ascii', 'replace')}")
            else:
                parts.append(body)
        return parts

    def _greet(self) -> bool:
        if (self._buffer and self._buffer[0] != GREETING[0]) or (len(self._buffer) > 9 and not self._buffer[9] & 1):
            raise ZmtpFault("no ZeroMQ publisher")
        if len(self._buffer) > 10 and self._buffer[10] < 3:
            raise ZmtpFault(f"ZMTP version {self._buffer[10]}; version 3 (ZeroMQ 4) is needed")
        if len(self._buffer) < len(GREETING):
            return False
        mechanism = bytes(self._buffer[12:32]).rstrip(b"\0")
        if mechanism != b"NULL":
            raise ZmtpFault(f"the publisher wants {mechanism.decode('ascii', 'replace')} security; only NULL is known")
        del self._buffer[: len(GREETING)]
        self._greeted = True
        return True

    def _frame(self) -> tuple[int, bytes] | None:
        if len(self._buffer) < 2:
            return None
        flags = self._buffer[0]
        head = 9 if flags & _LONG else 2
        if flags & ~(_MORE | _LONG | _COMMAND):
            raise ZmtpFault(f"frame with flags {flags:#04x}: lost the stream")
        if len(self._buffer) < head:
            return None
        length = int.from_bytes(self._buffer[1:head])
        if length > LARGEST_FRAME:
            raise ZmtpFault(f"frame of {length} bytes: lost the stream")
        if len(self._buffer) < head + length:
            return None
        body = bytes(self._buffer[head : head + length])
        del self._buffer[: head + length]
        return flags, body
