"""An outside yardstick for the bench: rtl_433, which looks for sensors in the same samples."""

from __future__ import annotations

import resource
import shutil
import subprocess
from pathlib import Path

PROGRAM = "rtl_433"
LONGEST_S = 600.0


class NoYardstick(Exception):
    """rtl_433 cannot be run; the message says why, and the cure."""


def find_program() -> str:
    """Path of rtl_433."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise NoYardstick(f"{PROGRAM} is not installed; apt install rtl-433, or leave --compare out")
    return program


def rtl_433_cpu_s(program: str, recording: Path, rate_hz: float, centre_hz: float) -> float:
    """Processor time that rtl_433, with the decoders it has on by default, needs for a recording.

    Parameters
    ----------
    recording
        Unsigned 8-bit pairs; its name ends in ``.cu8``.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [program, "-s", f"{rate_hz:.0f}", "-f", f"{centre_hz:.0f}", "-F", "json", "-r", f"cu8:{recording}"]
    try:
        done = subprocess.run(  # noqa: S603  # the program found on the path, numbers and a file of ours
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=LONGEST_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise NoYardstick(f"{PROGRAM} did not work through the scene: {fault}") from fault
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise NoYardstick(f"{PROGRAM} ended with {done.returncode}: {lines[-1]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
