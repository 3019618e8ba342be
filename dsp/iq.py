"""Blocks of IQ samples and the sources that give them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dsp.units import NS_PER_S

U8_CENTRE = 127.4
"""Mean of an idle RTL2832U in 8-bit counts: the converter's zero lies between 127 and 128 [1].

[1] reference receiver data quoted in pyrtlsdr issue 115; 127.4 to 127.5 in practice, the rest is the DC spike.
"""
U8_FULL_SCALE = 127.5
"""Amplitude of full scale in 8-bit counts."""
U8_STEP = np.float32(1.0 / U8_FULL_SCALE)
"""What a count is worth; to multiply by it costs two thirds of a division."""


class SourceError(Exception):
    """A source of IQ samples failed; the message says what, and the cure.

    ``SourceError``
      - ``SourceUnavailable``  it cannot be opened: no such file, no dongle, no server, wrong format
      - ``SourceStalled``      it is open but gives no samples any more
      - ``SourceLost``         it went away while running: unplugged, connection closed
    """


class SourceUnavailable(SourceError):
    """The source cannot be opened."""


class SourceStalled(SourceError):
    """The source is open but silent."""


class SourceLost(SourceError):
    """The source went away while running."""


@dataclass(frozen=True, slots=True, eq=False)
class IqBlock:
    """Consecutive IQ samples of one radio, with everything needed to place them in time and frequency.

    Parameters
    ----------
    samples
        (n,) complex64, read-only; amplitude 1.0 is full scale (0 dBFS).
    sample_rate_hz
        Samples a second.
    centre_hz
        Frequency on air of the middle of the slice, converter offset included; 0.0 when ``centre_known`` is false.
    first_sample
        Index of ``samples[0]`` since the source started; lost samples count too, so time stays right.
    lost_before
        Samples lost between the previous block and this one.
    start_ns
        Unix time (UTC) of ``samples[0]`` in nanoseconds.
    radio
        Name of the radio in the configuration; one radio's blocks are in order.
    centre_known
        False for a recording that does not say where it was tuned.
    """

    samples: NDArray[np.complex64]
    sample_rate_hz: float
    centre_hz: float
    first_sample: int
    lost_before: int
    start_ns: int
    radio: str = "radio"
    centre_known: bool = True

    def __post_init__(self) -> None:
        """Check the shape and freeze the samples."""
        if self.samples.ndim != 1 or self.samples.dtype != np.complex64:
            raise ValueError(f"samples must be (n,) complex64, not {self.samples.shape} {self.samples.dtype}")
        if not self.sample_rate_hz > 0:
            raise ValueError(f"sample_rate_hz must be above 0, not {self.sample_rate_hz}")
        self.samples.flags.writeable = False

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate_hz

    @property
    def end_ns(self) -> int:
        """Unix time in nanoseconds just after the last sample."""
        return self.start_ns + round(len(self.samples) * NS_PER_S / self.sample_rate_hz)


class IqSource(Protocol):
    """Anything that gives blocks of IQ samples: a dongle, a server, a file, the simulator.

    The contract, checked by ``tests/contracts/test_iq_source.py`` for every implementation: blocks are in order;
    ``first_sample`` grows by ``len(samples) + lost_before`` of the next; time follows the sample count; the iterator
    ends at the end of the recording or soon after ``stop()``; faults are ``SourceError``.
    """

    def blocks(self) -> Iterator[IqBlock]:
        """Give the blocks; may be called once."""
        ...

    def stop(self) -> None:
        """End ``blocks()`` soon. From any thread, any number of times."""
        ...


def u8_to_complex64(raw: bytes | bytearray | memoryview | NDArray[np.uint8]) -> NDArray[np.complex64]:
    """Unsigned 8-bit I, Q, I, Q ... to complex64, full scale 1.0.

    ``x = ((I - 127.4) + j (Q - 127.4)) / 127.5``, in three passes of single precision: 0.4 ns a sample at any level.
    A table of byte pairs costs more, and room in the second-level cache besides.

    Parameters
    ----------
    raw
        An even number of bytes.

    Raises
    ------
    ValueError
        If the number of bytes is odd.
    """
    counts = np.frombuffer(raw, dtype=np.uint8)
    if len(counts) % 2:
        raise ValueError(f"8-bit IQ needs an even number of bytes, not {len(counts)}")
    values = counts.astype(np.float32)
    values -= np.float32(U8_CENTRE)
    values *= U8_STEP
    return values.view(np.complex64)


def _counts(samples: NDArray[np.complex64]) -> NDArray[np.float32]:
    """(2 n,) I, Q, I, Q ... in whole 8-bit counts, clipped at 0 and 255."""
    counts = np.multiply(samples.view(np.float32), np.float32(U8_FULL_SCALE))
    counts += np.float32(U8_CENTRE)
    np.rint(counts, out=counts)
    np.clip(counts, 0.0, 255.0, out=counts)
    return counts


def complex64_to_u8(samples: NDArray[np.complex64]) -> NDArray[np.uint8]:
    """Quantise complex64 (full scale 1.0) to unsigned 8-bit I, Q, I, Q ..., clipping at 0 and 255."""
    return _counts(samples).astype(np.uint8)


def rounded_to_u8(samples: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """What ``u8_to_complex64`` makes of ``complex64_to_u8(samples)``, to the last bit."""
    counts = _counts(samples)
    counts -= np.float32(U8_CENTRE)
    counts *= U8_STEP
    return counts.view(np.complex64)
