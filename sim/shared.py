"""What a simulated radio keeps from one tuning to the next."""

from __future__ import annotations

from dataclasses import dataclass, field

from dsp.protocols.record import ContinuousTiming
from sim.bandwidth import bandwidth_hz
from sim.continuous import ContinuousEmitter
from sim.front_end import noise_dbm_per_hz
from sim.level import Link, fixed_level_dbm
from sim.scene import Scene
from sim.waveform_pool import POOL_BYTES, WaveformPool


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """Rendered packets, levels and running streams of one scene."""

    scene: Scene
    pool: WaveformPool
    links: dict[tuple[int, bool], Link] = field(default_factory=dict)
    """By emitter number and whether it is the answering end."""
    _voices: dict[tuple[int, float], ContinuousEmitter] = field(default_factory=dict)

    @classmethod
    def of(cls, scene: Scene, pool_bytes: int = POOL_BYTES) -> Shared:
        """Everything for a scene; levels by ``snr_db`` are settled at the receiver's first tuning."""
        shared = cls(scene, WaveformPool(scene.seed, pool_bytes))
        receiver = scene.receiver
        rate_hz = receiver.sample_rate_hz
        noise = noise_dbm_per_hz(receiver, rate_hz, receiver.gain_db)
        for index, emitter in enumerate(scene.emitters):
            width_hz, share_db = bandwidth_hz(emitter.mode.phy), 0.0
            if isinstance(emitter.mode.timing, ContinuousTiming):
                width_hz = min(width_hz, rate_hz)
                if emitter.transmitter.snr_db is not None:
                    voice = shared.voice(index, rate_hz)
                    share_db = voice.slice_share_db if voice.tune(receiver.centre_hz) else 0.0
            other = emitter.telemetry.transmitter if emitter.telemetry else emitter.transmitter
            for answering, transmitter in ((False, emitter.transmitter), (True, other)):
                fixed_dbm = fixed_level_dbm(transmitter.snr_db or 0.0, noise, width_hz, share_db)
                seed = (scene.seed, index, int(answering))
                shared.links[index, answering] = Link(scene, transmitter, fixed_dbm, seed)
        return shared

    def voice(self, index: int, true_rate_hz: float) -> ContinuousEmitter:
        """The stream of a continuous emitter at a sample rate; rates closer than a crystal's error share one."""
        key = (index, round(true_rate_hz, -3))
        if key not in self._voices:
            emitter = self.scene.emitters[index]
            self._voices[key] = ContinuousEmitter(emitter, (self.scene.seed, index), true_rate_hz)
        return self._voices[key]
