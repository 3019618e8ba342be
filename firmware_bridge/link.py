"""The serial port under a module: opening, reading, stamping, coming back. The only file that imports pyserial.

A ``SerialLink`` is one thread that never ends by itself. Whatever happens to the port (not there, in use, pulled out,
silent) is a state with a reason in ``counters``, and the port is tried again every half second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from dsp.units import to_ns
from firmware_bridge.contacts import Contact
from firmware_bridge.link_settings import USB_PORT, LinkCounters, LinkSettings, LinkState
from firmware_bridge.module import PortDefaults, SerialModule
from firmware_bridge.net_port import is_net, open_net

log = logging.getLogger(__name__)

REOPEN_AFTER_S = 0.5
"""Between two attempts: a radar that is plugged in again is read well within three seconds."""
READ_TIMEOUT_S = 0.1
WRITE_TIMEOUT_S = 1.0
"""A UART without flow control never takes so long for a greeting; USB of a hung device does."""
SLICE_S = 0.002
"""Bytes read at once are fed in pieces of so much time on the wire, each with its own stamp."""
GARBLED_BYTES = 8192
"""Bytes without one intact frame that mean a wrong rate or another device; the longest line of a camera has less."""


class _PortFault(Exception):
    """The port cannot be opened or was lost; the text says why."""


class SerialLink:
    """Reads one port into one module, in a thread of its own.

    Parameters
    ----------
    name
        Of the module in the configuration; the thread is ``serial-<name>``.
    module
        The driver.
    settings
        Which port.
    defaults
        How a port of this kind of module is opened.
    deliver
        Takes the contacts, in this thread; must not block.
    clock_ns
        Unix time in nanoseconds.
    """

    def __init__(
        self,
        name: str,
        module: SerialModule,
        settings: LinkSettings,
        defaults: PortDefaults,
        deliver: Callable[[Sequence[Contact]], None],
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._name = name
        self._module = module
        self._settings = settings
        self._defaults = defaults
        self._baud = settings.baud or defaults.baud
        parity_bits = int((settings.parity or defaults.parity) != "N")
        self._byte_s = (9 + parity_bits + defaults.stop_bits) / self._baud
        self._silence_s = settings.silence_s or defaults.silence_s
        self._deliver = deliver
        self._clock_ns = clock_ns
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"serial-{name}", daemon=True)
        self._state = LinkState.CLOSED
        self._fault: str | None = None
        self._opens = self._losses = self._stalls = self._failures = 0
        self._last_bytes_ns: int | None = None
        self._stamp_ns = 0
        self._quiet_since_s = 0.0
        self._frames_seen = 0
        self._bytes_at_frame = 0

    def start(self) -> None:
        """Start the thread; the port need not be there."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Close the port and end the thread; whether it ended in time."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def counters(self) -> LinkCounters:
        """A snapshot, from any thread."""
        return LinkCounters(
            self._state,
            self._fault or getattr(self._module, "fault", None),
            self._opens,
            self._losses,
            self._stalls,
            self._failures,
            self._last_bytes_ns,
            self._module.counters,
        )

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._session()
            except _PortFault as fault:
                self._say(self._state, str(fault))
            except Exception as fault:
                log.exception("port %s: fault in the reader; the port is opened again", self._settings.port)
                self._say(LinkState.LOST, f"internal fault: {type(fault).__name__}: {fault}")
            self._stop.wait(REOPEN_AFTER_S)
        self._say(LinkState.CLOSED, None)

    def _session(self) -> None:
        """One opening of the port, from the greeting to its loss."""
        try:
            port = open_port(self._settings, self._defaults)
        except _PortFault:
            self._failures += 1
            self._state = LinkState.UNAVAILABLE
            raise
        try:
            self._opens += 1
            self._say(LinkState.SILENT, None)
            self._quiet_since_s = time.monotonic()
            self._frames_seen = self._module.counters.frames
            self._bytes_at_frame = self._module.counters.bytes
            _guarded(lambda: _send(port, self._module.greeting()))
            while not self._stop.is_set():
                self._step(port)
        except _PortFault as fault:
            if self._state is LinkState.STALLED:
                raise
            self._losses += 1
            self._state = LinkState.LOST
            raise _PortFault(f"{self._settings.port}: lost; pulled out or switched off? ({fault})") from fault
        finally:
            _close(port)

    def _step(self, port: Any) -> None:
        data = _guarded(lambda: _read(port))
        now_ns = self._clock_ns()
        if data:
            self._quiet_since_s = time.monotonic()
            self._last_bytes_ns = now_ns
            self._feed(data, now_ns)
            self._judge()
        elif self._silence_s is not None and time.monotonic() - self._quiet_since_s > self._silence_s:
            self._stalls += 1
            self._state = LinkState.STALLED
            raise _PortFault(
                f"{self._settings.port}: open, but nothing came for {self._silence_s:g} s; "
                "check the module's power and wiring"
            )
        request = self._module.requests(now_ns)
        if request:
            _guarded(lambda: _send(port, request))

    def _feed(self, data: bytes, now_ns: int) -> None:
        """Feed in pieces, each stamped when its last byte was on the wire."""
        paced = self._defaults.paced and not is_net(self._settings.port)
        byte_ns = to_ns(self._byte_s) if paced else 0
        piece = max(1, int(SLICE_S / self._byte_s)) if paced else len(data)
        for start in range(0, len(data), piece):
            part = data[start : start + piece]
            behind = len(data) - start - len(part)
            self._stamp_ns = (
                now_ns - behind * byte_ns if now_ns < self._stamp_ns else max(self._stamp_ns, now_ns - behind * byte_ns)
            )
            contacts = self._module.feed(part, self._stamp_ns)
            if contacts:
                self._deliver(contacts)

    def _judge(self) -> None:
        """Tell reading from garbled by whether intact frames come."""
        counters = self._module.counters
        if counters.frames > self._frames_seen:
            self._frames_seen, self._bytes_at_frame = counters.frames, counters.bytes
            self._say(LinkState.READING, None)
        elif counters.bytes - self._bytes_at_frame > GARBLED_BYTES:
            self._say(
                LinkState.GARBLED,
                f"{self._settings.port}: bytes come, but no frame of this module in {GARBLED_BYTES} of them; "
                f"wrong baud rate ({self._baud}) or another device",
            )

    def _say(self, state: LinkState, fault: str | None) -> None:
        if (state, fault) != (self._state, self._fault):
            level = logging.INFO if fault is None else logging.WARNING
            if fault != self._fault:
                log.log(level, "serial %s: %s%s", self._name, state.value, f": {fault}" if fault else "")
            self._state, self._fault = state, fault


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
        raise _PortFault(f"{port}: no such USB device; plugged in? `lsusb` shows the numbers")
    if len(matches) > 1:
        raise _PortFault(f"{port}: {len(matches)} such devices ({', '.join(sorted(matches))}); add the serial number")
    return matches[0]


def open_port(settings: LinkSettings, defaults: PortDefaults) -> Any:
    """Open and lock a port; ``_PortFault`` says why not."""
    import serial

    path = find_port(settings.port)
    if is_net(path):
        return _guarded(lambda: open_net(path, READ_TIMEOUT_S), path)

    def opened() -> Any:
        port = serial.serial_for_url(path, do_not_open=True)
        port.baudrate = settings.baud or defaults.baud
        port.parity = settings.parity or defaults.parity
        port.stopbits = defaults.stop_bits
        port.timeout, port.write_timeout = READ_TIMEOUT_S, WRITE_TIMEOUT_S
        if "://" not in path:
            port.exclusive = True
        if not settings.control_lines:
            port.dtr = port.rts = False
        port.open()
        return port

    return _guarded(opened, path)


def _guarded(act: Callable[[], Any], path: str = "") -> Any:
    """Do something with a port; everything that means "it is gone" becomes ``_PortFault``.

    ``termios.error`` is no ``OSError``, and pyserial lets both through; a port closed under a call gives ``TypeError``.
    """
    import termios

    import serial

    try:
        return act()
    except (serial.SerialException, OSError, termios.error, TypeError, ValueError) as fault:
        raise _PortFault(_reason(path, fault)) from fault


def _reason(path: str, fault: Exception) -> str:
    text = str(fault)
    if not path:
        return text
    if "exclusively lock" in text or "Resource temporarily unavailable" in text:
        return f"{path}: in use by another program; close it (`fuser {path}` names it)"
    if "Connection refused" in text:
        return f"{path}: nobody listens there; is the program running, and is that its port?"
    if "Address already in use" in text:
        return f"{path}: in use by another program; close it (`ss -lnp` names it)"
    if "No such file" in text:
        return f"{path}: not there; plugged in?"
    if "Permission denied" in text:
        return f"{path}: not allowed; add the user to the group dialout"
    return f"{path}: {text}"


def _read(port: Any) -> bytes:
    """Wait for a byte, then take all there are."""
    data: bytes = port.read(1)
    if data:
        waiting = port.in_waiting
        if waiting:
            data += port.read(waiting)
    return data


def _send(port: Any, data: bytes) -> None:
    if data:
        port.write(data)


def _close(port: Any) -> None:
    try:
        _guarded(port.close)
    except _PortFault as fault:
        log.debug("closing: %s", fault)
