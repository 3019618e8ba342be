"""How well the machine knows the time: what the kernel says of its own clock."""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass

TIMEX_BYTES = 256
"""More than ``struct timex`` takes (208 bytes on 64-bit Linux [1])."""
TIMEX_HEAD = "I4xqqqqi"
"""Its first fields: modes, offset, freq, maxerror, esterror (microseconds), status [1].

[1] adjtimex(2), Linux ``include/uapi/linux/timex.h``; 64-bit only, like skypicket
"""
STA_UNSYNC = 0x0040
"""Bit of ``status``: nothing keeps the clock right."""


@dataclass(frozen=True, slots=True)
class ClockState:
    """The kernel's word on its clock."""

    synchronised: bool
    """A time service (chrony, systemd-timesyncd, ntpd, GPS) keeps it right."""
    max_error_ms: float
    """Bound of its error; grows while nothing corrects it."""


def clock_state() -> ClockState | None:
    """Ask the kernel; None where it cannot be asked. Changes nothing and needs no rights."""
    buffer = ctypes.create_string_buffer(TIMEX_BYTES)  # modes = 0: only read
    try:
        answer = ctypes.CDLL(None).adjtimex(buffer)
    except (OSError, AttributeError):
        return None
    if answer < 0:
        return None
    _, _, _, max_error_us, _, status = struct.unpack_from(TIMEX_HEAD, buffer)
    return ClockState(synchronised=not status & STA_UNSYNC, max_error_ms=max_error_us / 1000.0)
