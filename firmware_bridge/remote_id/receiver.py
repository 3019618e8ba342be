"""Remote ID receivers as serial modules: JSON lines in several dialects, or MAVLink.

With ``dialect = "auto"`` every line is read in the dialect it is written in; MAVLink, which is binary, must be named.
Lines that are plain text, and the invalid JSON some boards print when idle, are understood as remarks; broken or
truncated JSON is ``malformed``, for a value that is cut off in the middle is another value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmware_bridge.contacts import Contact
from firmware_bridge.drivers import FramedDriver, LineDriver
from firmware_bridge.json_text import Implausible, parse
from firmware_bridge.module import Device, PortDefaults, SerialModule
from firmware_bridge.remote_id import mavlink
from firmware_bridge.remote_id.aircraft import Transmitters
from firmware_bridge.remote_id.decode import MalformedMessage
from firmware_bridge.remote_id.dialects import JSON_DIALECTS
from firmware_bridge.remote_id.dialects.record import Dialect
from firmware_bridge.remote_id.observation import Observation

LONGEST_LINE = 8192
"""Bytes; a DroneScout document has about 1.4 kB, a droneid-go list about 2 kB."""
AUTO, MAVLINK = "auto", "mavlink"
DIALECT_NAMES = (AUTO, MAVLINK, *(dialect.name for dialect in JSON_DIALECTS))

SPEAKS_MAVLINK = 'the receiver speaks MAVLink: set dialect = "mavlink"'

_REMARK = re.compile(rb'[^{\[\x00-\x08\x0e-\x1f\x7f-\xff][^\x00-\x08\x0e-\x1f\x7f-\xff]*|\{"[^"]*"\}')
"""Printable text that does not begin like JSON, or one bare text in braces."""


@dataclass(frozen=True, slots=True)
class RemoteIdSettings:
    """Settings of a Remote ID receiver.

    Parameters
    ----------
    name
        Name of the receiver in the configuration.
    dialect
        ``auto``, ``mesh-mapper``, ``dronecot``, ``dronescout``, ``droneid-go`` or ``mavlink``.
    """

    name: str = "remote-id"
    dialect: str = AUTO

    def __post_init__(self) -> None:
        """Check the dialect."""
        if self.dialect not in DIALECT_NAMES:
            raise ValueError(f"dialect: {self.dialect!r} is none of {', '.join(DIALECT_NAMES)}")

    def make(self) -> SerialModule:
        """Build the driver."""
        if self.dialect == MAVLINK:
            return MavlinkReceiver(self.name)
        dialects = tuple(dialect for dialect in JSON_DIALECTS if self.dialect in {AUTO, dialect.name})
        return JsonReceiver(self.name, dialects)


class JsonReceiver(LineDriver):
    """A receiver that writes JSON lines; ``fault`` is for health.

    Parameters
    ----------
    name
        Name of the receiver in the configuration.
    dialects
        Those it may write, first match wins.
    """

    def __init__(self, name: str, dialects: tuple[Dialect, ...] = JSON_DIALECTS) -> None:
        super().__init__(LONGEST_LINE)
        self._dialects = dialects
        self._transmitters = Transmitters(name)
        self.fault: str | None = None

    def _read(self, line: bytes, time_ns: int) -> list[Contact]:
        if _REMARK.fullmatch(line):
            self._lines.accepted()
            return []
        try:
            observations = self._observations(line)
        except Implausible:
            self._lines.accepted()
            self._counters.refused += 1
            return []
        except MalformedMessage:
            observations = None
        if observations is None:
            self._lines.refused(line)
            if mavlink.contains(line):
                self.fault = SPEAKS_MAVLINK
            return []
        self._lines.accepted()
        self.fault = None
        self._counters.contacts += len(observations)
        return [self._transmitters.observe(observation, time_ns) for observation in observations]

    def _observations(self, line: bytes) -> list[Observation] | None:
        document = parse(line)
        if document is None:
            salvaged = (dialect.salvage(line) for dialect in self._dialects if dialect.salvage is not None)
            return next((found for found in salvaged if found is not None), None)
        dialect = next((dialect for dialect in self._dialects if dialect.recognise(document)), None)
        return dialect.read(document) if dialect is not None else None


class MavlinkReceiver(FramedDriver):
    """A receiver that speaks MAVLink 2.

    Parameters
    ----------
    name
        Name of the receiver in the configuration.
    """

    def __init__(self, name: str) -> None:
        super().__init__(mavlink.MAGIC, 1, mavlink.LONGEST, mavlink.measure)
        self._transmitters = Transmitters(name)
        self._sequence: dict[tuple[int, int], int] = {}

    def greeting(self) -> bytes:
        """Forget half a frame; a receiver sends without being asked."""
        self._framer.reset()
        self._sequence.clear()
        return b""

    def _accept(self, frame: bytes) -> int:
        if mavlink.measure(frame, 0) != len(frame):  # the stream ended within it
            return 0
        if not mavlink.intact(frame):
            self._counters.crc_errors += 1
            return 0
        self._counters.frames += 1
        self._count_gap(frame)
        try:
            observation = mavlink.observation(frame)
        except MalformedMessage:
            self._counters.refused += 1
            return len(frame)
        if observation is not None:
            self._contacts.append(self._transmitters.observe(observation, self._time_ns))
        return mavlink.foreign_length(frame)

    def _count_gap(self, frame: bytes) -> None:
        sender, sequence = (frame[5], frame[6]), frame[4]
        last = self._sequence.get(sender)
        if last is not None and last != sequence:  # some senders do not count
            self._counters.gaps += (sequence - last - 1) % 256
        if last is not None or len(self._sequence) < 64:
            self._sequence[sender] = sequence


DEVICE = Device(
    "remote-id",
    "Remote ID receiver (drone-mesh-mapper, droneid-go, DroneScout, dronecot, MAVLink)",
    RemoteIdSettings,
    PortDefaults(115_200),
)
