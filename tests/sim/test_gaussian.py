"""Noise: power, independence, distribution, and its seed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.gaussian import gaussian

COUNT = 1 << 21


def test_the_same_seed_gives_the_same_noise() -> None:
    assert np.array_equal(gaussian((1, 2), 1001, 1.0), gaussian((1, 2), 1001, 1.0))
    assert not np.array_equal(gaussian((1, 2), 1001, 1.0), gaussian((1, 3), 1001, 1.0))
    assert [len(gaussian((1,), count, 1.0)) for count in (0, 1, 2, 128)] == [0, 1, 2, 128]


@pytest.mark.parametrize("power", [1e-12, 1.0, 7.0])
def test_power_is_as_asked_and_the_components_share_it(power: float) -> None:
    noise = gaussian((5,), COUNT, power)
    assert np.mean(noise.real.astype(float) ** 2) == pytest.approx(power / 2.0, rel=5e-3)
    assert np.mean(noise.imag.astype(float) ** 2) == pytest.approx(power / 2.0, rel=5e-3)
    assert abs(np.mean(noise.real * noise.imag.astype(float))) < 3e-3 * power
    assert abs(noise.mean()) < 4.0 * math.sqrt(power / COUNT)


def test_moments_and_tails_are_those_of_the_normal_distribution() -> None:
    power = np.concatenate([np.abs(gaussian((seed,), COUNT, 1.0).astype(complex)) ** 2 for seed in range(4)])
    assert np.mean(power**2) == pytest.approx(2.0, rel=5e-3)
    assert np.mean(power**3) == pytest.approx(6.0, rel=2e-2)
    for sigmas in (1.0, 2.0, 3.0, 4.0):
        share, expected = np.mean(power > sigmas**2 / 2.0), math.exp(-(sigmas**2) / 2.0)
        assert share == pytest.approx(expected, rel=0.02, abs=4.0 * math.sqrt(expected / len(power)))


def test_the_spectrum_is_white_and_that_of_noise() -> None:
    spectra = np.abs(np.fft.fft(gaussian((3,), COUNT, 1.0).reshape(-1, 1024))) ** 2 / 1024
    rows = len(spectra)
    assert spectra.mean(axis=0).std() == pytest.approx(1.0 / math.sqrt(rows), rel=0.1)
    assert np.mean(spectra**2) == pytest.approx(2.0, rel=0.01)


def test_seeds_that_differ_give_noise_without_anything_in_common() -> None:
    one, other = gaussian((9, 1), COUNT, 1.0), gaussian((9, 2), COUNT, 1.0)
    assert abs(np.vdot(one, other)) / COUNT < 4.0 / math.sqrt(COUNT)
    assert abs(np.vdot(one[1:], one[:-1])) / COUNT < 4.0 / math.sqrt(COUNT)
