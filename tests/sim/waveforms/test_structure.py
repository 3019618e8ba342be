"""The structure of single waveforms, taken apart by other means than those that made them."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.protocols import BY_LABEL
from dsp.protocols.record import FskPhy, Mode, PskPhy
from sim.radio import SimRadio
from sim.scene import EPOCH_2026_NS
from sim.single_link import single_link_scene
from sim.truth import TrueBurst
from sim.waveforms import packet, stream


def mode_of(label: str, name: str) -> Mode:
    return next(mode for mode in BY_LABEL[label].modes if mode.name == name)


@pytest.mark.parametrize(("symbol", "root"), [(4, 600), (6, 147)])
def test_droneid_carries_its_two_sequences(symbol: int, root: int) -> None:
    rate_hz = 15.36e6
    samples = packet(mode_of("dji-droneid", "burst"), rate_hz, np.random.default_rng(1))
    assert len(samples) == 9880
    # Prefixes of 80 samples for the first and last symbol, 72 for the others; symbols are counted from 1.
    start = 80 + 1024 + (symbol - 2) * (72 + 1024) + 72
    body = samples[start : start + 1024]
    carriers = np.fft.fft(body)[np.arange(-300, 301)]
    index = np.arange(601)
    sequence = np.exp(-1j * np.pi * root * index * (index + 1) / 601)
    sequence[300] = 0.0
    match = abs(np.vdot(sequence, carriers)) / np.linalg.norm(sequence) / np.linalg.norm(carriers)
    assert match > 0.99
    prefix = samples[start - 72 : start]
    assert abs(np.vdot(prefix, body[-72:])) / np.linalg.norm(prefix) / np.linalg.norm(body[-72:]) > 0.99


def test_dab_pauses_once_a_frame() -> None:
    rate_hz = 2.048e6
    samples = stream(mode_of("dab", "I"), rate_hz, np.random.default_rng(1)).read(int(0.3 * rate_hz))
    power = np.convolve(np.abs(samples) ** 2, np.full(512, 1 / 512), mode="same")
    quiet = power < 0.05
    starts = np.flatnonzero(quiet[1:] & ~quiet[:-1])
    assert np.diff(starts) / rate_hz == pytest.approx(0.096, abs=2e-4)
    assert quiet.mean() == pytest.approx(1.297 / 96.0, rel=0.3)


def test_dme_pairs_are_twelve_microseconds_apart() -> None:
    samples = packet(mode_of("dme", "beacon-x"), 20e6, np.random.default_rng(1)).real
    peaks = np.flatnonzero((samples[1:-1] > samples[:-2]) & (samples[1:-1] >= samples[2:]) & (samples[1:-1] > 0.9))
    assert np.diff(peaks) / 20e6 == pytest.approx(12e-6, abs=1e-7)
    assert (samples > 0.5).sum() / 20e6 == pytest.approx(2 * 3.5e-6, rel=0.05)


def test_a_reply_is_framed_by_two_pulses() -> None:
    samples = np.abs(packet(mode_of("adsb", "mode-ac"), 40e6, np.random.default_rng(3)))
    on = np.flatnonzero(samples > 0.5)
    assert (on[-1] - on[0] + 1) / 40e6 == pytest.approx(20.3e-6 + 0.45e-6, abs=6e-8)


def test_a_reader_turns_its_phase_at_every_dip() -> None:
    samples = packet(mode_of("rfid", "tari25-pr"), 4e6, np.random.default_rng(1)).real
    high = samples[np.abs(samples) > 0.9]
    turns = np.count_nonzero(np.sign(high[1:]) != np.sign(high[:-1]))
    dips = np.count_nonzero((np.abs(samples[1:]) < 0.5) & (np.abs(samples[:-1]) >= 0.5))
    assert turns > 100
    assert turns == pytest.approx(dips, rel=0.02)


def test_tetra_turns_by_odd_eighths() -> None:
    phy = mode_of("tetra", "mobile").phy
    assert isinstance(phy, PskPhy)
    rate_hz = 16 * phy.symbol_rate_hz
    samples = packet(mode_of("tetra", "mobile"), rate_hz, np.random.default_rng(1))
    # The matched filter of a root-raised cosine, by its frequency response.
    length = len(samples)
    place = np.abs(np.fft.fftfreq(length, 1 / 16.0))
    response = np.cos(np.clip((place - 0.5) / phy.roll_off + 0.5, 0, 1) * np.pi / 2)
    points = np.fft.ifft(np.fft.fft(samples) * response)[16 * 8 : -16 * 8 : 16]
    eighths = np.angle(points[1:] * np.conj(points[:-1])) / (2 * np.pi) * 8
    assert np.abs(np.abs(eighths) % 2 - 1).max() < 0.2


def test_manchester_halves_are_opposite() -> None:
    mode = mode_of("radiosonde", "dfm")
    phy = mode.phy
    assert isinstance(phy, FskPhy)
    rate_hz = 20 * phy.bit_rate_bps
    samples = stream(mode, rate_hz, np.random.default_rng(1)).read(20 * 2000)
    turned = np.angle(samples[1:] * np.conj(samples[:-1]))
    halves = np.sign(turned[10::20])[:1998]
    assert np.array_equal(halves[0::2], -halves[1::2]) or np.array_equal(halves[1:-1:2], -halves[2::2])


@pytest.mark.parametrize(
    ("label", "mode", "band", "lengths_ms"),
    [("crossfire", "150Hz", "868", {2.9, 2.0}), ("frsky-r9", "26B", "868-flex", {7.8, 5.3})],
)
def test_both_ends_reach_the_receiver_at_their_own_level(
    label: str, mode: str, band: str, lengths_ms: set[float]
) -> None:
    scene = single_link_scene(
        label,
        mode,
        band,
        snr_db=12.0,
        duration_s=1.0,
        seed=4,
        telemetry_ratio=2,
        telemetry_snr_db=3.0,
    )
    truth: list[TrueBurst] = []
    for _ in SimRadio(scene, truth=truth.append).blocks():
        pass
    whole = [burst for burst in truth if burst.start_ns > EPOCH_2026_NS + 50_000_000]
    assert {round(burst.duration_s * 1e3, 1) for burst in whole} == lengths_ms
    up = [burst.snr_db for burst in whole if not burst.telemetry]
    down = [burst.snr_db for burst in whole if burst.telemetry]
    assert np.allclose(up, 12.0, atol=0.5)
    assert np.allclose(down, 3.0, atol=0.5)
