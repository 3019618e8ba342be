"""Simulated board on the skypicket microcontroller link: a small radar, with the board's own clock."""

from __future__ import annotations

from firmware_bridge.mcu import payloads
from firmware_bridge.mcu.frames import CobsFramer, Frame, encode
from firmware_bridge.mcu.payloads import FrameType
from firmware_bridge.module import ModuleCounters
from sim.serial_devices.host import SimulatedModule
from sim.serial_devices.sensor import Detection, RadarModel, RadarView

MODEL = RadarModel(
    range_m=60.0,
    for_rcs_m2=0.75,
    azimuth_deg=60.0,
    elevation_deg=30.0,
    range_sigma_m=0.1,
    azimuth_sigma_deg=1.5,
    slowest_mps=0.2,
)
"""A person at 60 m with a 60 GHz chip behind the board; a small drone at 24 m."""
FIRMWARE = b"skypicket-sim 1.0"
MOST_ROWS = 62
"""Contacts of one frame: its payload has 1000 bytes."""
HEALTH_S = 10.0
RATE_ERROR = 20e-6
"""The board's crystal is so much too fast."""
CLOCK_START_US = 0xFFFF_FFFF - 5_000_000
"""Its counter wraps five seconds after the start: what happens every 71 minutes should be met."""
TEMPERATURE_TENTHS = 415
NO_TRACK = payloads.U16


class SkypicketMcuTwin(SimulatedModule):
    """Board with a radar: says who it is, then contacts ten times a second; health every ten seconds.

    Parameters
    ----------
    view
        What its radar sees.
    """

    baud = 921_600
    period_s = 0.1

    def __init__(self, view: RadarView) -> None:
        self._view = view
        self._boots = 0
        self._asked = CobsFramer(ModuleCounters())
        self._sequence = 0
        self._health_s = HEALTH_S

    def boot(self) -> bytes:
        """One more start; say who it is."""
        self._boots += 1
        self._asked = CobsFramer(ModuleCounters())
        self._sequence, self._health_s = 0, HEALTH_S
        return self._hello(0.0)

    def report(self, scene_s: float, uptime_s: float) -> bytes:
        """Contacts of this moment, and health when it is due."""
        sent = b""
        if uptime_s >= self._health_s:
            self._health_s += HEALTH_S
            sent += self._frame(FrameType.HEALTH, payloads.HEALTH.pack(int(uptime_s), 0, TEMPERATURE_TENTHS), uptime_s)
        rows = b"".join(map(_row, self._view.detections(scene_s)[:MOST_ROWS]))
        return sent + (self._frame(FrameType.RADAR, rows, uptime_s) if rows else b"")

    def command(self, data: bytes, uptime_s: float) -> bytes:
        """Say who it is to who asks."""
        asked = sum(frame.type == FrameType.ASK_HELLO for frame in self._asked.feed(data))
        return b"".join(self._hello(uptime_s) for _ in range(asked))

    def _hello(self, uptime_s: float) -> bytes:
        return self._frame(FrameType.HELLO, payloads.HELLO.pack(self._boots, len(FIRMWARE)) + FIRMWARE, uptime_s)

    def _frame(self, kind: FrameType, payload: bytes, uptime_s: float) -> bytes:
        time_us = CLOCK_START_US + round(uptime_s * (1 + RATE_ERROR) * 1e6)
        frame = encode(Frame(kind, self._sequence, time_us, payload))
        self._sequence += 1
        return frame


def _row(one: Detection) -> bytes:
    return payloads.RADAR.pack(
        NO_TRACK,
        round(one.range_m * 1000),
        round(one.azimuth_deg * 100),
        round(one.elevation_deg * 100),
        max(-32767, min(32767, round(one.radial_speed_mps * 100))),
        max(-32767, min(32767, round(one.snr_db * 10))),
        payloads.U16,
    )
