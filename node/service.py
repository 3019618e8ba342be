"""What systemd wants to hear from a service of ``Type=notify``: ready, alive, stopping.

The protocol is one datagram of ``KEY=value`` lines to the socket named by ``NOTIFY_SOCKET`` [1]; without that variable
everything here does nothing.

[1] sd_notify(3)
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

WATCHDOG_SHARE = 0.5
"""Share of the watchdog's time after which to speak: half, as sd_watchdog_enabled(3) recommends."""


class ServiceNotifier:
    """Tells the service supervisor how things are.

    Parameters
    ----------
    environ
        Where ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC`` are looked up.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        microseconds = environ.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(microseconds) * 1e-6 * WATCHDOG_SHARE if microseconds.isdigit() else None
        """How often ``alive`` must be called; None: never."""

    def ready(self) -> None:
        """The node runs."""
        self._tell("READY=1")

    def alive(self, status: str) -> None:
        """The node still runs; the status is shown by ``systemctl status``."""
        self._tell(f"WATCHDOG=1\nSTATUS={status}")

    def stopping(self) -> None:
        """The node ends on purpose."""
        self._tell("STOPPING=1")

    def _tell(self, text: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
                notify.connect(self._address)
                notify.send(text.encode())
        except OSError:
            self._address = ""  # a supervisor that does not listen is not the node's worry
