"""Settings and health of a serial link."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from firmware_bridge.module import ModuleCounters
from firmware_bridge.net_port import is_mqtt, split_mqtt
from firmware_bridge.tls import TlsSettings
from firmware_bridge.uart_errors import UartErrors

USB_PORT = re.compile(r"usb:(?P<vid>[0-9a-fA-F]{4}):(?P<pid>[0-9a-fA-F]{4})(?::(?P<serial>.+))?")


class LinkState(Enum):
    """What the port is doing."""

    CLOSED = "closed"
    UNAVAILABLE = "unavailable"
    SILENT = "silent"
    GARBLED = "garbled"
    READING = "reading"
    LOST = "lost"
    STALLED = "stalled"


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Which port, and how to open it.

    Parameters
    ----------
    port
        A stable path (``/dev/serial/by-id/...``), ``usb:VVVV:PPPP`` or ``usb:VVVV:PPPP:SERIAL`` with the USB numbers
        in hexadecimal, or a network feed: ``socket://HOST:PORT`` (TCP), ``udp://HOST:PORT`` (listens),
        ``zmq://HOST:PORT`` (subscribes), ``mqtt://[USER@]HOST:PORT/TOPIC`` (subscribes at a broker; ``mqtts://`` over
        TLS).
    baud, parity, silence_s
        None: as the kind of module needs it.
    password_file
        File whose first line is the password of the user in an ``mqtt://`` or ``mqtts://`` port.
    tls
        Encryption of an ``mqtts://`` port; None trusts the authorities of the system.
    control_lines
        False leaves DTR and RTS off when opening: boards that reset on DTR (ESP32, Arduino) then run on.
    """

    port: str
    baud: int | None = None
    parity: Literal["N", "E", "O"] | None = None
    silence_s: float | None = None
    control_lines: bool = True
    password_file: str | None = None
    tls: TlsSettings | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without the port."""
        if not self.port:
            raise ValueError("port must name a device, such as /dev/serial/by-id/... or usb:0483:5740")
        if self.port.startswith("usb:") and USB_PORT.fullmatch(self.port) is None:
            raise ValueError(f"port {self.port}: write usb:VVVV:PPPP or usb:VVVV:PPPP:SERIAL, hexadecimal")
        if is_mqtt(self.port):
            try:
                split_mqtt(self.port)
            except ValueError as fault:
                raise ValueError(f"port: {fault}") from None
        elif self.password_file is not None:
            raise ValueError("password_file belongs to a port mqtt://USER@HOST:PORT/TOPIC")
        if self.tls is not None and not self.port.startswith("mqtts://"):
            raise ValueError("tls belongs to a port mqtts://HOST:PORT/TOPIC")
        if self.baud is not None and self.baud <= 0:
            raise ValueError(f"baud must be above 0, not {self.baud}")
        if self.parity not in {"N", "E", "O", None}:
            raise ValueError(f'parity must be "N", "E" or "O", not {self.parity!r}')
        if self.silence_s is not None and not self.silence_s > 0:
            raise ValueError(f"silence_s must be above 0, not {self.silence_s}")


@dataclass(frozen=True, slots=True)
class LinkCounters:
    """Snapshot of a link for health.

    Parameters
    ----------
    state, fault
        What the port is doing, and why, with the cure; of an open port what the module itself finds wrong (its
        attribute ``fault``, where it has one).
    opens, losses, stalls
        Times it was opened, lost while open, and given up as stalled.
    failures
        Attempts to open that failed.
    last_bytes_ns
        Unix time of the last bytes, None before the first.
    module
        What the module counted.
    uart
        What the port's driver counted while the port was open; None where it counts nothing: a pseudo-terminal, a
        network feed, some USB chips.
    """

    state: LinkState
    fault: str | None
    opens: int
    losses: int
    stalls: int
    failures: int
    last_bytes_ns: int | None
    module: ModuleCounters = field(default_factory=ModuleCounters)
    uart: UartErrors | None = None
