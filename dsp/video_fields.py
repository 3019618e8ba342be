"""Whether a comb of line rate lasts as that of a picture does: always there, or the same in each field."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FIELD_LINES = {"pal": 312.5, "ntsc": 262.5}
"""Lines from one field to the next (ITU-R BT.470-6, table 1)."""
LEAST_STEADINESS = 0.1
PART_LINES = 125.0
"""8 ms, a third of a look."""
SEGMENT_LINES = 8.0
"""Half a millisecond: the preamble of a packet is one or two of them, the part of a picture that is seen several."""
LEAST_SHARE = 0.1
"""Of the comb's strongest segment, that it has in both fields at the same time."""
LEAST_COMMON = 0.7
"""Common power of the fields over the larger one. Of pictures 0.7 to 0.95, of pulses that come and go below 0.6."""
LEAST_ALIKE = 0.75
"""Correlation of the waveforms of the fields. Of pictures 0.8 and more, of symbols with their own phases below 0.5."""


def lasts(signal: NDArray[np.float32], standard: str, line: float, harmonics: int) -> bool:
    """Whether the comb is in all of a look, or comes and goes as the fields of a picture do.

    Where the slice lies 2 to 3 MHz beside the carrier only the bright or only the dark parts of a picture reach into
    it: the comb is there for some milliseconds in each field. A packet is not there one field later, or its symbols
    begin at other phases of the line. That takes a look of two fields: 40 ms.

    Parameters
    ----------
    signal
        (n,) float32: envelope or discriminator.
    standard
        ``pal`` or ``ntsc``.
    line
        Line rate in cycles a sample.
    harmonics
        How many of them the comb has.
    """
    return _steadiness(signal, line, harmonics) >= LEAST_STEADINESS or _repeats(
        signal, round(FIELD_LINES[standard] / line), line, harmonics
    )


def _steadiness(signal: NDArray[np.float32], line: float, harmonics: int) -> float:
    """Least over largest power of the comb in the parts of a look: a picture is always there, a packet is not."""
    parts = max(3, round(len(signal) * line / PART_LINES))
    powers = _power(_amplitudes(signal, line, harmonics, len(signal) // parts))
    return float(powers.min()) / max(float(powers.max()), 1e-30)


def _repeats(signal: NDArray[np.float32], field: int, line: float, harmonics: int) -> bool:
    """Whether each field, of at least two, is like the one before: where its comb is on and what it looks like there.

    Parameters
    ----------
    field
        Its length in samples.
    """
    if len(signal) < 2 * field:
        return False
    segment = round(SEGMENT_LINES / line)
    later = _amplitudes(signal[field:], line, harmonics, segment)
    every = _amplitudes(signal, line, harmonics, segment)
    first = every[:, : later.shape[1]]
    powers, later_powers = _power(first), _power(later)
    common = np.minimum(powers, later_powers)
    if float(common.max()) < LEAST_SHARE * float(_power(every).max()):
        return False
    if float(common.sum()) < LEAST_COMMON * float(np.maximum(powers, later_powers).sum()):
        return False
    # Harmonic by harmonic: the line rate is not known well enough to compare their phases a field apart.
    alike = float(np.abs((first * later.conj()).sum(axis=1)).sum())
    return alike > LEAST_ALIKE * float(np.sqrt(powers.sum() * later_powers.sum()))


def _power(amplitudes: NDArray[np.complex64]) -> NDArray[np.float32]:
    power: NDArray[np.float32] = np.add.reduce(amplitudes.real**2 + amplitudes.imag**2, axis=0)
    return power


def _amplitudes(signal: NDArray[np.float32], line: float, harmonics: int, segment: int) -> NDArray[np.complex64]:
    """Amplitude of each harmonic in each whole segment, of one running phase: (harmonics, segments)."""
    count = len(signal) // segment
    parts = signal[: count * segment].reshape(count, segment)
    parts = parts - parts.mean(axis=1, keepdims=True)
    turn = np.exp(-2j * np.pi * line * np.arange(count * segment)).astype(np.complex64).reshape(count, segment)
    amplitudes = np.empty((harmonics, count), dtype=np.complex64)
    phase = turn.copy()
    for harmonic in range(harmonics):
        np.einsum("ij,ij->i", parts, phase, out=amplitudes[harmonic])
        phase *= turn
    return amplitudes
