"""Run on a Sipeed MaixCAM (MaixPy 4): detect objects and report their boxes by the Maix protocol.

Copy this file to the camera as an application and choose serial port or TCP in the camera's settings (communication).
The network is the file ``MODEL`` in the camera's own folder; its labels, in order, go to ``labels`` in the node's
configuration.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

MODEL = Path.home() / "models" / "yolo11n.mud"
"""MaixPy keeps its networks in ``models`` in the home folder."""
THRESHOLD = 0.3
"""Boxes below are not sent; the node has a threshold of its own."""
OVERLAP = 0.45
"""Boxes of one object overlap by more than this."""

COMMAND = 0x41
VERSION = 1
HEAD = struct.Struct("<BHHHB")
"""Version, width, height, latency in ms, count."""
BOX = struct.Struct("<HHHHBBH")
"""Centre x and y, width, height, score, class, track."""
FULL = 65_535
SCORE_FULL = 255
NO_TRACK = 0xFFFF
MOST_BOXES = 64


class Found(NamedTuple):
    """One object: upper left corner and size in pixels, score 0 to 1, class number."""

    x: float
    y: float
    w: float
    h: float
    score: float
    class_id: int


def _scaled(value: float, whole: float, full: int) -> int:
    return max(0, min(full, round(value / whole * full)))


def pack(found: Iterable[Found], width: int, height: int, latency_ms: int) -> bytes:
    """Return the body of a report; of more than 64 objects the best are kept."""
    best = sorted(found, key=lambda one: -one.score)[:MOST_BOXES]
    body = HEAD.pack(VERSION, width, height, max(0, min(FULL, latency_ms)), len(best))
    for one in best:
        body += BOX.pack(
            _scaled(one.x + one.w / 2, width, FULL),
            _scaled(one.y + one.h / 2, height, FULL),
            _scaled(one.w, width, FULL),
            _scaled(one.h, height, FULL),
            _scaled(one.score, 1.0, SCORE_FULL),
            min(SCORE_FULL, one.class_id),
            NO_TRACK,
        )
    return body


def main() -> None:
    """Detect and report until the application is closed."""
    from maix import app, camera, comm, nn, time  # type: ignore[import-not-found, unused-ignore]

    detector: Any = nn.YOLO11(model=str(MODEL), dual_buff=False)
    width, height = detector.input_width(), detector.input_height()
    eye: Any = camera.Camera(width, height, detector.input_format())
    protocol: Any = comm.CommProtocol(buff_size=1024)
    while not app.need_exit():
        protocol.get_msg()  # answers the requests of the protocol itself
        picture = eye.read()
        taken_ms = time.ticks_ms()
        objects = detector.detect(picture, conf_th=THRESHOLD, iou_th=OVERLAP)
        found = [Found(one.x, one.y, one.w, one.h, one.score, one.class_id) for one in objects]
        protocol.report(COMMAND, pack(found, width, height, int(time.ticks_ms() - taken_ms)))


if __name__ == "__main__":
    main()
