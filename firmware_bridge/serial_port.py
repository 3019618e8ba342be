"""Opening a serial port or a network feed, and everything that can go wrong. The only file that imports pyserial."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware_bridge.link_settings import USB_PORT, LinkSettings, LinkState
from firmware_bridge.module import PortDefaults
from firmware_bridge.net_port import FeedRefused, is_net, open_net

log = logging.getLogger(__name__)

READ_TIMEOUT_S = 0.1
WRITE_TIMEOUT_S = 1.0
"""A UART without flow control never takes so long for a greeting; USB of a hung device does."""


class PortFault(Exception):
    """The port cannot be opened or was lost; the text says why, ``state`` what the port is then."""

    def __init__(self, text: str, state: LinkState = LinkState.LOST) -> None:
        super().__init__(text)
        self.state = state


def find_port(port: str) -> str:
    """Path of a port; looks for the USB numbers of ``usb:VVVV:PPPP[:SERIAL]``."""
    found = USB_PORT.fullmatch(port)
    if found is None:
        return port
    from serial.tools import list_ports

    vid, pid, serial_number = int(found["vid"], 16), int(found["pid"], 16), found["serial"]
    matches = [
        str(one.device)
        for one in list_ports.comports()
        if one.vid == vid and one.pid == pid and serial_number in {None, one.serial_number}
    ]
    if not matches:
        raise PortFault(f"{port}: no such USB device; plugged in? `lsusb` shows the numbers")
    if len(matches) > 1:
        raise PortFault(f"{port}: {len(matches)} such devices ({', '.join(sorted(matches))}); add the serial number")
    return matches[0]


def open_port(settings: LinkSettings, defaults: PortDefaults) -> Any:
    """Open and lock a port; ``PortFault`` says why not."""
    import serial

    path = find_port(settings.port)
    if is_net(path):
        return guarded(lambda: open_net(path, READ_TIMEOUT_S, _password(settings), settings.tls), path)

    def opened() -> Any:
        port = serial.serial_for_url(path, do_not_open=True)
        port.baudrate = settings.baud or defaults.baud
        if not _is_terminal(path):
            port.parity = settings.parity or defaults.parity
        port.stopbits = defaults.stop_bits
        port.timeout, port.write_timeout = READ_TIMEOUT_S, WRITE_TIMEOUT_S
        if "://" not in path:
            port.exclusive = True
        if not settings.control_lines:
            port.dtr = port.rts = False
        port.open()
        return port

    return guarded(opened, path)


def _is_terminal(path: str) -> bool:
    """Whether a port is a pseudo-terminal: it has no parity, and some kernels refuse to be asked twice for it."""
    return os.path.realpath(path).startswith("/dev/pts/")


def _password(settings: LinkSettings) -> str | None:
    """First line of the file of the password."""
    if settings.password_file is None:
        return None
    try:
        lines = Path(settings.password_file).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as fault:
        raise PortFault(
            f"password_file {settings.password_file}: {getattr(fault, 'strerror', None) or fault}"
        ) from fault
    return lines[0] if lines else ""


def guarded(act: Callable[[], Any], path: str = "") -> Any:
    """Do something with a port; everything that means "it is gone" becomes ``PortFault``.

    ``termios.error`` is no ``OSError``, and pyserial lets both through; a port closed under a call gives ``TypeError``.
    """
    import termios

    import serial

    try:
        return act()
    except (serial.SerialException, OSError, termios.error, TypeError, ValueError) as fault:
        state = LinkState.UNAVAILABLE if isinstance(fault, FeedRefused) else LinkState.LOST
        raise PortFault(_reason(path, fault), state) from fault


_OF_NETWORKS = (
    ("name or service not known", "its host has no address; check the name, or write the address"),
    ("name resolution", "its host has no address; is the network up, is there a name server?"),
    ("cannot assign requested address", "this machine has no such address; udp://0.0.0.0:PORT listens on all"),
    ("timed out", "no answer; is the host switched on, is a firewall between?"),
    ("unreachable", "not to be reached; check network and address"),
    ("no route to host", "not to be reached; is the host switched on?"),
)
"""What a fault of a network says, in lower case, and what it means."""


def _reason(path: str, fault: Exception) -> str:
    text = str(fault)
    if not path:
        return "it gives nothing more" if "returned no data" in text else text
    if "exclusively lock" in text or "Resource temporarily unavailable" in text:
        return f"{path}: in use by another program, or another [[serial]] of this node (`fuser -v {path}` names it)"
    if "Connection refused" in text:
        return f"{path}: nobody listens there; is the program running, and is that its port?"
    if "Address already in use" in text:
        return f"{path}: in use by another program; close it (`ss -lnp` names it)"
    if is_net(path):
        return f"{path}: {next((said for sign, said in _OF_NETWORKS if sign in text.lower()), text)}"
    if "Is a directory" in text:
        return f"{path}: is a folder; name the port in it, such as /dev/serial/by-id/usb-..."
    if "Inappropriate ioctl" in text or "Could not configure port" in text:
        return f"{path}: is no serial port"
    if "No such file" in text:
        return f"{path}: not there; plugged in?"
    if "Permission denied" in text:
        return f"{path}: not allowed; add the user to the group dialout"
    return f"{path}: {text}"


def read_waiting(port: Any) -> bytes:
    """Wait for a byte, then take all there are."""
    data: bytes = port.read(1)
    if data:
        waiting = port.in_waiting
        if waiting:
            data += port.read(waiting)
    return data


def set_baud(port: Any, baud: int) -> None:
    """Change the rate of an open port."""
    port.baudrate = baud


def send(port: Any, data: bytes) -> None:
    """Send bytes, if there are any."""
    if data:
        port.write(data)


def close(port: Any) -> None:
    """Close, whatever the port says to it."""
    try:
        guarded(port.close)
    except PortFault as fault:
        log.debug("closing: %s", fault)
