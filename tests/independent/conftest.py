"""A second opinion: signals written from data sheets and firmware alone, with nothing of the simulator or the records.

Noise has power 1 in the slice; levels are signal over noise in the width that is given with each packet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.iq import IqBlock
from models.onnx import load_classifier
from node.pipeline import Pipeline, PipelineSettings
from node.tracking.track import Track
from node.tracking.tracker import Tracker, TrackerSettings

Samples = NDArray[np.complex64]
RATE_HZ = 2.4e6
BLOCK = 65536
FULL_SCALE = 0.03
"""Noise of a dongle at a usual gain: four steps of its eight bits."""
RAMP_S = 30e-6


@dataclass(frozen=True)
class Packet:
    """One transmission of keyed bits."""

    start_s: float
    centre_hz: float
    bits: NDArray[np.int64]
    bit_rate_bps: float
    deviation_hz: float
    snr_db: float
    bt: float | None = None

    @property
    def width_hz(self) -> float:
        return 2.0 * self.deviation_hz + self.bit_rate_bps

    @property
    def length_s(self) -> float:
        return len(self.bits) / self.bit_rate_bps


def _baseband(packet: Packet, offset_hz: float) -> Samples:
    count = int(packet.length_s * RATE_HZ)
    levels = 2.0 * packet.bits[(np.arange(count) * packet.bit_rate_bps / RATE_HZ).astype(int)] - 1.0
    if packet.bt is not None:
        sigma = np.sqrt(np.log(2.0)) / (2.0 * np.pi * packet.bt) * RATE_HZ / packet.bit_rate_bps
        reach = int(4.0 * sigma) + 1
        pulse = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
        levels = np.convolve(np.pad(levels, reach, "edge"), pulse / pulse.sum(), "valid")
    turn = np.cumsum(levels * packet.deviation_hz + offset_hz) / RATE_HZ
    wave: Samples = np.exp(2j * np.pi * turn).astype(np.complex64)
    edge = np.sin(np.linspace(0.0, np.pi / 2.0, int(RAMP_S * RATE_HZ))) ** 2
    wave[: len(edge)] *= edge.astype(np.float32)
    wave[-len(edge) :] *= edge[::-1].astype(np.float32)
    return wave


def _on_air(packets: list[Packet], centre_hz: float, length_s: float, rng: np.random.Generator) -> Samples:
    count = int(length_s * RATE_HZ)
    air: Samples = rng.standard_normal(2 * count, dtype=np.float32).view(np.complex64) * np.float32(np.sqrt(0.5))
    for packet in packets:
        offset_hz = packet.centre_hz - centre_hz
        if abs(offset_hz) + 0.75 * packet.width_hz > RATE_HZ / 2.0:
            continue  # outside the slice or cut by its edge
        at = int(packet.start_s * RATE_HZ)
        wave = _baseband(packet, offset_hz)[: max(0, count - at)]
        amplitude = np.sqrt(10.0 ** (packet.snr_db / 10.0) * packet.width_hz / RATE_HZ)
        air[at : at + len(wave)] += np.complex64(amplitude * np.exp(2j * np.pi * rng.uniform())) * wave
    return air


def _eight_bit(air: Samples) -> Samples:
    parts = np.clip(np.rint(air.view(np.float32) * (FULL_SCALE * 127.5) + 127.5), 0, 255).astype(np.uint8)
    read: Samples = ((parts.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)).view(np.complex64)
    return read


Hear = Callable[..., list[Track]]


@pytest.fixture
def packet() -> type[Packet]:
    return Packet


@pytest.fixture
def hear() -> Hear:
    """Tracks, as they are in the end, that the whole chain makes of packets; ``lost`` cuts samples out unsaid."""

    def listen(
        packets: list[Packet],
        centre_hz: float,
        length_s: float,
        *,
        seed: int = 1,
        lost: tuple[float, float] = (0.0, 0.0),
    ) -> list[Track]:
        samples = _eight_bit(_on_air(packets, centre_hz, length_s, np.random.default_rng(seed)))
        first, last = (round(at * RATE_HZ) for at in (lost[0], lost[0] + lost[1]))
        samples = np.concatenate((samples[:first], samples[last:]))
        pipeline, tracker = Pipeline(PipelineSettings(), load_classifier(), "radio"), Tracker(TrackerSettings(), "node")
        changes = []
        for begin in range(0, len(samples), BLOCK):
            part = samples[begin : begin + BLOCK].copy()
            block = IqBlock(part, RATE_HZ, centre_hz, begin, 0, round(begin / RATE_HZ * 1e9))
            changes += tracker.observe(pipeline.process(block))
        changes += tracker.observe(pipeline.flush())
        return list({change.track.track_id: change.track for change in changes}.values())

    return listen


@pytest.fixture
def links() -> Callable[[list[Track]], list[tuple[str, str | None]]]:
    """Label and mode of what an operator would take for a drone."""
    return lambda tracks: [
        (each.label, each.mode) for each in tracks if each.family.startswith("drone-") or each.label == "unknown-hopper"
    ]
