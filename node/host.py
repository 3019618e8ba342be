"""What the machine says of itself: memory, processor, temperature, disk. Linux; None where there is nothing to read."""

from __future__ import annotations

import ctypes
import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path

STATM = Path("/proc/self/statm")
TEMPERATURE = Path("/sys/class/thermal/thermal_zone0/temp")
"""Thousandths of a degree; the processor's own sensor on a Raspberry Pi and most boards [1].

[1] kernel documentation, driver-api/thermal/sysfs-api
"""
THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
"""Hexadecimal flags of the Raspberry Pi firmware; the low four bits say what limits it now."""
MIB = 1024.0 * 1024.0


@dataclass(frozen=True, slots=True)
class HostState:
    """The machine at one moment."""

    memory_mib: float | None
    """Resident memory of this process."""
    temperature_c: float | None
    throttled: bool | None
    disk_free_mib: float | None


def host_state(folder: Path) -> HostState:
    """Read the machine's state; ``folder`` says which disk."""
    return HostState(resident_mib(), _number(TEMPERATURE, 1e-3), _throttled(), free_mib(folder))


def give_back() -> bool:
    """Give memory that is free in this process back to the system; whether the C library can [1].

    Arrays that come and go leave holes that count as resident: 20 MiB of a busy node. Takes about a millisecond.

    [1] malloc_trim(3), GNU
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return False
    trim(0)
    return True


def resident_mib() -> float | None:
    """Resident memory of this process in MiB."""
    try:
        pages = int(STATM.read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return round(pages * resource.getpagesize() / MIB, 1)


def free_mib(folder: Path) -> float | None:
    """Space left on the disk of a folder, or of the nearest folder above it that exists."""
    for place in (folder, *folder.absolute().parents):
        try:
            state = os.statvfs(place)
        except OSError:
            continue
        return round(state.f_bavail * state.f_frsize / MIB, 1)
    return None


def _number(path: Path, scale: float) -> float | None:
    try:
        return round(int(path.read_text(encoding="ascii")) * scale, 1)
    except (OSError, ValueError):
        return None


def _throttled() -> bool | None:
    try:
        return bool(int(THROTTLED.read_text(encoding="ascii"), 16) & 0xF)
    except (OSError, ValueError):
        return None


class ProcessorMeter:
    """Share of one core that this process took since it was last asked."""

    def __init__(self) -> None:
        self._real_s, self._busy_s = time.monotonic(), time.process_time()

    def share(self) -> float:
        """Processor time over real time since the last call; above 1 where several cores were used."""
        real_s, busy_s = time.monotonic(), time.process_time()
        spent = (busy_s - self._busy_s) / max(real_s - self._real_s, 1e-6)
        self._real_s, self._busy_s = real_s, busy_s
        return spent
