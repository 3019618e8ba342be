"""From the bytes of a live radio to blocks: numbers, times and losses."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from dsp.iq import IqBlock, u8_to_complex64
from node.sources.live_clock import Moment, SampleTime

LONGEST_BLOCK_S = 0.02
"""A block is at most so long, for the latency of what is heard in it."""

Retune = Callable[[int], float]
"""Wanted on-air centre in hertz for the block that starts at this Unix time in nanoseconds."""


def block_samples(sample_rate_hz: float) -> int:
    """Samples of a block: the power of two at most ``LONGEST_BLOCK_S`` long, 32768 at 2.4 MS/s."""
    return 1 << int(math.log2(sample_rate_hz * LONGEST_BLOCK_S))


@dataclass(frozen=True, slots=True)
class SourceCounters:
    """What a live radio has given so far."""

    samples: int = 0
    lost_samples: int = 0
    """Dropped because nobody took them, discarded while a retune settled, or missed by the host's clock."""
    retunes: int = 0
    clock_steps: int = 0
    """How often the host's clock was set."""
    reopenings: int = 0


class LiveBlocks:
    """Numbers the blocks of one opening of a radio.

    Parameters
    ----------
    radio
        Name of the radio.
    sample_rate_hz
        Samples a second.
    centre_hz
        On air; ``retuned`` changes it.
    start_ns
        Unix time of the first sample; None: by the host's clock.
    """

    def __init__(self, radio: str, sample_rate_hz: float, centre_hz: float, start_ns: int | None) -> None:
        self._radio = radio
        self._sample_rate_hz = sample_rate_hz
        self._time = SampleTime(sample_rate_hz, start_ns)
        self._known = start_ns is not None
        self._position = self._lost_before = 0
        self._samples = self._lost = self._retunes = 0
        self.centre_hz = centre_hz
        """Middle of the slice of the next block, on air."""

    @property
    def counters(self) -> SourceCounters:
        """What was given so far."""
        return SourceCounters(self._samples, self._lost, self._retunes, self._time.clock_steps)

    def next_ns(self, now: Moment) -> int:
        """Unix time of the next block."""
        return self._time.unix_ns(self._position) if self._known else now.unix_ns

    def retuned(self, centre_hz: float) -> None:
        """The next block has another centre."""
        self.centre_hz = centre_hz
        self._retunes += 1

    def skip(self, samples: int) -> None:
        """Count samples before the first block that are not to be trusted: they take time, but are no loss."""
        self._position += samples

    def lose(self, samples: int) -> None:
        """Leave out samples before the next block."""
        self._position += samples
        self._lost_before += samples
        self._lost += samples

    def block(self, raw: bytes | bytearray | memoryview, arrival: Moment, waiting: int = 0) -> IqBlock:
        """A block of unsigned 8-bit I, Q.

        Parameters
        ----------
        raw
            Its bytes; they may be overwritten afterwards.
        arrival
            When its last sample, and ``waiting`` more, had arrived.
        waiting
            Samples that have arrived too and come later.
        """
        samples = u8_to_complex64(raw)
        missed = self._time.arrived(self._position + len(samples) + waiting, arrival)
        self._known = True
        if missed:
            self.lose(missed)
        block = IqBlock(
            samples=samples,
            sample_rate_hz=self._sample_rate_hz,
            centre_hz=self.centre_hz,
            first_sample=self._position,
            lost_before=self._lost_before,
            start_ns=self._time.unix_ns(self._position),
            radio=self._radio,
        )
        self._position += len(samples)
        self._samples += len(samples)
        self._lost_before = 0
        return block
