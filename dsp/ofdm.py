"""OFDM by its cyclic prefix: the correlation of the slice with itself one symbol later."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.bursts import CyclicPrefixFinding

SUBCARRIER_SPACINGS_HZ = (15e3,)
"""LTE (3GPP TS 36.211, 6.12)."""
LOOK_S = 0.06
"""A look: about 840 LTE symbols; correlation noise 1 / sqrt(samples) = 0.003 at 2.4 MS/s."""
OFF_LAGS = (0.73, 0.81, 0.88, 1.13, 1.21, 1.29)
"""Lags, as parts of the symbol, where only the signal's own bandwidth and its neighbours correlate."""
LEAST_SCORE = 1.8
"""Correlation at the symbol lag over the largest off-lag value."""
LEAST_CORRELATION = 0.02
"""Six times the noise of a look; a fully loaded LTE carrier with normal prefix gives up to 0.07."""


def look_samples(sample_rate_hz: float) -> int:
    """Samples of one look."""
    return round(LOOK_S * sample_rate_hz)


def _correlation(samples: NDArray[np.complex64], lag: int, power: float) -> float:
    count = len(samples) - lag
    return float(abs(np.vdot(samples[:count], samples[lag:]))) / max(power * count, 1e-30)


def prefix_correlation(samples: NDArray[np.complex64], sample_rate_hz: float, spacing_hz: float) -> tuple[float, float]:
    """Correlation at the lag of one OFDM symbol, and its ratio to that at other lags.

    ``c(lag) = |sum x*[n] x[n + lag]| / sum |x|^2`` at ``lag = sample_rate / spacing`` (the largest of three around
    it); a carrier offset turns its phase only. Nine passes over the look.

    Returns
    -------
    correlation, score
        0.0, 0.0 where the look is shorter than twenty symbols.
    """
    lag = sample_rate_hz / spacing_hz
    if len(samples) < 20 * lag:
        return 0.0, 0.0
    samples = samples - samples.mean()  # the receiver's own DC spike correlates at every lag
    power = float(np.vdot(samples, samples).real) / len(samples)
    peak = max(_correlation(samples, round(lag) + step, power) for step in (-1, 0, 1))
    around = max(_correlation(samples, round(lag * part), power) for part in OFF_LAGS)
    return peak, peak / max(around, 1e-6)


def find_prefix(samples: NDArray[np.complex64], sample_rate_hz: float) -> CyclicPrefixFinding | None:
    """Look for a cyclic prefix of any known subcarrier spacing."""
    best: CyclicPrefixFinding | None = None
    for spacing_hz in SUBCARRIER_SPACINGS_HZ:
        correlation, score = prefix_correlation(samples, sample_rate_hz, spacing_hz)
        found = correlation > LEAST_CORRELATION and score > LEAST_SCORE
        if found and (best is None or score > best.score):
            best = CyclicPrefixFinding(spacing_hz, score)
    return best
