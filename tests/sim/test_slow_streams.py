"""Streams made at a low rate: level, place, edges, and reads of any size."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.protocols import BY_LABEL
from dsp.protocols.record import Mode
from dsp.units import to_db
from sim.slow_packets import divisor_for
from sim.slow_streams import SlowStream
from sim.waveforms import stream

RATE_HZ = 2_400_000.0
CASES = [("cw", "carrier"), ("gsm", "bcch"), ("tetra", "base"), ("fm-voice", "25kHz"), ("interference", "narrow-noise")]


def slow(label: str, name: str) -> tuple[SlowStream, Mode]:
    mode = next(mode for mode in BY_LABEL[label].modes if mode.name == name)
    divisor = min(divisor_for(mode, RATE_HZ), 64)
    assert divisor > 1
    return SlowStream(stream(mode, RATE_HZ / divisor, np.random.default_rng(5)), divisor), mode


def share(samples: NDArray[np.complex64], low_hz: float, high_hz: float) -> float:
    """Power between two offsets."""
    spectrum = np.abs(np.fft.fft(samples * np.hanning(len(samples)))) ** 2
    frequency = np.fft.fftfreq(len(samples), 1.0 / RATE_HZ)
    return float(spectrum[(frequency >= low_hz) & (frequency < high_hz)].sum() / spectrum.sum())


@pytest.mark.parametrize(("label", "name"), CASES)
def test_level_and_place_and_spectrum_are_those_of_the_stream_at_the_full_rate(label: str, name: str) -> None:
    found, mode = slow(label, name)
    offset_hz = 0.4e6
    found.place(offset_hz / RATE_HZ, cut=False)
    samples = found.read(1_200_000, offset_hz / RATE_HZ, 2.0, 2.0)
    whole = 2.0 * stream(mode, RATE_HZ, np.random.default_rng(5), offset_hz=-offset_hz).read(1_200_000)
    power, expected = (float(np.mean(np.abs(each) ** 2)) for each in (samples, whole))
    assert to_db(power / expected) == pytest.approx(0.0, abs=0.1)
    for half_hz in (5e3, 12e3, 60e3, 200e3):
        limits_hz = offset_hz - half_hz, offset_hz + half_hz
        assert share(samples, *limits_hz) == pytest.approx(share(whole, *limits_hz), abs=0.03)
    assert to_db(1.0 - share(samples, offset_hz - 0.35e6, offset_hz + 0.35e6) + 1e-12) < -40.0


@pytest.mark.parametrize(("label", "name"), CASES)
def test_any_reads_give_the_same(label: str, name: str) -> None:
    (one, _), (other, _) = slow(label, name), slow(label, name)
    for each in (one, other):
        each.place(-0.48, cut=True)
    whole = one.read(30_000, 0.123, 1j, 1j)
    pieces = [other.read(count, 0.123, 1j, 1j) for count in (1, 63, 64, 65, 1, 9_806, 20_000)]
    assert np.abs(np.concatenate(pieces) - whole).max() < 5e-4


def test_the_amplitude_runs_straight_and_joins_the_next_read() -> None:
    found, _ = slow("cw", "carrier")
    found.place(0.1, cut=False)
    level = np.abs(np.concatenate([found.read(10_000, 0.1, 1.0, 3.0), found.read(10_000, 0.1, 3.0, 3.0)]))
    assert level[:10_000] == pytest.approx(np.linspace(1.0, 3.0, 10_000), abs=0.05)
    assert level[11_000:] == pytest.approx(np.full(9_000, 3.0), abs=0.01)
    assert np.abs(np.diff(level)).max() < 0.02


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_nothing_folds_in_at_the_edge(sign: float) -> None:
    found, _ = slow("gsm", "bcch")
    offset_hz = sign * 1.2e6
    found.place(offset_hz / RATE_HZ, cut=True)
    samples = found.read(480_000, offset_hz / RATE_HZ, 1.0, 1.0)[10_000:]
    power = float(np.mean(np.abs(samples) ** 2))
    assert 0.1 < power < 0.5
    far = (-1.2e6, 0.9e6) if sign > 0 else (-0.9e6, 1.2e6)
    assert to_db(share(samples, *far)) < -30.0
    found.place(sign * 1.5e6 / RATE_HZ, cut=True)
    found.read(10_000, 0.0, 1.0, 1.0)
    assert np.abs(found.read(10_000, 0.0, 1.0, 1.0)).max() < 0.02
