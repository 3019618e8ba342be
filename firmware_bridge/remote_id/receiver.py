"""Remote ID receivers as serial modules: JSON lines in several dialects, or MAVLink.

With ``dialect = "auto"`` every line is read in the dialect it is written in, and a receiver that has sent no such line
but an intact OPEN_DRONE_ID message is read as MAVLink from then on.
Lines that are plain text, and the invalid JSON some boards print when idle, are understood as remarks; broken or
truncated JSON is ``malformed``, for a value that is cut off in the middle is another value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from firmware_bridge.contacts import Contact
from firmware_bridge.drivers import FramedDriver, LineDriver
from firmware_bridge.json_text import Implausible, parse
from firmware_bridge.module import Device, ModuleCounters, PortDefaults, SerialModule
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
        if self.dialect == AUTO:
            return AutoReceiver(self.name)
        if self.dialect == MAVLINK:
            return MavlinkReceiver(self.name)
        return JsonReceiver(self.name, tuple(dialect for dialect in JSON_DIALECTS if dialect.name == self.dialect))


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
        self.documents = 0
        """Documents read so far, observations or not."""

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
        self.documents += 1
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


class AutoReceiver:
    """A receiver that writes JSON lines, or turns out to speak MAVLink.

    Parameters
    ----------
    name
        Name of the receiver in the configuration.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._json = JsonReceiver(name)
        self._mavlink: MavlinkReceiver | None = None
        self._window = bytearray()
        self._before = 0

    @property
    def fault(self) -> str | None:
        """What it finds wrong, for health."""
        return self._json.fault if self._mavlink is None else None

    @property
    def counters(self) -> ModuleCounters:
        """A snapshot of what was read."""
        if self._mavlink is None:
            return self._json.counters
        found = self._mavlink.counters
        return replace(found, bytes=found.bytes + self._before, skipped_bytes=found.skipped_bytes + self._before)

    def greeting(self) -> bytes:
        """Forget half a line or frame; these receivers need no command."""
        self._before += len(self._window) if self._mavlink is None else 0
        self._window.clear()
        return self._json.greeting() if self._mavlink is None else self._mavlink.greeting()

    def feed(self, data: bytes, time_ns: int) -> list[Contact]:
        """Read bytes as they came from the port."""
        if self._mavlink is not None:
            return self._mavlink.feed(data, time_ns)
        if not self._json.documents:
            self._window += data
            if mavlink.contains(self._window):
                self._mavlink = MavlinkReceiver(self._name)
                window = bytes(self._window)
                self._window.clear()
                return self._mavlink.feed(window, time_ns)
        contacts = self._json.feed(data, time_ns)
        kept = 0 if self._json.documents else mavlink.LONGEST
        self._before += max(0, len(self._window) - kept)
        del self._window[: max(0, len(self._window) - kept)]
        return contacts

    def requests(self, time_ns: int) -> bytes:  # noqa: ARG002 - the contract's signature
        """Nothing: these receivers need no command."""
        return b""

    def finish(self, time_ns: int) -> list[Contact]:
        """Read what is left at the end of the stream."""
        return self._json.finish(time_ns) if self._mavlink is None else self._mavlink.finish(time_ns)


DEVICE = Device(
    "remote-id",
    "Remote ID receiver (drone-mesh-mapper, droneid-go, DroneScout, dronecot, MAVLink)",
    RemoteIdSettings,
    PortDefaults(115_200),
)
