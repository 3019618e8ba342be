"""Hoppers that no record describes, and wide signals whose pieces look like one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dsp.bursts import Burst, EnergyFinding, KeyingFinding
from node.tracking.track import TrackChange

FRAME_S = 0.010
SECONDS = 4.0


def energy(at_s: float, duration_s: float, centre_hz: float, width_hz: float, snr_db: float = 9.0) -> Burst:
    return Burst(round(at_s * 1e9), duration_s, centre_hz, width_hz, snr_db, -25.0, EnergyFinding(0.8))


@pytest.fixture
def hoppers(track: Callable[..., list[TrackChange]]) -> Callable[..., list[str]]:
    return lambda bursts, seconds=SECONDS: [
        change.track.track_id for change in track(bursts, seconds, 864e6) if change.track.label == "unknown-hopper"
    ]


def edge_of_a_frame(rng: np.random.Generator) -> list[Burst]:
    """A wide signal that ends in the slice: one piece in every frame, its upper edge here and there."""
    bursts = []
    for number in range(round(SECONDS / FRAME_S)):
        centre_hz, width_hz = [(863.21e6, 630e3), (863.352e6, 700e3), (863.48e6, 515e3)][
            int(rng.choice(3, p=(0.8, 0.12, 0.08)))
        ]
        start_s = 0.007 + number * FRAME_S + rng.normal(0.0, 0.03e-3)
        bursts.append(energy(start_s, 4.4e-3 + rng.normal(0.0, 0.2e-3), centre_hz + rng.normal(0.0, 4e3), width_hz))
    return bursts


def used_subcarriers(rng: np.random.Generator) -> list[Burst]:
    """OFDM of which one frame uses these blocks of subcarriers, the next one those: some at a time, far apart."""
    bursts = []
    for number in range(round(SECONDS / FRAME_S)):
        for block in rng.choice(np.arange(0, 12, 4), 2, replace=False):
            start_s = 0.007 + number * FRAME_S + rng.normal(0.0, 0.01e-3)
            bursts.append(energy(start_s, 4.0e-3, 863.0e6 + 180e3 * float(block + rng.integers(0, 2)), 180e3))
    return bursts


@pytest.mark.parametrize("made", [edge_of_a_frame, used_subcarriers])
@pytest.mark.parametrize("seed", range(3))
def test_pieces_of_a_wide_signal_are_no_hopper(
    hoppers: Callable[..., list[str]], made: Callable[[np.random.Generator], list[Burst]], seed: int
) -> None:
    assert hoppers(made(np.random.default_rng(seed))) == []


def strange_hopper(rng: np.random.Generator, channels_hz: tuple[float, ...], *, two_tones: bool = False) -> list[Burst]:
    """8 ms in every 20 ms on one of twelve channels, of which the slice has some: no record is like it."""
    bursts = []
    for number in range(round(SECONDS / 0.020)):
        channel = int(rng.integers(12))
        if channel >= len(channels_hz):
            continue
        at_s, centre_hz = 0.01 + number * 0.020, channels_hz[channel] + float(rng.normal(0.0, 3e3))
        if two_tones:
            bursts += [energy(at_s, 8e-3, centre_hz + side_hz, 60e3, 4.0) for side_hz in (-80e3, 80e3)]
        else:
            bursts.append(Burst(round(at_s * 1e9), 8e-3, centre_hz, 190e3, 12.0, -20.0, KeyingFinding(61e3, 83e3, 4.0)))
    return bursts


@pytest.mark.parametrize(
    ("count", "two_tones", "seed"), [(8, False, 1), (8, True, 2), (4, False, 3), (4, True, 4), (12, False, 5)]
)
def test_a_strange_hopper_among_sensors_is_one(
    hoppers: Callable[..., list[str]], count: int, two_tones: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    channels_hz = tuple(863.0e6 + 0.2e6 * np.arange(count))
    bursts = strange_hopper(rng, channels_hz, two_tones=two_tones)
    for sensor in range(6):
        at_s = np.cumsum(rng.uniform(0.2, 0.8, 40))
        bursts += [energy(float(t), 5e-3, 862.95e6 + 0.33e6 * sensor, 90e3) for t in at_s if t < SECONDS]
    assert len(set(hoppers(bursts))) == 1
