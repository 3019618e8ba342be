from __future__ import annotations

import numpy as np
import pytest

from dsp.ofdm import find_prefix, look_samples


def _lte_like(rate_hz: float, seed: int, prefix: bool) -> np.ndarray:
    """Symbols of 128 or 160 samples at the slice's own rate, every carrier loaded."""
    rng = np.random.default_rng(seed)
    size = round(rate_hz / 15e3)
    parts = []
    for _ in range(look_samples(rate_hz) // size + 1):
        symbol = np.fft.ifft(rng.choice([-1, 1], size) + 1j * rng.choice([-1, 1], size)) * np.sqrt(size)
        parts.append(np.concatenate((symbol[-round(0.07 * size) :], symbol)) if prefix else symbol)
    return np.concatenate(parts)[: look_samples(rate_hz)].astype(np.complex64)


@pytest.mark.parametrize("rate_hz", [1.92e6, 2.4e6])
def test_a_cyclic_prefix_is_found_through_noise_and_carrier_offset(rate_hz: float) -> None:
    rng = np.random.default_rng(1)
    signal = _lte_like(rate_hz, 1, prefix=True)
    count = np.arange(len(signal))
    noise = (rng.standard_normal((len(signal), 2)) @ [1, 1j]).astype(np.complex64) * 0.5
    turned = signal * np.exp(2j * np.pi * 3.3e3 / rate_hz * count)
    found = find_prefix((turned + noise).astype(np.complex64), rate_hz)
    assert found is not None
    assert found.subcarrier_spacing_hz == 15e3


@pytest.mark.parametrize("rate_hz", [1.92e6, 2.4e6])
def test_the_same_without_prefix_is_not_ofdm(rate_hz: float) -> None:
    assert find_prefix(_lte_like(rate_hz, 2, prefix=False), rate_hz) is None
