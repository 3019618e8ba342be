"""Beast binary: Mode S messages of readsb and dump1090, TCP port 30005 [1]_.

``1A | type | time u48 big-endian, 12 MHz | level u8 | message``: type ``31`` two bytes (Mode A/C), ``32`` seven, ``33``
fourteen, ``34`` fourteen (state of the receiver's switches). A byte ``1A`` after the type is sent twice.

The port is ``socket://HOST:30005``. Contacts are stamped with the time of reception at the node.

References
----------
.. [1] https://wiki.jetvision.de/wiki/Mode-S_Beast:Data_Output_Formats; wiedehopf/readsb ``net_io.c``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from firmware_bridge.aviation.aircraft import AircraftTable
from firmware_bridge.contacts import Contact
from firmware_bridge.module import Device, ModuleCounters, PortDefaults

if TYPE_CHECKING:
    from firmware_bridge.aviation.mode_s import ModeS

ESCAPE = 0x1A
HEAD_LENGTH = 7
"""Time and level before the message."""
MESSAGE_LENGTHS: dict[int, int] = {0x31: 2, 0x32: 7, 0x33: 14, 0x34: 14}
_MODE_S = frozenset({0x32, 0x33})
SILENCE_S = 75.0
"""readsb and dump1090 send a heartbeat every 60 s."""


@dataclass(frozen=True, slots=True)
class BeastSettings:
    """Settings of a Beast feed.

    Parameters
    ----------
    name
        Name of the receiver in the configuration.
    lat_deg, lon_deg
        Where its antenna stands; aircraft on the ground can only be placed with it.
    """

    name: str = "beast"
    lat_deg: float | None = None
    lon_deg: float | None = None

    def __post_init__(self) -> None:
        """Check the place."""
        if (self.lat_deg is None) != (self.lon_deg is None):
            raise ValueError("lat_deg must be given with lon_deg")
        if self.lat_deg is not None and not -90.0 <= self.lat_deg <= 90.0:
            raise ValueError(f"lat_deg must be within -90 and 90, not {self.lat_deg}")
        if self.lon_deg is not None and not -180.0 <= self.lon_deg <= 180.0:
            raise ValueError(f"lon_deg must be within -180 and 180, not {self.lon_deg}")

    def make(self) -> Beast:
        """Build the driver."""
        return Beast(self)


class BeastFramer:
    """Cuts a Beast stream into frames; a frame that breaks off is given up where the next one begins.

    Parameters
    ----------
    counters
        Where to count.
    """

    def __init__(self, counters: ModuleCounters) -> None:
        self._counters = counters
        self._kind: int | None = None
        self._content = bytearray()
        self._escaped = False
        self._in_step = True

    def reset(self) -> None:
        """Forget a half frame."""
        self._give_up()
        self._escaped = False
        self._in_step = True

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take bytes, give type and content (time, level, message) of each whole frame."""
        self._counters.bytes += len(data)
        frames: list[tuple[int, bytes]] = []
        position = 0
        while position < len(data):
            if self._escaped:
                self._escaped = False
                self._after_escape(data[position])
                position += 1
            else:
                found = data.find(ESCAPE, position)
                end = len(data) if found < 0 else found
                position = self._take(data, position, end)
                if position == end and found >= 0:
                    self._escaped = True
                    position += 1
            if self._kind is not None and len(self._content) == HEAD_LENGTH + MESSAGE_LENGTHS[self._kind]:
                frames.append((self._kind, bytes(self._content)))
                self._counters.frames += 1
                self._kind = None
                self._content.clear()
                self._in_step = True
        return frames

    def _take(self, data: bytes, start: int, end: int) -> int:
        """Take plain bytes up to ``end`` or to the end of the frame; gives where it stopped."""
        if self._kind is None:
            self._skip(end - start)
            return end
        stop = min(end, start + HEAD_LENGTH + MESSAGE_LENGTHS[self._kind] - len(self._content))
        self._content += data[start:stop]
        return stop

    def _after_escape(self, byte: int) -> None:
        if byte == ESCAPE and self._kind is not None:
            self._content.append(ESCAPE)
        elif byte in MESSAGE_LENGTHS:
            self._give_up()
            self._kind = byte
        else:
            self._give_up()
            self._skip(2)

    def _give_up(self) -> None:
        if self._kind is not None:
            self._counters.malformed += 1
            self._skip(2 + len(self._content))
        self._kind = None
        self._content.clear()

    def _skip(self, count: int) -> None:
        if count:
            self._counters.skipped_bytes += count
            if self._in_step:
                self._counters.resyncs += 1
                self._in_step = False


class Beast:
    """Driver of a Beast feed.

    Parameters
    ----------
    settings
        Name and place of the receiver.
    """

    def __init__(self, settings: BeastSettings) -> None:
        from firmware_bridge.aviation.mode_s import ModeS

        self._counters = ModuleCounters()
        self._framer = BeastFramer(self._counters)
        self._table = AircraftTable(settings.name)
        place = (
            (settings.lat_deg, settings.lon_deg)
            if settings.lat_deg is not None and settings.lon_deg is not None
            else None
        )
        self._mode_s: ModeS = ModeS(self._table, place)

    def greeting(self) -> bytes:
        """Forget half a frame and all aircraft: nobody knows how long the feed was away."""
        self._framer.reset()
        self._table.clear()
        self._mode_s.clear()
        return b""

    def feed(self, data: bytes, time_ns: int) -> list[Contact]:
        """Read bytes."""
        contacts: list[Contact] = []
        for kind, content in self._framer.feed(data):
            if kind not in _MODE_S:
                continue
            report = self._mode_s.decode(content[HEAD_LENGTH:], time_ns)
            if report is None:
                continue
            contact, refused = self._table.take(report, time_ns)
            self._counters.refused += refused
            if contact is not None:
                contacts.append(contact)
        self._counters.contacts += len(contacts)
        return contacts

    def requests(self, time_ns: int) -> bytes:  # noqa: ARG002 the contract's signature
        """Nothing: the feed sends without being asked."""
        return b""

    def finish(self, time_ns: int) -> list[Contact]:  # noqa: ARG002 the contract's signature
        """Half a frame tells nothing."""
        self._framer.reset()
        return []

    @property
    def counters(self) -> ModuleCounters:
        """Snapshot."""
        return replace(self._counters)


DEVICE = Device(
    "beast",
    "readsb or dump1090, Beast binary (socket://HOST:30005)",
    BeastSettings,
    PortDefaults(3_000_000, paced=False, silence_s=SILENCE_S),
)
