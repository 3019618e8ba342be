"""From transmitter to antenna: positions over time, path loss and fading."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dsp.units import from_db

SPEED_OF_LIGHT_MPS = 299_792_458.0
NEAREST_M = 1.0
"""Path loss does not fall below that of this distance."""
SCATTERERS = 12
"""Scattered waves in the fading sum; from about eight on the envelope is Rayleigh for practical purposes [1].

[1] M. Paetzold, Mobile Radio Channels, 2nd ed., ch. 5 (sum-of-sinusoids models).
"""


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A place at a time: x east, y north, z up."""

    time_s: float
    x_m: float
    y_m: float
    z_m: float


@dataclass(frozen=True, slots=True)
class Route:
    """Places over time, joined by straight lines; before the first and after the last it stands still."""

    waypoints: tuple[Waypoint, ...] = (Waypoint(0.0, 0.0, 0.0, 0.0),)

    def __post_init__(self) -> None:
        """Times must increase."""
        times = [waypoint.time_s for waypoint in self.waypoints]
        if not times or any(late <= early for early, late in pairwise(times)):
            raise ValueError("a path needs at least one waypoint, and times that increase")

    def at(self, time_s: float) -> tuple[float, float, float]:
        """Position (x, y, z) in metres."""
        if len(self.waypoints) == 1:
            only = self.waypoints[0]
            return only.x_m, only.y_m, only.z_m
        times = [waypoint.time_s for waypoint in self.waypoints]
        return (
            float(np.interp(time_s, times, [waypoint.x_m for waypoint in self.waypoints])),
            float(np.interp(time_s, times, [waypoint.y_m for waypoint in self.waypoints])),
            float(np.interp(time_s, times, [waypoint.z_m for waypoint in self.waypoints])),
        )


@dataclass(frozen=True, slots=True)
class Propagation:
    """Log-distance path loss and Rician fading.

    ``loss = 20 log10(4 pi 1 m f / c) + 10 n log10(d / 1 m)`` with n = ``exponent``: 2 is free space.

    Parameters
    ----------
    exponent
        2 in free space, 2.7 to 3.5 over built-up ground.
    rician_k_db
        Direct over scattered power of emitters with ``power_dbm``; None: no fading; -100 and below: Rayleigh.
    fading_hz
        How fast the scattered waves change: largest Doppler shift among them.
    delay_spread_s
        Longest extra delay of a scattered wave; channels much further apart than its inverse fade independently.
    """

    exponent: float = 2.0
    rician_k_db: float | None = None
    fading_hz: float = 1.0
    delay_spread_s: float = 1e-6

    def loss_db(self, distance_m: float, frequency_hz: float) -> float:
        """Path loss in dB."""
        first_metre_db = 20.0 * math.log10(4.0 * math.pi * NEAREST_M * frequency_hz / SPEED_OF_LIGHT_MPS)
        return first_metre_db + 10.0 * self.exponent * math.log10(max(distance_m, NEAREST_M) / NEAREST_M)


class Fading:
    """One path's complex gain with unit mean power, a function of time and frequency alone.

    ``h(t, f) = sqrt(K / (K + 1)) + sqrt(1 / (K + 1)) sum_i exp(j (2 pi (v_i t - tau_i f) + phi_i)) / sqrt(N)``

    Parameters
    ----------
    propagation
        K, the fading rate and the delay spread.
    seed
        Draws the scatterers.
    """

    def __init__(self, propagation: Propagation, seed: tuple[int, ...]) -> None:
        rng = np.random.default_rng(seed)
        k = None if propagation.rician_k_db is None else from_db(propagation.rician_k_db)
        self._direct = 1.0 if k is None else math.sqrt(k / (k + 1.0))
        self._scattered = 0.0 if k is None else math.sqrt(1.0 / (k + 1.0) / SCATTERERS)
        self._doppler_hz = propagation.fading_hz * np.cos(rng.uniform(0.0, math.tau, SCATTERERS))
        self._delay_s = rng.uniform(0.0, propagation.delay_spread_s, SCATTERERS)
        self._phase = rng.uniform(0.0, math.tau, SCATTERERS)

    def gain(self, time_s: float, frequency_hz: float) -> complex:
        """Complex gain of one packet."""
        if not self._scattered:
            return complex(self._direct)
        angle = math.tau * (self._doppler_hz * time_s - self._delay_s * frequency_hz) + self._phase
        return self._direct + self._scattered * complex(np.exp(1j * angle).sum())


def distance_m(first: tuple[float, float, float], second: tuple[float, float, float]) -> float:
    """Distance between two places in metres."""
    return math.dist(first, second)
