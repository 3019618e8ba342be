from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.baseband import extract
from dsp.chirps import SURE_CONCENTRATION, ChirpShape, concentration, find_chirp

Make = Callable[..., NDArray[np.complex64]]
RATE_HZ = 2.4e6


@pytest.mark.parametrize("bandwidth_hz", [125e3, 250e3, 500e3])
@pytest.mark.parametrize("spreading_factor", range(5, 11))
@pytest.mark.parametrize("snr_db", [25.0, 8.0])
def test_spreading_factor_bandwidth_and_direction_are_found(
    lora: Make, noisy: Make, spreading_factor: int, bandwidth_hz: float, snr_db: float
) -> None:
    for falling in (False, True):
        packet = lora(
            spreading_factor, bandwidth_hz, RATE_HZ, 20, seed=spreading_factor, offset_hz=2e5, falling=falling
        )
        samples = noisy(packet, snr_db, bandwidth_hz, RATE_HZ)
        baseband = extract(samples, RATE_HZ, 2e5 + 4e3, 1.6 * bandwidth_hz)
        found = find_chirp(baseband, 1.02 * bandwidth_hz, 10 ** (snr_db / 10))
        assert found is not None
        assert (found.spreading_factor, found.bandwidth_hz) == (spreading_factor, bandwidth_hz)
        assert (found.slope_hz_per_s < 0) == falling
        assert found.symbol_s == pytest.approx(2**spreading_factor / bandwidth_hz)


def test_keying_carriers_and_noise_are_no_chirps(fsk: Make, noisy: Make) -> None:
    rng = np.random.default_rng(3)
    tone = np.ones(40_000, np.complex64)
    noise = (rng.standard_normal((40_000, 2)) @ [1, 1j]).astype(np.complex64)
    for signal in (fsk(100e3, 50e3, RATE_HZ, 2000), fsk(300e3, 100e3, RATE_HZ, 4000), tone, noise):
        baseband = extract(noisy(signal, 20.0, 500e3, RATE_HZ), RATE_HZ, 0.0, 8e5)
        for factor in range(5, 10):
            assert concentration(baseband, ChirpShape(factor, 500e3)) < SURE_CONCENTRATION
        assert find_chirp(baseband, 500e3, 100.0) is None


def test_a_hint_of_the_right_shape_is_taken(lora: Make) -> None:
    baseband = extract(lora(7, 500e3, RATE_HZ, 20), RATE_HZ, 0.0, 8e5)
    found = find_chirp(baseband, 500e3, 100.0, (ChirpShape(7, 500e3),))
    assert found is not None
    assert found.spreading_factor == 7


def test_a_stretch_shorter_than_three_symbols_says_nothing(lora: Make) -> None:
    baseband = extract(lora(12, 125e3, RATE_HZ, 2)[:100_000], RATE_HZ, 0.0, 2e5)
    assert concentration(baseband, ChirpShape(12, 125e3)) == 0.0
