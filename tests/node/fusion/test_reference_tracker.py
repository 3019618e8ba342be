"""Stone Soup's own tracker on the same radar contacts: ours is as good, with the same number of tracks."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from firmware_bridge.contacts import RadarContact
from node.fusion.measure import radar_measurement
from node.fusion.objects import ObjectTracker
from node.fusion.settings import FusionSettings, SensorMount

MOUNT = SensorMount("radar", range_sigma_m=0.3, azimuth_sigma_deg=1.5, elevation_sigma_deg=2.0, speed_sigma_mps=0.2)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS, MISSED, FALSE_PER_SCAN = 20.0, 0.15, 0.3


def truth(time_s: float) -> list[np.ndarray]:
    return [
        np.array([-60.0 + 6.0 * time_s, 120.0, 30.0, 6.0, 0.0, 0.0]),
        np.array([60.0 - 6.0 * time_s, 128.0, 36.0, -6.0, 0.0, 0.0]),
    ]


def scans() -> list[tuple[float, list[RadarContact]]]:
    rng = np.random.default_rng(5)
    found = []
    for step in range(1, round(10 * SECONDS) + 1):
        time_s = step / 10
        contacts = []
        for state in truth(time_s):
            if rng.random() < MISSED:
                continue
            x, y, z = state[:3]
            range_m = float(np.linalg.norm(state[:3]))
            noise = rng.standard_normal(4)
            polar = (
                range_m + 0.3 * noise[0], math.degrees(math.atan2(x, y)) + 1.5 * noise[1],
                math.degrees(math.atan2(z, math.hypot(x, y))) + 2.0 * noise[2],
                float(state[:3] @ state[3:]) / range_m + 0.2 * noise[3],
            )  # fmt: skip
            contacts.append(RadarContact(round(time_s * 1e9), "radar", *polar))
        for _ in range(rng.poisson(FALSE_PER_SCAN)):
            range_m, azimuth_deg, elevation_deg, speed_mps = rng.uniform((10, -60, -10, -8), (250, 60, 40, 8)).tolist()
            contacts.append(RadarContact(round(time_s * 1e9), "radar", range_m, azimuth_deg, elevation_deg, speed_mps))
        found.append((time_s, contacts))
    return found


def errors(time_s: float, places: list[np.ndarray]) -> list[float]:
    return [
        min((float(np.linalg.norm(state[:3] - place)) for place in places), default=50.0) for state in truth(time_s)
    ]


def ours() -> tuple[float, int]:
    tracker = ObjectTracker(FusionSettings(mounts=(MOUNT,)))
    off: list[float] = []
    told: set[int] = set()
    for time_s, contacts in scans():
        measurements = [one for one in (radar_measurement(contact, MOUNT) for contact in contacts) if one is not None]
        if measurements:
            tracker.scan(measurements)
        tracker.age(round(time_s * 1e9))
        confirmed = [one for one in tracker.objects if one.worth_telling]
        told |= {one.number for one in confirmed}
        if time_s > 4.0:
            off += errors(time_s, [one.place_m for one in confirmed])
    return float(np.sqrt(np.mean(np.square(off)))), len(told)


def theirs() -> tuple[float, int]:
    from stonesoup.dataassociator.neighbour import GNNWith2DAssignment
    from stonesoup.deleter.time import UpdateTimeStepsDeleter
    from stonesoup.hypothesiser.distance import DistanceHypothesiser
    from stonesoup.initiator.simple import MultiMeasurementInitiator
    from stonesoup.measures import Mahalanobis
    from stonesoup.models.measurement.nonlinear import CartesianToElevationBearingRangeRate
    from stonesoup.models.transition.linear import CombinedLinearGaussianTransitionModel, ConstantVelocity
    from stonesoup.predictor.kalman import ExtendedKalmanPredictor
    from stonesoup.types.angle import Bearing, Elevation
    from stonesoup.types.array import StateVector
    from stonesoup.types.detection import Detection
    from stonesoup.types.state import GaussianState
    from stonesoup.updater.kalman import ExtendedKalmanUpdater

    model = CartesianToElevationBearingRangeRate(
        ndim_state=6, mapping=np.array([0, 2, 4]), velocity_mapping=np.array([1, 3, 5]),
        noise_covar=np.diag([math.radians(2.0), math.radians(1.5), 0.3, 0.2]) ** 2,
    )  # fmt: skip
    predictor = ExtendedKalmanPredictor(CombinedLinearGaussianTransitionModel([ConstantVelocity(16.0)] * 3))
    updater = ExtendedKalmanUpdater(model)
    associator = GNNWith2DAssignment(DistanceHypothesiser(predictor, updater, Mahalanobis(), missed_distance=4.3))
    initiator = MultiMeasurementInitiator(
        prior_state=GaussianState(StateVector([0, 0, 0, 0, 0, 0]), np.diag([0, 144.0, 0, 144.0, 0, 36.0])),
        deleter=UpdateTimeStepsDeleter(4), data_associator=associator, updater=updater, measurement_model=model,
        min_points=5,
    )  # fmt: skip
    deleter = UpdateTimeStepsDeleter(20)
    tracks: set[Any] = set()
    ever: set[str] = set()
    off: list[float] = []
    for time_s, contacts in scans():
        when = EPOCH + timedelta(seconds=time_s)
        seen = set()
        for one in contacts:
            assert one.elevation_deg is not None
            assert one.azimuth_deg is not None
            vector = StateVector(
                [
                    Elevation(math.radians(one.elevation_deg)),
                    Bearing(math.pi / 2 - math.radians(one.azimuth_deg)),
                    one.range_m,
                    one.radial_speed_mps,
                ]
            )
            seen.add(Detection(vector, timestamp=when, measurement_model=model))
        hypotheses = associator.associate(tracks, seen, when)
        used = set()
        for track, hypothesis in hypotheses.items():
            if hypothesis:
                track.append(updater.update(hypothesis))
                used.add(hypothesis.measurement)
            else:
                track.append(hypothesis.prediction)
        tracks -= deleter.delete_tracks(tracks)
        tracks |= initiator.initiate(seen - used, when)
        ever |= {track.id for track in tracks}
        if time_s > 4.0:
            off += errors(time_s, [np.array(track.state_vector, dtype=float)[[0, 2, 4], 0] for track in tracks])
    return float(np.sqrt(np.mean(np.square(off)))), len(ever)


def test_two_crossing_drones_among_false_reports() -> None:
    own_error_m, own_tracks = ours()
    their_error_m, their_tracks = theirs()
    assert own_tracks == 2
    assert own_tracks <= their_tracks
    assert own_error_m < 1.1 * their_error_m
    assert own_error_m == pytest.approx(2.5, abs=1.5)
