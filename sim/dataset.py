"""Labelled patches for training: every protocol, randomised wider than life, seen by the detector itself.

A patch is never drawn from a formula: packets are rendered, mixed, distorted and quantised, and what the detector
finds of them becomes the example, with the detector's own errors of centre, width and length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.analysis import Analysed
from dsp.detector import DetectorSettings, SliceDetector, make_slice
from dsp.features import FEATURES
from dsp.iq import complex64_to_u8, u8_to_complex64
from dsp.patches import IMAGE_BINS, IMAGE_FRAMES
from dsp.protocols import PROTOCOLS
from dsp.protocols.record import Band, ContinuousTiming, Mode, RfProtocol, SporadicTiming
from sim.bandwidth import bandwidth_hz as signal_bandwidth_hz
from sim.waveforms import packet, stream

SAMPLE_RATES_HZ = (250e3, 1.0e6, 1.6e6, 2.0e6, 2.4e6, 2.4e6, 2.4e6, 3.2e6)
SNR_RANGE_DB = (-3.0, 38.0)
"""In the signal's bandwidth: from where the detector begins to find something to where the converter ends."""
LONGEST_EXAMPLE_S = 0.2
LEAD_S = 0.006
PATCHES_PER_EXAMPLE = 3
UNKNOWN_TUNING_SHARE = 0.2
CLIPPING_SHARE = 0.15
NEIGHBOUR_SHARE = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Labelled patches.

    Parameters
    ----------
    labels
        Names in the order of ``label``'s numbers.
    image
        (n, IMAGE_FRAMES, IMAGE_BINS) uint8, 255 is 1.0.
    features
        (n, F) float32.
    label
        (n,) int64.
    snr_db
        (n,) float32, as rendered.
    """

    labels: tuple[str, ...]
    image: NDArray[np.uint8]
    features: NDArray[np.float32]
    label: NDArray[np.int64]
    snr_db: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Emission:
    """What is rendered for one example."""

    protocol: RfProtocol
    mode: Mode
    band: Band
    rate_hz: float
    centre_hz: float
    offset_hz: float
    bandwidth_hz: float
    snr_db: float


def build_dataset(examples_per_label: int, seed: int, exclude: tuple[str, ...] = ()) -> Dataset:
    """Render examples until every label has about the wanted number of patches.

    Parameters
    ----------
    examples_per_label
        Patches wanted of each label.
    seed
        Everything follows from it.
    exclude
        Labels left out, to see what the model says of them.
    """
    protocols = [protocol for protocol in PROTOCOLS if protocol.label not in exclude]
    images, features, labels, levels = [], [], [], []
    for index, protocol in enumerate(protocols):
        rng = np.random.default_rng((seed, index))
        have = tries = 0
        while have < examples_per_label and tries < 6 * examples_per_label:
            tries += 1
            emission = _draw(protocol, rng)
            if emission is None:
                continue
            for found in _render_and_find(emission, rng)[:PATCHES_PER_EXAMPLE]:
                patch = found.patch(tuning_known=rng.random() >= UNKNOWN_TUNING_SHARE)
                images.append(np.rint(patch.image[0] * 255.0).astype(np.uint8))
                features.append(patch.features)
                labels.append(index)
                levels.append(emission.snr_db)
                have += 1
    count = len(images)
    return Dataset(
        tuple(protocol.label for protocol in protocols),
        np.stack(images) if count else np.zeros((0, IMAGE_FRAMES, IMAGE_BINS), dtype=np.uint8),
        np.stack(features) if count else np.zeros((0, len(FEATURES)), dtype=np.float32),
        np.asarray(labels, dtype=np.int64),
        np.asarray(levels, dtype=np.float32),
    )


def _draw(protocol: RfProtocol, rng: np.random.Generator) -> _Emission | None:
    """Draw mode, band, tuning and level of one example; None where the slice is too narrow for it."""
    mode = protocol.modes[int(rng.integers(len(protocol.modes)))]
    bands = protocol.bands_of(mode)
    band = bands[int(rng.integers(len(bands)))]
    rate_hz = float(rng.choice(SAMPLE_RATES_HZ))
    bandwidth_hz = signal_bandwidth_hz(mode.phy)
    wide = isinstance(mode.timing, ContinuousTiming) and bandwidth_hz > 0.6 * rate_hz
    if (wide and rate_hz < 1e6) or (not wide and bandwidth_hz > 0.8 * rate_hz):
        return None
    if band.channels_hz and rng.random() < 0.9:
        carrier_hz = float(rng.choice(band.channels_hz))
    else:
        carrier_hz = float(rng.uniform(band.low_hz, band.high_hz))
    carrier_hz *= 1.0 + rng.uniform(-40e-6, 40e-6)
    reach_hz = 0.5 * (rate_hz - bandwidth_hz) if not wide else min(3e6, 0.45 * bandwidth_hz)
    offset_hz = float(rng.uniform(-0.9, 0.9) * reach_hz)
    snr_db = float(rng.uniform(*SNR_RANGE_DB))
    return _Emission(protocol, mode, band, rate_hz, carrier_hz - offset_hz, offset_hz, bandwidth_hz, snr_db)


def _render_and_find(emission: _Emission, rng: np.random.Generator) -> list[Analysed]:
    """Render one example and give what the detector finds of it."""
    rate_hz, mode = emission.rate_hz, emission.mode
    lead = int(LEAD_S * rate_hz)
    wide = isinstance(mode.timing, ContinuousTiming)
    if wide:
        length = int(rate_hz * float(rng.uniform(0.06, 0.09)))
        signal = stream(mode, rate_hz, rng, offset_hz=-emission.offset_hz).read(length)
        start, stop = 0, length
    else:
        one = packet(mode, rate_hz, rng)
        copies = 1
        gap = 0
        if isinstance(mode.timing, SporadicTiming) and mode.timing.repeats[1] > 1:
            copies = int(rng.integers(mode.timing.repeats[0], mode.timing.repeats[1] + 1))
            gap = int(rate_hz * float(rng.uniform(0.002, 0.03)))
        parts = [one]
        for _ in range(copies - 1):
            if sum(len(part) for part in parts) > LONGEST_EXAMPLE_S * rate_hz:
                break
            parts += [np.zeros(gap, dtype=np.complex64), one]
        body = np.concatenate(parts)[: int(LONGEST_EXAMPLE_S * rate_hz)]
        turn = np.exp(2j * np.pi * emission.offset_hz / rate_hz * np.arange(len(body))).astype(np.complex64)
        signal = np.concatenate((np.zeros(lead, np.complex64), body * turn, np.zeros(lead, np.complex64)))
        start, stop = lead, lead + len(body)
    samples = _distort(signal, emission, rng)
    settings = DetectorSettings()
    where = make_slice(settings, rate_hz, emission.centre_hz, 0, known=True)
    detector = SliceDetector(settings, where)
    if wide:
        # The floor must be known before a signal that never pauses.
        detector.feed(_noise(int(0.06 * rate_hz), 10.0 ** (-emission.snr_db / 10.0) * 1e-3, rng))
        start, stop = start + int(0.06 * rate_hz), stop + int(0.06 * rate_hz)
    found = [*detector.feed(samples), *detector.flush().found]
    return [item for item in found if _is_of(item, emission, start / rate_hz, stop / rate_hz)]


def _is_of(item: Analysed, emission: _Emission, start_s: float, stop_s: float) -> bool:
    """Whether what was found is the emission, or a good piece of it."""
    burst = item.burst
    begin_s = burst.start_ns * 1e-9
    near = abs(burst.centre_hz - emission.centre_hz - emission.offset_hz)
    in_time = begin_s < stop_s and begin_s + burst.duration_s > start_s
    return in_time and near < max(0.5 * emission.bandwidth_hz, 8e3) + 0.2 * burst.bandwidth_hz


def _noise(count: int, power: float, rng: np.random.Generator) -> NDArray[np.complex64]:
    scale = np.float32(np.sqrt(0.5 * power))
    return (rng.standard_normal(2 * count, dtype=np.float32) * scale).view(np.complex64)


def _distort(signal: NDArray[np.complex64], emission: _Emission, rng: np.random.Generator) -> NDArray[np.complex64]:
    """Noise, a neighbour, fading, DC, IQ imbalance, gain and eight bits."""
    rate_hz, count = emission.rate_hz, len(signal)
    width_hz = min(emission.bandwidth_hz, rate_hz)
    noise_power = 10.0 ** (-emission.snr_db / 10.0) * rate_hz / width_hz
    time_s = np.arange(count) / rate_hz
    if rng.random() < 0.4:
        depth, beat_hz = rng.uniform(0.0, 0.5), rng.uniform(1.0, 60.0)
        signal = signal * (1.0 + depth * np.sin(2 * np.pi * (beat_hz * time_s + rng.random()))).astype(np.float32)
    mixed = signal + _noise(count, noise_power, rng)
    if rng.random() < NEIGHBOUR_SHARE:
        tone_hz = float(rng.uniform(-0.48, 0.48)) * rate_hz
        if abs(tone_hz - emission.offset_hz) > 0.7 * width_hz + 15e3:
            level = np.float32(10.0 ** (rng.uniform(-10.0, 15.0) / 20.0))
            mixed = mixed + level * np.exp(2j * np.pi * tone_hz * time_s).astype(np.complex64)
    power = float(np.vdot(mixed, mixed).real) / count
    target_db = rng.uniform(-6.0, 3.0) if rng.random() < CLIPPING_SHARE else rng.uniform(-40.0, -10.0)
    scaled = mixed * np.float32(np.sqrt(10.0 ** (target_db / 10.0) / power))
    scaled = scaled + np.complex64(complex(*rng.normal(0.0, 0.002, 2)))
    imbalance = np.float32(10.0 ** (rng.uniform(-45.0, -30.0) / 20.0))
    scaled = (scaled + imbalance * np.conj(scaled)).astype(np.complex64)
    return u8_to_complex64(complex64_to_u8(scaled).tobytes()).copy()
