"""Bursts: what the detectors find in the signal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EnergyFinding:
    """Found as a region of energy in time and frequency."""

    flatness: float
    """Geometric over arithmetic mean of the power across the occupied bins, 0 to 1."""
    integrated: bool = False
    """Found by adding up tens of milliseconds: too weak to show more than its band and its time."""


@dataclass(frozen=True, slots=True)
class ChirpFinding:
    """Found, or confirmed, as chirps of one slope."""

    spreading_factor: int
    bandwidth_hz: float
    symbol_s: float
    slope_hz_per_s: float
    """Positive for up-chirps."""
    score: float
    """Peak over mean of the dechirped spectrum, averaged over the symbols (1 for noise)."""


@dataclass(frozen=True, slots=True)
class KeyingFinding:
    """Found to be frequency-shift keyed: two tones and a clock."""

    deviation_hz: float
    symbol_rate_hz: float | None
    score: float


@dataclass(frozen=True, slots=True)
class LineCombFinding:
    """Found as the line rate of analog video."""

    standard: str
    """``pal`` or ``ntsc``."""
    line_hz: float
    score_db: float
    """Comb over the median of the spectrum around it."""


@dataclass(frozen=True, slots=True)
class CyclicPrefixFinding:
    """Found as the cyclic prefix of an OFDM signal."""

    subcarrier_spacing_hz: float
    score: float
    """Correlation at the symbol lag over the root mean square of its neighbours."""
    duty: float = 1.0
    """Share of the look that was on air."""


@dataclass(frozen=True, slots=True)
class PulseFinding:
    """Found as a train of short pulses."""

    pulse_s: float
    pulses: int


@dataclass(frozen=True, slots=True)
class ZadoffChuFinding:
    """Found as the two Zadoff-Chu sequences of DroneID."""

    correlations: tuple[float, ...]
    """Share of each symbol's power that its sequence explains."""


Finding = (
    EnergyFinding
    | ChirpFinding
    | KeyingFinding
    | LineCombFinding
    | CyclicPrefixFinding
    | PulseFinding
    | ZadoffChuFinding
)


@dataclass(frozen=True, slots=True)
class Burst:
    """One emission: a region in time and frequency, and how it was found.

    Parameters
    ----------
    start_ns
        Unix time (UTC) of its first sample in nanoseconds.
    duration_s
        Length in seconds.
    centre_hz
        Middle of the occupied band, on air.
    bandwidth_hz
        Occupied width.
    snr_db
        Mean power over the noise in the occupied band.
    peak_dbfs
        Strongest sample's power relative to full scale.
    finding
        The detector's evidence.
    cut_low, cut_high
        True where the band runs into the edge of the slice, so that centre and width are limits only.
    cut_start, cut_end
        True where the burst is cut by a gap, a retune or the edge of the analysis window.
    """

    start_ns: int
    duration_s: float
    centre_hz: float
    bandwidth_hz: float
    snr_db: float
    peak_dbfs: float
    finding: Finding
    cut_low: bool = False
    cut_high: bool = False
    cut_start: bool = False
    cut_end: bool = False

    @property
    def end_ns(self) -> int:
        """Unix time in nanoseconds just after the last sample."""
        return self.start_ns + round(self.duration_s * 1e9)
