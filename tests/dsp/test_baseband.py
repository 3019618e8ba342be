from __future__ import annotations

import numpy as np
import pytest

from dsp.baseband import extract
from dsp.channelise import Channeliser


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
