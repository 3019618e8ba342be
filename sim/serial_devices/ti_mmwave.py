"""Simulated TI IWR6843 with the out-of-box demo of SDK 3, or with 3-D people counting: two ports of one board."""

from __future__ import annotations

import struct

import numpy as np

from firmware_bridge.radar import ti_payloads
from firmware_bridge.radar.ti_layouts import MAGIC, header_sum
from sim.serial_devices.host import SimulatedModule
from sim.serial_devices.sensor import Detection, RadarModel, RadarView
from sim.serial_devices.targets import Target

MODEL = RadarModel(
    range_m=50.0,
    for_rcs_m2=0.75,
    azimuth_deg=60.0,
    elevation_deg=30.0,
    range_sigma_m=0.05,
    azimuth_sigma_deg=1.5,
    clutter_per_frame=3.0,
)
"""A person at 50 m with the long-range configuration; a small drone at 20 m."""
VERSION, PLATFORM = 0x03060000, 0xA6843
CYCLES_PER_S = 200e6
"""Of the cycle counter in the header, measured on real packets of SDK 3.6."""
PAD_TO = 32
PADDING_BYTE = 0xCC
"""Real padding is not zero."""
NOISE_TENTH_DB = 600
BANNER = b"\r\n******************************************\r\nxWR64xx MMW Demo 03.06.00.00\r\n"
BANNER += b"******************************************\r\nmmwDemo:/>"
PROMPT = b"\r\nmmwDemo:/>"
LONGEST_LINE = 256
KNOWN_COMMANDS = frozenset(
    [
        "sensorStop",
        "flushCfg",
        "dfeDataOutputMode",
        "channelCfg",
        "adcCfg",
        "adcbufCfg",
        "profileCfg",
        "chirpCfg",
        "frameCfg",
        "lowPower",
        "guiMonitor",
        "cfarCfg",
        "multiObjBeamForming",
        "clutterRemoval",
        "calibDcRangeSig",
        "extendedMaxVelocity",
        "lvdsStreamCfg",
        "bpmCfg",
        "compRangeBiasAndRxChanPhase",
        "measureRangeBiasAndRxChanPhase",
        "CQRxSatMonitor",
        "CQSigImgMonitor",
        "analogMonitor",
        "aoaFovCfg",
        "cfarFovCfg",
        "calibData",
        "peakGrouping",
        "sensorStart",
        "trackingCfg",
        "staticBoundaryBox",
        "boundaryBox",
        "sensorPosition",
        "gatingParam",
        "stateParam",
        "allocationParam",
        "maxAcceleration",
    ]
)


class TiBoard:
    """What both ports share: whether the sensor runs.

    Parameters
    ----------
    view
        What it sees.
    frame_s
        Between two frames.
    firmware
        ``oob-sdk3`` or ``people-3d``.
    running
        Whether it runs without being configured.
    """

    def __init__(
        self, view: RadarView, *, frame_s: float = 0.1, firmware: str = "oob-sdk3", running: bool = False
    ) -> None:
        if firmware not in {"oob-sdk3", "people-3d"}:
            raise ValueError(f"firmware must be oob-sdk3 or people-3d, not {firmware!r}")
        self.view, self.firmware = view, firmware
        self.running = running
        self._at_boot = running
        self.data = TiDataTwin(self, frame_s)
        self.commands = TiCommandTwin(self)

    def reset(self) -> None:
        """Switch on anew."""
        self.running = self._at_boot
        self.data.forget()


class TiDataTwin(SimulatedModule):
    """Data port."""

    baud = 921600

    def __init__(self, board: TiBoard, frame_s: float) -> None:
        self._board = board
        self.period_s = frame_s
        self.forget()

    def forget(self) -> None:
        """Start numbering anew."""
        self._frame = 0
        self._numbers: dict[Target, int] = {}

    def boot(self) -> bytes:
        """Start numbering anew."""
        self._board.reset()
        return b""

    def report(self, scene_s: float, uptime_s: float) -> bytes:
        """One packet when the sensor runs."""
        if not self._board.running:
            return b""
        self._frame += 1
        found = self._board.view.detections(scene_s)
        if self._board.firmware == "people-3d":
            for one in found:
                if one.target is not None:
                    self._numbers.setdefault(one.target, len(self._numbers))
            return people_packet(self._frame, found, self._numbers)
        return oob_packet(self._frame, round(uptime_s * CYCLES_PER_S), found)

    def command(self, data: bytes, uptime_s: float) -> bytes:  # noqa: ARG002 - it does not listen
        """Do nothing: the data port does not listen."""
        return b""


class TiCommandTwin(SimulatedModule):
    """Command port: echoes, answers ``Done``, starts and stops the sensor."""

    baud = 115200
    period_s = 1.0

    def __init__(self, board: TiBoard) -> None:
        self._board = board
        self._typed = b""
        self.lines: list[str] = []
        """Commands obeyed since it was switched on."""

    def boot(self) -> bytes:
        """Show the banner; the whole board starts anew."""
        self._board.reset()
        self._typed = b""
        self.lines = []
        return BANNER

    def report(self, scene_s: float, uptime_s: float) -> bytes:  # noqa: ARG002 - says nothing by itself
        """Nothing by itself."""
        return b""

    def command(self, data: bytes, uptime_s: float) -> bytes:  # noqa: ARG002 - time does not matter
        """Obey lines."""
        *lines, self._typed = (self._typed + data).split(b"\n")
        self._typed = self._typed[-LONGEST_LINE:]
        return b"".join(self._obey(line.decode("ascii", "replace").strip()) for line in lines)

    def _obey(self, line: str) -> bytes:
        if not line:
            return PROMPT
        self.lines = [*self.lines[-999:], line]
        echo = line.encode() + b"\r\n"
        if line.startswith("%"):
            return echo + b"Skipped" + PROMPT
        word = line.split(maxsplit=1)[0]
        if word not in KNOWN_COMMANDS:
            return echo + f"'{word}' is not recognized as a CLI command".encode() + PROMPT
        if word == "sensorStart":
            self._board.running = True
            return echo + b"Debug: Init Calibration Status = 0x7fe\r\nDone" + PROMPT
        if word == "sensorStop":
            self._board.running = False
            return echo + b"Ignored: Sensor is already stopped\r\nDone" + PROMPT
        return echo + b"Done" + PROMPT


def tlv(kind: int, payload: bytes, *, own: int = 0) -> bytes:
    """One TLV; ``own`` is what its length counts of its header."""
    return struct.pack("<II", kind, len(payload) + own) + payload


def oob_packet(frame: int, cycles: int, found: list[Detection]) -> bytes:
    """One packet of the out-of-box demo, padded."""
    tlvs: list[bytes] = []
    if found:
        tlvs = [
            tlv(
                1,
                b"".join(ti_payloads.POINT.pack(one.x_m, one.y_m, one.z_m, one.radial_speed_mps) for one in found),
            ),
            tlv(
                7,
                b"".join(
                    ti_payloads.SIDE.pack(max(0, min(0xFFFF, round(one.snr_db * 10))), NOISE_TENTH_DB) for one in found
                ),
            ),
        ]
    tlvs.append(tlv(6, struct.pack("<6I", 100, 2000, 70000, 0, 5, 3)))
    body = b"".join(tlvs)
    length = -(-(40 + len(body)) // PAD_TO) * PAD_TO
    header = struct.pack("<8I", VERSION, length, PLATFORM, frame, cycles & 0xFFFFFFFF, len(found), len(tlvs), 0)
    packet = MAGIC + header + body
    return packet + bytes([PADDING_BYTE]) * (length - len(packet))


def people_packet(frame: int, found: list[Detection], numbers: dict[Target, int]) -> bytes:
    """One packet of 3-D people counting: points, and tracks of the targets."""
    tracks = b"".join(
        ti_payloads.TRACK_3D.pack(
            numbers[one.target],
            *(one.x_m, one.y_m, one.z_m, one.vx_mps, one.vy_mps, one.vz_mps),
            *(0.0, 0.0, 0.0),
            *(np.eye(4) * 0.05).ravel(),
            1.0,
            0.9,
        )
        for one in found
        if one.target is not None
    )
    units = (0.01, 0.01, 0.05, 0.005, 0.04)
    points = ti_payloads.SPHERICAL_UNITS.pack(*units) + b"".join(_spherical(one, units) for one in found)
    tlvs = [tlv(6, points, own=8)] if found else []
    tlvs += [tlv(7, tracks, own=8)] if tracks else []
    body = b"".join(tlvs)
    header = MAGIC + struct.pack(
        "<9I2H", VERSION, 48 + len(body), PLATFORM, frame, 0, 100, 70000, 500, 2000, len(tlvs), 0
    )
    return header[:-2] + struct.pack("<H", 0xFFFF - header_sum(header)) + body


def _spherical(one: Detection, units: tuple[float, ...]) -> bytes:
    def steps(value: float, unit: float, low: int, high: int) -> int:
        return int(np.clip(round(value / unit), low, high))

    return ti_payloads.SPHERICAL_POINT.pack(
        steps(np.radians(one.elevation_deg), units[0], -128, 127),
        steps(np.radians(one.azimuth_deg), units[1], -128, 127),
        steps(one.radial_speed_mps, units[2], -32768, 32767),
        steps(one.range_m, units[3], 0, 65535),
        steps(10 ** (one.snr_db / 10), units[4], 0, 65535),
    )
