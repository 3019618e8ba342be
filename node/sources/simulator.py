"""A simulated radio in place of a real one."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from dsp.iq import IqBlock, SourceUnavailable
from node.sources.live_blocks import Retune, SourceCounters, block_samples
from node.sources.settings import SimulatorSettings
from node.sources.tuning import AUTO
from sim.radio import SimRadio
from sim.scene import Scene, SceneError, load_scene

RETUNE_SETTLE_S = 0.02
"""Discarded after a retune: the longest a simulated synthesiser takes (``sim.impairments.LONGEST_SETTLE_S``)."""


class SimulatorSource:
    """An ``IqSource`` that plays a scene as a dongle would hear it.

    Parameters
    ----------
    settings
        Scene and pace.
    retune
        Asked before each block for the wanted centre; samples of the settling are discarded and counted in
        ``lost_before``.
    start_ns
        Unix time of the first sample; None: now for a paced scene, the scene's own start otherwise.
    unix_ns
        The host's clock.
    """

    def __init__(
        self,
        settings: SimulatorSettings,
        *,
        retune: Retune | None = None,
        start_ns: int | None = None,
        unix_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._settings = settings
        self._retune = retune
        self._start_ns = start_ns
        self._unix_ns = unix_ns
        self._stopped = threading.Event()
        self._radio: SimRadio | None = None
        self._samples = self._lost = self._retunes = 0

    @property
    def counters(self) -> SourceCounters:
        """What was given so far."""
        return SourceCounters(self._samples, self._lost, self._retunes)

    def stop(self) -> None:
        """End ``blocks()`` soon. From any thread, any number of times."""
        self._stopped.set()
        if self._radio is not None:
            self._radio.stop()

    def blocks(self) -> Iterator[IqBlock]:
        """Give the blocks; may be called once."""
        settings = self._settings
        scene = self._scene()
        start_ns = self._start_ns
        if start_ns is None and settings.pace:
            start_ns = self._unix_ns()
        next_ns = scene.start_ns if start_ns is None else start_ns
        self._radio = radio = SimRadio(
            scene,
            radio=settings.name,
            start_ns=next_ns,
            pace=settings.pace or None,
            block_samples=block_samples(scene.receiver.sample_rate_hz),
        )
        blocks = radio.blocks()
        discard = discarded = 0
        while not self._stopped.is_set():
            if self._retuned(radio, next_ns):
                discard = round(RETUNE_SETTLE_S * radio.settings.sample_rate_hz)
            block = next(blocks, None)
            if block is None:
                return
            next_ns = block.end_ns
            if discard > 0:
                discard -= len(block.samples) + block.lost_before
                discarded += len(block.samples) + block.lost_before
            else:
                lost_before = block.lost_before + discarded
                discarded = 0
                self._samples += len(block.samples)
                self._lost += lost_before
                yield replace(block, lost_before=lost_before)

    def _scene(self) -> Scene:
        """The scene with what the settings override."""
        settings = self._settings
        try:
            scene = load_scene(settings.scene)
        except SceneError as error:
            faults = "; ".join(str(error).splitlines())
            raise SourceUnavailable(f"radio {settings.name}: scene {faults}") from error
        receiver = scene.receiver
        if settings.gain is not None:
            receiver = (
                replace(receiver, agc=True)
                if settings.gain == AUTO
                else replace(receiver, agc=False, gain_db=settings.gain)
            )
        receiver = replace(
            receiver,
            centre_hz=settings.centre_hz or receiver.centre_hz,
            sample_rate_hz=settings.sample_rate_hz or receiver.sample_rate_hz,
        )
        duration_s = scene.duration_s if settings.duration_s is None else settings.duration_s
        return replace(
            scene,
            receiver=receiver,
            seed=scene.seed if settings.seed is None else settings.seed,
            duration_s=None if duration_s is None or math.isinf(duration_s) else duration_s,
        )

    def _retuned(self, radio: SimRadio, next_ns: int) -> bool:
        """Follow the wanted centre; true when it changed."""
        if self._retune is None:
            return False
        wanted_hz = self._retune(next_ns)
        if wanted_hz == radio.settings.centre_hz:
            return False
        try:
            radio.configure(centre_hz=wanted_hz)
        except ValueError as error:
            raise SourceUnavailable(f"radio {self._settings.name}: cannot be retuned: {error}") from error
        self._retunes += 1
        return True
