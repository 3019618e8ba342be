"""skypicket's own microcontroller link: any sensor behind a small board, with its clock (``docs/mcu-link.md``).

921600 baud 8N1 or USB. The board stamps every frame with its microsecond counter (32 bits, wraps after 71 minutes);
contacts carry the Unix time of that stamp.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

from firmware_bridge.clock import DeviceClock
from firmware_bridge.contacts import CameraContact, Contact, PositionFix, RadarContact
from firmware_bridge.mcu import payloads
from firmware_bridge.mcu.frames import CobsFramer, Frame, encode
from firmware_bridge.mcu.payloads import FrameType
from firmware_bridge.module import Device, ModuleCounters, PortDefaults

NS_PER_US = 1000.0
SILENCE_S = 60.0
"""A board says how it is every ten seconds or so, also when there is nothing to see."""
LARGEST_GAP = 0x8000
"""A step of half the sequence or more is a step back: a repeated frame or a reboot."""


@dataclass(frozen=True, slots=True)
class SkypicketMcuSettings:
    """Settings of a board that speaks the skypicket link.

    Parameters
    ----------
    name
        Name of the board.
    max_range_m, max_speed_mps
        Radar contacts beyond are refused.
    """

    name: str = "skypicket-mcu"
    max_range_m: float = 10_000.0
    max_speed_mps: float = 300.0

    def __post_init__(self) -> None:
        """Check the gates."""
        for key in ("max_range_m", "max_speed_mps"):
            if not getattr(self, key) > 0:
                raise ValueError(f"{key} must be above 0, not {getattr(self, key)}")

    def make(self) -> SkypicketMcu:
        """Build the driver."""
        return SkypicketMcu(self)


@dataclass(frozen=True, slots=True)
class BoardHealth:
    """What the board last said of itself; None where it said nothing."""

    firmware: str | None = None
    boots: int | None = None
    uptime_s: int | None = None
    dropped_frames: int | None = None
    temperature_c: float | None = None


class SkypicketMcu:
    """Driver of the skypicket link."""

    def __init__(self, settings: SkypicketMcuSettings) -> None:
        self._settings = settings
        self._counters = ModuleCounters()
        self._framer = CobsFramer(self._counters)
        self._clock = DeviceClock(NS_PER_US, bits=32)
        self._sequence: int | None = None
        self.health = BoardHealth()

    def greeting(self) -> bytes:
        """Ask the board who it is."""
        self._framer.reset()
        return encode(Frame(FrameType.ASK_HELLO, 0, 0, b""))

    def feed(self, data: bytes, time_ns: int) -> list[Contact]:
        """Read bytes."""
        contacts: list[Contact] = []
        for frame in self._framer.feed(data):
            contacts += self._read(frame, time_ns)
        self._counters.contacts += len(contacts)
        return contacts

    def requests(self, time_ns: int) -> bytes:  # noqa: ARG002 - it talks by itself
        """Nothing: it talks by itself."""
        return b""

    def finish(self, time_ns: int) -> list[Contact]:  # noqa: ARG002 - a frame without its zero is no frame
        """A frame without its zero is no frame."""
        self._framer.reset()
        return []

    @property
    def counters(self) -> ModuleCounters:
        """Snapshot."""
        return replace(self._counters)

    def _read(self, frame: Frame, time_ns: int) -> list[Contact]:
        if frame.type == FrameType.HELLO:
            self._read_hello(frame.payload)
        self._count(frame.sequence)
        at_ns = self._clock.observe(frame.time_us, time_ns)
        name = self._settings.name
        if frame.type == FrameType.RADAR:
            return self._rows(frame, payloads.RADAR, lambda row: payloads.radar_contact(row, at_ns, name))
        if frame.type == FrameType.CAMERA:
            return self._rows(frame, payloads.CAMERA, lambda row: payloads.camera_contact(row, at_ns, name))
        if frame.type == FrameType.POSITION:
            return self._rows(frame, payloads.POSITION, lambda row: payloads.position_fix(row, at_ns, name))
        if frame.type == FrameType.HEALTH and len(frame.payload) >= payloads.HEALTH.size:
            uptime_s, dropped, temperature = payloads.HEALTH.unpack_from(frame.payload)
            self.health = replace(
                self.health,
                uptime_s=uptime_s,
                dropped_frames=dropped,
                temperature_c=payloads.known(temperature, payloads.I16, 0.1),
            )
        return []

    def _rows(self, frame: Frame, row: struct.Struct, contact: Callable[[tuple[int, ...]], Contact]) -> list[Contact]:
        if not frame.payload or len(frame.payload) % row.size:
            self._counters.malformed += 1
            return []
        contacts = [contact(values) for values in row.iter_unpack(frame.payload)]
        plausible = [one for one in contacts if self._plausible(one)]
        self._counters.refused += len(contacts) - len(plausible)
        return plausible

    def _plausible(self, contact: Contact) -> bool:
        if isinstance(contact, RadarContact):
            return (
                abs(contact.range_m or 0.0) <= self._settings.max_range_m
                and abs(contact.radial_speed_mps or 0.0) <= self._settings.max_speed_mps
                and abs(contact.azimuth_deg or 0.0) <= 180
                and abs(contact.elevation_deg or 0.0) <= 90
            )
        if isinstance(contact, CameraContact):
            return 0 <= (contact.confidence or 0.0) <= 1
        if isinstance(contact, PositionFix):
            return abs(contact.lat_deg or 0.0) <= 90 and abs(contact.lon_deg or 0.0) <= 180
        return True

    def _read_hello(self, payload: bytes) -> None:
        if len(payload) < payloads.HELLO.size:
            return
        boots, length = payloads.HELLO.unpack_from(payload)
        name = payload[payloads.HELLO.size : payloads.HELLO.size + length].decode("utf-8", "replace")
        if self.health.boots is not None and boots != self.health.boots:
            self._counters.reboots += 1
            self._sequence = None
        self.health = replace(self.health, firmware=name, boots=boots)

    def _count(self, sequence: int) -> None:
        if self._sequence is not None:
            missing = (sequence - self._sequence - 1) & 0xFFFF
            if missing < LARGEST_GAP:
                self._counters.gaps += missing
        self._sequence = sequence


DEVICE = Device(
    "skypicket-mcu",
    "skypicket microcontroller link",
    SkypicketMcuSettings,
    PortDefaults(baud=921600, paced=False, silence_s=SILENCE_S),
)
