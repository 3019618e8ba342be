"""The simulated receiver between two changes of its settings: chunk after chunk of samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.air import Air, ChunkTime, Tuning
from sim.edge_filter import CHUNK_SAMPLES, FILTER_REACH
from sim.front_end import FrontEnd, noise_dbm_per_hz
from sim.scene import Scene
from sim.shared import Shared
from sim.truth import TrueBurst


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``configure`` sets."""

    centre_hz: float
    sample_rate_hz: float
    gain_db: float
    agc: bool = False
    ppm: float = 0.0
    """Correction: the driver takes this crystal error for granted."""


@dataclass(frozen=True, slots=True)
class Onset:
    """Where a tuning starts."""

    sample: int
    """Index in the stream."""
    nominal_s: float
    """Seconds since the stream's start on the receiver's clock."""
    true_s: float
    """Scene time."""
    glide_s: float = 0.0
    """The synthesiser locks for so long."""


class TunedReceiver:
    """Samples from an onset on, in chunks of ``CHUNK_SAMPLES`` whatever the reader asks for.

    Parameters
    ----------
    scene, settings, onset
        What to render.
    shared
        What outlives a tuning.
    sample_time_ns
        Receiver's clock for a sample index.
    truth
        Told of every burst.
    """

    def __init__(
        self,
        scene: Scene,
        settings: Settings,
        onset: Onset,
        *,
        shared: Shared,
        sample_time_ns: Callable[[int], int],
        truth: Callable[[TrueBurst], None] | None,
    ) -> None:
        self.settings = settings
        self.onset = onset
        self._scene = scene
        self._chunk = 0
        self._true_s = onset.true_s
        centre_hz, rate_hz = self._true_settings(onset.true_s)
        self._true_s -= FILTER_REACH / rate_hz
        tuning = Tuning(settings.centre_hz, settings.sample_rate_hz, centre_hz, rate_hz)
        self._air = Air(
            scene,
            tuning,
            shared=shared,
            start_s=self._true_s,
            sample_time_ns=sample_time_ns,
            truth=truth,
        )
        self._front_end = FrontEnd(
            scene.receiver,
            centre_hz=settings.centre_hz,
            sample_rate_hz=settings.sample_rate_hz,
            gain_db=settings.gain_db,
            agc=settings.agc,
            seed=(scene.seed, onset.sample),
        )
        self._rendered = onset.sample - FILTER_REACH
        self._composite = np.empty(CHUNK_SAMPLES + 2 * FILTER_REACH, np.complex64)
        """The present chunk and what the filter sees before it."""
        self._render(self._composite[-2 * FILTER_REACH :], -1)

    def _true_settings(self, time_s: float) -> tuple[float, float]:
        """(Centre, sample rate) on the true clock: the crystal's error less the correction scales both."""
        error = 1.0 + (self._scene.receiver.impairments.ppm_at(time_s) - self.settings.ppm) * 1e-6
        return self.settings.centre_hz * error, self.settings.sample_rate_hz * error

    def _render(self, samples: NDArray[np.complex64], chunk: int) -> None:
        """Fill an array with the next samples at the antenna, with noise."""
        centre_hz, rate_hz = self._true_settings(self._true_s)
        time = ChunkTime(self._rendered, len(samples), self._true_s, centre_hz, rate_hz)
        noise = noise_dbm_per_hz(self._scene.receiver, self.settings.sample_rate_hz, self._front_end.gain_db)
        self._front_end.noise_into(samples, chunk + 1)
        self._air.add_to(samples, time, noise)
        self._true_s = time.end_s
        self._rendered += len(samples)

    def true_time_s(self, sample: int) -> float:
        """Scene time of a sample not rendered yet or just rendered."""
        _, rate_hz = self._true_settings(self._true_s)
        return self._true_s + (sample - self._rendered) / rate_hz

    def next_chunk(self) -> NDArray[np.complex64]:
        """The next chunk: (CHUNK_SAMPLES,) complex64, full scale 1.0, not yet quantised."""
        composite = self._composite
        composite[: 2 * FILTER_REACH] = composite[-2 * FILTER_REACH :]
        self._render(composite[2 * FILTER_REACH :], self._chunk)
        glide = round(self.onset.glide_s * self.settings.sample_rate_hz) if self._chunk == 0 else 0
        first = self._chunk * CHUNK_SAMPLES
        self._chunk += 1
        return self._front_end.receive(composite, self.onset.sample + first, self._gain_changes(first), glide)

    def _gain_changes(self, first: int) -> list[tuple[int, float]]:
        """Gain steps of the scene as ``(index in the chunk, change since the scene's start)``."""
        changes: list[tuple[int, float]] = [(0, 0.0)]
        for step in sorted(self._scene.receiver.impairments.gain_steps, key=lambda step: step.time_s):
            index = round((step.time_s - self.onset.nominal_s) * self.settings.sample_rate_hz) - first
            total_db = changes[-1][1] + step.change_db
            if index <= 0:
                changes = [(0, total_db)]
            elif index < CHUNK_SAMPLES:
                changes.append((index, total_db))
        return changes
