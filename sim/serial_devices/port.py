"""A serial port made of a pseudo-terminal, with a stable path, that can be pulled out and plugged in again."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import threading
import tty
from pathlib import Path
from types import TracebackType
from typing import Self

READ_BYTES = 4096
_OUTPUT_SPEED = 5
"""Place in the attributes of a terminal."""
_USUAL_BAUDS = (9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600, 2_000_000, 3_000_000)


class PtyPort:
    """The far end of a simulated serial port; a context manager.

    Like a UART it never waits for the reader: what finds the buffer of the kernel (4 KiB) full is lost and counted.

    Parameters
    ----------
    path
        Symbolic link to keep at the port's name, as ``/dev/serial/by-id`` does; None makes none.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._link = path
        self._lock = threading.Lock()
        self._master: int | None = None
        self._slave = -1
        self._slave_name = ""
        self.lost = 0
        """Bytes nobody read in time."""
        self.plug()

    @property
    def path(self) -> str:
        """Where to open the port."""
        return str(self._link) if self._link is not None else self._slave_name

    def plug(self) -> None:
        """Plug the device in: a new port under the same path."""
        with self._lock:
            if self._master is not None:
                return
            master, slave = os.openpty()
            tty.setraw(slave)
            self._slave_name = os.ttyname(slave)
            self._slave = slave  # kept open: at the last close the kernel would switch echo on again
            os.set_blocking(master, False)
            self._master = master
            if self._link is not None:
                # Replace in one step: whoever watches the path never finds a half link.
                fresh = self._link.with_name(self._link.name + ".new")
                fresh.unlink(missing_ok=True)
                fresh.symlink_to(self._slave_name)
                fresh.replace(self._link)

    def unplug(self) -> None:
        """Pull the device out: whoever has it open gets an error, the path is gone."""
        with self._lock:
            if self._master is not None:
                if self._link is not None:
                    self._link.unlink(missing_ok=True)
                os.close(self._master)
                os.close(self._slave)
                self._master = None

    def reset(self) -> None:
        """Nothing: a module that starts anew behind its USB chip leaves the port as it is."""

    @property
    def plugged(self) -> bool:
        """Whether the device is there."""
        with self._lock:
            return self._master is not None

    def host_baud(self) -> int | None:
        """Rate the host has set; None without a device, or when it is none of the usual ones."""
        with self._lock:
            if self._master is None:
                return None
            speed = termios.tcgetattr(self._slave)[_OUTPUT_SPEED]
        return next((baud for baud in _USUAL_BAUDS if getattr(termios, f"B{baud}", None) == speed), None)

    def write(self, data: bytes) -> None:
        """Send bytes towards the host; without a device, or when nobody reads, they are lost."""
        with self._lock:
            sent = 0
            if self._master is not None:
                with contextlib.suppress(OSError):
                    sent = os.write(self._master, data)
            self.lost += len(data) - sent

    def read(self, timeout_s: float = 0.0) -> bytes:
        """Bytes the host sent; empty when there are none, or no host has the port open."""
        with self._lock:
            if self._master is None:
                return b""
            master = self._master
            if timeout_s == 0.0:
                return _read(master)
        with contextlib.suppress(OSError, ValueError):
            select.select([master], [], [], timeout_s)
        with self._lock:
            return _read(master) if self._master == master else b""

    def close(self) -> None:
        """Unplug for good."""
        self.unplug()

    def __enter__(self) -> Self:
        """The port is there already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Unplug."""
        self.close()


def _read(master: int) -> bytes:
    with contextlib.suppress(OSError):
        return os.read(master, READ_BYTES)
    return b""
