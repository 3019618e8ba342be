"""What an RTL-SDR does to a signal beyond sampling it; each effect can be switched off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LONGEST_SETTLE_S = 0.02


@dataclass(frozen=True, slots=True)
class GainStep:
    """The gain changes by itself during the scene (an overload, a loose connector)."""

    time_s: float
    change_db: float


@dataclass(frozen=True, slots=True)
class Drop:
    """Samples that never arrive.

    ``silent`` drops happen inside the RTL2832U: nobody is told, the phase jumps. Others are noticed by the driver:
    the next block says ``lost_before``.
    """

    time_s: float
    samples: int
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Impairments:
    """Defaults are those of a usual dongle with a temperature-compensated crystal; ``NO_IMPAIRMENTS`` has none.

    Parameters
    ----------
    ppm
        Error of the crystal at the start; it moves the carrier and the sample clock [1]: about 1 with a TCXO, 30 +- 20
        with a plain crystal.
    drift_ppm, drift_time_s
        Further change while it warms up, ``drift (1 - exp(-t / drift_time))``.
    thermal_noise
        Noise of the noise figure, through the tuner's gain.
    back_end_noise
        Noise after the tuner's gain (mixer, converter): what is left at low gain.
    dc_offset
        Constant added to the samples, full scale 1; the real dongle of [1] has -60 dBFS.
    filter_edges
        Flat over the middle five sixths of the slice (+-1.0 MHz at 2.4 MS/s), rolled off towards its edges.
    spur_dbm
        Level at the antenna that equals the spurs at the multiples of 28.8 MHz; None: no spurs.
    quantise
        Eight bits with clipping.
    settle_s
        After a retune: first samples of the old frequency, then the synthesiser gliding in, this long in all.
    gain_steps, drops
        Events at their times.
    drops_per_s, silent_drops_per_s
        Further drops at random times, of 64 to 256 samples.

    [1] reference values: superkuh.com/rtlsdr.html, pyrtlsdr issue 115, osmocom/rtl-sdr ``src/rtl_power.c``.
    """

    ppm: float = 0.8
    drift_ppm: float = 0.4
    drift_time_s: float = 120.0
    thermal_noise: bool = True
    back_end_noise: bool = True
    dc_offset: complex = 0.0008 - 0.0005j
    filter_edges: bool = True
    spur_dbm: float | None = -118.0
    quantise: bool = True
    settle_s: float = 0.005
    gain_steps: tuple[GainStep, ...] = ()
    drops: tuple[Drop, ...] = ()
    drops_per_s: float = 0.0
    silent_drops_per_s: float = 0.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0.0 <= self.settle_s <= LONGEST_SETTLE_S:
            raise ValueError(f"settle_s must be between 0 and {LONGEST_SETTLE_S}, not {self.settle_s}")
        if any(drop.samples < 1 or drop.time_s < 0 for drop in self.drops):
            raise ValueError("a drop needs a time_s of 0 or more and at least one sample")
        if self.drops_per_s < 0 or self.silent_drops_per_s < 0 or not self.drift_time_s > 0:
            raise ValueError("drops_per_s and silent_drops_per_s must not be negative, drift_time_s must be above 0")

    def ppm_at(self, time_s: float) -> float:
        """Error of the crystal at a time of the scene."""
        return self.ppm + self.drift_ppm * float(-np.expm1(-max(time_s, 0.0) / self.drift_time_s))


NO_IMPAIRMENTS = Impairments(
    ppm=0.0,
    drift_ppm=0.0,
    thermal_noise=False,
    back_end_noise=False,
    dc_offset=0.0,
    filter_edges=False,
    spur_dbm=None,
    quantise=False,
    settle_s=0.0,
)
"""A perfect receiver: no noise either."""


@dataclass(frozen=True, slots=True)
class ImpairmentRanges:
    """Ranges wider than life to draw training receivers from; every pair is (lowest, highest)."""

    ppm: tuple[float, float] = (-60.0, 60.0)
    drift_ppm: tuple[float, float] = (-4.0, 4.0)
    drift_time_s: tuple[float, float] = (5.0, 300.0)
    dc_dbfs: tuple[float, float] = (-75.0, -30.0)
    spur_dbm: tuple[float, float] = (-130.0, -95.0)
    settle_s: tuple[float, float] = (0.0, 0.015)
    gain_step_db: tuple[float, float] = (-12.0, 12.0)
    gain_steps_per_s: tuple[float, float] = (0.0, 0.3)
    drops_per_s: tuple[float, float] = (0.0, 0.5)
    silent_drops_per_s: tuple[float, float] = (0.0, 2.0)
    ideal_filter_share: float = 0.2
    """Share of receivers without filter edges."""

    def draw(self, rng: np.random.Generator, duration_s: float = 1.0) -> Impairments:
        """One receiver for a scene of this length."""
        dc = 10.0 ** (rng.uniform(*self.dc_dbfs) / 20.0) * np.exp(2j * np.pi * rng.uniform())
        steps = int(rng.poisson(rng.uniform(*self.gain_steps_per_s) * duration_s))
        times_s = np.sort(rng.uniform(0.0, duration_s, steps))
        return Impairments(
            ppm=float(rng.uniform(*self.ppm)),
            drift_ppm=float(rng.uniform(*self.drift_ppm)),
            drift_time_s=float(rng.uniform(*self.drift_time_s)),
            dc_offset=complex(dc),
            filter_edges=bool(rng.uniform() >= self.ideal_filter_share),
            spur_dbm=float(rng.uniform(*self.spur_dbm)),
            settle_s=float(rng.uniform(*self.settle_s)),
            gain_steps=tuple(GainStep(float(time_s), float(rng.uniform(*self.gain_step_db))) for time_s in times_s),
            drops_per_s=float(rng.uniform(*self.drops_per_s)),
            silent_drops_per_s=float(rng.uniform(*self.silent_drops_per_s)),
        )
