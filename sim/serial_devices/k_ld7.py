"""Simulated RFbeam K-LD7: answers when it is asked."""

from __future__ import annotations

import struct

from firmware_bridge.radar import k_ld7
from sim.serial_devices.host import SimulatedModule
from sim.serial_devices.sensor import Detection, RadarModel, RadarView

MODEL = RadarModel(range_m=30.0, for_rcs_m2=0.75, azimuth_deg=40.0, elevation_deg=17.0, slowest_mps=0.2)
"""A person at 30 m, 80° by 34°; a small drone at 12 m."""
OK, UNKNOWN_COMMAND, BAD_VALUE, BUSY = 0, 1, 2, 5
PARAMETERS = frozenset({b"RBFR", b"RSPI", b"RRAI", b"THOF", b"TRFT", b"VISU", b"DEDI"})
MOST_ROWS = 8
LONGEST_PAYLOAD = 4
"""Of a command."""
FASTEST_MPS = 100.0 / k_ld7.KMH_PER_MPS
"""Of its widest speed setting; faster things it does not tell."""
SETTINGS = struct.pack("<19s8B2b4Bb4BH2B", b"K-LD7_APP-RFB-0103", *bytes(15), *bytes(7))
"""What ``GRPS`` gives: the firmware's name and every setting, here all 0."""


class KLd7Twin(SimulatedModule):
    """K-LD7: silent until ``INIT``; a frame every 34 ms, given to who asked with ``GNFD``."""

    baud = k_ld7.START_BAUD
    period_s = 0.034
    changes_baud = True

    def __init__(self, view: RadarView) -> None:
        self._view = view
        self.boot()

    def boot(self) -> bytes:
        """Nothing is said at start."""
        self._ready = False
        self.baud = k_ld7.START_BAUD
        self._wanted = 0
        self._frames = 0
        self._received = bytearray()
        return b""

    def report(self, scene_s: float, uptime_s: float) -> bytes:  # noqa: ARG002 - it has no clock
        """Whatever was asked for."""
        self._frames += 1
        wanted, self._wanted = self._wanted, 0
        if not wanted:
            return b""
        found = [one for one in self._view.detections(scene_s) if abs(one.radial_speed_mps) <= FASTEST_MPS][:MOST_ROWS]
        sent = b""
        if wanted & k_ld7.PDAT:
            sent += k_ld7.packet(b"PDAT", b"".join(map(_row, found)))
        if wanted & k_ld7.TDAT:
            sent += k_ld7.packet(b"TDAT", b"".join(map(_row, found[:1])))
        if wanted & k_ld7.DONE:
            sent += k_ld7.packet(b"DONE", struct.pack("<I", self._frames))
        return sent

    def command(self, data: bytes, uptime_s: float) -> bytes:  # noqa: ARG002 - time does not matter
        """Obey command packets."""
        self._received += data
        answer = b""
        while len(self._received) >= k_ld7.HEADER.size:
            name, length = k_ld7.HEADER.unpack_from(self._received)
            if length > LONGEST_PAYLOAD or not (name.isalnum() and name.isupper()):
                del self._received[0]  # no command begins here
                continue
            whole = k_ld7.HEADER.size + length
            if len(self._received) < whole:
                break
            payload = bytes(self._received[k_ld7.HEADER.size : whole])
            del self._received[:whole]
            answer += k_ld7.packet(b"RESP", bytes([self._obey(name, payload)]))
            if name == b"GRPS" and self._ready:
                answer += k_ld7.packet(b"RPST", SETTINGS)
        return answer

    def _obey(self, name: bytes, payload: bytes) -> int:
        if name in {b"GRPS", b"GBYE"}:
            known = self._ready and not payload
            self._ready = self._ready and name != b"GBYE"
            self.baud = self.baud if self._ready else k_ld7.START_BAUD
            return OK if known else UNKNOWN_COMMAND
        if len(payload) != 4:
            return BAD_VALUE
        (value,) = struct.unpack("<I", payload)
        if name == b"INIT":
            rate = next((baud for baud, index in k_ld7.RATE_INDEX.items() if index == value), None)
            self._ready = self._ready or rate is not None
            self.baud = rate or self.baud
            return OK if rate is not None else BAD_VALUE
        if not self._ready:
            return UNKNOWN_COMMAND
        if name == b"GNFD":
            if self._wanted:
                return BUSY
            self._wanted = value
            return OK
        return OK if name in PARAMETERS else UNKNOWN_COMMAND


def _row(one: Detection) -> bytes:
    return k_ld7.ROW.pack(
        min(0xFFFF, round(one.range_m * 100)),
        round(one.radial_speed_mps * k_ld7.KMH_PER_MPS * 100),
        round(one.azimuth_deg * 100),
        min(0xFFFF, round(10 ** (one.snr_db / 20) * 100)),
    )
