"""Simulated OpenMV camera whose program prints one JSON object a picture."""

from __future__ import annotations

import json

from sim.serial_devices.camera import CameraView, Seen
from sim.serial_devices.host import SimulatedModule

LATENCY_MS = 60
"""From exposure to the line: a small network on an OpenMV H7 Plus takes about 50 ms."""
BANNER = b"OpenMV v4.5.9; MicroPython v1.23.0-omv-r1; OPENMV4P-STM32H743\r\n"
"""What its firmware prints at start, in the way of the lines."""


class JsonLinesTwin(SimulatedModule):
    """OpenMV: a line for each picture, with boxes or without; takes no commands.

    Parameters
    ----------
    view
        What it sees.
    """

    baud = 115_200
    period_s = 0.1

    def __init__(self, view: CameraView) -> None:
        self._view = view

    def boot(self) -> bytes:
        """Print the banner."""
        return BANNER

    def report(self, scene_s: float, uptime_s: float) -> bytes:  # noqa: ARG002 - it sends no clock
        """The objects of the picture taken one latency before."""
        model = self._view.model
        boxes = [_row(seen, model.classes) for seen in self._view.boxes(max(0.0, scene_s - LATENCY_MS / 1000))]
        picture = {"width": model.width_px, "height": model.height_px, "latency_ms": LATENCY_MS, "boxes": boxes}
        return json.dumps(picture, separators=(",", ":")).encode() + b"\r\n"

    def command(self, data: bytes, uptime_s: float) -> bytes:  # noqa: ARG002 - it takes no commands
        """Nothing: its program reads no commands."""
        return b""


def _row(seen: Seen, classes: tuple[str, ...]) -> dict[str, object]:
    """As ``rect()`` tells it: the upper left corner, in whole pixels."""
    return {
        "x": round(seen.x_px - seen.width_px / 2),
        "y": round(seen.y_px - seen.height_px / 2),
        "w": max(1, round(seen.width_px)),
        "h": max(1, round(seen.height_px)),
        "score": round(seen.score, 2),
        "class": seen.class_no,
        "label": classes[seen.class_no],
    }
