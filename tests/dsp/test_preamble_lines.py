from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dsp.chirps import ChirpShape
from dsp.preambles import PreambleBank

Samples = NDArray[np.complex64]
RATE_HZ = 2.4e6
COUNT = 400_000


def _noise(seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(2 * COUNT, dtype=np.float32).view(np.complex64) / np.float32(np.sqrt(2.0))


def test_what_comes_again_and_again_at_one_tone_is_no_link(lora: Callable[..., Samples]) -> None:
    # Pulses at the pace of the symbols make the same line in every window, in phase like a preamble's.
    time_s = np.arange(COUNT) / RATE_HZ
    pulses = 0.6 * np.exp(2j * np.pi * 240e3 * time_s) * ((time_s / 128e-6) % 1.0 < 0.2)
    samples = _noise(1) + pulses.astype(np.complex64)
    at = COUNT // 2
    one = 0.6 * lora(6, 500e3, RATE_HZ, 22, 5, -0.6e6)
    samples[at : at + len(one)] += one
    shape = ChirpShape(6, 500e3, rising=True)
    found = PreambleBank(shape, RATE_HZ).feed(samples, 0)
    links = [each for each in found if abs(each.first_sample - at) < 4 * shape.symbol_s * RATE_HZ]
    assert any(abs(each.tone_hz + 0.6e6) < 0.3e6 for each in links)
    assert len(found) < 10


def test_packets_that_keep_pace_with_the_windows_are_a_link(lora: Callable[..., Samples]) -> None:
    # mLRS at 31 Hz on two channels: a packet every 16 ms from one side or the other, 250 symbols, so with the same
    # tone each, and a hop after both.
    samples, shape = _noise(2), ChirpShape(5, 500e3, rising=True)
    starts = range(3000, COUNT - 20_000, 38_400)
    for number, at in enumerate(starts):
        one = 0.6 * lora(5, 500e3, RATE_HZ, 22, at, (0.3e6, -0.4e6)[number // 2 % 2])
        samples[at : at + len(one)] += one
    found = PreambleBank(shape, RATE_HZ).feed(samples, 0)
    near = 6 * shape.symbol_s * RATE_HZ
    assert all(any(abs(each.first_sample - at) < near for each in found) for at in starts)
