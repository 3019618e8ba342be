"""The filter against derivatives by difference, against Stone Soup's, and against its own covariance."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from firmware_bridge.contacts import CameraContact, RadarContact
from node.fusion.kalman import begun, innovation, predicted, updated
from node.fusion.measure import Sight, camera_measurement, radar_measurement
from node.fusion.settings import SensorMount

MOUNT = SensorMount("radar", east_m=3.0, north_m=-2.0, up_m=4.0, heading_deg=35.0, tilt_deg=12.0)


@pytest.mark.parametrize("seed", range(5))
def test_derivative_is_that_of_the_function(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sight = Sight(MOUNT)
    state = np.concatenate((rng.uniform(20, 100, 3), rng.uniform(-20, 20, 3)))
    _, jacobian = sight.expected(state)
    for column in range(6):
        step = np.zeros(6)
        step[column] = 1e-5
        slope = (sight.expected(state + step)[0] - sight.expected(state - step)[0]) / 2e-5
        np.testing.assert_allclose(jacobian[:, column], slope, rtol=1e-5, atol=1e-7)


def test_mounting_turns_and_tilts() -> None:
    sight = Sight(SensorMount("radar", heading_deg=90.0, tilt_deg=10.0))
    east = np.array([100.0 * math.cos(math.radians(10.0)), 0.0, 100.0 * math.sin(math.radians(10.0))])
    range_m, azimuth, elevation = sight.polar(east)
    assert range_m == pytest.approx(100.0)
    assert azimuth == pytest.approx(0.0, abs=1e-9)
    assert elevation == pytest.approx(0.0, abs=1e-9)
    _, right, _ = sight.polar(np.array([100.0, -10.0, 0.0]))
    assert right > 0  # south is to the right of who looks east


def test_unknown_is_not_zero() -> None:
    range_only = radar_measurement(RadarContact(0, "radar", range_m=20.0), MOUNT)
    speed_only = radar_measurement(RadarContact(0, "radar", radial_speed_mps=-3.0), MOUNT)
    assert range_only is not None
    assert speed_only is not None
    assert range_only.rows == (0,)
    assert speed_only.rows == (3,)
    assert radar_measurement(RadarContact(0, "radar", snr_db=9.0), MOUNT) is None
    assert camera_measurement(CameraContact(0, "camera", x=0.5, y=0.5)) is None
    assert radar_measurement(RadarContact(0, "radar", range_m=math.nan), MOUNT) is None


def test_speed_of_a_module_that_tracks() -> None:
    contact = RadarContact(0, "radar", range_m=5.0, x_m=3.0, y_m=4.0, vx_mps=-3.0, vy_mps=-4.0)
    measurement = radar_measurement(contact, MOUNT)
    assert measurement is not None
    assert measurement.rows == (0, 3)
    assert measurement.values[1] == pytest.approx(-5.0)


def test_covariance_of_the_module_is_used_where_it_is_one() -> None:
    good = ((0.04, 0.0, 0.0), (0.0, 0.001, 0.0), (0.0, 0.0, 0.25))
    contact = RadarContact(0, "radar", range_m=50.0, azimuth_deg=3.0, radial_speed_mps=-2.0, covariance=good)
    measurement = radar_measurement(contact, MOUNT)
    assert measurement is not None
    assert measurement.noise[2, 2] == pytest.approx(0.25, rel=0.01)
    bad = ((0.04, 9.0, 0.0), (9.0, 0.001, 0.0), (0.0, 0.0, 0.25))
    contact = RadarContact(0, "radar", range_m=50.0, azimuth_deg=3.0, radial_speed_mps=-2.0, covariance=bad)
    measurement = radar_measurement(contact, MOUNT)
    assert measurement is not None
    assert measurement.noise[2, 2] == pytest.approx(MOUNT.speed_sigma_mps**2)


def contacts(count: int, seed: int) -> list[tuple[RadarContact, np.ndarray]]:
    """A straight flight, measured ten times a second by a radar at the origin that looks north."""
    rng = np.random.default_rng(seed)
    found = []
    for index in range(count):
        time_s = index * 0.1
        place = np.array([-20.0 + 6.0 * time_s, 90.0 - 8.0 * time_s, 30.0 + 1.0 * time_s])
        velocity = np.array([6.0, -8.0, 1.0])
        range_m = float(np.linalg.norm(place))
        noise = rng.standard_normal(4)
        found.append(
            (
                RadarContact(
                    round(time_s * 1e9),
                    "radar",
                    range_m=range_m + 0.3 * noise[0],
                    azimuth_deg=math.degrees(math.atan2(place[0], place[1])) + 2.0 * noise[1],
                    elevation_deg=math.degrees(math.atan2(place[2], math.hypot(place[0], place[1]))) + 3.0 * noise[2],
                    radial_speed_mps=float(place @ velocity) / range_m + 0.3 * noise[3],
                ),
                np.concatenate((place, velocity)),
            )
        )
    return found


def test_same_as_stone_soup() -> None:
    """An independent extended Kalman filter on the same contacts: the same estimate and covariance at every step."""
    from stonesoup.models.measurement.nonlinear import CartesianToElevationBearingRangeRate
    from stonesoup.models.transition.linear import CombinedLinearGaussianTransitionModel, ConstantVelocity
    from stonesoup.predictor.kalman import ExtendedKalmanPredictor
    from stonesoup.types.array import CovarianceMatrix, StateVector
    from stonesoup.types.detection import Detection
    from stonesoup.types.hypothesis import SingleHypothesis
    from stonesoup.types.state import GaussianState
    from stonesoup.updater.kalman import ExtendedKalmanUpdater

    mount = SensorMount("radar")
    sight = Sight(mount)
    first, *rest = contacts(60, 3)
    start = radar_measurement(first[0], mount)
    assert start is not None
    ours = begun(start, sight)
    order = [0, 3, 1, 4, 2, 5]  # theirs: x, vx, y, vy, z, vz
    epoch = datetime(2026, 1, 1, tzinfo=UTC)
    theirs = GaussianState(
        StateVector(ours.mean[order]), CovarianceMatrix(ours.cov[np.ix_(order, order)]), timestamp=epoch
    )
    predictor = ExtendedKalmanPredictor(CombinedLinearGaussianTransitionModel([ConstantVelocity(16.0)] * 3))
    sigmas = np.array([math.radians(3.0), math.radians(2.0), 0.3, 0.3])
    model = CartesianToElevationBearingRangeRate(
        ndim_state=6, mapping=np.array([0, 2, 4]), velocity_mapping=np.array([1, 3, 5]),
        noise_covar=CovarianceMatrix(np.diag(sigmas**2)),
    )  # fmt: skip
    updater = ExtendedKalmanUpdater(model)
    for contact, _ in rest:
        measurement = radar_measurement(contact, mount)
        assert measurement is not None
        ours = predicted(ours, contact.time_ns, 4.0)
        ours = updated(ours, measurement, innovation(ours, measurement, sight))
        when = epoch + timedelta(microseconds=contact.time_ns // 1000)
        assert contact.elevation_deg is not None
        assert contact.azimuth_deg is not None
        seen = StateVector(
            [
                math.radians(contact.elevation_deg),
                math.pi / 2 - math.radians(contact.azimuth_deg),  # theirs is counterclockwise from east
                contact.range_m,
                contact.radial_speed_mps,
            ]
        )
        from stonesoup.types.angle import Bearing, Elevation

        seen[0, 0], seen[1, 0] = Elevation(seen[0, 0]), Bearing(seen[1, 0])
        prediction = predictor.predict(theirs, timestamp=when)
        theirs = updater.update(SingleHypothesis(prediction, Detection(seen, timestamp=when, measurement_model=model)))
        np.testing.assert_allclose(ours.mean[order], np.array(theirs.state_vector, dtype=float)[:, 0], atol=2e-3)
        np.testing.assert_allclose(
            ours.cov[np.ix_(order, order)], np.array(theirs.covar, dtype=float), rtol=1e-2, atol=1e-3
        )


def test_errors_are_as_large_as_the_filter_says() -> None:
    """Normalised error squared over many runs: 6 on the average for six states; white acceleration leaves it less."""
    sight, mount = Sight(SensorMount("radar")), SensorMount("radar")
    squares = []
    for seed in range(20):
        (first, _), *rest = contacts(80, seed)
        start = radar_measurement(first, mount)
        assert start is not None
        estimate = begun(start, sight)
        for contact, truth in rest:
            measurement = radar_measurement(contact, mount)
            assert measurement is not None
            estimate = predicted(estimate, contact.time_ns, 4.0)
            estimate = updated(estimate, measurement, innovation(estimate, measurement, sight))
            error = estimate.mean - truth
        squares.append(float(error @ np.linalg.solve(estimate.cov, error)))
    assert 1.0 < float(np.mean(squares)) < 9.0


def test_a_measurement_on_the_other_side_of_south_is_near() -> None:
    sight = Sight(SensorMount("radar", azimuth_half_deg=180.0))
    first = radar_measurement(RadarContact(0, "radar", range_m=50.0, azimuth_deg=179.5, elevation_deg=0.0), MOUNT)
    second = radar_measurement(RadarContact(0, "radar", range_m=50.0, azimuth_deg=-179.5, elevation_deg=0.0), MOUNT)
    assert first is not None
    assert second is not None
    assert innovation(begun(first, sight), second, sight).distance2 < 1.0
