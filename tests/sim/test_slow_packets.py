"""Packets kept at a low rate, packets cut at the slice's edge, and the phasor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dsp.protocols import BY_LABEL
from dsp.protocols.record import Mode
from dsp.units import to_db
from sim.cut import cut_for, cut_in_rows, cut_packet, cut_whole
from sim.gaussian import gaussian
from sim.phasor import phasor
from sim.slow_packets import divisor_for, full_length, interpolated, mixed, slow_packet
from sim.waveform_pool import POOL_BYTES, PacketKind, WaveformPool
from sim.waveforms import packet

RATE_HZ = 2_400_000.0


def lorawan(name: str) -> Mode:
    return next(mode for mode in BY_LABEL["lorawan"].modes if mode.name == name)


def test_a_slow_packet_is_the_packet() -> None:
    mode = lorawan("SF9BW125-up")
    divisor = divisor_for(mode, RATE_HZ)
    slow = slow_packet(mode, RATE_HZ, divisor, 0.0, np.random.default_rng(1))
    whole = packet(mode, RATE_HZ, np.random.default_rng(1))
    length = full_length(slow, divisor)
    assert length == pytest.approx(len(whole), abs=divisor)
    error = interpolated(slow, divisor, 0, length)[: len(whole)] - whole[:length]
    assert to_db(float(np.mean(np.abs(error) ** 2))) < -30.0


def test_a_slow_packet_is_the_same_in_any_pieces() -> None:
    mode = lorawan("SF9BW125-up")
    divisor = divisor_for(mode, RATE_HZ)
    slow = slow_packet(mode, RATE_HZ, divisor, 0.0, np.random.default_rng(1))
    length = full_length(slow, divisor)
    whole = interpolated(slow, divisor, 0, length)
    pieces = [interpolated(slow, divisor, start, min(10_007, length - start)) for start in range(0, length, 10_007)]
    assert np.allclose(np.concatenate(pieces), whole, atol=1e-6)


def test_a_slow_packet_at_the_edge_has_nothing_beyond_it() -> None:
    mode = lorawan("SF9BW125-up")
    divisor = divisor_for(mode, RATE_HZ)
    offset_hz = 1.2e6
    slow = slow_packet(mode, RATE_HZ, divisor, offset_hz, np.random.default_rng(1))
    samples = interpolated(slow, divisor, 0, full_length(slow, divisor))
    spectrum = np.abs(np.fft.fft(samples)) ** 2
    frequency = np.fft.fftfreq(len(samples), 1.0 / RATE_HZ)
    assert to_db(float(spectrum[frequency > 1e3].sum() / spectrum.sum())) < -40.0
    assert np.mean(np.abs(samples) ** 2) == pytest.approx(0.5, abs=0.1)


def test_the_pool_gives_equal_packets_for_equal_numbers_and_stays_small() -> None:
    pool = WaveformPool(3)
    mode = BY_LABEL["expresslrs"].modes[0]
    kind = PacketKind(mode, RATE_HZ)
    first = pool.get(kind, 0.0, 1)
    assert pool.get(PacketKind(replace(mode), RATE_HZ), 100e3, 1) is first
    assert len({id(pool.get(kind, 0.0, number)) for number in range(200)}) == 16
    for offset_hz in np.arange(0.9e6, 1.4e6, 2e3):
        for number in range(20):
            pool.get(kind, float(offset_hz), number)
    kept = sum(waveform.samples.nbytes for waveform in pool._packets.values())
    assert kept <= POOL_BYTES
    again = pool.get(kind, 0.0, 1)
    assert np.array_equal(again.samples, first.samples)


@pytest.mark.parametrize("samples", [1, 511, 512, 100_000])
def test_the_phasor_turns_steadily(samples: int) -> None:
    exact = np.exp(2j * np.pi * (0.2 + 0.123456 * np.arange(samples)))
    assert np.abs(phasor(samples, 0.123456, 0.2) - exact).max() < 1e-5


@pytest.mark.parametrize("divisor", [2, 6, 9, 64, 200])
@pytest.mark.parametrize("start", [0, 1, 12_345])
def test_mixed_is_interpolated_on_a_carrier(divisor: int, start: int) -> None:
    rng = np.random.default_rng(divisor)
    slow = np.pad(rng.standard_normal((40_000 // divisor, 2)) @ [1, 1j], 8).astype(np.complex64)
    length = full_length(slow, divisor)
    cycles, amplitude = -0.312_345_678, 0.3 - 0.2j
    for count in (1, 1000, length - start):
        expected = interpolated(slow, divisor, start, count) * phasor(count, cycles, 0.0, amplitude)
        assert np.abs(mixed(slow, divisor, start, count, cycles, amplitude) - expected).max() < 1e-5


@pytest.mark.parametrize("offset_hz", [1.1e6, -1.3e6, 1.5e6])
def test_what_fits_a_slice_is_cut_as_if_it_had_been_made_wider(offset_hz: float) -> None:
    mode = BY_LABEL["expresslrs"].modes[0]
    cut = cut_for(packet(mode, RATE_HZ, np.random.default_rng(1)), offset_hz / RATE_HZ)
    wide = cut_packet(mode, RATE_HZ, offset_hz, np.random.default_rng(1))
    moved = cut * phasor(len(cut), offset_hz / RATE_HZ, 0.0)
    assert np.mean(np.abs(moved - wide[: len(moved)]) ** 2) < 1e-3


@pytest.mark.parametrize("wide", [2, 3, 5])
def test_cut_in_rows_is_cut_as_a_whole(wide: int) -> None:
    samples = gaussian((wide,), 50_001 * wide - 1, 1.0)
    whole, rows = cut_whole(samples, wide), cut_in_rows(samples, wide)
    assert len(whole) == len(rows) == 50_001
    assert to_db(float(np.mean(np.abs(rows) ** 2) / np.mean(np.abs(whole) ** 2))) == pytest.approx(0.0, abs=0.01)
    assert to_db(float(np.mean(np.abs(rows - whole) ** 2) / np.mean(np.abs(whole) ** 2))) < -60.0
