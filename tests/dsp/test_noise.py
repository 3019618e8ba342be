from __future__ import annotations

import numpy as np
import pytest

from dsp.noise import QUANTILE, QUANTILE_OVER_MEAN, NoiseTracker
from dsp.spectrogram import power_rows

POINTS = 512


def _noise(rows: int, seed: int, power: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal((rows * POINTS + POINTS // 2, 2)) @ [1, 1j] * np.sqrt(power / 2)
    return power_rows(samples.astype(np.complex64), POINTS)


def test_the_quantile_of_noise_is_the_constant() -> None:
    rows = _noise(2000, 1)
    assert np.quantile(rows, QUANTILE) / rows.mean() == pytest.approx(QUANTILE_OVER_MEAN, rel=0.02)


def test_the_floor_of_noise_is_its_mean() -> None:
    tracker = NoiseTracker()
    for seed in range(30):
        floor = tracker.observe(_noise(128, seed))
    assert floor.power.mean() == pytest.approx(1.0 / 256, rel=0.06)


def test_a_link_on_air_most_of_the_time_does_not_lift_the_floor() -> None:
    tracker = NoiseTracker()
    for seed in range(30):
        rows = _noise(128, seed)
        rows[:90, 100:150] += 0.5
        floor = tracker.observe(rows)
    assert floor.power[100:150].mean() == pytest.approx(1.0 / 256, rel=0.55)


@pytest.mark.parametrize("gain", [0.1, 10.0])
def test_a_gain_step_is_followed_at_once(gain: float) -> None:
    tracker = NoiseTracker()
    for seed in range(30):
        tracker.observe(_noise(128, seed))
    floor = tracker.observe(_noise(128, 99, power=gain))
    assert floor.power.mean() == pytest.approx(gain / 256, rel=0.15)


def test_the_end_of_an_overload_is_no_gain_step() -> None:
    tracker = NoiseTracker()
    for seed in range(30):
        tracker.observe(_noise(128, seed))
    tracker.observe(_noise(128, 97) * np.geomspace(10.0, 1000.0, POINTS // 2, dtype=np.float32))
    tracker.observe(_noise(128, 98, power=2.0))  # it ends in here, and what it splatters lifts all columns alike
    floor = tracker.observe(_noise(128, 99))
    assert floor.power.mean() == pytest.approx(1.0 / 256, rel=0.15)


def test_a_signal_too_strong_for_the_floor_beside_it_is_no_gain_step() -> None:
    tracker = NoiseTracker()
    for seed in range(30):
        tracker.observe(_noise(128, seed))
    loud = _noise(128, 98)
    loud[110:, 100:120] += 4e4  # 70 dB over the noise, in its last rows alone
    for rows in (loud, _noise(128, 99)):
        floor = tracker.observe(rows)
        assert floor.power.mean() == pytest.approx(1.0 / 256, rel=0.15)


def test_a_steady_line_is_taken_into_the_floor_and_shows_against_the_smooth_one() -> None:
    tracker = NoiseTracker()
    for seed in range(30):
        rows = _noise(128, seed)
        rows[:, 77] += 1.0
        floor = tracker.observe(rows)
    assert floor.power[77] > 50 * floor.smooth[77]
    assert floor.power[60] < 2 * floor.smooth[60]


def test_silence_gives_a_finite_floor() -> None:
    floor = NoiseTracker().observe(np.zeros((64, 32), np.float32))
    assert np.all(floor.power > 0)
