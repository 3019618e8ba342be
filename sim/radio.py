"""A simulated RTL-SDR in a scene: an ``IqSource`` and a tunable source of bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dsp.iq import IqBlock, complex64_to_u8, rounded_to_u8
from dsp.units import NS_PER_S
from sim.edge_filter import CHUNK_SAMPLES
from sim.impairments import Drop
from sim.losses import losses
from sim.pacing import Pacer
from sim.scene import Scene
from sim.shared import Shared
from sim.truth import TrueBurst
from sim.tuned import Onset, Settings, TunedReceiver
from sim.waveform_pool import POOL_BYTES

BLOCK_SAMPLES = 32_768
OLD_SHARE = 0.4
"""After a retune samples of the old frequency still come for this share of the settling time; then it glides in."""


class SimRadio:
    """Plays a scene as a dongle would hear it.

    Deterministic: the same scene and the same ``configure`` calls at the same samples give the same bytes, however
    they are read. Not thread-safe, ``stop`` apart.

    Parameters
    ----------
    scene
        What happens.
    radio
        Name in the blocks.
    start_ns
        Unix time of the first sample; None: the scene's.
    pace
        None: as fast as it goes. 1.0: blocks come when their last sample is due, 2.0: twice as fast, ...
    block_samples
        Length of the blocks of ``blocks()``; a loss or a retune makes one shorter.
    truth
        Told of every burst that touches the slice, up to a chunk ahead of the samples.
    pool_bytes
        Memory for packets that come again.
    """

    def __init__(
        self,
        scene: Scene,
        *,
        radio: str = "radio",
        start_ns: int | None = None,
        pace: float | None = None,
        block_samples: int = BLOCK_SAMPLES,
        truth: Callable[[TrueBurst], None] | None = None,
        pool_bytes: int = POOL_BYTES,
    ) -> None:
        self._scene = scene
        self._radio = radio
        self._start_ns = scene.start_ns if start_ns is None else start_ns
        self._block_samples = block_samples
        self._truth = truth
        self._stopped = threading.Event()
        self._pacer = Pacer(pace, self._stopped.wait) if pace else None
        receiver = scene.receiver
        self._settings = Settings(receiver.centre_hz, receiver.sample_rate_hz, receiver.gain_db, receiver.agc)
        self._shared = Shared.of(scene, pool_bytes)
        self._losses = losses(receiver.impairments, scene.seed)
        self._next_loss = next(self._losses, None)
        self._rate_start = (0, 0.0)
        self._position = 0
        self._tuned: TunedReceiver | None = None
        self._onset = Onset(0, 0.0, 0.0)
        self._old: NDArray[np.complex64] | None = None
        self._buffer: NDArray[np.complex64] = np.zeros(0, np.complex64)
        self._quantise = receiver.impairments.quantise
        self.lost: list[tuple[int, int, bool]] = []
        """Losses so far: (sample index, samples, silent)."""

    @property
    def settings(self) -> Settings:
        """What the radio is set to."""
        return self._settings

    @property
    def position(self) -> int:
        """Index of the next sample; samples lost with notice count, as in ``IqBlock.first_sample``."""
        return self._position - sum(samples for _, samples, silent in self.lost if silent)

    def configure(
        self,
        centre_hz: float | None = None,
        sample_rate_hz: float | None = None,
        gain_db: float | None = None,
        agc: bool | None = None,
        ppm: float | None = None,
    ) -> None:
        """Change what is given and keep the rest, from the next sample on.

        A new frequency settles as the impairments say: first samples of the old one, then the synthesiser gliding in.
        ``agc`` is the tuner's automatic gain, ``ppm`` the correction of the crystal.

        Raises
        ------
        ValueError
            If a frequency or rate is not above 0.
        """
        wanted = {
            "centre_hz": centre_hz, "sample_rate_hz": sample_rate_hz, "gain_db": gain_db, "agc": agc, "ppm": ppm,
        }  # fmt: skip
        new = replace(self._settings, **{key: value for key, value in wanted.items() if value is not None})  # type: ignore[arg-type]  # names and types are those of the parameters
        if not new.centre_hz > 0 or not new.sample_rate_hz > 0:
            raise ValueError("centre_hz and sample_rate_hz must be above 0")
        if new == self._settings:
            return
        started = self._tuned is not None or self._position > 0
        nominal_s = self._nominal_s(self._position)
        old, self._settings = self._settings, new
        if new.sample_rate_hz != old.sample_rate_hz:
            self._rate_start = (self._position, nominal_s)
        if started:
            settle_s = self._scene.receiver.impairments.settle_s if new.centre_hz != old.centre_hz else 0.0
            self._retune(nominal_s, settle_s, keep_old=new.sample_rate_hz == old.sample_rate_hz)

    def _retune(self, nominal_s: float, settle_s: float, *, keep_old: bool) -> None:
        """End the present tuning at this sample; one that gave no sample yet hands its settling on."""
        if self._tuned is None:
            true_s = self._onset.true_s
            settle_s = max(settle_s, self._onset.glide_s)
        else:
            true_s = self._tuned.true_time_s(self._position)
            stale = round(OLD_SHARE * settle_s * self._settings.sample_rate_hz) if keep_old else 0
            self._old = self._next_samples(stale) if stale else None
        if not keep_old:
            self._old = None
        self._onset = Onset(self._position, nominal_s, true_s, settle_s)
        self._tuned = None
        self._buffer = self._buffer[:0]

    def _nominal_s(self, sample: int) -> float:
        """Seconds since the start on the receiver's own clock."""
        start, start_s = self._rate_start
        return start_s + (sample - start) / self._settings.sample_rate_hz

    def _time_ns(self, sample: int) -> int:
        """Unix time of a sample on the receiver's own clock."""
        return self._start_ns + round(self._nominal_s(sample) * NS_PER_S)

    def _fill(self) -> None:
        """Have something in the buffer."""
        if len(self._buffer):
            return
        if self._tuned is None:
            self._tuned = TunedReceiver(
                self._scene,
                self._settings,
                self._onset,
                shared=self._shared,
                sample_time_ns=self._time_ns,
                truth=self._truth,
            )
        self._buffer = self._tuned.next_chunk()
        if self._old is not None:
            self._buffer[: len(self._old)] = self._old
            self._old = None

    def _next_samples(self, samples: int) -> NDArray[np.complex64]:
        """Exactly so many samples, whatever becomes of them."""
        parts: list[NDArray[np.complex64]] = []
        missing = samples
        while missing:
            self._fill()
            part, self._buffer = self._buffer[:missing], self._buffer[missing:]
            parts.append(part)
            missing -= len(part)
        return np.concatenate(parts) if len(parts) != 1 else parts[0]

    def _take(self, samples: int) -> NDArray[np.complex64]:
        """Up to so many samples, none of them lost; fewer at a loss and at the end."""
        if self._stopped.is_set():
            samples = 0
        if self._scene.duration_s is not None:
            left_s = self._scene.duration_s - self._nominal_s(self._position)
            samples = max(min(samples, round(left_s * self._settings.sample_rate_hz)), 0)
        if self._next_loss is not None:
            samples = min(samples, max(self._samples_until(self._next_loss), 0))
        taken = self._next_samples(samples) if samples else np.zeros(0, np.complex64)
        self._position += samples
        return taken

    def _samples_until(self, loss: Drop) -> int:
        """Samples from here to a loss."""
        return round((loss.time_s - self._nominal_s(self._position)) * self._settings.sample_rate_hz)

    def _lose(self) -> int:
        """Let happen the losses that are due; the number of samples lost with notice."""
        announced = 0
        while (loss := self._next_loss) is not None:
            if self._samples_until(loss) > 0 or self._ended():
                break
            self._next_samples(loss.samples)
            self.lost.append((self._position, loss.samples, loss.silent))
            self._position += loss.samples
            announced += 0 if loss.silent else loss.samples
            self._next_loss = next(self._losses, None)
        return announced

    def _ended(self) -> bool:
        """Nothing more comes."""
        duration_s = self._scene.duration_s
        over = duration_s is not None and self._nominal_s(self._position + 1) > duration_s + 1e-9
        return over or self._stopped.is_set()

    def read_u8(self, n_samples: int) -> bytes:
        """The next samples as unsigned 8-bit I, Q, I, Q ...; fewer at the end, none after it."""
        parts: list[bytes] = []
        wanted = n_samples
        while wanted and not self._ended():
            self._lose()
            taken = self._take(min(wanted, CHUNK_SAMPLES))
            wanted -= len(taken)
            parts.append(complex64_to_u8(taken).tobytes())
        if self._pacer is not None:
            self._pacer.wait_until(self._nominal_s(self._position))
        return b"".join(parts)

    def blocks(self) -> Iterator[IqBlock]:
        """Give the blocks; see ``IqSource``."""
        silent = 0
        while not self._ended():
            seen = len(self.lost)
            lost_before = self._lose()
            silent += sum(samples for _, samples, is_silent in self.lost[seen:] if is_silent)
            first = self._position
            settings = self._settings
            start_ns = self._time_ns(first - silent)
            taken = self._take(self._block_samples)
            if not len(taken):
                continue
            if self._pacer is not None and not self._pacer.wait_until(self._nominal_s(self._position)):
                return
            yield IqBlock(
                samples=rounded_to_u8(taken) if self._quantise else taken.copy(),
                sample_rate_hz=settings.sample_rate_hz,
                centre_hz=settings.centre_hz,
                first_sample=first - silent,
                lost_before=lost_before,
                start_ns=start_ns,
                radio=self._radio,
            )

    def stop(self) -> None:
        """End ``blocks()`` and ``read_u8`` soon."""
        self._stopped.set()
