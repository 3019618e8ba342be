"""A live radio behind an ``rtl_tcp`` server."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator

from dsp.iq import IqBlock, SourceUnavailable
from node.sources.live_blocks import LiveBlocks, Retune, SourceCounters, block_samples
from node.sources.live_clock import HostClock
from node.sources.rtl2832u import TUNER_GAINS_TENTHS, nearest_gain_tenths, tuner_name
from node.sources.rtl_tcp_link import Command, Greeting, RtlTcpLink, if_gain_value
from node.sources.settings import RtlTcpSettings
from node.sources.tuning import AUTO

log = logging.getLogger(__name__)

START_SETTLE_S = 0.3
"""Discarded at the start: the server sends samples of its old settings while it carries out the new ones, each by USB
control transfers (frequency and rate took about 100 ms [1]). They count in ``first_sample``."""
SERVER_BUFFER_SAMPLES = 131_072
"""Buffer that the server fills before it sends: librtlsdr's 262144 bytes. So much may still be old after a retune."""
RETUNE_SETTLE_S = 0.05
"""Further samples discarded after a retune: control transfers, and 5 ms for the synthesiser (``rtl_power.c``).

[1] steve-m/librtlsdr issue 44
"""
DIRECT_SAMPLING = {"off": 0, "i": 1, "q": 2}


class RtlTcpSource:
    """An ``IqSource`` that is a client of an ``rtl_tcp`` server.

    ``blocks()`` connects, tells the server every setting (a former client may have left others) and gives blocks until
    ``stop()``. Server gone: ``SourceLost``; silent for ``silence_s``: ``SourceStalled``; whole samples that came before
    are given first.

    Parameters
    ----------
    settings
        Server and tuning.
    retune
        Asked before each block for the wanted centre; samples of the old one, and those of the settling, are discarded
        and counted in ``lost_before``.
    start_ns
        Unix time of the first sample, from there on by count; None: the host's clock, see ``live_clock``.
    clock
        The host's clocks.
    """

    def __init__(
        self,
        settings: RtlTcpSettings,
        *,
        retune: Retune | None = None,
        start_ns: int | None = None,
        clock: HostClock | None = None,
    ) -> None:
        self._settings = settings
        self._retune = retune
        self._clock = clock or HostClock()
        self._label = f"radio {settings.name}: rtl_tcp {settings.host}:{settings.port}"
        self._stopped = threading.Event()
        centre_hz = settings.tuned_hz(settings.centre_hz) + settings.converter_offset_hz
        self._blocks = LiveBlocks(settings.name, settings.exact_rate_hz, centre_hz, start_ns)
        self._wanted_hz = settings.centre_hz
        self.greeting: Greeting | None = None
        """What the server said of its dongle, once connected."""
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
        settings = self._settings
        link = RtlTcpLink((settings.host, settings.port), settings.connect_timeout_s, self._stopped.is_set, self._label)
        with contextlib.closing(link):
            if self._stopped.is_set():
                return
            self._set_up(link)
            buffer = memoryview(bytearray(2 * block_samples(settings.exact_rate_hz)))
            settle = round(START_SETTLE_S * settings.exact_rate_hz)
            self._discard(link, buffer, settle)
            self._blocks.skip(settle)
            while not self._stopped.is_set():
                self._follow_retune(link, buffer)
                received, fault = link.fill(buffer, settings.silence_s)
                arrival = self._clock.now()
                if received >= 2:
                    yield self._blocks.block(buffer[: received - received % 2], arrival, link.waiting_bytes // 2)
                if fault is not None:
                    raise fault

    def _set_up(self, link: RtlTcpLink) -> None:
        """Every setting, in an order that a re-initialisation of the tuner does not undo."""
        settings = self._settings
        self.greeting = link.greeting
        link.send(Command.TEST_MODE, 0)
        if settings.rtl_crystal_hz is not None:
            link.send(Command.RTL_CRYSTAL_HZ, settings.rtl_crystal_hz)
        if settings.tuner_crystal_hz is not None:
            link.send(Command.TUNER_CRYSTAL_HZ, settings.tuner_crystal_hz)
        link.send(Command.DIRECT_SAMPLING, DIRECT_SAMPLING[settings.direct_sampling])
        link.send(Command.OFFSET_TUNING, settings.offset_tuning)
        link.send(Command.SAMPLE_RATE_HZ, int(settings.sample_rate_hz))
        link.send(Command.PPM, settings.ppm)
        link.send(Command.CENTRE_HZ, settings.tuned_hz(self._wanted_hz))
        self._set_gain(link)
        for stage, gain_db in enumerate(settings.if_gains_db, 1):
            link.send(Command.IF_GAIN, if_gain_value(stage, gain_db))
        link.send(Command.DIGITAL_AGC, settings.digital_agc)
        link.send(Command.BIAS_TEE, settings.bias_tee)
        log.info("%s: connected, %s tuner", self._label, tuner_name(link.greeting.tuner))
        for note in self.notes:
            log.warning("%s: %s", self._label, note)

    def _set_gain(self, link: RtlTcpLink) -> None:
        settings, greeting = self._settings, link.greeting
        manual = settings.gain != AUTO or settings.gain_index is not None
        link.send(Command.GAIN_MODE, manual)
        if settings.gain_index is not None:
            if settings.gain_index >= greeting.gain_count:
                raise SourceUnavailable(
                    f"{self._label}: gain_index {settings.gain_index} is beyond the {greeting.gain_count} gains of its "
                    f"{tuner_name(greeting.tuner)} tuner; the largest is {greeting.gain_count - 1}"
                )
            link.send(Command.GAIN_INDEX, settings.gain_index)
        elif settings.gain != AUTO:
            gains = TUNER_GAINS_TENTHS.get(greeting.tuner, ())
            tenths = nearest_gain_tenths(settings.gain, gains if len(gains) == greeting.gain_count else ())
            link.send(Command.GAIN_TENTHS_DB, tenths)
            if tenths != round(10 * settings.gain):
                self.notes += (f"gain {tenths / 10:g} dB, the tuner's nearest to {settings.gain:g} dB",)

    def _discard(self, link: RtlTcpLink, buffer: memoryview, samples: int) -> None:
        """Receive and forget."""
        left = 2 * samples
        while left and not self._stopped.is_set():
            received, fault = link.fill(buffer[:left], self._settings.silence_s)
            if fault is not None:
                raise fault
            left -= received

    def _follow_retune(self, link: RtlTcpLink, buffer: memoryview) -> None:
        if self._retune is None:
            return
        wanted_hz = self._retune(self._blocks.next_ns(self._clock.now()))
        if wanted_hz == self._wanted_hz:
            return
        try:
            tuned_hz = self._settings.tuned_hz(wanted_hz)
        except ValueError as error:
            raise SourceUnavailable(f"{self._label}: cannot be retuned: {error}") from error
        link.send(Command.CENTRE_HZ, tuned_hz)
        old = (link.waiting_bytes + 1) // 2
        settle = old + SERVER_BUFFER_SAMPLES + round(RETUNE_SETTLE_S * self._settings.exact_rate_hz)
        self._discard(link, buffer, settle)
        self._wanted_hz = wanted_hz
        self._blocks.lose(settle)
        self._blocks.retuned(tuned_hz + self._settings.converter_offset_hz)
