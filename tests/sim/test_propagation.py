"""Path loss, routes and fading."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.protocols import BY_LABEL
from sim.level import Link
from sim.propagation import Fading, Propagation, Route, Waypoint
from sim.scene import Emitter, Receiver, Scene, Transmitter


def test_free_space_loss_of_a_known_way() -> None:
    # ITU-R P.525: 32.4 dB + 20 log10(f / MHz) + 20 log10(d / km)
    assert Propagation().loss_db(1000.0, 868e6) == pytest.approx(32.45 + 20 * np.log10(868), abs=0.05)
    assert Propagation(exponent=3.0).loss_db(100.0, 868e6) - Propagation(exponent=3.0).loss_db(
        10.0, 868e6
    ) == pytest.approx(30.0)


def test_the_loss_stops_growing_smaller_at_a_metre() -> None:
    assert Propagation().loss_db(0.0, 868e6) == Propagation().loss_db(1.0, 868e6)


def test_a_route_is_followed_in_straight_lines_and_stands_still_outside() -> None:
    route = Route((Waypoint(1.0, 0.0, 0.0, 0.0), Waypoint(3.0, 20.0, -10.0, 4.0)))
    assert route.at(2.0) == (10.0, -5.0, 2.0)
    assert route.at(-5.0) == (0.0, 0.0, 0.0)
    assert route.at(99.0) == (20.0, -10.0, 4.0)


@pytest.mark.parametrize("waypoints", [(), (Waypoint(1.0, 0, 0, 0), Waypoint(1.0, 1, 0, 0))])
def test_times_of_a_route_must_increase(waypoints: tuple[Waypoint, ...]) -> None:
    with pytest.raises(ValueError, match="times that increase"):
        Route(waypoints)


def test_fading_has_unit_mean_power_and_the_spread_of_its_kind() -> None:
    def powers(k_db: float | None) -> list[float]:
        propagation = Propagation(rician_k_db=k_db, fading_hz=5.0)
        return [abs(Fading(propagation, (seed,)).gain(seed * 0.37, 915e6)) ** 2 for seed in range(4000)]

    rayleigh, rician = powers(-100.0), powers(10.0)
    assert np.mean(rayleigh) == pytest.approx(1.0, abs=0.07)
    assert np.mean(rician) == pytest.approx(1.0, abs=0.05)
    assert np.var(rayleigh) == pytest.approx(1.0, abs=0.2)
    # Rician: var = (1 + 2 K) / (1 + K)^2
    assert np.var(rician) == pytest.approx(21.0 / 121.0, abs=0.03)
    assert powers(None)[:5] == [1.0] * 5


def test_fading_is_slow_in_time_and_selective_in_frequency() -> None:
    fading = Fading(Propagation(rician_k_db=-100.0, fading_hz=1.0, delay_spread_s=2e-6), (1,))
    assert fading.gain(1.0, 915e6) == pytest.approx(fading.gain(1.002, 915e6), abs=0.05)
    channels = [abs(fading.gain(1.0, 903.5e6 + index * 600e3)) ** 2 for index in range(40)]
    assert max(channels) / min(channels) > 4.0


def test_a_link_gets_weaker_with_distance() -> None:
    route = Route((Waypoint(0.0, 100.0, 0.0, 0.0), Waypoint(10.0, 1000.0, 0.0, 0.0)))
    sender = Transmitter(power_dbm=20.0, route=route)
    mode = BY_LABEL["expresslrs"].modes[0]
    emitter = Emitter("e", "expresslrs", mode, sender, frequency_hz=915e6)
    scene = Scene("s", Receiver(915e6, antenna_gain_db=3.0), (emitter,))
    link = Link(scene, sender, 0.0, (1,))
    near, far = link.at(0.0, 915e6)[0], link.at(10.0, 915e6)[0]
    assert near - far == pytest.approx(20.0)
    assert near == pytest.approx(20.0 + 3.0 - (32.45 + 20 * np.log10(915 * 0.1)), abs=0.05)
