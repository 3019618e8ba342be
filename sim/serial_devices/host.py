"""Runs a simulated module on a port: frames when they are due, bytes at the line's pace, faults on command."""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Self

from sim.serial_devices.line import BITS_PER_BYTE, LineFaults, as_read_at
from sim.serial_devices.port import PtyPort
from sim.serial_devices.tcp_port import TcpPort

PIECE_S = 0.002
"""Bytes leave in pieces of so much time on the line."""


class SimulatedModule(ABC):
    """A module as its firmware behaves; time is seconds since it was switched on last.

    Attributes
    ----------
    baud
        Rate of its line.
    period_s
        Between two reports.
    changes_baud
        Whether it changes its rate, so that a host at another one must be seen to read nonsense.
    """

    changes_baud = False
    baud: int
    period_s: float

    @abstractmethod
    def boot(self) -> bytes:
        """Switch on: forget everything; give what it says at once."""

    @abstractmethod
    def report(self, scene_s: float, uptime_s: float) -> bytes:
        """Give the bytes of the report that is due."""

    @abstractmethod
    def command(self, data: bytes, uptime_s: float) -> bytes:
        """Take bytes from the host; give the answer."""


def next_report_s(last_s: float, period_s: float, carried_s: float) -> float:
    """When the next report is due: those the line has no room for are left out, as firmware that waits for it does.

    Parameters
    ----------
    last_s
        Time of the last report.
    period_s
        Between two.
    carried_s
        When the line has carried the last one.
    """
    return last_s + period_s * max(1, math.ceil((carried_s - last_s) / period_s - 1e-9))


class DeviceHost:
    """A simulated module on a port, in its own thread; a context manager.

    Parameters
    ----------
    module
        The module.
    port
        Its port; this host closes it.
    faults
        Of the line.
    clock
        A clock that does not jump, in seconds.
    wait
        Waits for so many seconds, given the stop event; true ends the host.
    speed
        Seconds of the module in one real second.
    """

    def __init__(
        self,
        module: SimulatedModule,
        port: PtyPort | TcpPort,
        faults: LineFaults | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
        speed: float = 1.0,
    ) -> None:
        self._module, self.port = module, port
        self.faults = faults or LineFaults()
        self._clock, self._wait, self._speed = clock, wait, speed
        self._stop = threading.Event()
        self._stalled = threading.Event()
        self._rebooted = threading.Event()
        self._off_s = 0.0
        self._thread = threading.Thread(target=self._run, name="simulated-module", daemon=True)

    @property
    def baud(self) -> int:
        """Rate of its line."""
        return self._module.baud

    def start(self) -> None:
        """Switch the module on."""
        self._thread.start()

    def stop(self) -> None:
        """Switch it off and unplug it."""
        self._stop.set()
        self._thread.join()
        self.port.close()

    def stall(self) -> None:
        """Say nothing more, port open, until ``resume``."""
        self._stalled.set()

    def resume(self) -> None:
        """End a stall."""
        self._stalled.clear()

    def unplug(self) -> None:
        """Pull it out, power and all."""
        self.port.unplug()

    def replug(self) -> None:
        """Plug it in: a new port under the same path, the module starts anew."""
        self.port.plug()
        self.reboot()

    def reboot(self, off_s: float = 0.0) -> None:
        """Start the module anew after being off for so long; a serial port stays, connections of a program do not."""
        self._off_s = off_s
        self._rebooted.set()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _run(self) -> None:
        origin_s = self._clock()
        booted_s = free_s = due_s = carried_s = 0.0
        self._rebooted.set()
        while not self._stop.is_set():
            now_s = (self._clock() - origin_s) * self._speed
            if self._rebooted.is_set():
                self._rebooted.clear()
                self.port.reset()
                booted_s = due_s = carried_s = now_s + self._off_s
                self._off_s = 0.0
                free_s = self._send(self._module.boot(), booted_s, origin_s)
            commands = self._at_rate(self.port.read(), self._module.baud, from_host=True)
            if commands and not self._stalled.is_set() and now_s >= booted_s:
                baud = self._module.baud  # a new one counts from the answer on
                answer = self._module.command(commands, now_s - booted_s)
                free_s = self._send(answer, max(free_s, now_s), origin_s, baud)
            if now_s >= due_s:
                data = self._module.report(due_s, due_s - booted_s)
                carried_s = max(carried_s, due_s) + len(data) * BITS_PER_BYTE / self._module.baud
                due_s = next_report_s(due_s, self._module.period_s, carried_s)
                if not self._stalled.is_set():
                    free_s = self._send(data, max(free_s, now_s), origin_s)
                continue
            if self._sleep(min(due_s - now_s, PIECE_S)):
                return

    def _send(self, data: bytes, from_s: float, origin_s: float, baud: int | None = None) -> float:
        """Send bytes at the line's pace; when the line is free again."""
        baud = baud or self._module.baud
        piece = max(1, int(PIECE_S * baud / BITS_PER_BYTE))
        for start in range(0, len(data), piece):
            part = data[start : start + piece]
            from_s += len(part) * BITS_PER_BYTE / baud
            late_s = from_s - (self._clock() - origin_s) * self._speed
            if late_s > 0 and self._sleep(late_s):
                return from_s
            self.port.write(self.faults.damage(self._at_rate(part, baud)))
        return from_s

    def _at_rate(self, data: bytes, baud: int, *, from_host: bool = False) -> bytes:
        """Bytes as the other side reads them, where its rate differs."""
        host_baud = self.port.host_baud() if data and self._module.changes_baud else None
        if host_baud is None or host_baud == baud:
            return data
        return as_read_at(data, host_baud, baud) if from_host else as_read_at(data, baud, host_baud)

    def _sleep(self, module_s: float) -> bool:
        return self._wait(self._stop, module_s / self._speed)
