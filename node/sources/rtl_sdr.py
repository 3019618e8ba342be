"""A live radio: an RTL-SDR in a USB port."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator

from dsp.iq import IqBlock, SourceError, SourceStalled, SourceUnavailable
from node.sources.byte_inbox import ByteInbox, Delivery
from node.sources.live_blocks import LiveBlocks, Retune, SourceCounters, block_samples
from node.sources.live_clock import HostClock
from node.sources.rtl_sdr_device import RtlSdrDevice
from node.sources.settings import RtlSdrSettings

log = logging.getLogger(__name__)

LONGEST_STALL_S = 1.0
"""Signal the inbox holds: 4.6 MiB at 2.4 MS/s."""
RETUNE_SETTLE_S = 0.01
"""Discarded after a retune, beside the transfer under way: 5 ms for the synthesiser [1], and as much for USB.

[1] osmocom/rtl-sdr ``src/rtl_power.c``
"""
STOP_TIMEOUT_S = 5.0
"""librtlsdr's cancel can hang [2]: after this the reader is left behind.

[2] steve-m/librtlsdr issue 2
"""
POLL_S = 0.1
"""How often a wait looks whether it was told to stop."""


class RtlSdrSource:
    """An ``IqSource`` on an RTL-SDR of this machine.

    ``blocks()`` opens and tunes the dongle and reads it in a thread of its own, which never waits: blocks that nobody
    takes are dropped and told in ``lost_before``. Device gone: ``SourceLost``; silent for ``silence_s``:
    ``SourceStalled``.

    Parameters
    ----------
    settings
        Dongle and tuning.
    retune
        Asked before each block for the wanted centre; samples of the old one, and those of the settling, are discarded
        and counted in ``lost_before``.
    start_ns
        Unix time of the first sample, from there on by count; None: the host's clock, see ``live_clock``.
    clock
        The host's clocks.
    inbox_s
        Signal held while nobody takes blocks.
    """

    def __init__(
        self,
        settings: RtlSdrSettings,
        *,
        retune: Retune | None = None,
        start_ns: int | None = None,
        clock: HostClock | None = None,
        inbox_s: float = LONGEST_STALL_S,
    ) -> None:
        self._settings = settings
        self._retune = retune
        self._clock = clock or HostClock()
        self._label = f"radio {settings.name}: rtl-sdr"
        self._stopped = threading.Event()
        self._block_bytes = 2 * block_samples(settings.exact_rate_hz)
        self._inbox = ByteInbox(max(round(2 * inbox_s * settings.exact_rate_hz), self._block_bytes))
        centre_hz = settings.tuned_hz(settings.centre_hz) + settings.converter_offset_hz
        self._blocks = LiveBlocks(settings.name, settings.exact_rate_hz, centre_hz, start_ns)
        self._wanted_hz = settings.centre_hz
        self._ending: Exception | None = None
        self.notes: tuple[str, ...] = ()
        """What the operator may want to know of this opening."""

    @property
    def counters(self) -> SourceCounters:
        """What was given so far."""
        return self._blocks.counters

    def stop(self) -> None:
        """End ``blocks()`` soon. From any thread, any number of times."""
        self._stopped.set()

    def blocks(self) -> Iterator[IqBlock]:
        """Give the blocks; may be called once."""
        if self._stopped.is_set():
            return
        device = RtlSdrDevice(self._settings, self._label)
        self.notes = device.notes
        log.info("%s: %s", self._label, device.description)
        for note in device.notes:
            log.warning("%s: %s", self._label, note)
        reader = threading.Thread(target=self._read, args=(device,), name=f"rtl-sdr-{self._settings.name}", daemon=True)
        reader.start()
        try:
            while not self._stopped.is_set():
                self._follow_retune(device)
                delivery = self._take()
                if delivery is not None:
                    self._blocks.lose(delivery.lost_bytes // 2)
                    yield self._blocks.block(delivery.raw, delivery.arrival)
        finally:
            self._end(device, reader)

    def _read(self, device: RtlSdrDevice) -> None:
        """The reader thread."""
        try:
            self._ending = device.read(self._receive, self._block_bytes)
        except Exception as error:  # noqa: BLE001 - top of the thread; blocks() raises it
            self._ending = error
        finally:
            self._inbox.end()

    def _receive(self, raw: bytes) -> None:
        self._inbox.offer(raw, self._clock.now())

    def _end(self, device: RtlSdrDevice, reader: threading.Thread) -> None:
        """Stop reading, then close: never the other way round."""
        deadline_s = time.monotonic() + STOP_TIMEOUT_S
        while reader.is_alive() and time.monotonic() < deadline_s:
            device.cancel()  # again and again: it is refused while reading has not quite begun
            reader.join(POLL_S)
        if reader.is_alive():
            log.error(
                "%s: librtlsdr does not let go of dongle %s; restart the node, plug the dongle in anew",
                self._label,
                device.serial,
            )
        device.release(reader)

    def _take(self) -> Delivery | None:
        """The next block; None when told to stop.

        Raises
        ------
        SourceError
            If the device is lost or silent.
        """
        silent_s = 0.0
        while not self._stopped.is_set():
            delivery = self._inbox.take(POLL_S)
            if delivery is not None:
                return delivery
            if self._inbox.ended:
                self._blocks.lose(self._inbox.clear() // 2)
                raise self._ending or SourceError(f"{self._label}: the reader ended without saying why")
            silent_s += POLL_S
            if silent_s >= self._settings.silence_s:
                raise SourceStalled(
                    f"{self._label}: nothing came in {self._settings.silence_s:g} s; plug the dongle in anew"
                )
        return None

    def _follow_retune(self, device: RtlSdrDevice) -> None:
        if self._retune is None:
            return
        wanted_hz = self._retune(self._blocks.next_ns(self._clock.now()))
        if wanted_hz == self._wanted_hz:
            return
        try:
            tuned_hz = self._settings.tuned_hz(wanted_hz)
        except ValueError as error:
            raise SourceUnavailable(f"{self._label}: cannot be retuned: {error}") from error
        device.tune(tuned_hz)
        self._blocks.lose(self._inbox.clear() // 2)
        settle_bytes = self._block_bytes + round(2 * RETUNE_SETTLE_S * self._settings.exact_rate_hz)
        while settle_bytes > 0 and (delivery := self._take()) is not None:
            settle_bytes -= len(delivery.raw) + delivery.lost_bytes
            self._blocks.lose((len(delivery.raw) + delivery.lost_bytes) // 2)
        self._wanted_hz = wanted_hz
        self._blocks.retuned(tuned_hz + self._settings.converter_offset_hz)
