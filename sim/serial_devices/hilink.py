"""Simulated Hi-Link HLK-LD2450 and HLK-LD2451."""

from __future__ import annotations

import struct

from firmware_bridge.radar import hilink, ld2450, ld2451
from sim.serial_devices.host import SimulatedModule
from sim.serial_devices.sensor import Detection, RadarModel, RadarView
from sim.serial_devices.targets import Target

LD2450_MODEL = RadarModel(
    range_m=6.0, for_rcs_m2=0.75, azimuth_deg=60.0, elevation_deg=35.0, range_sigma_m=0.1, azimuth_sigma_deg=3.0
)
"""A person at 6 m, ±60° by ±35°, as its data sheet says; a small drone at 2.4 m."""
LD2451_MODEL = RadarModel(
    range_m=100.0, for_rcs_m2=10.0, azimuth_deg=20.0, elevation_deg=15.0, range_sigma_m=0.5, slowest_mps=0.3
)
"""A vehicle at 100 m, ±20°; a small drone at 21 m."""
GATE_MM = 360
MOST = 0x7FFF
"""Largest size of a value of fifteen bits and a sign."""
VERSION_COMMAND = 0x00A0
VERSION = bytes.fromhex("0000020116240622")
"""Status and version field of the document's example."""
RESTART = 0x00A3


class _HiLink(SimulatedModule):
    """What both share: the configuration mode, in which they report nothing."""

    def __init__(self, view: RadarView) -> None:
        self._view = view
        self._received = bytearray()
        self._configuring = False

    def boot(self) -> bytes:
        """Nothing is said at start."""
        self._received.clear()
        self._configuring = False
        return b""

    def command(self, data: bytes, uptime_s: float) -> bytes:  # noqa: ARG002 - time does not matter
        """Answer command frames."""
        self._received += data
        answers = b""
        while (at := self._received.find(hilink.HEAD)) >= 0:
            length = hilink.command_length(self._received, at)
            if length == 0 or (length > 0 and at + length > len(self._received)):
                break
            if length < 0:
                del self._received[: at + 1]
                continue
            frame = bytes(self._received[at : at + length])
            del self._received[: at + length]
            answers += self._answer(struct.unpack_from("<H", frame, 6)[0])
        del self._received[:-64]
        return answers

    def _answer(self, command: int) -> bytes:
        if command == hilink.ENABLE:
            self._configuring = True
            return hilink.command_frame(command | hilink.ANSWER, b"\x00\x00\x01\x00\x40\x00")
        if not self._configuring:
            return hilink.command_frame(command | hilink.ANSWER, b"\x01\x00")
        if command in {hilink.END, RESTART}:
            self._configuring = False
        if command == VERSION_COMMAND:
            return hilink.command_frame(command | hilink.ANSWER, VERSION)
        self._obey(command)
        return hilink.command_frame(command | hilink.ANSWER, b"\x00\x00")

    def _obey(self, command: int) -> None:
        """Take a setting."""


class Ld2450Twin(_HiLink):
    """HLK-LD2450: the three strongest in slots they keep, ten times a second."""

    baud = 256000
    period_s = 0.1

    def __init__(self, view: RadarView) -> None:
        super().__init__(view)
        self._slots: list[Target | None] = [None] * ld2450.SLOTS
        self._limit = ld2450.SLOTS

    def report(self, scene_s: float, uptime_s: float) -> bytes:  # noqa: ARG002 - it has no clock
        """One frame."""
        if self._configuring:
            return b""
        found = self._view.detections(scene_s)[: self._limit]
        named = {one.target for one in found}
        self._slots = [target if target is not None and target in named else None for target in self._slots]
        slots: list[Detection | None] = [None] * ld2450.SLOTS
        for one in found:
            if one.target is not None and one.target in self._slots:
                slots[self._slots.index(one.target)] = one
        for one in found:
            if one not in slots:
                free = slots.index(None)
                slots[free], self._slots[free] = one, one.target
        return ld2450_frame([None if one is None else (one.x_m, one.y_m, one.radial_speed_mps) for one in slots])

    def _obey(self, command: int) -> None:
        if command == hilink.SINGLE_TARGET:
            self._limit = 1
        elif command == hilink.MULTI_TARGET:
            self._limit = ld2450.SLOTS


class Ld2451Twin(_HiLink):
    """HLK-LD2451: direction and speed of what moves, ten times a second."""

    baud = 115200
    period_s = 0.1

    def report(self, scene_s: float, uptime_s: float) -> bytes:  # noqa: ARG002 - it has no clock
        """One frame; without a target an empty one."""
        return b"" if self._configuring else ld2451_frame(self._view.detections(scene_s)[: ld2451.MOST_TARGETS])


def ld2450_frame(slots: list[tuple[float, float, float] | None]) -> bytes:
    """One LD2450 frame; each slot x m, y m, radial speed m/s, or None."""
    frame = ld2450.HEAD
    for slot in slots:
        if slot is None:
            frame += bytes(ld2450.SLOT.size)
        else:
            values = (round(slot[0] * 1000), round(slot[1] * 1000), round(slot[2] * 100))
            limited = (max(-MOST, min(MOST, value)) for value in values)
            frame += ld2450.SLOT.pack(*map(ld2450.encode_signed, limited), GATE_MM)
    return frame + ld2450.TAIL


def ld2451_frame(detections: list[Detection]) -> bytes:
    """One LD2451 frame."""
    rows = b"".join(
        ld2451.ROW.pack(
            round(one.azimuth_deg) + ld2451.ZERO_ANGLE,
            min(255, round(one.range_m)),
            int(one.radial_speed_mps < 0),
            min(255, round(abs(one.radial_speed_mps) * ld2451.KMH_PER_MPS)),
            max(0, min(255, round(one.snr_db))),
        )
        for one in detections
    )
    payload = bytes((len(detections), 1)) + rows if detections else b""
    return ld2451.HEAD + struct.pack("<H", len(payload)) + payload + ld2451.TAIL
