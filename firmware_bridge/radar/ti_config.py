"""TI mmWave radars: command port, by which the demo is started [1].

115200 baud 8N1, text. The lines of a configuration (a ``.cfg`` file of the demo visualizer) go out one by one; each is
answered by ``Done``, ``Skipped`` (a comment) or ``Error <n>``, other lines may come before, and the prompt
``mmwDemo:/>`` ends the answer. A configuration begins with ``sensorStop`` and ``flushCfg`` and ends with
``sensorStart``. This driver gives no contacts: it runs beside ``ti-mmwave`` on the radar's other port. A radar that was
started anew shows its banner and waits, so the configuration is sent again.

[1] TI mmWave SDK 1.2 ``packages/ti/utils/cli/src/cli.c``; dialogues of an xWR14xx.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from dsp.units import to_ns
from firmware_bridge.contacts import Contact
from firmware_bridge.framing import LineFramer
from firmware_bridge.module import Device, ModuleCounters, PortDefaults

LONGEST_LINE = 512
PROMPT = "mmwDemo:/>"
BANNER = "demo"
"""A line that has this word while nothing was asked (``xWR64xx MMW Demo 03.06.00.00``) is the banner after a reset."""
ANSWER_AFTER_NS = to_ns(5.0)
"""No answer for so long: from the beginning. ``sensorStart`` calibrates for up to a second."""
RETRY_AFTER_NS = to_ns(10.0)
"""A configuration that failed is tried again after so long."""


class TiConfigState(Enum):
    """How far the radar is."""

    IDLE = "idle"
    SENDING = "sending"
    STARTED = "started"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TiConfigSettings:
    """Settings of the command port of a TI mmWave radar.

    Parameters
    ----------
    name
        Name of the port.
    file
        The configuration: a ``.cfg`` file. Or:
    lines
        Its lines. Without either the radar is left as it is.
    """

    name: str = "ti-mmwave-config"
    file: str | None = None
    lines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that there is one configuration at most, and that it can be read."""
        if self.file is not None and self.lines:
            raise ValueError("give either file or lines")
        if self.file is not None and not Path(self.file).is_file():
            raise ValueError(f"file {self.file} is not there; name a .cfg file of the demo")

    def make(self) -> TiConfig:
        """Build the driver."""
        lines = self.lines
        if self.file is not None:
            lines = tuple(Path(self.file).read_text(encoding="utf-8", errors="replace").splitlines())
        return TiConfig(lines)


class TiConfig:
    """The dialogue on the command port; ``state`` and ``fault`` are for health.

    Parameters
    ----------
    lines
        Of the configuration; empty ones and comments (``%``) are left out.
    """

    def __init__(self, lines: tuple[str, ...]) -> None:
        stripped = (line.strip() for line in lines)
        self._lines = tuple(line for line in stripped if line and not line.startswith("%"))
        self._counters = ModuleCounters()
        self._framer = LineFramer(LONGEST_LINE, self._counters)
        self._next = 0
        self._sent_ns: int | None = None
        self._send = False
        self.state = TiConfigState.IDLE
        self.fault: str | None = None

    def greeting(self) -> bytes:
        """First line of the configuration."""
        self._framer.reset()
        return self._begin()

    def feed(self, data: bytes, time_ns: int) -> list[Contact]:  # noqa: ARG002 - answers have no time
        """Read answers."""
        for line in self._framer.feed(data):
            self._read(line)
        return []

    def requests(self, time_ns: int) -> bytes:
        """Next line to send."""
        if self._send:
            self._send, self._sent_ns = False, time_ns
            return self._line()
        if self._sent_ns is None:
            self._sent_ns = time_ns
        silent_ns = time_ns - self._sent_ns
        if self.state is TiConfigState.SENDING and silent_ns >= ANSWER_AFTER_NS:
            self.fault = f"no answer to {self._lines[self._next]!r}: wrong port, or the radar needs a reset"
            self.state = TiConfigState.FAILED
            self._sent_ns = time_ns
        elif self.state is TiConfigState.FAILED and silent_ns >= RETRY_AFTER_NS:
            self._sent_ns = time_ns
            return self._begin()
        return b""

    def finish(self, time_ns: int) -> list[Contact]:  # noqa: ARG002 - answers have no time
        """The last answer may lack its end."""
        line = self._framer.finish()
        if line:
            self._read(line)
        return []

    @property
    def counters(self) -> ModuleCounters:
        """Snapshot; ``refused`` counts lines the radar answered with an error."""
        return replace(self._counters)

    def _begin(self) -> bytes:
        self._next, self._send, self._sent_ns = 0, False, None
        if not self._lines:
            return b""
        self.state = TiConfigState.SENDING
        return self._line()

    def _line(self) -> bytes:
        return self._lines[self._next].encode("ascii", "replace") + b"\n"

    def _read(self, line: bytes) -> None:
        self._framer.accepted()
        answer = line.decode("ascii", "replace").replace(PROMPT, "").strip()
        if self.state is TiConfigState.SENDING:
            if answer in {"Done", "Skipped"}:
                self._next += 1
                self._send = self._next < len(self._lines)
                if not self._send:
                    self.state, self.fault = TiConfigState.STARTED, None
            elif answer.startswith("Error") or answer.endswith("is not recognized as a CLI command"):
                self._counters.refused += 1
                self.fault = f"{self._lines[self._next]!r} was answered {answer!r}: is the .cfg made for this firmware?"
                self.state = TiConfigState.FAILED
        elif self.state is TiConfigState.STARTED and BANNER in answer.lower():
            self._counters.reboots += 1
            self._begin()
            self._send = bool(self._lines)


DEVICE = Device("ti-mmwave-config", "TI mmWave, command port", TiConfigSettings, PortDefaults(baud=115200))
