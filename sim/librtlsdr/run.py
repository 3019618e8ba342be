"""Runs a program that wants an RTL-SDR on a simulated scene."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sim.librtlsdr import build, environment
from sim.radio import SimRadio
from sim.rtl_tcp import RtlTcpServer
from sim.scene import Scene

SERIAL = "SKY00001"


def run_on_scene(scene: Scene, command: Sequence[str], *, serial: str = SERIAL, paced: bool = True) -> int:
    """Run a program with the fake librtlsdr in place of the real one, and a dongle that hears the scene.

    Parameters
    ----------
    scene
        What the dongle hears, from its beginning when the program opens it.
    command
        Program and arguments; its input and output are ours.
    serial
        Serial number of the dongle.
    paced
        Samples at their true rate, or as fast as the program takes them.

    Returns
    -------
    int
        Exit code of the program; 128 and the signal that killed it, as shells have it.

    Raises
    ------
    BuildError
        If there is no C compiler.
    OSError
        If there is no such program.
    """
    with (
        tempfile.TemporaryDirectory(prefix="skypicket-librtlsdr-") as folder,
        RtlTcpServer(lambda: SimRadio(scene), paced=paced) as server,
    ):
        library = build(Path(folder))
        variables = environment(library, {serial: server.address})
        code = subprocess.run(  # noqa: S603 - the program the caller asked for
            list(command), env={**os.environ, **variables}, check=False
        ).returncode
    return 128 - code if code < 0 else code
