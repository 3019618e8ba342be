"""What the report was made on."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True)
class Machine:
    """Processor, memory and the software that counts."""

    processor: str
    cores: int
    memory_gib: float | None
    system: str
    python: str
    numpy: str
    scipy: str


def this_machine() -> Machine:
    """Look it up."""
    import numpy as np
    import scipy

    name = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", _read(CPUINFO), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB", _read(MEMINFO), re.MULTILINE)
    return Machine(
        name.group(1).strip() if name else platform.machine(),
        os.cpu_count() or 1,
        round(int(memory.group(1)) / 1024**2, 1) if memory else None,
        f"{platform.system()} {platform.machine()}",
        platform.python_version(),
        str(np.__version__),
        str(scipy.__version__),
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
