"""Features of a burst: numbers with a name and a unit, the classifier's second input."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dsp.bursts import Burst, ChirpFinding, CyclicPrefixFinding, LineCombFinding, PulseFinding
from dsp.keying import Envelope, Keying
from dsp.protocols import PROTOCOLS
from dsp.protocols.match import BAND_MARGIN_HZ, chirp_agrees
from dsp.protocols.record import ChirpPhy


@dataclass(frozen=True, slots=True)
class Feature:
    """One number of the classifier's input, scaled to about -1..1 over what occurs."""

    name: str
    unit: str


MEASURED: tuple[Feature, ...] = (
    Feature("bandwidth", "(log10(Hz) - 4.5) / 1.5"),
    Feature("duration", "(log10(s) + 2) / 2"),
    Feature("snr", "dB / 30"),
    Feature("flatness", "1"),
    Feature("slice_share", "1"),
    Feature("kurtosis", "log2 / 3"),
    Feature("on_share", "1"),
    Feature("depth", "dB / 60"),
    Feature("pulses", "log10 / 3"),
    Feature("pulse", "(log10(s) + 3) / 3"),
    Feature("deviation_share", "of the bandwidth"),
    Feature("separation", "/ 10"),
    Feature("symbol_rate", "(log10(Hz) - 4) / 2, 0 for none"),
    Feature("steadiness", "standard deviations / 10"),
    Feature("tone_share", "1"),
    Feature("clipped_share", "1"),
    Feature("chirp_score", "1"),
    Feature("spreading_factor", "/ 12"),
    Feature("chirp_bandwidth", "log2(BW / 62.5 kHz) / 3"),
    Feature("chirp_falling", "0 or 1"),
    Feature("prefix_score", "/ 10"),
    Feature("comb_score", "dB / 25"),
    Feature("tuning_known", "0 or 1"),
)
PERMITTED: tuple[Feature, ...] = tuple(Feature(f"permits_{protocol.label}", "0 or 1") for protocol in PROTOCOLS)
"""Whether the burst's frequency, and its chirp if it has one, agree with some mode of the protocol's record."""
FEATURES: tuple[Feature, ...] = MEASURED + PERMITTED


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one burst beside the ``Burst`` itself."""

    envelope: Envelope
    keying: Keying
    tone_share: float
    """Share of the power in the strongest line."""
    flatness: float
    slice_share: float
    """Burst's bandwidth over the slice's."""
    clipped_share: float
    """Share of its samples at full scale."""


def feature_vector(burst: Burst, measured: Measured, *, tuning_known: bool) -> NDArray[np.float32]:
    """Features of a burst in the order of ``FEATURES``, each limited to -2..2.

    Returns
    -------
    (F,) float32
    """
    chirp = burst.finding if isinstance(burst.finding, ChirpFinding) else None
    prefix = burst.finding.score if isinstance(burst.finding, CyclicPrefixFinding) else 0.0
    comb = burst.finding.score_db if isinstance(burst.finding, LineCombFinding) else 0.0
    envelope, keying = measured.envelope, measured.keying
    rate_hz = keying.symbol_rate_hz
    pulses, pulse_s = envelope.pulses, envelope.pulse_s
    if isinstance(burst.finding, PulseFinding):
        pulses, pulse_s = burst.finding.pulses, burst.finding.pulse_s
    values = [
        (math.log10(max(burst.bandwidth_hz, 100.0)) - 4.5) / 1.5,
        (math.log10(max(burst.duration_s, 1e-6)) + 2.0) / 2.0,
        burst.snr_db / 30.0,
        measured.flatness,
        measured.slice_share,
        math.log2(max(envelope.kurtosis, 0.25)) / 3.0,
        envelope.on_share,
        envelope.depth_db / 60.0,
        math.log10(1.0 + pulses) / 3.0,
        (math.log10(max(pulse_s, 1e-7)) + 3.0) / 3.0,
        keying.deviation_hz / max(burst.bandwidth_hz, 1.0),
        keying.separation / 10.0,
        (math.log10(max(rate_hz, 10.0)) - 4.0) / 2.0 if rate_hz is not None else 0.0,
        keying.steadiness / 10.0,
        measured.tone_share,
        measured.clipped_share,
        chirp.score if chirp else 0.0,
        chirp.spreading_factor / 12.0 if chirp else 0.0,
        math.log2(chirp.bandwidth_hz / 62.5e3) / 3.0 if chirp else 0.0,
        1.0 if chirp and chirp.slope_hz_per_s < 0 else 0.0,
        prefix / 10.0,
        comb / 25.0,
        1.0 if tuning_known else 0.0,
    ]
    measured_part = np.clip(np.asarray(values, dtype=np.float32), -2.0, 2.0)
    return np.concatenate((measured_part, _permitted(burst, chirp, tuning_known=tuning_known)))


def _permitted(burst: Burst, chirp: ChirpFinding | None, *, tuning_known: bool) -> NDArray[np.float32]:
    """``dsp.protocols.match.permits`` for every protocol at once."""
    agreeing, low_hz, high_hz, owner = _bands_of(
        (chirp.spreading_factor, chirp.bandwidth_hz, chirp.slope_hz_per_s < 0) if chirp else None
    )
    if not tuning_known:
        return agreeing
    permitted = np.zeros(len(PROTOCOLS), dtype=np.float32)
    permitted[owner[(low_hz <= burst.centre_hz) & (burst.centre_hz <= high_hz)]] = 1.0
    return permitted


@lru_cache(maxsize=128)
def _bands_of(
    shape: tuple[int, float, bool] | None,
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Protocols with a mode that has a chirp (any mode for None) and the bands of such modes, with their owners."""
    agreeing = np.zeros(len(PROTOCOLS), dtype=np.float32)
    bands: list[tuple[float, float, int]] = []
    chirp = ChirpFinding(shape[0], shape[1], 0.0, -1.0 if shape[2] else 1.0, 0.0) if shape else None
    for index, protocol in enumerate(PROTOCOLS):
        for mode in protocol.modes:
            if chirp is None or (isinstance(mode.phy, ChirpPhy) and chirp_agrees(mode.phy, chirp)):
                agreeing[index] = 1.0
                bands += [
                    (band.low_hz - BAND_MARGIN_HZ, band.high_hz + BAND_MARGIN_HZ, index)
                    for band in protocol.bands_of(mode)
                ]
    low_hz, high_hz, owner = (np.array(part) for part in zip(*bands, strict=True)) if bands else (np.zeros(0),) * 3
    return agreeing, low_hz, high_hz, owner.astype(np.intp)
