from __future__ import annotations

import numpy as np
import pytest

from dsp.edges import refine_time

RATE_HZ = 900e3
LEAD = 250
FIRST_GUESS = (1e-9, 2e-9)


def _power(snr: float, length: float, begin: float, rng: np.random.Generator) -> np.ndarray:
    """Of a carrier in noise, on from one moment to another."""
    times = np.arange(int(begin + length) + LEAD)
    filled = np.clip(times - begin + 0.5, 0.0, 1.0) * np.clip(begin + length - times + 0.5, 0.0, 1.0)
    noise = (rng.normal(size=len(times)) + 1j * rng.normal(size=len(times))) / np.sqrt(2.0)
    power: np.ndarray = (np.abs(np.sqrt(snr) * filled + noise) ** 2).astype(np.float32)
    return power


@pytest.mark.parametrize(("snr_db", "error_s"), [(6.0, 10e-6), (15.0, 4e-6), (30.0, 2e-6)])
def test_edges_are_met(snr_db: float, error_s: float) -> None:
    rng = np.random.default_rng(3)
    errors = []
    for length in rng.uniform(800.0, 3600.0, 40):
        begin = LEAD + rng.uniform(0.0, 30.0)
        snr = 10 ** (snr_db / 10)
        found = refine_time(_power(snr, length, begin, rng), RATE_HZ, snr, *FIRST_GUESS)
        errors += [found[0] - begin / RATE_HZ, found[1] - (begin + length) / RATE_HZ]
    assert np.quantile(np.abs(errors), 0.95) < error_s
    assert abs(np.median(errors)) < 1e-6


def test_where_the_envelope_shows_no_edge_the_first_estimate_stays() -> None:
    always_on = np.ones(2000, dtype=np.float32)
    assert refine_time(always_on, RATE_HZ, 100.0, *FIRST_GUESS) == FIRST_GUESS
    only_begin = np.concatenate((np.full(400, 1e-3), np.ones(1600))).astype(np.float32)
    begin_s, end_s = refine_time(only_begin, RATE_HZ, 100.0, *FIRST_GUESS)
    assert begin_s == pytest.approx(400 / RATE_HZ, abs=1e-6)
    assert end_s == FIRST_GUESS[1]


@pytest.mark.parametrize("count", [0, 1, 31, 500])
def test_silence_and_too_little_keep_the_first_estimate(count: int) -> None:
    power = np.zeros(count, dtype=np.float32)
    assert refine_time(power, RATE_HZ, 100.0, *FIRST_GUESS) == FIRST_GUESS
    if count > 100:
        power[40:60] = 1.0
        assert refine_time(power, RATE_HZ, 100.0, *FIRST_GUESS) == FIRST_GUESS
