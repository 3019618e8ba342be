"""The preamble of a chirp packet added in phase: where its symbols begin, and how far it stands out of the noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.chirps import ChirpShape
from dsp.fourier import transformed, workbench
from dsp.preamble_lines import GROUP
from dsp.windows import windows as windows_of

ALIGNMENTS = 6
"""Starts tried within a symbol."""
HOPELESS = 15.0
"""Little more than half of what proves a packet: the coarse starts lose 0.8 dB of it at most, and as much again where
they put the tone between two bins; finer ones are not tried below."""
FINE = (1.0 / 8.0, 1.0 / 16.0, 1.0 / 32.0)
"""Refinements of the start, in symbols, one after the other."""
NOISE_STEP = 3
"""Every so manyth bin of a window is enough for the level of the noise."""
SLOW_LENGTH = 32
"""Transform over the eight symbols, padded: a tone that turns between windows loses less than 0.3 dB."""
LEAST_UNISON = 0.5
"""Share of the group's power in its line that is in phase: 1 for equal symbols, an eighth for one strong symbol of the
payload; 0.85 at 5 dB below the demodulator's floor."""
SURROUNDINGS = 14
"""Cells on each side of a line that it must stand out of."""
AROUND = np.concatenate((np.arange(-SURROUNDINGS, -1), np.arange(2, SURROUNDINGS + 1)))
NEAR = np.array([-1, 0, 1])
ALIAS_SHARE = 0.4
"""A chirp of half the bandwidth and a quarter of the symbol time has the same slope; it gives lines half a bandwidth
away that are as strong as the strongest. This is the largest share a true chirp shows there in noise."""


def resampled(
    samples: NDArray[np.complex64],
    sample_rate_hz: float,
    offset_hz: float,
    rate_hz: float,
    advances: tuple[float, ...] = (0.0,),
    *,
    exact: bool = True,
) -> tuple[list[NDArray[np.complex64]], float, float]:
    """A band cut out at any rate below the slice's, by the transform of the whole stretch.

    Parameters
    ----------
    advances
        How much earlier, in samples of the result, each of the results begins.
    exact
        False for a rate somewhat above ``rate_hz`` that is quicker to make.

    Returns
    -------
    (m,) complex64 for each of ``advances``, their exact rate, and the exact frequency shifted to 0 Hz.
    """
    total = int(fft.next_fast_len(len(samples)))
    half = max(4, round(total * rate_hz / sample_rate_hz / 2))
    kept = 2 * half if exact else min(2 * int(fft.next_fast_len(half, real=True)), total // 2 * 2)
    spectrum = transformed(samples[np.newaxis], total)[0]
    middle = round(offset_hz * total / sample_rate_hz)
    # Frequencies from 0 up, then those below: as transforms have them.
    bins = np.concatenate((np.arange(middle, middle + kept // 2), np.arange(middle - kept // 2, middle)))
    picked = np.take(spectrum, bins, mode="wrap")
    picked *= np.float32(1.0 / total)
    low, high = middle - kept // 2, middle + kept // 2
    if low < -(total // 2):
        picked[kept // 2 : kept // 2 - (total // 2) - low] = 0
    if high > total // 2:
        picked[kept // 2 - (high - total // 2) : kept // 2] = 0
    count = int(len(samples) * kept / total)
    bands = []
    for advance in advances:
        turned = picked
        if advance:
            turned = picked * np.exp(2j * np.pi * advance * fft.fftfreq(kept)).astype(np.complex64)
        bands.append(transformed(turned[np.newaxis], inverse=True)[0, :count].copy())
    return bands, sample_rate_hz * kept / total, middle * sample_rate_hz / total


@lru_cache(maxsize=64)
def chirp_reference(points: int, rate_hz: float, slope_hz_per_s: float) -> NDArray[np.complex64]:
    """Conjugate of a chirp that begins at 0 Hz, (points,) complex64."""
    time_s = np.arange(points) / rate_hz
    chirp: NDArray[np.complex64] = np.exp(-1j * np.pi * slope_hz_per_s * time_s**2).astype(np.complex64)
    chirp.flags.writeable = False
    return chirp


@dataclass(frozen=True, slots=True)
class Aligned:
    """The best alignment of a preamble."""

    at: float
    """Sample of the band where a symbol begins."""
    tone_hz: float
    """Of the dechirped symbol: a chirp's lowest frequency, relative to the band."""
    power: float
    """Coherent power of the group, in units of one window's noise."""
    aliased: bool


def align(band: NDArray[np.complex64], rate_hz: float, shape: ChirpShape, begin: float) -> Aligned | None:
    """Try starts within a symbol; take the one whose eight windows add up in phase to the strongest tone."""
    symbol = shape.symbol_s * rate_hz
    best: Aligned | None = None
    steps = np.arange(ALIGNMENTS) / ALIGNMENTS
    first, *finer = FINE
    for moves in (steps, np.array([-1.0, 1.0, -first, first]), *(np.array([-part, part]) for part in finer)):
        at = (begin if best is None else best.at) + moves * symbol
        found = _attempt(band, rate_hz, shape, at)
        if found is not None and (best is None or found.power > best.power):
            best = found
        if best is None:
            return None
    return best


def _middle(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The upper of the middle values of every row."""
    middle = rows.shape[1] // 2
    ordered: NDArray[np.float32] = np.partition(rows, middle, axis=1)
    return ordered[:, middle]


def _attempt(band: NDArray[np.complex64], rate_hz: float, shape: ChirpShape, at: NDArray[np.float64]) -> Aligned | None:
    """The best of several starts, all of them in one transform; None where it is hopeless."""
    symbol = shape.symbol_s * rate_hz
    points = int(symbol)
    length = int(fft.next_fast_len(points, real=True))
    starts = np.rint(at[:, np.newaxis] + np.arange(GROUP) * symbol).astype(np.intp)
    inside = (starts[:, 0] >= 0) & (starts[:, -1] + points <= len(band))
    if not inside.all():
        at, starts = at[inside], starts[inside]
        if not len(at):
            return None
    rows = workbench().rows(starts.size, length)
    reference = chirp_reference(points, rate_hz, shape.bandwidth_hz / shape.symbol_s)
    np.multiply(windows_of(band, points)[starts.reshape(-1)], reference, out=rows[:, :points])
    rows[:, points:] = 0
    spectrum = workbench().run(starts.size, length).reshape(len(starts), GROUP, length)
    parts = spectrum.view(np.float32)
    squares = np.einsum("ijk,ijk->ik", parts, parts)
    summed = squares[:, 0::2] + squares[:, 1::2]
    bins = summed.argmax(axis=1)
    tries = np.arange(len(at))[:, np.newaxis]
    # The median of a sum of eight is within 4 % of its mean. An emission of another kind lifts its surroundings too.
    local = summed[tries, (bins[:, np.newaxis] + AROUND) % length]
    noise = np.maximum(_middle(summed[:, ::NOISE_STEP]), _middle(local)) / np.float32(GROUP - 1.0 / 3.0)
    near = (bins[:, np.newaxis] + NEAR) % length
    lines = spectrum[tries, :, near]
    slow = transformed(lines.reshape(-1, GROUP), SLOW_LENGTH).reshape(*near.shape, SLOW_LENGTH)
    coherent = np.maximum.reduce(slow.real**2 + slow.imag**2, axis=2)
    value = np.maximum.reduce(coherent, axis=1) / np.maximum(noise * GROUP, 1e-30)
    pick = int(value.argmax())
    if value[pick] < HOPELESS:
        return None
    strongest = int(coherent[pick].argmax())
    column = int(near[pick, strongest])
    line = summed[pick]
    if coherent[pick, strongest] < LEAST_UNISON * GROUP * line[column]:
        return None
    left, mid, right = (float(line[(column + step) % length]) for step in (-1, 0, 1))
    shift = 0.5 * (right - left) / max(2.0 * mid - min(left, right), 1e-30)
    turns = (column + min(0.5, max(-0.5, shift))) / length
    half = round(0.5 * shape.bandwidth_hz / rate_hz * length)
    level = float(noise[pick])
    beside = sum(float(line[(column + side + NEAR) % length].max()) - GROUP * level for side in (-half, half))
    return Aligned(
        at=float(at[pick]),
        tone_hz=(turns - (1.0 if turns >= 0.5 else 0.0)) * rate_hz,
        power=float(value[pick]),
        aliased=beside > ALIAS_SHARE * max(float(line[column]) - GROUP * level, 1e-30),
    )
