from __future__ import annotations

import numpy as np
import pytest

from dsp.spectrogram import FRAMES_PER_ROW, StftSettings, power_rows, row_power, rows_in, transform


@pytest.mark.parametrize("rate_hz", [100e3, 250e3, 1e6, 1.92e6, 2.4e6, 3.2e6])
def test_a_row_holds_the_mean_power_of_its_samples(rate_hz: float) -> None:
    points = StftSettings().points(rate_hz)
    rng = np.random.default_rng(1)
    samples = (rng.standard_normal((40 * points, 2)) @ [1, 1j]).astype(np.complex64)
    rows = power_rows(samples, points)
    assert len(rows) == rows_in(len(samples), points)
    assert rows.sum(axis=1).mean() == pytest.approx(2.0, rel=0.05)


def test_frequency_ascends_from_the_lower_edge() -> None:
    points = StftSettings().points(2.4e6)
    for offset_hz in (-1.0e6, -0.3e6, 0.2e6, 0.9e6):
        tone = np.exp(2j * np.pi * offset_hz / 2.4e6 * np.arange(20 * points)).astype(np.complex64)
        column = int(power_rows(tone, points).mean(axis=0).argmax())
        bin_hz = 2.4e6 / points
        lower_hz = -1.2e6 - bin_hz / 2 + column * 2 * bin_hz
        assert lower_hz - bin_hz <= offset_hz <= lower_hz + 3 * bin_hz


def test_too_few_samples_give_no_rows() -> None:
    assert power_rows(np.zeros(100, np.complex64), 512).shape == (0, 256)


@pytest.mark.parametrize("rate_hz", [250e3, 1.92e6, 2.4e6])
def test_pieces_are_seamless_and_agree_with_the_definition(rate_hz: float) -> None:
    points = StftSettings().points(rate_hz)
    rng = np.random.default_rng(2)
    samples = (rng.standard_normal((301 * points + 7, 2)) @ [1, 1j]).astype(np.complex64)
    spectrum = transform(samples, points)
    assert len(spectrum) == FRAMES_PER_ROW * rows_in(len(samples), points)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(points) + 0.5) / points)
    hann /= np.sqrt(points * (hann**2).sum())
    for frame in (0, 127, 128, 129, 300, len(spectrum) - 1):
        expected = np.fft.fftshift(np.fft.fft(samples[frame * points // 2 :][:points] * hann))
        assert np.allclose(spectrum[frame], expected, atol=1e-5)
    squares = np.abs(spectrum.reshape(-1, 2, points // 2, 2)) ** 2
    assert np.allclose(row_power(spectrum), squares.sum(axis=3).mean(axis=1), rtol=1e-4)
