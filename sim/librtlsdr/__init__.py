"""A fake ``librtlsdr.so.0`` that plays a simulated scene: the real pyrtlsdr and rtl_433 run without a dongle.

It is a small C library of ours with the interface of librtlsdr and an rtl_tcp client inside: each of its devices is a
``sim.rtl_tcp.RtlTcpServer``. Programs find it through environment variables::

    library = build(folder)
    with RtlTcpServer(lambda: radio) as server:
        variables = environment(library, {"SKY00001": server.address})
        subprocess.run(["rtl_test"], env={**os.environ, **variables})
"""

from __future__ import annotations

import ctypes
import importlib.resources
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

SONAME = "librtlsdr.so.0"
SOURCES = ("devices.c", "link.c", "tuner.c", "pins.c", "stream.c")
FLAGS = (
    "-std=c11", "-D_GNU_SOURCE", "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-pthread",
    "-Wall", "-Wextra", "-Werror",
)  # fmt: skip
COMPILERS = ("cc", "gcc", "clang")
DEVICES_VARIABLE = "SKYPICKET_FAKE_RTLSDR"
LOSS_VARIABLE = "SKYPICKET_FAKE_RTLSDR_LOSS"
"""What ``read_async`` returns when the device is lost: 0, the default, or a code such as -5; librtlsdr does both."""
COMPILE_TIMEOUT_S = 120
STUB_FOLDER = "python"
_STUB = f'''"""Stands in for the package pyrtlsdrlib: pyrtlsdr asks it for librtlsdr first."""

import ctypes
from pathlib import Path


def load_librtlsdr():
    return ctypes.CDLL(str(Path(__file__).parents[2] / "{SONAME}"))
'''


class BuildError(RuntimeError):
    """The library could not be built; the message says why, and the cure."""


def build(folder: Path) -> Path:
    """Compile the library into a folder, with what makes programs find it there.

    Returns
    -------
    Path
        The library, ``folder/librtlsdr.so.0``; beside it the link ``librtlsdr.so`` and ``python/pyrtlsdrlib``.

    Raises
    ------
    BuildError
        If there is no C compiler or it fails.
    """
    compiler = next((found for name in COMPILERS if (found := shutil.which(name))), None)
    if compiler is None:
        raise BuildError("the fake librtlsdr needs a C compiler: sudo apt install gcc libc6-dev")
    library = folder / SONAME
    stub = folder / STUB_FOLDER / "pyrtlsdrlib"
    stub.mkdir(parents=True, exist_ok=True)
    with importlib.resources.as_file(importlib.resources.files(__name__)) as sources:
        command = [compiler, *FLAGS, f"-Wl,-soname,{SONAME}", "-o", str(library), *(str(sources / c) for c in SOURCES)]
        done = subprocess.run(  # noqa: S603 - our own sources, the machine's own compiler
            command, capture_output=True, text=True, timeout=COMPILE_TIMEOUT_S, check=False
        )
    if done.returncode != 0:
        raise BuildError(f"{compiler} cannot compile the fake librtlsdr:\n{done.stderr.strip()}")
    link = folder / "librtlsdr.so"
    link.unlink(missing_ok=True)
    link.symlink_to(SONAME)
    (stub / "__init__.py").write_text(_STUB, encoding="utf-8")
    return library


def _devices_text(devices: Mapping[str, str]) -> str:
    """Serial numbers and addresses as the library reads them."""
    for serial, address in devices.items():
        if not serial or set("@,") & set(serial + address) or ":" not in address:
            raise ValueError(f"a fake device is serial: 'host:port', not {serial!r}: {address!r}")
    return ",".join(f"{serial}@{address}" for serial, address in devices.items())


def environment(library: Path, devices: Mapping[str, str], loss_code: int = 0) -> dict[str, str]:
    """Variables that make a program use the library: pyrtlsdr (with or without pyrtlsdrlib) and those of Debian.

    Parameters
    ----------
    library
        What ``build`` gave.
    devices
        Serial number to ``host:port`` of the server that plays the device, in the order of their indexes.
    loss_code
        What ``read_async`` returns when the device is lost.

    Returns
    -------
    dict
        To be laid over ``os.environ``; paths that are set there stay behind ours.
    """

    def before(variable: str, path: Path) -> str:
        return os.pathsep.join([str(path), *filter(None, [os.environ.get(variable)])])

    folder = library.resolve().parent
    return {
        DEVICES_VARIABLE: _devices_text(devices),
        LOSS_VARIABLE: str(loss_code),
        "LD_LIBRARY_PATH": before("LD_LIBRARY_PATH", folder),
        "PYTHONPATH": before("PYTHONPATH", folder / STUB_FOLDER),
    }


@contextmanager
def load_fake(library: Path, devices: Mapping[str, str], loss_code: int = 0) -> Iterator[None]:
    """Let ``import rtlsdr`` in this process take the library, and undo that at the end.

    pyrtlsdr picks its library when it is imported, so this forgets an import made before; modules that keep
    ``rtlsdr`` at their top must be imported inside.
    """
    stub = ModuleType("pyrtlsdrlib")
    stub.load_librtlsdr = lambda: ctypes.CDLL(str(library.resolve()))  # type: ignore[attr-defined]
    variables = {DEVICES_VARIABLE: _devices_text(devices), LOSS_VARIABLE: str(loss_code)}
    variables_before = {name: os.environ.get(name) for name in variables}
    modules_before = _take_modules()
    sys.modules["pyrtlsdrlib"] = stub
    os.environ.update(variables)
    try:
        yield
    finally:
        _take_modules()
        sys.modules.update(modules_before)
        for name, value in variables_before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _take_modules() -> dict[str, ModuleType]:
    """Remove pyrtlsdr and pyrtlsdrlib from the imported modules and give them."""
    names = [name for name in sys.modules if name.split(".")[0] in {"rtlsdr", "pyrtlsdrlib"}]
    return {name: sys.modules.pop(name) for name in names}
