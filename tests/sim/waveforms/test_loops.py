"""Wandering carriers and loops."""

from __future__ import annotations

import numpy as np
import pytest

from sim.waveforms.loop import piece_of
from sim.waveforms.wander import Wander

RATE_HZ = 2_400_000.0


@pytest.mark.parametrize("spread_hz", [1.0, 20.0, 400.0])
def test_the_phasor_of_a_wander_is_that_of_its_phases(spread_hz: float) -> None:
    one, other = (Wander(spread_hz, RATE_HZ, np.random.default_rng(1)) for _ in range(2))
    for count in (65_408, 128, 1, 63, 64, 65, 513, 100_000):
        exact = np.exp(2j * np.pi * one.read(count))
        assert np.abs(other.phasor(count) - exact).max() < 1e-3


def test_a_wander_does_not_depend_on_the_reads() -> None:
    one, other = (Wander(20.0, RATE_HZ, np.random.default_rng(1)) for _ in range(2))
    whole = np.exp(2j * np.pi * one.read(60_000))
    pieces = np.exp(2j * np.pi * np.concatenate([other.read(count) for count in (1, 23_999, 1, 24_000, 11_999)]))
    assert np.abs(whole - pieces).max() < 1e-6


def test_a_piece_goes_around_the_end_of_its_loop() -> None:
    loop = np.arange(10).astype(np.complex64)
    for start, count in ((0, 10), (3, 7), (3, 8), (9, 1), (9, 2), (5, 47)):
        assert np.array_equal(piece_of(loop, start, count), loop[(start + np.arange(count)) % 10])
