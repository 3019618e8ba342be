"""The serial port under a module: reading, stamping, coming back.

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
from firmware_bridge.link_settings import LinkCounters, LinkSettings, LinkState
from firmware_bridge.module import PortDefaults, SerialModule
from firmware_bridge.net_port import is_net
from firmware_bridge.serial_port import PortFault, close, guarded, open_port, read_waiting, send, set_baud
from firmware_bridge.uart_errors import UartTally, read_uart_errors

log = logging.getLogger(__name__)

REOPEN_AFTER_S = 0.5
"""Between two attempts: a radar that is plugged in again is read well within three seconds."""
SLICE_S = 0.002
"""Bytes read at once are fed in pieces of so much time on the wire, each with its own stamp."""
GARBLED_BYTES = 8192
"""Bytes without one intact frame that mean a wrong rate or another device; the longest line of a camera has less."""
SET_BACK_NS = 2_000_000_000
"""A clock that goes back by more was set."""
SETTLED_S = 3.0
"""A port that is open for so long, of a module that may be silent, is taken for well again."""
UART_EVERY_S = 1.0
"""Between two looks at what the kernel's driver counts."""


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
        self._set_rate(settings.baud or defaults.baud)
        self._silence_s = settings.silence_s or defaults.silence_s
        self._deliver = deliver
        self._clock_ns = clock_ns
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"serial-{name}", daemon=True)
        self._said: tuple[LinkState, str | None] = (LinkState.CLOSED, None)
        self._logged: str | None = None
        self._opens = self._losses = self._stalls = self._failures = 0
        self._last_bytes_ns: int | None = None
        self._uart = UartTally()
        self._uart_looked_s = 0.0
        self._stamp_ns = self._now_ns = 0
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
        state, fault = self._said
        return LinkCounters(
            state,
            fault or getattr(self._module, "fault", None),
            self._opens,
            self._losses,
            self._stalls,
            self._failures,
            self._last_bytes_ns,
            self._module.counters,
            self._uart.total,
        )

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._session()
            except PortFault as fault:
                self._say(fault.state, str(fault))
            except Exception as fault:
                log.exception("port %s: fault in the reader; the port is opened again", self._settings.port)
                self._say(LinkState.LOST, f"internal fault: {type(fault).__name__}: {fault}")
            self._stop.wait(REOPEN_AFTER_S)
        self._say(LinkState.CLOSED, None)

    def _session(self) -> None:
        """One opening of the port, from the greeting to its loss."""
        try:
            port = open_port(self._settings, self._defaults)
        except PortFault as fault:
            self._say(LinkState.UNAVAILABLE, str(fault))  # before it is counted: who sees the count sees why
            self._failures += 1
            raise PortFault(str(fault), LinkState.UNAVAILABLE) from fault
        try:
            self._opens += 1
            self._uart.begin(read_uart_errors(port))
            state, known = self._said
            self._say(LinkState.SILENT, known if state is LinkState.STALLED else None)  # it holds until bytes come
            self._quiet_since_s = time.monotonic()
            self._frames_seen = self._module.counters.frames
            self._bytes_at_frame = self._module.counters.bytes
            greeting = self._module.greeting()
            self._set_rate(self._settings.baud or self._defaults.baud)
            guarded(lambda: send(port, greeting))
            while not self._stop.is_set():
                self._step(port)
        except PortFault as fault:
            if fault.state is LinkState.STALLED:
                raise
            if fault.state is LinkState.UNAVAILABLE:
                self._say(fault.state, text := f"{self._settings.port}: {fault}")
                self._failures += 1
                raise PortFault(text, fault.state) from fault
            gone = "is what serves it still running?" if is_net(self._settings.port) else "pulled out or switched off?"
            text = f"{self._settings.port}: lost; {gone} ({fault})"
            self._say(LinkState.LOST, text)
            self._losses += 1
            raise PortFault(text) from fault
        finally:
            self._uart.look(read_uart_errors(port))
            close(port)

    def _step(self, port: Any) -> None:
        data = guarded(lambda: read_waiting(port))
        before_ns, now_ns = self._now_ns, self._clock_ns()
        self._now_ns = now_ns
        if now_ns < before_ns - SET_BACK_NS:  # what the module knows lies in the future: begin anew
            text = f"{self._settings.port}: the clock was set back; the port is opened again"
            raise PortFault(text, LinkState.STALLED)
        if data:
            self._quiet_since_s = time.monotonic()
            self._last_bytes_ns = now_ns
            self._feed(data, now_ns)
            self._judge()
        elif self._silence_s is None:
            if self._said[0] is LinkState.SILENT and time.monotonic() - self._quiet_since_s > SETTLED_S:
                self._over(LinkState.SILENT)
        elif time.monotonic() - self._quiet_since_s > self._silence_s:
            cure = "is what serves it well?" if is_net(self._settings.port) else "check the module's power and wiring"
            text = f"{self._settings.port}: open, but nothing came for {self._silence_s:g} s; {cure}"
            self._say(LinkState.STALLED, text)
            self._stalls += 1
            raise PortFault(text, LinkState.STALLED)
        if time.monotonic() - self._uart_looked_s >= UART_EVERY_S:
            self._uart_looked_s = time.monotonic()
            self._uart.look(read_uart_errors(port))
        request = self._module.requests(now_ns)
        self._follow_rate(port)
        if request:
            guarded(lambda: send(port, request))

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

    def _set_rate(self, baud: int) -> None:
        parity_bits = int((self._settings.parity or self._defaults.parity) != "N")
        self._baud = baud
        self._byte_s = (9 + parity_bits + self._defaults.stop_bits) / baud

    def _follow_rate(self, port: Any) -> None:
        """Give the port the rate the module's driver asks for (its attribute ``baud``, where it has one)."""
        wanted = getattr(self._module, "baud", None) or self._settings.baud or self._defaults.baud
        if wanted != self._baud and not is_net(self._settings.port):
            guarded(lambda: set_baud(port, wanted))
            self._set_rate(wanted)

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
        """Set the state. A fault is logged once, however often the port is tried, and again when it is over."""
        if fault is not None and fault != self._logged:
            log.warning("serial %s: %s: %s", self._name, state.value, fault)
            self._logged = fault
        elif state is LinkState.READING:
            self._over(state)
        self._said = state, fault

    def _over(self, state: LinkState) -> None:
        """Log that what was logged is over."""
        if self._logged is not None:
            log.info("serial %s: %s", self._name, state.value)
            self._logged = None
