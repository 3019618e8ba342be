"""Chirps: LoRa by its slope and symbol time, below the noise where need be."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from math import log

import numpy as np
from numpy.typing import NDArray

from dsp.baseband import Baseband
from dsp.bursts import ChirpFinding
from dsp.fourier import quick_length, workbench
from dsp.quantile import median
from dsp.windows import windows as windows_of

SPREADING_FACTORS = (5, 6, 7, 8, 9, 10, 11, 12)
BANDWIDTHS_HZ = (125e3, 250e3, 500e3)
RATE_PER_BANDWIDTH = 1.5
"""The baseband must be at least this much wider than the chirp, so that its carrier offset does not cut it."""
LOOK_WINDOWS = 16
"""Windows of a symbol, half a symbol apart, that are looked at: about the preamble."""
STRONG_LOOK_WINDOWS = 8
"""Enough at ``STRONG_SNR``."""
STRONG_SNR = 6.0
"""8 dB."""
SLOPE_WINDOW = 256
"""Samples of a window of ``slope_lines``."""
HANN = (0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(SLOPE_WINDOW) + 0.5) / SLOPE_WINDOW)).astype(np.complex64)
SLOPE_LONGEST = 16_384
"""Samples looked at for the slope: 20 ms at 825 kHz, sixteen symbols of SF9 at 500 kHz."""
FASTEST_LEAST_SNR = 2.0
"""Below 3 dB an echo hides the line of the fastest chirps, which are tried whether it is there or not."""
SLOPES_TRIED = 2
NO_LINES: NDArray[np.float32] = np.ones(SLOPE_WINDOW, dtype=np.float32)
SLOPE_LEAST_LINE = 2.5
"""A line of a chirp's slope stands this far above the median of the spectrum."""
LAG_RECIPROCALS = (10.0, 80.0)
"""Moments of ``slope_lines`` in reciprocal bandwidths. The first puts the line of SF5 at a third of the bandwidth and
each further one at half of the last; the second, a twelfth of a symbol of SF10, is for those too near to 0 Hz then."""
SLOWEST_BIN = 2.0
LEAST_SYMBOLS = 3.0
SURE_CONCENTRATION = 0.33
"""Share of a window's power in its strongest tone, above noise, that proves a chirp.

Aligned windows of a clean chirp have 0.9 and more, windows half a symbol off 0.5; a chirp of another slope, keying or
noise stays below 0.2 (tests/dsp/test_chirps.py).
"""

LEAST_CONCENTRATION = 0.15
"""However weak the signal: pulses and keying reach 0.13."""
HOPELESS_DILUTION = 0.16
"""A chirp's concentration is its share of the baseband's power at best: with less than this it is not looked for here
(the search for preambles in the whole slice sees the links among them)."""


@dataclass(frozen=True, slots=True)
class ChirpShape:
    """A chirp to look for."""

    spreading_factor: int
    bandwidth_hz: float
    rising: bool = True
    symbol_s: float = field(init=False, compare=False)
    """Symbol time in seconds."""
    slope_hz_per_s: float = field(init=False, compare=False)
    """Positive for up-chirps."""

    def __post_init__(self) -> None:
        """Work out what is asked for often."""
        symbol_s = float(2**self.spreading_factor / self.bandwidth_hz)
        object.__setattr__(self, "symbol_s", symbol_s)
        object.__setattr__(self, "slope_hz_per_s", self.bandwidth_hz / symbol_s * (1.0 if self.rising else -1.0))


SHAPES = tuple(
    ChirpShape(spreading_factor, bandwidth_hz, rising)
    for rising in (True, False)
    for bandwidth_hz in BANDWIDTHS_HZ
    for spreading_factor in SPREADING_FACTORS
)


@lru_cache(maxsize=128)
def _reference(points: int, rate_hz: float, slope_hz_per_s: float) -> NDArray[np.complex64]:
    """Conjugate of a chirp through 0 Hz in its middle, so that the tone of an aligned symbol is at its own offset."""
    time_s = (np.arange(points) - (points - 1) / 2.0) / rate_hz
    chirp: NDArray[np.complex64] = np.exp(-1j * np.pi * slope_hz_per_s * time_s**2).astype(np.complex64)
    chirp.flags.writeable = False
    return chirp


def concentration(baseband: Baseband, shape: ChirpShape, most: int = LOOK_WINDOWS) -> float:
    """How much of the power becomes a tone when the slope is taken away, 0 (noise) to 1.

    Windows of one symbol, half a symbol apart, ``most`` of them, are multiplied by the conjugate chirp and transformed;
    a symbol that wraps around gives two tones one bandwidth apart, which are added. The strongest pair's share of the
    power, averaged over the better half of the windows, minus what noise gives: ``(k - k0) / (1 - k0)``,
    ``k0 = (ln n + 1) / n * 1.6``.

    Returns 0.0 where the stretch is shorter than three symbols.
    """
    rate_hz, samples = baseband.rate_hz, baseband.samples
    points = round(rate_hz * shape.symbol_s)
    if points < 16 or len(samples) < LEAST_SYMBOLS * points:
        return 0.0
    windows = windows_of(samples, points, points // 2)[:most]
    count, length = len(windows), quick_length(points)
    bench = workbench()
    rows = bench.rows(count, length)
    np.multiply(windows, _reference(points, rate_hz, shape.slope_hz_per_s), out=rows[:, :points])
    rows[:, points:] = 0
    parts = bench.run(count, length).view(np.float32)
    parts *= parts
    turn = round(shape.bandwidth_hz / rate_hz * length) % length
    # The beginning again at the end, so that sums run around.
    power = np.empty((count, length + turn + 1), dtype=np.float32)
    np.add(parts[:, 0::2], parts[:, 1::2], out=power[:, :length])
    power[:, length:] = power[:, : turn + 1]
    totals = np.add.reduce(power[:, :length], axis=1)
    # A tone between two bins, or widened by zero padding, is in both.
    pair = power[:, :-1] + power[:, 1:]
    if turn:
        pair = pair[:, :length] + pair[:, turn:]
    tops = np.maximum.reduce(pair, axis=1)
    shares: list[float] = (tops / (totals + np.float32(1e-30))).tolist()
    better = sorted(shares)[count // 2 :]
    noise_share = min(0.9, 1.6 * (log(length) + 1.0) / length)
    return max(0.0, (sum(better) / len(better) - noise_share) / (1.0 - noise_share))


def slope_lines(
    baseband: Baseband, bandwidth_hz: float, lag_reciprocals: float = LAG_RECIPROCALS[0]
) -> tuple[NDArray[np.float32], float]:
    """Spectrum of the product of the signal with itself a moment later.

    A chirp of slope ``s`` gives a line at ``s tau`` whatever its data: ``x(t + tau) x*(t) = exp(2 pi j s tau t)``. One
    transform of the burst for all slopes; ``tau`` is ``lag_reciprocals`` reciprocal bandwidths.

    Returns
    -------
    power
        (SLOPE_WINDOW,) float32 over its median, 0 Hz first.
    tau_s
        The moment.
    """
    lag = max(1, round(baseband.rate_hz * lag_reciprocals / bandwidth_hz))
    samples = baseband.samples[:SLOPE_LONGEST]
    product = samples[lag:] * samples[:-lag].conj()
    if len(product) < SLOPE_WINDOW:
        return NO_LINES, lag / baseband.rate_hz
    # Strong moments count no more than weak ones.
    levels = np.abs(product)
    levels += np.float32(0.1 * float(np.add.reduce(levels)) / len(levels) + 1e-20)
    product *= np.reciprocal(levels, out=levels)
    windows = windows_of(product, SLOPE_WINDOW, SLOPE_WINDOW // 2)
    np.multiply(windows, HANN, out=workbench().rows(len(windows), SLOPE_WINDOW))
    parts = workbench().run(len(windows), SLOPE_WINDOW).view(np.float32)
    squares = np.einsum("ij,ij->j", parts, parts)
    power = squares[0::2] + squares[1::2]
    return power / np.float32(max(median(power), 1e-30)), lag / baseband.rate_hz


def _likely(baseband: Baseband, shapes: list[ChirpShape]) -> list[ChirpShape]:
    """Those of the shapes whose slope stands out in ``slope_lines``, best first."""
    scored: list[tuple[float, int, ChirpShape]] = []
    for bandwidth_hz in sorted({shape.bandwidth_hz for shape in shapes}):
        waiting = [(n, shape) for n, shape in enumerate(shapes) if shape.bandwidth_hz == bandwidth_hz]
        for lag_reciprocals in LAG_RECIPROCALS:
            slower: list[tuple[int, ChirpShape]] = []
            lines, tau_s = slope_lines(baseband, bandwidth_hz, lag_reciprocals) if waiting else (NO_LINES, 0.0)
            for number, shape in waiting:
                at = shape.slope_hz_per_s * tau_s / baseband.rate_hz * SLOPE_WINDOW
                if abs(at) < SLOWEST_BIN:
                    slower.append((number, shape))
                    continue
                index = round(at) % SLOPE_WINDOW
                line = max(float(lines[index - 1]), float(lines[index]), float(lines[(index + 1) % SLOPE_WINDOW]))
                if line > SLOPE_LEAST_LINE:
                    scored.append((line, number, shape))
            waiting = slower
        # Too slow to be told from a steady tone here.
        scored += [(SLOPE_LEAST_LINE, number, shape) for number, shape in waiting]
    scored.sort(key=lambda item: (-item[0], item[1]))
    slow = [shape for line, _, shape in scored if line == SLOPE_LEAST_LINE]
    return [shape for line, _, shape in scored if line > SLOPE_LEAST_LINE][:SLOPES_TRIED] + slow


def find_chirp(
    baseband: Baseband,
    bandwidth_hz: float,
    snr: float,
    hints: tuple[ChirpShape, ...] = (),
    *,
    whole_band: bool = True,
) -> ChirpFinding | None:
    """Look for chirps in one burst.

    A few passes over a stretch of some ten symbols. Slope alone cannot tell (SF, BW) from (SF + 2, 2 BW); the occupied
    bandwidth decides which are tried at all.

    Parameters
    ----------
    baseband
        The burst.
    bandwidth_hz
        Its measured width.
    snr
        Its power over the noise in that width, linear.
    hints
        Shapes heard lately; the first that fits well ends the search.
    whole_band
        False if the burst runs out of the slice, so that the bandwidth is only a lower limit.
    """
    # Noise in the baseband dilutes the tone: expect that much less.
    dilution = snr / (snr + baseband.rate_hz / max(bandwidth_hz, 1.0))
    least = max(SURE_CONCENTRATION * dilution, LEAST_CONCENTRATION)
    if dilution < HOPELESS_DILUTION:
        return None
    most = STRONG_LOOK_WINDOWS if snr > STRONG_SNR else LOOK_WINDOWS
    fitting = [s for s in hints if _bandwidth_fits(s.bandwidth_hz, bandwidth_hz, whole_band=whole_band)]
    # Only the fitting shape heard last comes before those whose slope shows.
    for shape in fitting[:1]:
        score = concentration(baseband, shape, most)
        if score > max(1.3 * least, 0.5 * dilution):
            return _finding(shape, score)
    widths_hz = [
        candidate_hz
        for candidate_hz in BANDWIDTHS_HZ
        if _bandwidth_fits(candidate_hz, bandwidth_hz, whole_band=whole_band)
        and candidate_hz * RATE_PER_BANDWIDTH * 0.7 <= baseband.rate_hz
    ]
    longest_s = len(baseband.samples) / baseband.rate_hz / LEAST_SYMBOLS
    shapes = [shape for shape in SHAPES if shape.symbol_s <= longest_s and shape.bandwidth_hz in widths_hz]
    best, best_score = None, least
    fastest = [s for s in shapes if s.spreading_factor == SPREADING_FACTORS[0]] if snr < FASTEST_LEAST_SNR else []
    for shape in dict.fromkeys((*_likely(baseband, shapes), *fastest)):
        score = concentration(baseband, shape, most)
        if score > best_score:
            best, best_score = shape, score
    return _finding(best, best_score) if best is not None else None


def _bandwidth_fits(candidate_hz: float, measured_hz: float, *, whole_band: bool) -> bool:
    if whole_band:
        return 0.68 * candidate_hz < measured_hz < 1.4 * candidate_hz
    return measured_hz < 1.4 * candidate_hz


def _finding(shape: ChirpShape, score: float) -> ChirpFinding:
    return ChirpFinding(shape.spreading_factor, shape.bandwidth_hz, shape.symbol_s, shape.slope_hz_per_s, score)
