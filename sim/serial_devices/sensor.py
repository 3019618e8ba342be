"""What a radar sees of the things around it: range, field of view, missed detections, clutter, false boxes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from dsp.units import from_db
from sim.serial_devices.targets import Mount, Target, places

SNR_AT_LIMIT_DB = 13.0
"""Ratio at which a steady target is found half of the time by the usual detectors."""
STEEPNESS_DB = 1.5
"""Width of the step from never to always found."""


@dataclass(frozen=True, slots=True)
class RadarModel:
    """What a radar can do.

    Parameters
    ----------
    range_m, for_rcs_m2
        A target of this cross-section is found half of the time at this range; others at a range that grows with the
        fourth root of theirs (radar equation).
    azimuth_deg, elevation_deg
        Half of the field of view.
    range_sigma_m, azimuth_sigma_deg, elevation_sigma_deg, speed_sigma_mps
        Errors, at the limit; they fall with the square root of the ratio.
    slowest_mps
        Slower things are suppressed as clutter, unless 0.
    clutter_per_frame
        Mean number of still reflections in a frame, from places that stay.
    false_per_frame
        Mean number of false reports in a frame, anywhere.
    miss_rate
        Share of frames in which a target is missed whatever its strength.
    """

    range_m: float
    for_rcs_m2: float
    azimuth_deg: float = 60.0
    elevation_deg: float = 30.0
    range_sigma_m: float = 0.1
    azimuth_sigma_deg: float = 2.0
    elevation_sigma_deg: float = 3.0
    speed_sigma_mps: float = 0.1
    slowest_mps: float = 0.0
    clutter_per_frame: float = 0.0
    false_per_frame: float = 0.0
    miss_rate: float = 0.0

    def limit_m(self, rcs_m2: float) -> float:
        """Range at which such a target is found half of the time."""
        return float(self.range_m * (rcs_m2 / self.for_rcs_m2) ** 0.25)


@dataclass(frozen=True, slots=True)
class Detection:
    """One report before it is put into bytes; ``target`` is None for clutter and false reports."""

    x_m: float
    y_m: float
    z_m: float
    range_m: float
    azimuth_deg: float
    elevation_deg: float
    radial_speed_mps: float
    snr_db: float
    target: Target | None
    vx_mps: float = 0.0
    vy_mps: float = 0.0
    vz_mps: float = 0.0


@dataclass(frozen=True, slots=True)
class RadarView:
    """A radar in a scene.

    Parameters
    ----------
    targets
        Everything that moves.
    model
        What the radar can do.
    mount
        Where it stands and looks.
    seed
        Of misses, errors and clutter; the same seed and time give the same detections.
    """

    targets: tuple[Target, ...]
    model: RadarModel
    mount: Mount = field(default_factory=Mount)
    seed: int = 0

    def detections(self, time_s: float) -> list[Detection]:
        """Reports of the frame at this time, strongest first."""
        rng = np.random.default_rng((self.seed, round(max(0.0, time_s) * 1e6)))
        found = [*self._targets(time_s, rng), *self._clutter(rng), *self._false(rng)]
        return sorted(found, key=lambda one: -one.snr_db)

    def _targets(self, time_s: float, rng: np.random.Generator) -> list[Detection]:
        model, found = self.model, []
        for place in places(self.targets, self.mount, time_s):
            # Draw for every target, seen or not, so that one leaving does not change what is drawn for the others.
            luck, missed, *errors = (*rng.random(2), *rng.standard_normal(4))
            if (
                place.y_m <= 0
                or abs(place.azimuth_deg) > model.azimuth_deg
                or abs(place.elevation_deg) > model.elevation_deg
                or abs(place.radial_speed_mps) < model.slowest_mps
            ):
                continue
            limit_m = model.limit_m(place.target.reflects_m2)
            snr_db = SNR_AT_LIMIT_DB + 40 * math.log10(limit_m / max(place.range_m, 0.1))
            if missed < model.miss_rate or luck > 1 / (1 + math.exp((SNR_AT_LIMIT_DB - snr_db) / STEEPNESS_DB)):
                continue
            finer = 1 / math.sqrt(max(1.0, from_db(snr_db - SNR_AT_LIMIT_DB)))
            found.append(
                _detection(
                    max(0.05, place.range_m + errors[0] * model.range_sigma_m * finer),
                    place.azimuth_deg + errors[1] * model.azimuth_sigma_deg * finer,
                    place.elevation_deg + errors[2] * model.elevation_sigma_deg * finer,
                    place.radial_speed_mps + errors[3] * model.speed_sigma_mps * finer,
                    snr_db,
                    place.target,
                    (place.vx_mps, place.vy_mps, place.vz_mps),
                )
            )
        return found

    def _clutter(self, rng: np.random.Generator) -> list[Detection]:
        model = self.model
        count = rng.poisson(model.clutter_per_frame) if model.clutter_per_frame else 0
        spots = np.random.default_rng((self.seed, 1)).random((8, 3))
        return [
            _detection(
                model.range_m * (0.1 + 0.6 * spots[number % len(spots)][0]),
                model.azimuth_deg * (2 * spots[number % len(spots)][1] - 1),
                model.elevation_deg * (spots[number % len(spots)][2] - 0.5),
                0.0,
                SNR_AT_LIMIT_DB + 3.0,
                None,
            )
            for number in range(count)
        ]

    def _false(self, rng: np.random.Generator) -> list[Detection]:
        model = self.model
        count = rng.poisson(model.false_per_frame) if model.false_per_frame else 0
        return [
            _detection(
                model.range_m * float(rng.uniform(0.05, 1.0)),
                model.azimuth_deg * float(rng.uniform(-1, 1)),
                model.elevation_deg * float(rng.uniform(-1, 1)),
                float(rng.uniform(-10, 10)),
                SNR_AT_LIMIT_DB,
                None,
            )
            for _ in range(count)
        ]


def _detection(
    range_m: float,
    azimuth_deg: float,
    elevation_deg: float,
    speed_mps: float,
    snr_db: float,
    target: Target | None,
    velocity_mps: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Detection:
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    ground_m = range_m * math.cos(elevation)
    return Detection(
        ground_m * math.sin(azimuth),
        ground_m * math.cos(azimuth),
        range_m * math.sin(elevation),
        range_m,
        azimuth_deg,
        elevation_deg,
        speed_mps,
        snr_db,
        target,
        *velocity_mps,
    )
