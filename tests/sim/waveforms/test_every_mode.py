"""Every mode of every record renders: power, length, bandwidth, the same again by seed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.protocols import PROTOCOLS
from dsp.protocols.record import (
    ContinuousTiming,
    FmVideoPhy,
    HopTiming,
    Mode,
    NoisePhy,
    OokPhy,
    PulsePhy,
    RfProtocol,
)
from sim.bandwidth import bandwidth_hz
from sim.waveforms import packet, stream

MODES = [pytest.param(p, m, id=f"{p.label}-{m.name}") for p in PROTOCOLS for m in p.modes]
HOPPING = [
    pytest.param(m, m.timing, id=f"{p.label}-{m.name}")
    for p in PROTOCOLS
    for m in p.modes
    if isinstance(m.timing, HopTiming)
]
REPEATED = [
    # The wide streams share their code with narrower ones.
    pytest.param(m, id=f"{p.label}-{m.name}")
    for p in PROTOCOLS
    for m in p.modes
    if bandwidth_hz(m.phy) < 3e6 or not isinstance(m.timing, ContinuousTiming)
]
PIECE_SAMPLES = 400_000
ON = 0.3
"""Amplitude above which a keyed signal is on."""


def rendered(mode: Mode, rate_hz: float, seed: int) -> NDArray[np.complex64]:
    rng = np.random.default_rng(seed)
    if isinstance(mode.timing, ContinuousTiming):
        return stream(mode, rate_hz, rng).read(int(min(0.3 * rate_hz, PIECE_SAMPLES)))
    return packet(mode, rate_hz, rng)


def rate_for(mode: Mode) -> float:
    width_hz = bandwidth_hz(mode.phy)
    factor = 2.5 if isinstance(mode.phy, FmVideoPhy) else 8.0 if isinstance(mode.phy, PulsePhy) else 4.0
    return max(factor * width_hz, 20e3)


def occupied_hz(samples: NDArray[np.complex64], rate_hz: float, share: float) -> float:
    """Width that holds a share of the power, as much left out below as above."""
    length = min(1 << 15, 1 << int(np.ceil(np.log2(max(len(samples), 256)))))
    padded = np.pad(samples, (0, max(length - len(samples), 0)))
    window = np.hanning(length) if len(padded) > length else np.ones(length)
    pieces = [padded[at : at + length] * window for at in range(0, len(padded) - length + 1, length // 2)]
    power = np.fft.fftshift(sum(np.abs(np.fft.fft(piece)) ** 2 for piece in pieces))
    below = np.cumsum(power) / power.sum()
    edges = np.searchsorted(below, ((1 - share) / 2, (1 + share) / 2))
    return float(edges[1] - edges[0] + 1) * rate_hz / length


@pytest.mark.parametrize(("protocol", "mode"), MODES)
def test_a_mode_renders_as_its_record_says(protocol: RfProtocol, mode: Mode) -> None:
    rate_hz = rate_for(mode)
    samples = rendered(mode, rate_hz, 1)
    assert samples.dtype == np.complex64
    # Noise that swells with the mains is on all the time.
    on = samples if isinstance(mode.phy, NoisePhy) else samples[np.abs(samples) > ON]
    if not (isinstance(mode.phy, PulsePhy) and mode.phy.gaussian):
        assert np.mean(np.abs(on) ** 2) == pytest.approx(1.0, abs=0.15)
    # On-off keying and pulses have side lobes beyond what their records call their width.
    keyed = isinstance(mode.phy, OokPhy | PulsePhy)
    width_hz = occupied_hz(samples, rate_hz, 0.9 if keyed else 0.99)
    least_hz = rate_hz / (1 << 15)
    assert 0.3 * bandwidth_hz(mode.phy) - least_hz < width_hz < 1.75 * bandwidth_hz(mode.phy) + 3 * least_hz


@pytest.mark.parametrize(("mode", "timing"), HOPPING)
def test_a_packet_is_as_long_as_its_timing(mode: Mode, timing: HopTiming) -> None:
    rate_hz = rate_for(mode)
    assert len(rendered(mode, rate_hz, 2)) / rate_hz == pytest.approx(timing.airtime_s, rel=0.02)


@pytest.mark.parametrize("mode", REPEATED)
def test_a_seed_gives_the_same_again(mode: Mode) -> None:
    rate_hz = rate_for(mode)
    first, again, other = (rendered(mode, rate_hz, seed) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert len(first) != len(other) or not np.array_equal(first, other)
