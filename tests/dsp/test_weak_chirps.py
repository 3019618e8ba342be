from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.analysis import Analysed, Slice
from dsp.bursts import ChirpFinding
from dsp.chirp_packets import prove
from dsp.chirps import ChirpShape
from dsp.preambles import PreambleBank, Trigger
from dsp.weak_chirps import WeakChirps, hopping_shapes

Samples = NDArray[np.complex64]
RATE_HZ = 2.4e6
BLOCK = 65_536


def _noise(count: int, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(2 * count, dtype=np.float32).view(np.complex64)


def _triggers(samples: Samples, shape: ChirpShape) -> list[Trigger]:
    bank = PreambleBank(shape, RATE_HZ)
    found: list[Trigger] = []
    for first in range(0, len(samples), BLOCK):
        begin = max(0, first - BLOCK)
        found += bank.feed(samples[begin : first + BLOCK], begin)
    return found


def _search(samples: Samples, mask: NDArray[np.bool_] | None = None) -> list[Analysed]:
    search = WeakChirps(Slice(RATE_HZ, 868e6, centre_known=True, origin_ns=0, points=512))
    cells = np.zeros((128, 256), dtype=np.bool_) if mask is None else mask
    found: list[Analysed] = []
    for first in range(0, len(samples) - BLOCK + 1, BLOCK):
        last = first + 2 * BLOCK > len(samples)
        begin = max(0, first - search.keep_samples)
        found += search.feed(samples[begin : first + BLOCK], begin, BLOCK, cells, final=last)
    return found


def _train(
    lora: Callable[..., Samples], noisy: Callable[..., Samples], snr_db: float, spreading_factor: int = 6
) -> tuple[Samples, list[int], list[float]]:
    """Packets at odd moments on odd frequencies, with their first samples and carriers."""
    rng = np.random.default_rng(11)
    length = 20 * BLOCK
    samples = np.zeros(length, dtype=np.complex64)
    starts, carriers_hz = [], []
    at = 5000
    while True:
        carrier_hz = float(rng.uniform(-0.8e6, 0.8e6))
        one = lora(spreading_factor, 500e3, RATE_HZ, 22, int(rng.integers(1 << 30)), carrier_hz)
        if at + len(one) > length:
            break
        samples[at : at + len(one)] += one * np.exp(2j * np.pi * rng.random())
        starts.append(at)
        carriers_hz.append(carrier_hz)
        at += len(one) + int(rng.integers(2000, 9000))
    return noisy(samples, snr_db, 500e3, RATE_HZ, 5), starts, carriers_hz


@pytest.mark.parametrize("spreading_factor", [5, 7, 9])
def test_noise_triggers_seldom_and_proves_almost_never(spreading_factor: int) -> None:
    seconds = 3.0
    shape = ChirpShape(spreading_factor, 500e3)
    samples = _noise(int(seconds * RATE_HZ), 4)
    found = _triggers(samples, shape)
    assert len(found) < 12 * seconds
    proved = [prove(samples, 0, RATE_HZ, trigger) for trigger in found]
    assert sum(packet is not None for packet in proved) <= 2


def test_most_packets_at_the_floor_are_found_where_and_when_they_are(
    lora: Callable[..., Samples], noisy: Callable[..., Samples]
) -> None:
    samples, starts, carriers_hz = _train(lora, noisy, -5.0)
    shape = ChirpShape(6, 500e3)
    packets = [p for p in (prove(samples, 0, RATE_HZ, t) for t in _triggers(samples, shape)) if p is not None]
    symbol = shape.symbol_s * RATE_HZ
    duration_s = (12.25 + 22) * shape.symbol_s
    hit = 0
    lengths = []
    for start, carrier_hz in zip(starts, carriers_hz, strict=True):
        near = [
            p for p in packets if abs(p.start_sample - start) < 1.6 * symbol and abs(p.offset_hz - carrier_hz) < 25e3
        ]
        hit += bool(near)
        lengths += [p.duration_s / duration_s for p in near]
    assert hit >= 0.85 * len(starts)
    assert 0.9 < float(np.median(lengths)) < 1.1


def test_half_of_the_packets_5_db_below_the_floor_are_found(
    lora: Callable[..., Samples], noisy: Callable[..., Samples]
) -> None:
    samples, starts, carriers_hz = _train(lora, noisy, -10.0)
    shape = ChirpShape(6, 500e3)
    packets = [p for p in (prove(samples, 0, RATE_HZ, t) for t in _triggers(samples, shape)) if p is not None]
    symbol = shape.symbol_s * RATE_HZ
    hit = sum(
        any(abs(p.start_sample - s) < 4 * symbol and abs(p.offset_hz - c) < 100e3 for p in packets)
        for s, c in zip(starts, carriers_hz, strict=True)
    )
    assert hit >= 0.4 * len(starts)


def test_the_alias_of_a_slope_is_refused(lora: Callable[..., Samples], noisy: Callable[..., Samples]) -> None:
    """SF7 over 250 kHz has the slope of SF9 over 500 kHz."""
    samples = noisy(np.tile(lora(7, 250e3, RATE_HZ, 30, 3, 0.2e6), 6), 6.0, 250e3, RATE_HZ)
    shape = ChirpShape(9, 500e3)
    found = _triggers(samples, shape)
    assert len(found) > 100
    assert sum(prove(samples, 0, RATE_HZ, trigger) is not None for trigger in found) <= 3


@pytest.mark.parametrize("kind", ["carrier", "fsk", "noise"])
def test_other_emissions_prove_nothing(kind: str, fsk: Callable[..., Samples]) -> None:
    count = 12 * BLOCK
    time_s = np.arange(count) / RATE_HZ
    if kind == "carrier":
        signal = np.exp(2j * np.pi * 0.31e6 * time_s)
    elif kind == "fsk":
        part = fsk(50e3, 25e3, RATE_HZ, 600, 3, -0.4e6)
        signal = np.tile(np.concatenate((part, np.zeros(len(part), np.complex64))), 1 + count // len(part))[:count]
    else:
        signal = np.exp(2j * np.pi * (0.4e6 * np.cumsum(np.sin(2 * np.pi * 300 * time_s)) / RATE_HZ))
    samples = (2.0 * signal).astype(np.complex64) + _noise(count, 9)
    assert len(_search(samples)) <= 1


def test_what_energy_shows_is_left_to_the_regions(lora: Callable[..., Samples], noisy: Callable[..., Samples]) -> None:
    samples, _, _ = _train(lora, noisy, -3.0)
    assert len(_search(samples)) > 5
    assert _search(samples, np.ones((128, 256), dtype=np.bool_)) == []


def test_bursts_say_what_was_found(lora: Callable[..., Samples], noisy: Callable[..., Samples]) -> None:
    samples, _, _ = _train(lora, noisy, -4.0)
    bursts = [item.burst for item in _search(samples)]
    assert len(bursts) > 5
    findings = [b.finding for b in bursts]
    assert all(isinstance(f, ChirpFinding) and f.bandwidth_hz == 500e3 for f in findings)
    assert abs(float(np.median([b.snr_db for b in bursts])) + 4.0) < 2.5


def test_every_chirp_of_a_hopping_record_is_searched_for() -> None:
    shapes = hopping_shapes()
    assert {s.spreading_factor for s in shapes if s.bandwidth_hz == 500e3} >= {5, 6, 7, 8, 9}


def test_a_comb_of_steady_lines_hides_no_preamble_that_is_stronger(lora: Callable[..., Samples]) -> None:
    shape, count, at = ChirpShape(6, 500e3, rising=True), 4 * BLOCK, 2 * BLOCK
    time_s = np.arange(count) / RATE_HZ
    samples = _noise(count, 4) / np.sqrt(2.0)
    for tone_hz in np.arange(-1.15e6, 1.2e6, 31.25e3):
        samples += (0.14 * np.exp(2j * np.pi * tone_hz * time_s)).astype(np.complex64)
    one = lora(6, 500e3, RATE_HZ, 22, 5, 0.1e6)
    samples[at : at + len(one)] += one
    bank = PreambleBank(shape, RATE_HZ)
    found = bank.feed(samples.astype(np.complex64), 0)
    assert any(abs(each.first_sample - at) < 4 * shape.symbol_s * RATE_HZ for each in found)


@pytest.mark.parametrize("segment", [2 * BLOCK, 6 * BLOCK])
def test_every_shape_has_its_turn_whatever_the_length_of_a_segment(lora: Callable[..., Samples], segment: int) -> None:
    rng = np.random.default_rng(3)
    samples = _noise(36 * BLOCK, 6) / np.sqrt(2.0)
    for factor in (5, 6, 7):
        for at in range(1000 * factor, len(samples) - BLOCK, BLOCK // 2):
            one = lora(factor, 500e3, RATE_HZ, 22, at, float((factor - 6) * 0.7e6))
            samples[at : at + len(one)] += 0.6 * one * np.exp(2j * np.pi * rng.random())
    search = WeakChirps(Slice(RATE_HZ, 868e6, centre_known=True, origin_ns=0, points=512))
    cells = np.zeros((segment // 512, 256), dtype=np.bool_)
    heard = set()
    for first in range(0, len(samples) - segment + 1, segment):
        begin = max(0, first - search.keep_samples)
        found = search.feed(samples[begin : first + segment], begin, segment, cells, final=False)
        heard |= {f.spreading_factor for item in found if isinstance(f := item.burst.finding, ChirpFinding)}
    assert heard >= {5, 6, 7}
