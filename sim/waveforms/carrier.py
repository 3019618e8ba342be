"""An unmodulated carrier."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.record import CarrierPhy
from sim.waveforms.carrier_table import from_turns
from sim.waveforms.wander import Wander


class CarrierStream:
    """A carrier that wanders within its bandwidth.

    Parameters
    ----------
    offset_hz
        Where 0 Hz of the samples lies relative to the carrier. Outside of the slice there is nothing.
    """

    def __init__(
        self, phy: CarrierPhy, sample_rate_hz: float, rng: np.random.Generator, offset_hz: float = 0.0
    ) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._wander = Wander(phy.bandwidth_hz / 4.0, sample_rate_hz, rng)
        self._phase_turns = 0.0
        self.retune(offset_hz)

    def retune(self, offset_hz: float) -> None:
        """Move the slice; time goes on."""
        self._step_turns = -offset_hz / self._sample_rate_hz
        self.mean_power = 1.0 if abs(self._step_turns) <= 0.5 else 0.0

    def read(self, count: int) -> NDArray[np.complex64]:
        """Give the next (count,) complex64 samples."""
        turns = self._wander.read(count) + (self._phase_turns + self._step_turns * np.arange(count))
        self._phase_turns = (self._phase_turns + self._step_turns * count) % 1.0
        return from_turns(turns) if self.mean_power else np.zeros(count, dtype=np.complex64)
