from __future__ import annotations

import numpy as np
import pytest

from dsp.baseband import extract, power_of, resynthesise
from dsp.channelise import Channeliser
from dsp.spectrogram import ShortTimeTransform, rows_in


@pytest.mark.parametrize("offset_hz", [-1.0e6, -123_456.0, 0.0, 700e3])
def test_a_tone_keeps_its_amplitude_and_comes_to_zero(offset_hz: float) -> None:
    tone = 0.25 * np.exp(2j * np.pi * offset_hz / 2.4e6 * np.arange(50_000)).astype(np.complex64)
    out = extract(tone, 2.4e6, offset_hz, 200e3)
    middle = out.samples[100:-100]
    assert out.rate_hz >= 200e3
    assert np.abs(middle).mean() == pytest.approx(0.25, rel=0.02)
    turn = np.angle(np.vdot(middle[:-1], middle[1:])) * out.rate_hz / (2 * np.pi)
    assert turn + out.offset_hz == pytest.approx(offset_hz, abs=60.0)


def test_what_lies_outside_the_band_is_gone() -> None:
    tone = np.exp(2j * np.pi * 0.4e6 / 2.4e6 * np.arange(48_000)).astype(np.complex64)
    assert np.abs(extract(tone, 2.4e6, -0.4e6, 200e3).samples[50:-50]).max() < 1e-2


@pytest.mark.parametrize("rate_hz", [5e6, 10e6, 20e6, 50e6, 61.44e6])
def test_every_frequency_is_in_some_slice_whole_and_with_right_phase(rate_hz: float) -> None:
    rng = np.random.default_rng(1)
    for tone_hz in rng.uniform(-0.48, 0.48, 6) * rate_hz:
        channeliser = Channeliser(rate_hz)
        tone = np.exp(2j * np.pi * tone_hz / rate_hz * np.arange(int(rate_hz * 0.02))).astype(np.complex64)
        cuts = np.sort(rng.integers(0, len(tone), 3))
        pieces = [channeliser.feed(part) for part in np.split(tone, cuts)] + [channeliser.flush()]
        slices = [np.concatenate([piece[i] for piece in pieces]) for i in range(len(channeliser.offsets_hz))]
        nearest = int(np.argmin(np.abs(np.array(channeliser.offsets_hz) - tone_hz)))
        samples = slices[nearest][200:-200]
        assert abs(channeliser.offsets_hz[nearest] - tone_hz) < 0.45 * channeliser.slice_rate_hz
        assert np.abs(samples).mean() == pytest.approx(1.0, rel=0.05)
        turn = np.angle(samples[1:] * np.conj(samples[:-1]))
        assert np.ptp(turn) < 0.05
        measured_hz = float(turn.mean()) * channeliser.slice_rate_hz / (2 * np.pi)
        assert measured_hz + channeliser.offsets_hz[nearest] == pytest.approx(tone_hz, abs=200.0)
        assert len(slices[nearest]) == pytest.approx(len(tone) / channeliser.decimation, abs=2)


def test_time_is_kept_by_the_channeliser() -> None:
    channeliser = Channeliser(10e6)
    pulse = np.zeros(400_000, np.complex64)
    pulse[200_000:200_400] = 1.0
    parts = [channeliser.feed(pulse), channeliser.flush()]
    middle = int(np.argmin(np.abs(channeliser.offsets_hz)))
    out = np.abs(np.concatenate([part[middle] for part in parts]))
    centre = float((out**2 @ np.arange(len(out))) / (out**2).sum())
    assert centre * channeliser.decimation == pytest.approx(200_200, abs=3 * channeliser.decimation)


@pytest.mark.parametrize("least_rate_hz", [40e3, 300e3, 850e3, 3e6])
@pytest.mark.parametrize("bins_off", [-100, -1, 0, 37, 120])
def test_a_band_of_a_transform_is_the_band_of_the_samples(bins_off: int, least_rate_hz: float) -> None:
    points, rate_hz = 512, 2.4e6
    offset_hz = bins_off * rate_hz / points
    tone_hz = offset_hz + 7e3
    tone = 0.25 * np.exp(2j * np.pi * tone_hz / rate_hz * np.arange(40 * points)).astype(np.complex64)
    rows = rows_in(len(tone), points)
    spectrum = np.zeros((2 * rows, points), np.complex64)
    ShortTimeTransform(points).run(tone, spectrum, np.zeros((rows, points // 2), np.float32))
    out = resynthesise(spectrum, rate_hz, offset_hz, least_rate_hz)
    assert out.rate_hz >= min(least_rate_hz, rate_hz)
    assert out.offset_hz == pytest.approx(offset_hz, abs=1e-6)
    assert np.sqrt(power_of(out.samples)) == pytest.approx(0.25, rel=0.02)
    turn = np.angle(out.samples[1:] * np.conj(out.samples[:-1])) * out.rate_hz / (2.0 * np.pi)
    assert turn == pytest.approx(tone_hz - offset_hz, abs=0.01 * out.rate_hz)
    # It begins half a transform after the first frame.
    step = rate_hz / out.rate_hz
    at = points // 2 + step * np.arange(len(out.samples))
    expected = 0.25 * np.exp(2j * np.pi * (tone_hz * at - offset_hz * (at - at[0])) / rate_hz)
    ratio = out.samples * np.conj(expected)
    assert np.abs(np.angle(ratio * np.conj(ratio.mean()))).max() < 0.05
