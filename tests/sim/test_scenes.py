"""The scenes that come with skypicket."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
import scipy.fft

from dsp.iq import u8_to_complex64
from sim.radio import SimRadio
from sim.scene import load_scene, scene_names
from sim.truth import TrueBurst

FREE_CHANNEL_S = 2.5
"""Within this time every scene with emitters has something on air; some are noise alone, for radar and Remote ID."""


@pytest.mark.parametrize("name", scene_names())
def test_something_is_on_air_and_inside_the_slice(name: str) -> None:
    scene = replace(load_scene(name), duration_s=FREE_CHANNEL_S)
    assert scene.title
    truth: list[TrueBurst] = []
    raw = SimRadio(scene, truth=truth.append).read_u8(10**8)
    receiver = scene.receiver
    assert len(raw) == 2 * round(FREE_CHANNEL_S * receiver.sample_rate_hz)
    assert bool(truth) == bool(scene.emitters)
    for burst in truth:
        assert receiver.centre_hz - receiver.sample_rate_hz / 2 <= burst.low_hz < burst.high_hz
        assert burst.high_hz <= receiver.centre_hz + receiver.sample_rate_hz / 2
    clipped = np.isin(np.frombuffer(raw, np.uint8), (0, 255)).mean()
    assert clipped < 0.001


@pytest.mark.parametrize("name", ["busy", "demo", "video_pal"])
def test_the_seed_decides_every_byte(name: str) -> None:
    scene = replace(load_scene(name), duration_s=0.3)
    first = SimRadio(scene).read_u8(10**7)
    radio = SimRadio(scene)
    again = b""
    while part := radio.read_u8(70_001):
        again += part
    assert again == first
    assert SimRadio(replace(scene, seed=scene.seed + 1)).read_u8(10**7) != first


@pytest.mark.parametrize("name", ["busy", "demo", "ism_only"])
def test_a_scene_costs_little_more_than_looking_at_it(name: str) -> None:
    """Real time with room to spare: at most 25 plain spectra of the same samples, of which a core makes 40 a second."""
    radio = SimRadio(replace(load_scene(name), duration_s=None))
    rate_hz = radio.settings.sample_rate_hz
    radio.read_u8(round(rate_hz))  # packets rendered once
    window = np.hanning(1024).astype(np.complex64)
    begin_s = time.process_time()
    samples = u8_to_complex64(radio.read_u8(round(rate_hz)))
    made_s = time.process_time()
    for shifted in (samples, samples[512:]):
        frames = shifted[: len(shifted) // 1024 * 1024].reshape(-1, 1024)
        (np.abs(scipy.fft.fft(frames * window, axis=1)) ** 2).sum()
    looked_s = time.process_time()
    assert made_s - begin_s < 25 * (looked_s - made_s)
