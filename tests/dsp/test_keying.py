from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.analysis import is_keyed
from dsp.baseband import Baseband
from dsp.keying import measure_keying

Samples = NDArray[np.complex64]
RATE_HZ = 400e3
WIDTH_HZ = 200e3


def _noise(count: int, rng: np.random.Generator) -> Samples:
    noise: Samples = (rng.standard_normal((count, 2)) @ [1, 1j] / np.sqrt(2)).astype(np.complex64)
    return noise


def _in_band(samples: Samples) -> Samples:
    spectrum = np.fft.fft(samples)
    spectrum[np.abs(np.fft.fftfreq(len(samples))) > 0.5 * WIDTH_HZ / RATE_HZ] = 0
    return np.fft.ifft(spectrum).astype(np.complex64)


def _keyed_share(made: list[Samples]) -> float:
    keyings = [measure_keying(Baseband(samples, RATE_HZ, 0.0)) for samples in made]
    return float(np.mean([is_keyed(k, WIDTH_HZ, len(s) / RATE_HZ) for k, s in zip(keyings, made, strict=True)]))


@pytest.mark.parametrize("count", [400, 1200, 4000])
@pytest.mark.parametrize("snr_db", [3.0, 20.0])
def test_noise_like_signals_are_not_keyed(count: int, snr_db: float) -> None:
    rng = np.random.default_rng(count)
    level = 10 ** (snr_db / 20) * np.sqrt(WIDTH_HZ / RATE_HZ)
    made = []
    for _ in range(100):
        band = _in_band(_noise(count, rng))
        band /= np.sqrt(np.mean(np.abs(band) ** 2))
        made.append((level * band + _noise(count, rng)).astype(np.complex64))
    assert _keyed_share(made) <= 0.03


@pytest.mark.parametrize(("snr_db", "share"), [(3.0, 0.8), (6.0, 0.97), (15.0, 1.0)])
@pytest.mark.parametrize(("rate_bps", "deviation_hz"), [(64e3, 48e3), (85.1e3, 50e3), (100e3, 50e3)])
def test_keying_is_still_found(
    fsk: Callable[..., Samples], rate_bps: float, deviation_hz: float, snr_db: float, share: float
) -> None:
    rng = np.random.default_rng(7)
    level = 10 ** (snr_db / 20) * np.sqrt(WIDTH_HZ / RATE_HZ)
    made = []
    for seed in range(60):
        signal = fsk(rate_bps, deviation_hz, RATE_HZ, 400, seed, 3e3)
        made.append((level * signal + _noise(len(signal), rng)).astype(np.complex64))
    assert _keyed_share(made) >= share
