"""Simulated Sipeed MaixCAM that runs our program (``firmware_bridge/camera/maixpy/main.py``) on the Maix protocol."""

from __future__ import annotations

from firmware_bridge.camera import maix
from firmware_bridge.camera.maixpy.main import COMMAND, Found, pack
from firmware_bridge.framing import IMPOSSIBLE, NEED_MORE
from sim.serial_devices.camera import CameraView, Seen
from sim.serial_devices.host import SimulatedModule

LATENCY_MS = 40
"""From exposure to report: a YOLO11n at 320 x 224 takes about 30 ms, the camera's buffer the rest."""
APP_LIST, APP_INFO = 0xF9, 0xFC
"""Requests the firmware answers by itself: the applications there are, and the one that runs."""
APPLICATION = b"skypicket\0"
ANSWER_OK, ANSWER_BAD = 0xC1, 0x81
"""Flags of an answer: response, done or not, version 1."""
NOT_IMPLEMENTED = b"\x04not implemented"
"""Body of an answer that is none: an error code and its text."""
MOST_WAITING = 4096
"""Bytes of requests it keeps: the buffer of its driver."""


class MaixTwin(SimulatedModule):
    """MaixCAM: a report a picture, without being asked; requests of the protocol are answered.

    Parameters
    ----------
    view
        What it sees.
    """

    baud = 115_200
    period_s = 0.05

    def __init__(self, view: CameraView) -> None:
        self._view = view
        self._received = bytearray()

    def boot(self) -> bytes:
        """Nothing is said at start: the port is the application's alone."""
        self._received.clear()
        return b""

    def report(self, scene_s: float, uptime_s: float) -> bytes:  # noqa: ARG002 - it sends no clock
        """The objects of the picture taken one latency before."""
        model = self._view.model
        found = [_found(seen) for seen in self._view.boxes(max(0.0, scene_s - LATENCY_MS / 1000))]
        return maix.encode(COMMAND, pack(found, model.width_px, model.height_px, LATENCY_MS))

    def command(self, data: bytes, uptime_s: float) -> bytes:  # noqa: ARG002 - time does not matter
        """Answer whole requests; what is no request is passed over."""
        self._received += data
        answers = b""
        while (at := self._received.find(maix.MAGIC)) >= 0:
            del self._received[:at]
            length = maix.measure(self._received, 0)
            if length == NEED_MORE or length > len(self._received):
                break
            if length == IMPOSSIBLE or not maix.checks(bytes(self._received[:length])):
                del self._received[:1]
                continue
            answers += _answer(self._received[maix.PREFIX.size + 1])
            del self._received[:length]
        del self._received[:-MOST_WAITING]
        return answers


def _answer(command: int) -> bytes:
    if command == APP_LIST:
        return maix.encode(command, b"\x01" + APPLICATION, ANSWER_OK)
    if command == APP_INFO:
        return maix.encode(command, b"\x00" + 3 * APPLICATION, ANSWER_OK)
    return maix.encode(command, NOT_IMPLEMENTED, ANSWER_BAD)


def _found(seen: Seen) -> Found:
    """As MaixPy's detector tells it: the upper left corner."""
    return Found(
        seen.x_px - seen.width_px / 2,
        seen.y_px - seen.height_px / 2,
        seen.width_px,
        seen.height_px,
        seen.score,
        seen.class_no,
    )
