"""Extended Kalman filter with constant velocity and white acceleration [1]_.

References
----------
.. [1] Y. Bar-Shalom, X. R. Li, T. Kirubarajan, "Estimation with Applications to Tracking and Navigation", Wiley 2001:
   model (6.2.3), filter (10.3.3), Joseph form (5.2.3-18).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from node.fusion.measure import AZIMUTH, ELEVATION, RANGE, SPEED, Array, Measurement, Sight

GATE = (0.0, 10.83, 13.82, 16.27, 18.47)
"""Squared distance that 99.9 % of the right measurements stay below, by the number of rows (chi-square)."""
FASTEST_SIGMA_MPS = 12.0
"""Speed across the line of sight that a new object may have, one standard deviation."""
UNKNOWN_RANGE_M, UNKNOWN_RANGE_SIGMA_M = 120.0, 60.0
"""Where an object without a measured range is assumed for the filter's sake; such a range is never told."""


@dataclass(slots=True, eq=False)
class Estimate:
    """Mean (e, n, u, ve, vn, vu) and covariance at a time."""

    mean: Array
    cov: Array
    time_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class Innovation:
    """What a measurement differs from the prediction, in its own covariance."""

    residual: Array
    jacobian: Array
    cov: Array
    distance2: float
    log_volume: float

    @property
    def gated(self) -> bool:
        """Whether the measurement may be of this object."""
        return self.distance2 <= GATE[len(self.residual)]


def predicted(estimate: Estimate, time_ns: int, acceleration_mps2: float) -> Estimate:
    """The estimate at another time; an earlier time leaves it as it is."""
    step_s = (time_ns - estimate.time_ns) * 1e-9
    if step_s <= 0.0:
        return estimate
    move = np.eye(6)
    move[:3, 3:] = step_s * np.eye(3)
    half = step_s * step_s / 2
    spread = acceleration_mps2**2
    noise = np.zeros((6, 6))
    # White noise acceleration of unit correlation time: density = sigma^2 * 1 s.
    noise[:3, :3] = spread * step_s**3 / 3 * np.eye(3)
    noise[:3, 3:] = noise[3:, :3] = spread * half * np.eye(3)
    noise[3:, 3:] = spread * step_s * np.eye(3)
    return Estimate(move @ estimate.mean, move @ estimate.cov @ move.T + noise, time_ns)


def disturbed(estimate: Estimate, since_s: float, acceleration_mps2: float) -> Estimate:
    """The estimate after a hard turn at an unknown time since the last measurement."""
    speed2 = (acceleration_mps2 * max(0.0, since_s)) ** 2
    cov = estimate.cov.copy()
    cov[:3, :3] += speed2 * since_s**2 / 4 * np.eye(3)
    cov[3:, 3:] += speed2 * np.eye(3)
    return Estimate(estimate.mean, cov, estimate.time_ns)


@dataclass(frozen=True, slots=True, eq=False)
class Prospect:
    """What a module would measure of an estimate: made once for each object and scan.

    Parameters
    ----------
    expected, jacobian
        Of all four rows.
    spread
        Covariance of what is expected, 4 x 4.
    """

    expected: Array
    jacobian: Array
    spread: Array


def prospect(estimate: Estimate, sight: Sight) -> Prospect:
    """What a module would measure of an estimate."""
    expected, jacobian = sight.expected(estimate.mean)
    return Prospect(expected, jacobian, jacobian @ estimate.cov @ jacobian.T)


def innovation(estimate: Estimate, measurement: Measurement, sight: Sight, seen: Prospect | None = None) -> Innovation:
    """Compare a measurement with an estimate of its time; ``seen`` where it was made before."""
    seen = seen or prospect(estimate, sight)
    rows = list(measurement.rows)
    residual = measurement.values - seen.expected[rows]
    for at, row in enumerate(rows):
        if row == AZIMUTH:
            residual[at] = (residual[at] + math.pi) % (2 * math.pi) - math.pi
    cov = seen.spread[np.ix_(rows, rows)] + measurement.noise
    distance2 = float(residual @ np.linalg.solve(cov, residual))
    return Innovation(residual, seen.jacobian[rows], cov, distance2, float(np.linalg.slogdet(cov)[1]))


def updated(estimate: Estimate, measurement: Measurement, new: Innovation) -> Estimate:
    """The estimate with a measurement taken in."""
    gain = np.linalg.solve(new.cov, new.jacobian @ estimate.cov).T
    left = np.eye(6) - gain @ new.jacobian
    cov = left @ estimate.cov @ left.T + gain @ measurement.noise @ gain.T
    return Estimate(estimate.mean + gain @ new.residual, (cov + cov.T) / 2, estimate.time_ns)


def begun(measurement: Measurement, sight: Sight) -> Estimate:
    """A new estimate of one measurement; what it does not tell is taken from the field of view."""
    told = dict(zip(measurement.rows, measurement.values.tolist(), strict=True))
    variance = dict(zip(measurement.rows, np.diag(measurement.noise).tolist(), strict=True))
    mount = sight.mount
    range_m = max(told.get(RANGE, UNKNOWN_RANGE_M), SHORTEST_RANGE_M)
    azimuth, elevation = told.get(AZIMUTH, 0.0), told.get(ELEVATION, 0.0)
    speed = told.get(SPEED, 0.0)
    sigma_range2 = variance.get(RANGE, UNKNOWN_RANGE_SIGMA_M**2)
    sigma_azimuth2 = variance.get(AZIMUTH, (math.radians(min(mount.azimuth_half_deg, 90.0)) / math.sqrt(3)) ** 2)
    sigma_elevation2 = variance.get(ELEVATION, (math.radians(mount.elevation_half_deg) / math.sqrt(3)) ** 2)
    cos_e, sin_e, cos_a, sin_a = math.cos(elevation), math.sin(elevation), math.cos(azimuth), math.sin(azimuth)
    axes = np.array(
        [
            [cos_e * sin_a, cos_e * cos_a, sin_e],  # outwards
            [cos_a, -sin_a, 0.0],  # to the right
            [-sin_e * sin_a, -sin_e * cos_a, cos_e],  # upwards
        ]
    )
    across = FASTEST_SIGMA_MPS**2
    place = axes.T @ np.diag([sigma_range2, range_m**2 * sigma_azimuth2, range_m**2 * sigma_elevation2]) @ axes
    motion = axes.T @ np.diag([variance.get(SPEED, across), across, across / 4]) @ axes
    turn = sight.turn
    cov = np.zeros((6, 6))
    cov[:3, :3] = turn.T @ place @ turn
    cov[3:, 3:] = turn.T @ motion @ turn
    mean = np.concatenate((turn.T @ (axes[0] * range_m) + sight.place_m, turn.T @ (axes[0] * speed)))
    return Estimate(mean, cov, measurement.time_ns)


SHORTEST_RANGE_M = 0.1
