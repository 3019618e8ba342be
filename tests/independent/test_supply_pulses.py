"""Pulses of supplies and monitors at or near the line rates: no picture, no data link.

Written without the project's simulator: one-sample pulses with jitter in white noise, gated by the mains.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.ofdm import find_prefix, look_samples
from dsp.video import find_video, window_samples

RATE_HZ = 2.4e6
LOOKS = 12


def pulses(rate_hz: float, level_db: float, seed: int, *, gated: bool) -> NDArray[np.complex64]:
    """Half a second of unit noise and pulses that many decibels above it."""
    rng = np.random.default_rng(seed)
    count = int(0.5 * RATE_HZ)
    noise = (rng.standard_normal((count, 2)) @ np.array([1.0, 1.0j])) / np.sqrt(2.0)
    at_s = np.arange(1, int(0.499 * rate_hz)) / rate_hz + rng.normal(0.0, 0.1e-6, int(0.499 * rate_hz) - 1)
    if gated:
        at_s = at_s[np.abs(np.sin(2.0 * np.pi * 50.0 * at_s)) > 0.6]
    # A band-limited pulse between two samples: its sinc over eight of them.
    for step in range(-4, 5):
        place = np.rint(at_s * RATE_HZ).astype(int) + step
        inside = (place >= 0) & (place < count)
        noise[place[inside]] += 10.0 ** (level_db / 20.0) * np.sinc(place[inside] - at_s[inside] * RATE_HZ)
    samples: NDArray[np.complex64] = (0.05 * noise).astype(np.complex64)
    return samples


@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("rate_hz", [15.55e3, 15.68e3, 15.7e3, 15.8e3, 31.25e3, 31.469e3, 61e3])
@pytest.mark.parametrize("level_db", [15.0, 25.0])
def test_pulses_beside_the_line_rates_are_no_picture(rate_hz: float, level_db: float, gated: bool) -> None:
    samples, length = pulses(rate_hz, level_db, 1, gated=gated), window_samples(RATE_HZ)
    looks = [samples[first : first + length] for first in range(0, LOOKS * length, length)]
    assert [found for look in looks if (found := find_video(look, RATE_HZ))] == []


@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("rate_hz", [15e3, 31.25e3, 78.125e3])
@pytest.mark.parametrize("level_db", [10.0, 15.0, 25.0])
def test_pulses_at_a_subcarrier_spacing_are_no_prefix(rate_hz: float, level_db: float, gated: bool) -> None:
    samples, length = pulses(rate_hz, level_db, 2, gated=gated), look_samples(RATE_HZ)
    looks = [samples[first : first + length] for first in range(0, 4 * length, length)]
    assert [found for look in looks if (found := find_prefix(look, RATE_HZ))] == []
