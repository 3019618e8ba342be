r"""Seeed Grove Vision AI V2 and other SSCMA modules: JSON replies and events over 921600 baud [1]_.

``AT+INVOKE=-1,0,1\r`` starts endless inference with boxes only; each picture gives ``\r{json}\n``::

    {"type":1,"name":"INVOKE","code":0,"data":{"count":8,"perf":[8,365,0],"boxes":[[87,83,77,65,70,0]]}}

``type`` 0 reply, 1 event, 2 log; a box is centre x, centre y, width, height, score, class in pixels of the network's
picture; ``perf`` the milliseconds of preparation, inference and clean-up, which are taken off the time of reception.
Scores count to 100, those of Himax's firmware, known by its ``algo_tick``, to 255. Between the messages come unframed
log lines; a name may carry a tag (``x@INVOKE``). A message may be spread over lines, as the documents print it.

References
----------
.. [1] Seeed-Studio/SSCMA-Micro ``docs/protocol/at-protocol-en_US.md``; Seeed-Studio/python-sscma
   ``sscma/micro/device.py`` (the box's centre).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmware_bridge.camera.boxes import MOST_BOXES, Box, BoxReader, CameraSettings
from firmware_bridge.contacts import Contact
from firmware_bridge.drivers import LineDriver
from firmware_bridge.json_text import JsonObject, as_object, number, parse, text
from firmware_bridge.module import Device, PortDefaults

LONGEST_LINE = 256 * 1024
"""Bytes of a message with a picture in base64: 640 x 480 in JPEG at most about 150 kB."""
START = b"AT+BREAK\rAT+INVOKE=-1,0,1\r"
"""Stop what runs, then endless inference, every result, without pictures."""
START_AGAIN_NS = 5_000_000_000
"""Silence after which it is started again: a module that was reset waits for a command, and the slowest networks take
about a second a picture."""
SILENCE_S = 20.0
"""It reports every picture; when three starts had no answer it is gone."""
_EVENT, _REPLY = 1, 0
_LARGEST_LATENCY_MS = 10_000.0
_SCORE_MAX, _SCORE_MAX_HIMAX = 100.0, 255.0
_GOES_ON = re.compile(rb'\s*(?:["\[\]}\d-]|true|false|null)|\s+\{')
"""How a line begins that can belong to a message begun before; a new one begins with its brace."""
_SIZE = re.compile(r"(\d{2,4})x(\d{2,4})")


@dataclass(frozen=True, slots=True)
class SscmaSettings(CameraSettings):
    """Settings of an SSCMA camera.

    Parameters
    ----------
    start
        Whether to start inference; False for a module that starts by itself or is started by another program.
    score_max
        Score that means certain. None: 100, or 255 for Himax's firmware.
    """

    name: str = "sscma"
    start: bool = True
    score_max: float | None = None

    def __post_init__(self) -> None:
        """Check what all cameras have, and the score."""
        CameraSettings.__post_init__(self)
        if self.score_max is not None and not self.score_max > 0.0:
            raise ValueError(f"score_max must be above 0, not {self.score_max}")

    def make(self) -> Sscma:
        """Build the driver."""
        return Sscma(self)


class Sscma(LineDriver):
    """Driver of an SSCMA camera; ``fault`` is for health."""

    def __init__(self, settings: SscmaSettings) -> None:
        super().__init__(LONGEST_LINE)
        self._settings = settings
        self._boxes = BoxReader(settings)
        self._size_px: tuple[int, int] | None = None
        self._begun = bytearray()
        self._depth = 0
        self._heard_ns: int | None = None
        self.fault: str | None = None

    def greeting(self) -> bytes:
        """Start inference; forgets half a message."""
        self._give_up()
        self._lines.reset()
        self._heard_ns = None
        return START if self._settings.start else b""

    def feed(self, data: bytes, time_ns: int) -> list[Contact]:
        """Read bytes."""
        contacts: list[Contact] = []
        for line in self._lines.feed(data):
            contacts += self._take(line, time_ns)
        return contacts

    def requests(self, time_ns: int) -> bytes:
        """Start again after a silence."""
        if not self._settings.start:
            return b""
        if self._heard_ns is None:
            self._heard_ns = time_ns
        if time_ns - self._heard_ns < START_AGAIN_NS:
            return b""
        self._heard_ns = time_ns
        return START

    def finish(self, time_ns: int) -> list[Contact]:
        """Read a last line without its end."""
        line = self._lines.finish()
        contacts = self._take(line, time_ns) if line else []
        self._give_up()
        return contacts

    def _take(self, line: bytes, time_ns: int) -> list[Contact]:
        """Put the lines of a message together; whole messages and other lines are read."""
        if self._begun and not _GOES_ON.match(line):
            self._give_up()
        if self._begun or line.startswith(b"{"):
            self._depth += line.count(b"{") - line.count(b"}")
            if len(self._begun) + len(line) > LONGEST_LINE:
                self._counters.oversize += 1
                self._depth = 0
            if self._depth > 0:
                self._begun += line
                return []
            line = bytes(self._begun) + line
            self._begun.clear()
            self._depth = 0
        return self._read(line, time_ns)

    def _give_up(self) -> None:
        if self._begun:
            self._lines.refused(bytes(self._begun))
            self._begun.clear()
        self._depth = 0

    def _read(self, line: bytes, time_ns: int) -> list[Contact]:
        if not line.startswith(b"{"):
            if all(0x20 <= byte < 0x7F or byte == 0x09 for byte in line):
                self._lines.accepted()  # a log line
            else:
                self._lines.refused(line)
            return []
        message = as_object(parse(line))
        data = as_object(message.get("data")) if message is not None else None
        if message is None or not isinstance(name := message.get("name"), str):
            self._lines.refused(line)
            return []
        self._lines.accepted()
        if message.get("type") == _REPLY and data is not None:
            self._read_size(as_object(data.get("sensor")) or data)
        if name.rpartition("@")[2] != "INVOKE":
            return []
        code = message.get("code")
        if code not in {0, None}:
            self.fault = (
                f"the camera refuses to infer (code {text(str(code))}): is a model on it, and its sensor plugged in?"
            )
            return []
        if message.get("type") != _EVENT or data is None:
            return []
        self._heard_ns = time_ns
        self.fault = None
        return self._contacts(data, time_ns)

    def _read_size(self, sensor: JsonObject) -> None:
        detail = sensor.get("opt_detail")
        if isinstance(detail, str) and (found := _SIZE.search(detail[:40])):
            self._size_px = int(found[1]), int(found[2])

    def _contacts(self, data: JsonObject, time_ns: int) -> list[Contact]:
        resolution = data.get("resolution")
        if isinstance(resolution, list) and len(resolution) == 2:
            width, height = number(resolution[0]), number(resolution[1])
            if width is not None and height is not None and 1 <= width <= 16_384 and 1 <= height <= 16_384:
                self._size_px = int(width), int(height)
        taken_ns = time_ns - self._latency_ns(data)
        full = self._settings.score_max or (_SCORE_MAX_HIMAX if "algo_tick" in data else _SCORE_MAX)
        size_px = None if self._settings.width_px is not None else self._size_px
        contacts: list[Contact] = []
        for box in self._all_boxes(data, full):
            contact = self._boxes.read(box, taken_ns, size_px) if box is not None else None
            if contact is None:
                self._counters.refused += 1
            else:
                contacts.append(contact)
        self._counters.contacts += len(contacts)
        return contacts

    @staticmethod
    def _latency_ns(data: JsonObject) -> int:
        perf = data.get("perf")
        if not isinstance(perf, list):
            return 0
        latency_ms = sum(part for item in perf[:8] if (part := number(item)) is not None and part > 0.0)
        return round(latency_ms * 1e6) if latency_ms <= _LARGEST_LATENCY_MS else 0

    @staticmethod
    def _all_boxes(data: JsonObject, full: float) -> list[Box | None]:
        rows = data.get("boxes")
        found: list[Box | None] = [_box(row, full) for row in (rows[:MOST_BOXES] if isinstance(rows, list) else [])]
        rows = data.get("classes")
        return found + [_class(row, full) for row in (rows[:MOST_BOXES] if isinstance(rows, list) else [])]


def _box(row: object, full: float) -> Box | None:
    values = [number(value) for value in row] if isinstance(row, list) and len(row) == 6 else []
    if len(values) != 6 or None in values:
        return None
    x, y, width, height, score, class_no = (value for value in values if value is not None)
    if not 0.0 <= class_no <= 65_535.0:
        return None
    return Box(x, y, width, height, score / full, int(class_no))


def _class(row: object, full: float) -> Box | None:
    values = [number(value) for value in row] if isinstance(row, list) and len(row) == 2 else []
    if len(values) != 2 or None in values:
        return None
    score, class_no = (value for value in values if value is not None)
    if not 0.0 <= class_no <= 65_535.0:
        return None
    return Box(None, None, None, None, score / full, int(class_no))


DEVICE = Device("sscma", "Seeed Grove Vision AI V2 (SSCMA)", SscmaSettings, PortDefaults(921_600, silence_s=SILENCE_S))
