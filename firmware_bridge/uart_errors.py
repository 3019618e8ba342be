"""What the kernel's driver of a serial port counts: bytes it lost, and bytes that were damaged on the line."""

from __future__ import annotations

import fcntl
import struct
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any

TIOCGICOUNT = 0x545D
"""``asm-generic/ioctls.h``; the same on x86-64 and on 64-bit ARM."""
COUNTS = struct.Struct("@20i")
"""``struct serial_icounter_struct`` of ``linux/serial.h``: cts, dsr, rng, dcd, rx, tx, frame, overrun, parity, brk,
buf_overrun, and nine reserved."""
_FRAME, _OVERRUN, _PARITY, _BREAK, _BUFFER_OVERRUN = 6, 7, 8, 9, 10
_WRAP = 1 << 32


@dataclass(frozen=True, slots=True)
class UartErrors:
    """Errors of a port.

    Parameters
    ----------
    overruns
        Bytes the chip lost because the kernel did not fetch them in time.
    buffer_overruns
        Bytes the kernel lost because the node did not.
    framing
        Bytes without a stop bit: the wrong rate, or noise.
    parity
        Bytes with the wrong parity.
    breaks
        Times the line was low for longer than a byte.
    """

    overruns: int = 0
    buffer_overruns: int = 0
    framing: int = 0
    parity: int = 0
    breaks: int = 0

    def since(self, before: UartErrors) -> UartErrors:
        """What was added since an earlier reading of the same driver; its counters have 32 bits and wrap."""
        return self._with(before, lambda now, then: (now - then) % _WRAP)

    def plus(self, more: UartErrors) -> UartErrors:
        """Sum."""
        return self._with(more, lambda one, other: one + other)

    def _with(self, other: UartErrors, act: Callable[[int, int], int]) -> UartErrors:
        return UartErrors(*(act(one, two) for one, two in zip(astuple(self), astuple(other), strict=True)))


class UartTally:
    """Sums what a driver counts over the openings of a port; what it had counted before an opening is not ours."""

    def __init__(self) -> None:
        self._before = UartErrors()
        self._base: UartErrors | None = None
        self.total: UartErrors | None = None
        """None until a driver has counted."""

    def begin(self, now: UartErrors | None) -> None:
        """Take the reading at an opening."""
        self._before, self._base = self.total or UartErrors(), now
        self.look(now)

    def look(self, now: UartErrors | None) -> None:
        """Take a reading; None, as of a port that has gone, changes nothing."""
        if now is not None and self._base is not None:
            self.total = self._before.plus(now.since(self._base))


def decode(raw: bytes) -> UartErrors:
    """Read the kernel's structure."""
    counts = COUNTS.unpack(raw)
    found = (counts[place] for place in (_OVERRUN, _BUFFER_OVERRUN, _FRAME, _PARITY, _BREAK))
    return UartErrors(*(count % _WRAP for count in found))


def read_uart_errors(port: Any) -> UartErrors | None:
    """Ask the driver behind an open port; None where there is none, or it does not count."""
    try:
        return decode(fcntl.ioctl(port.fileno(), TIOCGICOUNT, bytes(COUNTS.size)))
    except (OSError, AttributeError, ValueError, TypeError):
        return None
