from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.video import NTSC_LINE_HZ, PAL_LINE_HZ, WINDOW_S, find_comb, find_video, window_samples

Make = Callable[..., NDArray[np.complex64]]
RATE_HZ = 2.4e6


@pytest.mark.parametrize(("standard", "line_hz"), [("pal", PAL_LINE_HZ), ("ntsc", NTSC_LINE_HZ)])
@pytest.mark.parametrize("offset_hz", [0.0, 1e6, -2e6])
def test_video_is_found_and_its_standard_told(
    video: Make, noisy: Make, standard: str, line_hz: float, offset_hz: float
) -> None:
    signal = video(line_hz * 1.0001, RATE_HZ, 1.2 * WINDOW_S, offset_hz)[: window_samples(RATE_HZ)]
    signal = signal / np.sqrt(np.mean(np.abs(signal) ** 2))
    found = find_video(noisy(signal.astype(np.complex64), 6.0, RATE_HZ, RATE_HZ), RATE_HZ)
    assert found is not None
    assert found.standard == standard
    assert found.line_hz == pytest.approx(line_hz, abs=15.0)


def test_noise_pulses_and_a_single_tone_are_no_video() -> None:
    rng = np.random.default_rng(5)
    count = window_samples(RATE_HZ)
    noise = (rng.standard_normal((count, 2)) @ [1, 1j]).astype(np.complex64)
    hum = noise * (1.0 + 0.9 * np.sin(2 * np.pi * PAL_LINE_HZ * np.arange(count) / RATE_HZ)).astype(np.float32)
    pulses = noise.copy()
    pulses[:: int(RATE_HZ / 900)] *= 60
    for signal in (noise, hum, pulses):
        assert find_video(signal.astype(np.complex64), RATE_HZ) is None


def test_noise_alone_gives_no_comb_in_a_thousand_looks() -> None:
    rng = np.random.default_rng(6)
    count = int(WINDOW_S * 300e3)
    scores = [find_comb(rng.exponential(size=count).astype(np.float32), 300e3) for _ in range(1000)]
    assert max(comb.score_db for comb in scores if comb) < 7.0


def test_a_short_stretch_says_nothing() -> None:
    assert find_comb(np.zeros(10, np.float32), 300e3) is None
    assert find_video(np.zeros(0, np.complex64), RATE_HZ) is None


@pytest.mark.parametrize("factor", [5, 6, 7, 8, 9])
def test_a_chirp_cut_by_the_edge_of_the_slice_is_no_picture(
    lora: Callable[..., NDArray[np.complex64]], noisy: Callable[..., NDArray[np.complex64]], factor: int
) -> None:
    """Symbol rates of LoRa at 500 kHz are the line rate of PAL over a power of two."""
    symbols = int(0.024 * 500e3 / 2**factor)
    wide = lora(factor, 500e3, 2 * RATE_HZ, symbols, offset_hz=1.15e6)[: int(0.048 * RATE_HZ)]
    spectrum = np.fft.fft(wide)
    quarter = len(wide) // 4
    inside = np.fft.ifft(np.concatenate((spectrum[:quarter], spectrum[-quarter:]))).astype(np.complex64)
    assert find_video(noisy(inside * 2, 20.0, 500e3, RATE_HZ), RATE_HZ) is None


@pytest.mark.parametrize(
    "samples", [np.full(57_600, 0.9, np.complex64), np.exp(1j * np.arange(57_600)).round().astype(np.complex64)]
)
def test_a_constant_and_a_clipped_tone_are_no_picture(samples: NDArray[np.complex64]) -> None:
    assert find_video(samples, RATE_HZ) is None


def test_a_preamble_of_the_line_rate_is_no_picture(noisy: Callable[..., NDArray[np.complex64]]) -> None:
    """Pulses at exactly the line rate, but not for the whole look."""
    count = 57_600
    pulses = (np.arange(count) % 153.6 < 20).astype(np.complex64)
    pulses[20_000:] = 0
    assert find_video(noisy(pulses * 4, 10.0, RATE_HZ, RATE_HZ), RATE_HZ) is None
