"""Time-division links from turns drawn here, not by the simulator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dsp.bursts import Burst, EnergyFinding, KeyingFinding
from node.tracking.track import TrackChange

Replay = Callable[..., list[TrackChange]]
SLICE_HZ = 921.6e6
GRID_915_HZ = tuple(915.125e6 + 250e3 * channel for channel in range(50))
GRID_868_HZ = tuple(868e6 + 83.3e3 + 166.67e3 * channel for channel in range(10))
WINDOW_S = {"16k": (0.130, 0.0137), "64k": (0.1142, 0.0042), "128k": (0.0637, 0.0025), "250k": (0.0385, 0.0017)}
SIGNAL = {
    "16k": (16e3, 50e3, 11.5e3),
    "64k": (64e3, 166e3, 43e3),
    "128k": (128e3, 320e3, 85e3),
    "250k": (250e3, 410e3, 98e3),
}


def burst(
    at_s: float, duration_s: float, centre_hz: float, width_hz: float, deviation_hz: float, rate_hz: float
) -> Burst:
    finding = KeyingFinding(deviation_hz, rate_hz, 6.0) if deviation_hz else EnergyFinding(0.5)
    cut_low, cut_high = centre_hz - width_hz / 2 < SLICE_HZ - 1.15e6, centre_hz + width_hz / 2 > SLICE_HZ + 1.15e6
    return Burst(round(at_s * 1e9), duration_s, centre_hz, width_hz, 6.0, -25.0, finding, cut_low, cut_high)


def turns(
    mode: str,
    grid_hz: tuple[float, ...],
    seconds: float,
    seed: int,
    *,
    centre_hz: float = SLICE_HZ,
    load: float = 0.0,
    heard: float = 1.0,
    offset_hz: float = 90e3,
    ppm: float = 12.0,
) -> list[Burst]:
    """Both ends in turn, a new channel at every turn, packets of any length until the load is sent."""
    rng = np.random.default_rng((seed, 31))
    window_s, silence_s = WINDOW_S[mode]
    rate_hz, width_hz, deviation_hz = SIGNAL[mode]
    order = rng.permutation(len(grid_hz)).tolist()
    shortest_s = 136 / rate_hz
    found = []
    for number in range(int(seconds / (window_s + silence_s))):
        channel_hz = grid_hz[order[number % len(order)]] + offset_hz
        if abs(channel_hz - centre_hz) > 1.1e6 - width_hz / 4:
            continue
        at_s = 0.0131 + number * (window_s + silence_s) * (1 + ppm * 1e-6) + rng.uniform(0, 2e-4)
        end_s = at_s + max(shortest_s, load * window_s * rng.uniform(0.5, 1.0))
        while at_s + shortest_s <= end_s + 1e-9:
            length_s = min(float(rng.uniform(shortest_s, 16 * shortest_s)), end_s - at_s)
            if rng.random() < heard:
                wide = width_hz * float(rng.normal(1, 0.03))
                rate = rate_hz * float(rng.normal(1, 0.01))
                found.append(burst(at_s, length_s, channel_hz + float(rng.normal(0, 2e3)), wide, deviation_hz, rate))
            at_s += length_s + 0.0005
    return found


@pytest.fixture
def track(track: Replay) -> Replay:
    return lambda bursts, seconds, centre_hz=SLICE_HZ: track(bursts, seconds, centre_hz)


def drones(changes: list[TrackChange]) -> list[tuple[str, str | None]]:
    last = {change.track.track_id: change.track for change in changes}
    return sorted(
        (t.label, t.mode) for t in last.values() if t.family.startswith("drone") or t.label == "unknown-hopper"
    )


@pytest.mark.parametrize("mode", sorted(WINDOW_S))
@pytest.mark.parametrize("load", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("seed", range(3))
def test_a_link_that_takes_turns_is_one_track_with_its_air_rate(
    track: Replay, mode: str, load: float, seed: int
) -> None:
    changes = track(turns(mode, GRID_915_HZ, 6.0, seed, load=load), 6.0)
    assert drones(changes) == [("sik", mode)]


@pytest.mark.parametrize("seed", range(5))
def test_where_all_channels_are_in_the_slice_it_is_named_within_a_second(track: Replay, seed: int) -> None:
    changes = track(turns("64k", GRID_868_HZ, 2.0, seed, centre_hz=868.9e6, offset_hz=30e3), 2.0, 868.9e6)
    first = next(change for change in changes if change.kind == "new" and change.track.label == "sik")
    assert first.time_ns < 1.0e9
    assert first.track.hop_rate_hz == pytest.approx(8.446, rel=1e-3)
    assert drones(changes) == [("sik", "64k")]


def test_missed_packets_do_not_hide_it_and_its_channels_are_told(track: Replay) -> None:
    found = turns("64k", GRID_915_HZ, 6.0, 3, load=0.5, heard=0.7)
    changes = track(found, 6.0)
    assert drones(changes) == [("sik", "64k")]
    told = changes[-1].track.channels_hz
    assert len(told) >= 5
    assert all(min(abs(hz - 90e3 - grid_hz) for grid_hz in GRID_915_HZ) < 5e3 for hz in told)


def test_two_networks_at_once_are_two_tracks(track: Replay) -> None:
    one = turns("64k", GRID_915_HZ, 7.0, 1, load=0.2)
    two = turns("64k", GRID_915_HZ, 7.0, 2, load=0.2, offset_hz=201e3, ppm=-9.0)
    moved = [burst(b.start_ns * 1e-9 + 0.047, b.duration_s, b.centre_hz, b.bandwidth_hz, 43e3, 64e3) for b in two]
    assert drones(track(one + moved, 7.0)) == [("sik", "64k"), ("sik", "64k")]


@pytest.mark.parametrize("seed", range(6))
def test_a_crowd_of_keyed_sensors_is_no_link(track: Replay, seed: int) -> None:
    rng = np.random.default_rng((seed, 8))
    found = []
    for _ in range(30):
        centre_hz = SLICE_HZ + float(rng.uniform(-1e6, 1e6))
        rate_hz = float(rng.choice([32e3, 50e3, 100e3, 38.4e3]))
        length_s = float(rng.uniform(2e-3, 30e-3))
        at_s = np.cumsum(rng.exponential(1.5, 40))
        found += [burst(float(t), length_s, centre_hz, 2.4 * rate_hz, 0.6 * rate_hz, rate_hz) for t in at_s if t < 30]
    assert len(found) > 400
    assert drones(track(found, 30.0)) == []


@pytest.mark.parametrize("period_s", [0.1184, 0.0401])
def test_one_sensor_on_one_channel_keeps_no_turns_whatever_its_clock(track: Replay, period_s: float) -> None:
    found = [burst(0.01 + k * period_s, 2.1e-3, SLICE_HZ + 0.3e6, 166e3, 43e3, 64e3) for k in range(int(8 / period_s))]
    assert drones(track(found, 8.0)) == []


def test_channels_that_come_back_at_any_time_are_no_round(track: Replay) -> None:
    """Two meters and a relay that share one clock on three channels do not go round their channels."""
    rng = np.random.default_rng(4)
    channels_hz = [SLICE_HZ + shift_hz for shift_hz in (-0.5e6, 0.0, 0.25e6)]
    found = [
        burst(0.01 + k * 0.1184, 2.1e-3, float(rng.choice(channels_hz)), 166e3, 43e3, 64e3)
        for k in range(60)
        if rng.random() < 0.4
    ]
    assert not any(label == "sik" for label, _ in drones(track(found, 8.0)))


def test_the_third_turn_of_a_keyed_link_is_nearly_always_enough(track: Replay) -> None:
    in_time = 0
    for seed in range(5):
        found = turns("64k", GRID_915_HZ, 6.0, seed)
        third_s = sorted(b.end_ns for b in found if not (b.cut_low or b.cut_high))[2] * 1e-9
        first = next(change for change in track(found, 6.0) if change.kind == "new" and change.track.label == "sik")
        assert first.track.mode == "64k"
        in_time += first.time_ns * 1e-9 < third_s + 0.35
    assert in_time >= 4


@pytest.mark.parametrize("late_s", [0.0, 0.0004, 0.0011])
@pytest.mark.parametrize("seed", range(3))
def test_two_networks_on_one_clock_are_two_tracks_of_their_own_channels(
    track: Replay, late_s: float, seed: int
) -> None:
    one = turns("64k", GRID_915_HZ, 8.0, 2 * seed, load=0.2, offset_hz=40e3)
    two = turns("64k", GRID_915_HZ, 8.0, 2 * seed + 1, load=0.2, offset_hz=151e3)
    two = [burst(b.start_ns * 1e-9 + late_s, b.duration_s, b.centre_hz, b.bandwidth_hz, 43e3, 64e3) for b in two]
    changes = track(one + two, 8.0)
    assert drones(changes) == [("sik", "64k"), ("sik", "64k")]
    last = {change.track.track_id: change.track for change in changes}
    for each in (each for each in last.values() if each.label == "sik"):
        rest_hz = [(hz - GRID_915_HZ[0]) % 250e3 for hz in each.channels_hz]
        assert len(rest_hz) >= 4
        assert max(rest_hz) - min(rest_hz) < 15e3


@pytest.mark.parametrize("seed", range(4))
def test_products_of_an_overload_hide_no_link_and_make_none(track: Replay, seed: int) -> None:
    rng = np.random.default_rng((seed, 12))
    pieces = []
    for at_s in np.cumsum(rng.uniform(0.25, 0.7, 16)):
        for _ in range(20):
            centre_hz = SLICE_HZ + float(rng.uniform(-1.1e6, 1.1e6))
            pieces.append(burst(float(at_s), float(rng.uniform(2e-3, 9e-3)), centre_hz, rng.uniform(90e3, 190e3), 0, 0))
    assert drones(track(pieces, 8.0)) == []
    found = turns("64k", GRID_915_HZ, 8.0, seed, load=0.3)
    assert drones(track(found + pieces, 8.0)) == [("sik", "64k")]


@pytest.mark.parametrize(
    ("mode", "silence_s", "width_hz"), [("2k", 0.106, 11e3), ("4k", 0.0528, 16e3), ("8k", 0.027, 27e3)]
)
def test_slow_links_too_weak_to_show_their_keying(track: Replay, mode: str, silence_s: float, width_hz: float) -> None:
    rng = np.random.default_rng(3)
    order = rng.permutation(len(GRID_868_HZ)).tolist()
    length_s = 136e-3 / int(mode[:-1])
    found = []
    for number in range(int(6.0 / (0.130 + silence_s))):
        at_s = 0.02 + number * (0.130 + silence_s) + float(rng.normal(0, 0.3e-3))
        centre_hz = GRID_868_HZ[order[number % 10]] + 20e3 + float(rng.normal(0, 1.5e3))
        wide_hz = width_hz * float(rng.choice([0.7, 1.0, 1.3]))
        weak = Burst(round(at_s * 1e9), length_s, centre_hz, wide_hz, 0.0, -60.0, EnergyFinding(1.0, integrated=True))
        found.append(weak)
    assert drones(track(found, 6.0, 868.9e6)) == [("sik", mode)]


@pytest.mark.parametrize("seed", range(3))
def test_a_swarm_of_products_of_an_overload_does_not_hide_it(track: Replay, seed: int) -> None:
    """Hundreds of short bursts a second, all over the slice, while a neighbour is on air: half of the time."""
    rng = np.random.default_rng((seed, 77))
    swarm = []
    for at_s in np.cumsum(rng.exponential(1 / 900, 7200)).tolist():
        if at_s % 1.5 < 0.8:
            centre_hz, width_hz = SLICE_HZ + float(rng.uniform(-1.1e6, 1.1e6)), float(rng.uniform(40e3, 140e3))
            swarm.append(burst(at_s, float(rng.uniform(0.15e-3, 0.4e-3)), centre_hz, width_hz, 0.0, 0.0))
    link = turns("16k", GRID_915_HZ, 8.0, seed, load=0.2)
    assert drones(track(link + swarm, 8.0)) == [("sik", "16k")]


@pytest.mark.parametrize("seed", range(4))
def test_plain_bursts_crowd_out_no_keyed_turns(track: Replay, seed: int) -> None:
    """Gain steps leave bursts as wide and long as packets all over the slice, a hundred within a tenth of a second."""
    rng = np.random.default_rng((seed, 78))
    swarm = []
    for at_s in np.concatenate([step_s + rng.uniform(0, 0.1, 100) for step_s in np.arange(1.3, 8.0, 0.6)]):
        centre_hz, width_hz = SLICE_HZ + float(rng.uniform(-1.1e6, 1.1e6)), float(rng.uniform(120e3, 200e3))
        swarm.append(burst(float(at_s), float(rng.uniform(1.4e-3, 3e-3)), centre_hz, width_hz, 0.0, 0.0))
    link = turns("64k", GRID_915_HZ, 8.0, seed, load=0.2)
    changes = track([each for each in link if each.start_ns > 1e9] + swarm, 8.0)
    assert drones(changes) == [("sik", "64k")]
    assert next(change.time_ns for change in changes if change.track.label == "sik") < 6e9
