"""`skypicket sim dongle`: programs for RTL-SDRs on a scene."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sim.librtlsdr import COMPILERS
from sim.radio import SimRadio
from sim.scene import load_scene

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason="no C compiler: sudo apt install gcc libc6-dev"),
]
TIMEOUT_S = 60.0


def skypicket(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "node", "sim", *arguments]
    return subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)


@pytest.mark.skipif(shutil.which("rtl_sdr") is None, reason="no rtl_sdr: sudo apt install rtl-sdr")
def test_a_program_hears_the_scene() -> None:
    tuning = ["-d", "SKY00001", "-f", "868200000", "-s", "2400000", "-g", "32.8", "-n", "200000", "-"]
    done = skypicket("dongle", "demo", "--unpaced", "--", "rtl_sdr", *tuning)
    assert done.returncode == 0, done.stderr
    assert done.stdout == SimRadio(load_scene("demo")).read_u8(200_000)


def test_the_exit_code_is_the_programs() -> None:
    assert skypicket("dongle", "quiet", "--", "sh", "-c", "exit 7").returncode == 7
    assert skypicket("dongle", "quiet", "--", "sh", "-c", "kill -9 $$").returncode == 137


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["dongle", "quiet"], 2, b"PROGRAM"),
        (["dongle", "nonesuch", "--", "true"], 2, b"nonesuch"),
        (["dongle", "quiet", "--", "no-such-program"], 1, b"no-such-program"),
    ],
)
def test_faults_are_one_line(arguments: list[str], code: int, says: bytes) -> None:
    done = skypicket(*arguments)
    assert done.returncode == code
    assert says in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_rate_that_no_dongle_has(tmp_path: Path) -> None:
    scene = tmp_path / "wide.toml"
    scene.write_text("[receiver]\ncentre_hz = 868e6\nsample_rate_hz = 10e6\n")
    done = skypicket("rtl-tcp", str(scene))
    assert done.returncode == 2
    assert b"scene wide: receiver.sample_rate_hz: an RTL-SDR cannot sample at" in done.stderr
