"""One link is one track: packets whose beginning was missed, and products of a neighbour in its slots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from dsp.bursts import Burst, ChirpFinding, EnergyFinding, KeyingFinding
from node.tracking.track import Track, TrackChange

SECONDS = 6.0
IN866_HZ = tuple(865.375e6 + 525e3 * channel for channel in range(4))
SYMBOL_S = 64 / 500e3


@pytest.fixture
def drones(track: Callable[..., list[TrackChange]]) -> Callable[..., list[Track]]:
    """Tracks of drones at their end."""
    return lambda bursts, centre_hz: [
        c.track
        for c in track(bursts, SECONDS + 0.3, centre_hz)
        if c.kind == "end" and c.track.family.startswith("drone")
    ]


@pytest.mark.parametrize(
    ("interval_s", "airtime_s", "per_hop", "every", "late_s"),
    [(20e-3 / 3, 5.87e-3, 4, 21, 0.49e-3), (0.010, 6.69e-3, 4, 14, 1.1e-3), (0.005, 4.38e-3, 2, 28, 0.43e-3)],
)
def test_packets_that_are_heard_late_are_no_second_link(
    drones: Callable[..., list[Track]],
    interval_s: float,
    airtime_s: float,
    per_hop: int,
    every: int,
    late_s: float,
) -> None:
    """Now and then the first symbols are missed; such packets keep a slower clock of their own."""
    rng = np.random.default_rng(11)
    finding = ChirpFinding(6, 500e3, SYMBOL_S, 500e3 / SYMBOL_S, 0.8)
    bursts = []
    for slot in range(int(SECONDS / interval_s)):
        if slot % per_hop == 0:
            channel_hz = float(rng.choice(IN866_HZ))
        late = late_s * (1.0 + float(rng.normal(0, 0.01))) if slot % every == every // 2 else 0.0
        start_ns = round((0.01 + slot * interval_s + late) * 1e9)
        bursts.append(Burst(start_ns, airtime_s - late, channel_hz, 500e3, 3.0, -20.0, finding))
    found = drones(bursts, 866.2e6)
    assert [track.label for track in found] == ["expresslrs"]
    assert found[0].bursts >= 0.97 * len(bursts)


@pytest.mark.parametrize("seed", range(3))
def test_products_of_a_neighbour_in_the_slots_do_not_tear_a_link(drones: Callable[..., list[Track]], seed: int) -> None:
    """openLRSng at 125 kb/s; an overload leaves weaker, narrower bursts of any length all over the slice."""
    rng = np.random.default_rng(seed)
    channels_hz = 435.25e6 + 50e3 * rng.choice(28, 6, replace=False)
    finding = KeyingFinding(112e3, 125e3, 4.0)
    own, products = [], []
    for slot in range(int(SECONDS / 0.007)):
        start_ns = round((0.01 + slot * 0.007) * 1e9)
        own.append(Burst(start_ns, 1.6e-3, float(channels_hz[slot % 6]), 380e3, 12.0, -20.0, finding))
    for at_s in np.sort(rng.uniform(0.0, SECONDS, round(300 * SECONDS))):
        length_s, width_hz = float(rng.uniform(0.9e-3, 2.2e-3)), float(rng.uniform(90e3, 260e3))
        centre_hz = float(rng.uniform(435.0e6, 437.0e6))
        products.append(Burst(round(at_s * 1e9), length_s, centre_hz, width_hz, -3.0, -35.0, EnergyFinding(0.8)))
    found = drones(own + products, 436.0e6)
    assert [(track.label, track.mode) for track in found] == [("openlrsng", "125k")]
    assert found[0].bursts > 0.8 * len(own)


def test_a_second_link_on_its_own_clock_is_one_still(drones: Callable[..., list[Track]]) -> None:
    """Late packets are put down to a link on its own channels only, and where they end in time."""
    rng = np.random.default_rng(5)
    finding = ChirpFinding(6, 500e3, SYMBOL_S, 500e3 / SYMBOL_S, 0.8)
    bursts = []
    for delay_s, interval_s, airtime_s, snr_db in ((0.0, 0.010, 6.69e-3, 3.0), (0.0012, 0.005, 4.38e-3, 6.0)):
        for slot in range(int(SECONDS / interval_s)):
            if slot % 4 == 0:
                channel_hz = float(rng.choice(IN866_HZ))
            start_ns = round((0.01 + slot * interval_s + delay_s) * 1e9)
            bursts.append(Burst(start_ns, airtime_s, channel_hz, 500e3, snr_db, -20.0, finding))
    modes = sorted(str(track.mode) for track in drones([replace(b) for b in bursts], 866.2e6))
    assert modes == ["100HzFull", "200Hz"]


MLRS_HZ = tuple(863.275e6 + 525e3 * channel for channel in range(10))
CROSSFIRE_HZ = tuple(860.167e6 + 260.01e3 * channel for channel in range(50))


def keyed(at_s: float, duration_s: float, centre_hz: float, deviation_hz: float, rate_hz: float) -> Burst:
    finding = KeyingFinding(deviation_hz, rate_hz, 4.0)
    return Burst(round(at_s * 1e9), duration_s, centre_hz, 180e3, 3.0, -30.0, finding)


def torn_mlrs(rng: np.random.Generator) -> list[Burst]:
    """Both ends of a keyed link; every fourth packet shows its end alone, often as long as a packet of another make."""
    bursts = []
    for slot in range(int(SECONDS / 0.020)):
        centre_hz = float(rng.choice(MLRS_HZ[4:10]))
        for late_s in (0.0, 0.010):
            missed_s = float(rng.uniform(3.6e-3, 5.6e-3)) if rng.random() < 0.25 else 0.0
            bursts.append(keyed(0.01 + slot * 0.020 + late_s + missed_s, 7.6e-3 - missed_s, centre_hz, 42e3, 100e3))
    return [burst for burst in bursts if abs(burst.centre_hz - 867.2e6) < 1.1e6]


@pytest.mark.parametrize("seed", range(3))
def test_what_noise_leaves_of_keyed_packets_is_no_second_link(drones: Callable[..., list[Track]], seed: int) -> None:
    found = drones(torn_mlrs(np.random.default_rng(seed)), 867.2e6)
    assert [(track.label, track.mode) for track in found] == [("mlrs", "50HzFSK")]


@pytest.mark.parametrize("seed", range(3))
def test_a_keyed_link_of_another_make_beside_it_is_one_still(drones: Callable[..., list[Track]], seed: int) -> None:
    rng = np.random.default_rng((seed, 3))
    other = []
    for slot in range(int(SECONDS * 150)):
        for late_s, length_s in ((0.0, 2.9e-3), (3.4e-3, 1.97e-3)):
            centre_hz = float(rng.choice(CROSSFIRE_HZ))
            if abs(centre_hz - 867.2e6) < 1.1e6:
                other.append(keyed(0.0123 + slot / 150 + late_s, length_s, centre_hz, 38e3, 85e3))
    found = drones(torn_mlrs(rng) + other, 867.2e6)
    assert sorted((track.label, track.mode) for track in found) == [("crossfire", "150Hz"), ("mlrs", "50HzFSK")]


@pytest.mark.parametrize("seed", range(3))
def test_a_fast_link_on_the_channels_of_a_slow_one_is_no_pieces_of_it(
    drones: Callable[..., list[Track]], seed: int
) -> None:
    """ExpressLRS K1000 on the grid of mLRS, whose packets fill three quarters of the time."""
    rng = np.random.default_rng((seed, 4))
    finding, fast = KeyingFinding(95e3, 300e3, 4.0), []
    for slot in range(2000, 4000):
        if slot % 2 == 0:
            centre_hz = float(rng.choice(MLRS_HZ[6:10]))
        start_ns = round((0.0047 + slot * 1e-3) * 1e9)
        fast.append(Burst(start_ns, 0.66e-3, centre_hz, 380e3, 6.0, -25.0, finding))
    found = drones(torn_mlrs(rng) + fast, 867.2e6)
    assert sorted((track.label, track.mode) for track in found) == [("expresslrs", "K1000Full"), ("mlrs", "50HzFSK")]
