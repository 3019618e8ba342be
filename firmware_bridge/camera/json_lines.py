"""Cameras that print one JSON object a picture: OpenMV, JeVois, a Raspberry Pi with a program of one's own.

::

    {"width":320,"height":240,"latency_ms":40,"boxes":[{"x":100,"y":80,"w":20,"h":10,"score":0.8,"label":"drone"}]}

``boxes`` may also be called ``objects`` or ``detections``, and a single box may be the object itself. A box's ``x``,
``y`` are its upper left corner (as OpenMV's ``rect()``) or with ``origin = "center"`` its centre; ``cx``, ``cy``
always are the centre. Values are pixels; fractions when the picture's size is unknown and none exceeds 1. ``score``
(or ``confidence``) counts to 1 or, above 1, to 100. ``class`` or ``class_id`` is a number, ``label`` or ``name`` a
text, ``id`` or ``track`` the number of a track.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_bridge.camera.boxes import MOST_BOXES, Box, BoxReader, CameraSettings
from firmware_bridge.contacts import Contact
from firmware_bridge.drivers import LineDriver
from firmware_bridge.json_text import JsonObject, as_object, parse, text, within
from firmware_bridge.module import Device, PortDefaults

LONGEST_LINE = 16_384
"""Bytes; 64 boxes of 120 bytes and twice as much."""
_LISTS = ("boxes", "objects", "detections")


@dataclass(frozen=True, slots=True)
class JsonLinesSettings(CameraSettings):
    """Settings of a camera that prints JSON lines.

    Parameters
    ----------
    origin
        What ``x`` and ``y`` of a box are: ``corner`` (upper left) or ``center``.
    """

    name: str = "json-lines"
    origin: str = "corner"

    def __post_init__(self) -> None:
        """Check what all cameras have, and the origin."""
        CameraSettings.__post_init__(self)
        if self.origin not in {"corner", "center"}:
            raise ValueError(f'origin must be "corner" or "center", not {self.origin!r}')

    def make(self) -> JsonLines:
        """Build the driver."""
        return JsonLines(self)


class JsonLines(LineDriver):
    """Driver of a camera that prints JSON lines."""

    def __init__(self, settings: JsonLinesSettings) -> None:
        super().__init__(LONGEST_LINE)
        self._settings = settings
        self._boxes = BoxReader(settings)

    def _read(self, line: bytes, time_ns: int) -> list[Contact]:
        record = as_object(parse(line))
        if record is None:
            self._lines.refused(line)
            return []
        self._lines.accepted()
        width, height = within(record.get("width"), 1, 16_384), within(record.get("height"), 1, 16_384)
        size_px = (int(width), int(height)) if width is not None and height is not None else None
        latency_ms = within(record.get("latency_ms"), 0.0, 10_000.0) or 0.0
        rows = next((found for key in _LISTS if isinstance(found := record.get(key), list)), None)
        if rows is None:
            rows = [record] if "x" in record or "cx" in record else []
            size_px = size_px if "w" in record else None  # a lone box may call its own size so
        contacts: list[Contact] = []
        known = size_px is not None or self._settings.width_px is not None
        for row in rows[:MOST_BOXES]:
            box = self._box(as_object(row))
            if box is None:
                self._counters.refused += 1
                continue
            sides = (box.x, box.y, box.width, box.height)
            fractions = not known and all(side is not None and side <= 1.0 for side in sides)
            contact = self._boxes.read(box, time_ns - round(latency_ms * 1e6), size_px, fractions=fractions)
            if contact is None:
                self._counters.refused += 1
            else:
                contacts.append(contact)
        self._counters.contacts += len(contacts)
        return contacts

    def _box(self, row: JsonObject | None) -> Box | None:
        if row is None:
            return None
        width = within(row.get("w", row.get("width")), 0.0, 16_384.0)
        height = within(row.get("h", row.get("height")), 0.0, 16_384.0)
        x, y = within(row.get("cx"), -16_384.0, 16_384.0), within(row.get("cy"), -16_384.0, 16_384.0)
        if x is None or y is None:
            x, y = within(row.get("x"), -16_384.0, 16_384.0), within(row.get("y"), -16_384.0, 16_384.0)
            if x is not None and y is not None and self._settings.origin == "corner":
                x, y = x + (width or 0.0) / 2, y + (height or 0.0) / 2
        if x is None or y is None or width is None or height is None:
            return None
        score = within(row.get("score", row.get("confidence")), 0.0, 100.0)
        class_no = within(row.get("class_id", row.get("class")), 0.0, 65_535.0)
        track = within(row.get("track", row.get("id")), 0.0, 2**31)
        return Box(
            x,
            y,
            width,
            height,
            score / 100.0 if score is not None and score > 1.0 else score,
            int(class_no) if class_no is not None else None,
            text(row.get("label", row.get("name"))),
            int(track) if track is not None else None,
        )


DEVICE = Device(
    "json-lines", "Camera that prints JSON lines (OpenMV and others)", JsonLinesSettings, PortDefaults(115_200)
)
