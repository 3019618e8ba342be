"""DroneID beside the detector: its bursts are looked for in the whole input and placed among the slices' sightings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dsp.bursts import Burst, ZadoffChuFinding
from dsp.droneid import BAND_HZ, LEAST_RATE_HZ, DroneIdBurst, DroneIdLook
from dsp.protocols.dji_droneid import BURST_S
from dsp.units import NS_PER_S, to_db, to_ns

if TYPE_CHECKING:
    from node.pipeline import Sighting, Step

EDGE_S = 0.6e-3
"""What the slices see of a burst begins and ends within a few rows of the spectrogram of it."""
REMEMBERED_S = 0.3
"""Longer than the longest region of the detector."""

__all__ = ["LEAST_RATE_HZ", "DroneIdWatch"]


class DroneIdWatch:
    """Runs the look for DroneID on the input of one tuning and merges what it finds into the steps.

    Every step is held until the next one: by then the look has seen a whole burst beyond its end, so the size of the
    blocks changes nothing.

    Parameters
    ----------
    sample_rate_hz, centre_hz, origin_ns
        Of the input; Unix time of its first sample.
    sighting
        Makes a sighting of a burst.
    """

    def __init__(
        self, sample_rate_hz: float, centre_hz: float, origin_ns: int, sighting: Callable[[Burst], Sighting]
    ) -> None:
        self._look = DroneIdLook(sample_rate_hz)
        self._rate_hz, self._centre_hz, self._origin_ns = sample_rate_hz, centre_hz, origin_ns
        self._sighting = sighting
        self._found: list[Burst] = []
        self._recent: list[Burst] = []
        self._held: Step | None = None

    def feed(self, samples: NDArray[np.complex64]) -> None:
        """Take the next samples of the input; before the steps that they complete."""
        self._found += [self._burst(found) for found in self._look.feed(samples)]

    def place(self, steps: Iterable[Step]) -> Iterator[Step]:
        """Give each step, with the bursts of its time, when the next one is there."""
        for step in steps:
            held, self._held = self._held, step
            if held is not None:
                yield self._merged(held)

    def close(self) -> Iterator[Step]:
        """End of the tuning: give the step that is held, with all that is left."""
        last = self._look.feed(np.zeros(0, dtype=np.complex64), final=True)
        self._found += [self._burst(found) for found in last]
        if self._held is not None:
            held, self._held = self._held, None
            yield self._merged(held, everything=True)

    def _burst(self, found: DroneIdBurst) -> Burst:
        return Burst(
            start_ns=self._origin_ns + round(found.start_sample * NS_PER_S / self._rate_hz),
            duration_s=BURST_S,
            centre_hz=self._centre_hz + found.offset_hz,
            bandwidth_hz=BAND_HZ,
            snr_db=to_db(max(found.snr, 1e-2)),
            peak_dbfs=to_db(found.power),
            finding=ZadoffChuFinding(found.correlations),
        )

    def _merged(self, step: Step, *, everything: bool = False) -> Step:
        mine = [burst for burst in self._found if everything or burst.start_ns < step.end_ns]
        self._found = self._found[len(mine) :]
        horizon_ns = step.end_ns - to_ns(REMEMBERED_S)
        self._recent = [burst for burst in (*self._recent, *mine) if burst.end_ns > horizon_ns]
        others = [s for s in step.sightings if not any(_is_piece(s.burst, whole) for whole in self._recent)]
        sightings = sorted(
            (*others, *(self._sighting(burst) for burst in mine)), key=lambda s: (s.burst.start_ns, s.burst.centre_hz)
        )
        return replace(step, sightings=tuple(sightings))


def _is_piece(burst: Burst, whole: Burst) -> bool:
    """Whether a burst lies within the band and time of a burst of DroneID."""
    edge_ns = to_ns(EDGE_S)
    inside = whole.start_ns - edge_ns <= burst.start_ns and burst.end_ns <= whole.end_ns + edge_ns
    return inside and abs(burst.centre_hz - whole.centre_hz) < 0.5 * (whole.bandwidth_hz + burst.bandwidth_hz)
