"""Packets of which the energy mask shows the tones alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dsp.bursts import Burst, EnergyFinding
from node.tracking.torn_tones import TornTones
from node.tracking.track import TrackChange

Replay = Callable[..., list[TrackChange]]
GRID_HZ = tuple(868e6 + 83.3e3 + 166.67e3 * channel for channel in range(10))
NOW_NS = 10_000_000_000


def tone(at_s: float, centre_hz: float, snr_db: float = 3.0, duration_s: float = 0.54e-3) -> Burst:
    return Burst(round(at_s * 1e9), duration_s, centre_hz, 40e3, snr_db, -40.0, EnergyFinding(0.5))


def test_tones_that_begin_together_are_a_packet_in_their_middle() -> None:
    torn = TornTones()
    for piece in (tone(1.0001, 868.05e6), tone(1.0, 868.325e6, 5.0), tone(1.0002, 868.19e6)):
        torn.add(piece)
    (packet,) = torn.whole(NOW_NS)
    assert packet.start_ns == 1_000_000_000
    assert packet.duration_s == pytest.approx(0.74e-3, abs=1e-6)
    assert packet.centre_hz == pytest.approx(868.1875e6)
    assert packet.bandwidth_hz == pytest.approx(315e3)
    assert torn.whole(NOW_NS) == []


def test_pieces_wait_for_the_others() -> None:
    torn = TornTones()
    torn.add(tone(1.0, 868.0e6))
    assert torn.whole(1_020_000_000) == []
    torn.add(tone(1.0, 868.25e6))
    assert len(torn.whole(1_200_000_000)) == 1


@pytest.mark.parametrize(
    "pieces",
    [
        [tone(1.0, 868.0e6)],
        [tone(1.0, 868.0e6), tone(1.001, 868.25e6)],
        [tone(1.0, 868.0e6), tone(1.0, 868.06e6)],
        [tone(1.0, 868.0e6), tone(1.0, 868.6e6)],
        [tone(1.0, 868.0e6, 7.0), tone(1.0, 868.25e6, 0.0)],
        [tone(1.0, 868.0e6 + 0.07e6 * number) for number in range(4)],
    ],
    ids=["alone", "later", "close", "far", "stronger", "many"],
)
def test_what_is_not_one_packet_is_none(pieces: list[Burst]) -> None:
    torn = TornTones()
    for piece in pieces:
        torn.add(piece)
    assert torn.whole(NOW_NS) == []


@pytest.fixture
def track(track: Replay) -> Replay:
    return lambda bursts, seconds: track(bursts, seconds, 868.9e6)


@pytest.mark.parametrize("seed", range(4))
def test_a_link_of_torn_packets_is_named(track: Replay, seed: int) -> None:
    """SiK at 250 kb/s, idle: two lines of the preamble 270 kHz apart, now and then the carrier's between them."""
    rng = np.random.default_rng((seed, 7))
    order, bursts = rng.permutation(10).tolist(), []
    for number in range(int(3.0 / 0.0402)):
        if rng.random() < 0.3:
            continue
        at_s, channel_hz = 0.0131 + number * 0.0402, GRID_HZ[order[number % 10]] + 40e3 + float(rng.normal(0, 4e3))
        sides = (-135e3, 135e3) if rng.random() < 0.5 else (-135e3, 0.0, 135e3)
        bursts += [tone(at_s + float(rng.uniform(0, 0.1e-3)), channel_hz + side_hz) for side_hz in sides]
    changes = track(sorted(bursts, key=lambda each: each.end_ns), 3.0)
    last = {change.track.track_id: change for change in changes}.values()
    kept = [(c.track.label, c.track.mode) for c in last if c.end_reason != "merged" and c.track.label != "unknown"]
    assert kept == [("sik", "250k")]


@pytest.mark.parametrize("seed", range(4))
def test_tones_at_any_moment_are_no_link(track: Replay, seed: int) -> None:
    rng = np.random.default_rng((seed, 8))
    bursts = []
    for at_s in np.cumsum(rng.exponential(0.04, 250)).tolist():
        channel_hz = float(rng.uniform(868.0e6, 869.8e6))
        bursts += [tone(at_s, channel_hz + side_hz) for side_hz in (-135e3, 135e3)]
    changes = track(sorted(bursts, key=lambda each: each.end_ns), 10.0)
    assert not any(change.track.family.startswith("drone") for change in changes)
