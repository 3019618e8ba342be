"""Slow keyed packets that noise tears into pieces: known by the turns that packet and answer make."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dsp.bursts import Burst, EnergyFinding, KeyingFinding
from node.tracking.track import TrackChange

Replay = Callable[..., list[TrackChange]]
SLICE_HZ = 436.3e6
SECONDS = 6.0
PACE = {"4k8": (0.089, 41.67e-3, 38.33e-3), "9k6": (0.046, 20.83e-3, 19.17e-3), "19k2": (0.025, 10.42e-3, 9.58e-3)}
"""openLRSng: interval, packet and answer; the answer begins a millisecond after the packet."""


def piece(at_s: float, duration_s: float, centre_hz: float, width_hz: float, deviation_hz: float = 0.0) -> Burst:
    finding = KeyingFinding(deviation_hz, None, 3.0) if deviation_hz else EnergyFinding(0.5)
    return Burst(round(at_s * 1e9), duration_s, centre_hz, width_hz, 0.0, -40.0, finding)


def torn(rng: np.random.Generator, at_s: float, length_s: float, centre_hz: float) -> list[Burst]:
    """A packet as the energy mask sees it at 0 dB: bits of it, of one tone or of both."""
    bursts, end_s = [], at_s + length_s
    while at_s < end_s - 1e-3:
        part_s = min(float(rng.uniform(0.05, 0.4)) * length_s, end_s - at_s)
        if rng.random() < 0.6:
            bursts.append(piece(at_s, part_s, centre_hz + float(rng.normal(0, 2e3)), 78e3, 20e3))
        else:
            side_hz = float(rng.choice((-30e3, 30e3)))
            bursts.append(piece(at_s, part_s, centre_hz + side_hz, 24e3))
        at_s += part_s + float(rng.uniform(0.0, 0.2)) * length_s
    return bursts


def link(mode: str, seed: int, *, whole: bool = False) -> list[Burst]:
    rng = np.random.default_rng((seed, 5))
    interval_s, up_s, down_s = PACE[mode]
    channels_hz = 435.25e6 + 50e3 * rng.choice(42, 6, replace=False) + 2e3
    bursts = []
    for slot in range(int(SECONDS / interval_s)):
        at_s, centre_hz = 0.013 + slot * interval_s, float(channels_hz[slot % 6])
        for late_s, length_s in ((0.0, up_s), (up_s + 1e-3, down_s)):
            if whole:
                bursts.append(piece(at_s + late_s, length_s, centre_hz, 80e3, 20e3))
            elif rng.random() < 0.9:
                bursts += torn(rng, at_s + late_s, length_s, centre_hz)
    return bursts


@pytest.fixture
def track(track: Replay) -> Replay:
    return lambda bursts: track(bursts, SECONDS + 0.5, SLICE_HZ)


def links(changes: list[TrackChange]) -> list[tuple[str, str | None]]:
    last = {c.track.track_id: c.track for c in changes}.values()
    return [(t.label, t.mode) for t in last if t.family.startswith("drone") or t.label == "unknown-hopper"]


@pytest.mark.parametrize("mode", PACE)
@pytest.mark.parametrize("seed", range(3))
def test_torn_packets_are_one_link(track: Replay, mode: str, seed: int) -> None:
    changes = track(link(mode, seed))
    assert links(changes) == [("openlrsng", mode)]
    assert next(c for c in changes if c.track.label == "openlrsng").time_ns < 3e9


@pytest.mark.parametrize("mode", PACE)
def test_whole_packets_are_one_link_not_two(track: Replay, mode: str) -> None:
    assert links(track(link(mode, 7, whole=True))) == [("openlrsng", mode)]


@pytest.mark.parametrize("seed", range(3))
def test_torn_packets_of_sensors_are_none(track: Replay, seed: int) -> None:
    """Sensors on ten channels of the same grid, each with messages as long as a turn, when they like."""
    rng = np.random.default_rng((seed, 6))
    bursts = []
    for channel_hz in (435.25e6 + 50e3 * rng.choice(42, 10, replace=False)).tolist():
        for at_s in np.cumsum(rng.uniform(0.2, 1.2, 20)).tolist():
            if at_s < SECONDS:
                bursts += torn(rng, at_s, float(rng.uniform(0.02, 0.08)), channel_hz)
    assert links(track(bursts)) == []
