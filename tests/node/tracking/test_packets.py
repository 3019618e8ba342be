"""Tests of bursts as arrays and of the channels that they are on."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.bursts import Burst, ChirpFinding, EnergyFinding, Finding, KeyingFinding
from node.tracking.packets import channels_of, collect, is_weak

CHIRP = ChirpFinding(7, 500e3, 2**7 / 500e3, (500e3) ** 2 / 2**7, 9.0)


def _burst(start_ns: int, centre_hz: float, snr_db: float, finding: Finding, *, cut: bool = False) -> Burst:
    return Burst(start_ns, 4e-3, centre_hz, 400e3, snr_db, -30.0, finding, cut_high=cut)


@pytest.mark.parametrize("cut_share", [0.0, 0.3, 1.0])
def test_channels_are_groups_with_the_middle_of_what_is_heard_whole(cut_share: float) -> None:
    rng = np.random.default_rng(5)
    for count in (1, 2, 7, 60):
        grid_hz = 868e6 + 250e3 * rng.integers(0, 8, count)
        centre_hz = grid_hz + rng.uniform(-20e3, 20e3, count)
        whole = rng.uniform(size=count) >= cut_share
        group, channels_hz = channels_of(centre_hz, whole)
        used = np.unique(grid_hz)
        assert np.array_equal(group, np.searchsorted(used, grid_hz))
        for channel_hz, middle_hz in zip(channels_hz, used, strict=True):
            heard = grid_hz == middle_hz
            trusted = heard & whole if (heard & whole).any() else heard
            assert channel_hz == pytest.approx(float(np.median(centre_hz[trusted])), abs=1e-6)


def test_no_bursts_have_no_channels() -> None:
    assert channels_of(np.zeros(0), np.zeros(0, dtype=np.bool_))[1] == ()
    assert collect([]).pick(np.zeros(0, dtype=np.bool_)).count == 0


def test_columns_say_what_the_bursts_say() -> None:
    begin_ns = 1_790_000_000_000_000_123
    bursts = [
        _burst(begin_ns, 868e6, 10.0, CHIRP),
        _burst(begin_ns + 7_000_001, 868.5e6, -20.0, CHIRP, cut=True),
        _burst(begin_ns + 9_000_000, 869e6, 5.0, KeyingFinding(20e3, None, 4.0)),
        _burst(begin_ns + 11_000_000, 868e6, -20.0, EnergyFinding(0.5)),
    ]
    columns = collect(bursts)
    assert columns.start_s.tolist() == pytest.approx([0.0, 7.000001e-3, 9e-3, 11e-3], abs=1e-12)
    assert columns.whole.tolist() == [True, False, True, True]
    assert columns.weak.tolist() == [is_weak(burst) for burst in bursts] == [False, True, False, False]
    assert columns.deviation_hz.tolist() == [0.0, 0.0, 20e3, 0.0]
    assert not columns.faint
    picked = columns.pick(np.array([False, True, True, False]))
    assert picked.start_s.tolist() == pytest.approx([0.0, 1.999999e-3], abs=1e-12)
    assert picked.channels_hz == (868.5e6, 869e6)
    assert picked.known_hz == (869e6,)


def test_weak_packets_are_put_to_the_nearest_channel_of_a_grid() -> None:
    bursts = [_burst(k * 10_000_000, 868e6 + off_hz, -20.0, CHIRP) for k, off_hz in enumerate((0.0, 130e3, 480e3))]
    picked = collect(bursts).pick_on(np.ones(3, dtype=np.bool_), (868e6, 868.2e6, 868.4e6, 868.6e6))
    assert picked.channel.tolist() == [0, 1, 2]
    assert picked.channels_hz == (868e6, 868.13e6, 868.48e6)
