"""Simulated Seeed Grove Vision AI V2: answers AT commands, reports boxes as SSCMA events."""

from __future__ import annotations

import json

from sim.serial_devices.camera import CameraView, Seen
from sim.serial_devices.host import SimulatedModule

PERF_MS = (7, 52, 3)
"""Preparation, inference, clean-up: about sixteen pictures a second, as the module does with a small network."""
LONGEST_COMMAND = 256
BOOT_LOG = b"OV5647 Init Stream by app\r\nEvent loop start\r\nSENSORDPLIB_STATUS_XDMA_FRAME_READY 1 \r\n"
"""What its firmware prints between messages, unframed."""


class SscmaTwin(SimulatedModule):
    """Grove Vision AI V2: silent until told to infer, then one event a picture.

    Parameters
    ----------
    view
        What it sees.
    """

    baud = 921_600
    period_s = sum(PERF_MS) / 1000

    def __init__(self, view: CameraView) -> None:
        self._view = view
        self._typed = b""
        self._left = 0
        self._count = 0

    def boot(self) -> bytes:
        """Print its log; nothing runs."""
        self._typed = b""
        self._left = self._count = 0
        return BOOT_LOG

    def report(self, scene_s: float, uptime_s: float) -> bytes:  # noqa: ARG002 - it has no clock
        """One event while it infers; the picture was taken one latency before."""
        if self._left == 0:
            return b""
        self._left -= self._left > 0
        self._count += 1
        boxes = [_row(seen) for seen in self._view.boxes(max(0.0, scene_s - self.period_s))]
        model = self._view.model
        data = {
            "count": self._count,
            "perf": list(PERF_MS),
            "resolution": [model.width_px, model.height_px],
            "boxes": boxes,
        }
        return _message(1, "INVOKE", data)

    def command(self, data: bytes, uptime_s: float) -> bytes:  # noqa: ARG002 - time does not matter
        r"""Obey commands; each ends with ``\r`` or ``\n``."""
        *commands, self._typed = (self._typed + data).replace(b"\n", b"\r").split(b"\r")
        self._typed = self._typed[-LONGEST_COMMAND:]
        return b"".join(self._obey(command.decode("ascii", "replace")) for command in commands if command)

    def _obey(self, command: str) -> bytes:
        if not command.startswith("AT+"):
            return b""
        tag, _, rest = command[3:].rpartition("@")
        name, _, values = rest.partition("=")
        shown = f"{tag}@{name}" if tag else name
        if name == "INVOKE":
            return self._invoke(shown, values.split(","))
        if name == "BREAK":
            self._left = 0
            return _message(0, shown, self._count)
        replies: dict[str, object] = {
            "ID?": "7e2d02cf",
            "NAME?": "Grove Vision AI (WE2)",
            "VER?": {"at_api": "v0", "software": "2024.08.16", "hardware": "1"},
            "INVOKE?": int(self._left != 0),
        }
        if name in replies:
            return _message(0, shown, replies[name])
        return _message(0, shown, "Unknown command", code=4)

    def _invoke(self, shown: str, values: list[str]) -> bytes:
        try:
            times = int(values[0])
        except ValueError:
            return _message(0, shown, "Invalid argument", code=4)
        self._left = times if times > 0 else -1
        self._count = 0
        model = self._view.model
        sensor = {"id": 1, "type": 1, "state": 1, "opt_detail": f"{model.width_px}x{model.height_px} Auto"}
        return _message(0, shown, {"model": {"id": 1, "type": 3}, "sensor": sensor})


def _row(seen: Seen) -> list[int]:
    return [
        round(seen.x_px),
        round(seen.y_px),
        max(1, round(seen.width_px)),
        max(1, round(seen.height_px)),
        round(100 * seen.score),
        seen.class_no,
    ]


def _message(kind: int, name: str, data: object, code: int = 0) -> bytes:
    text = json.dumps({"type": kind, "name": name, "code": code, "data": data}, separators=(", ", ": "))
    return b"\r" + text.encode() + b"\n"
