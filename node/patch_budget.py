"""Which bursts the classifier is asked about: those whose label it can change, as many as there is time for."""

from __future__ import annotations

from math import exp, log2

from dsp.bursts import Burst, ChirpFinding, CyclicPrefixFinding, LineCombFinding, ZadoffChuFinding
from node.chirp_records import chirp_names

KIND_HZ = 50e3
"""Two channels of a band plan are this far apart and more, or are as good as one here."""
KIND_MEMORY_S = 2.0
"""What was asked about so long ago counts for 1/e; in it a second's patches go round the emitters of a band."""
TURN_DB = 6.0
"""A packet of 30 dB is asked about five times before one of 0 dB, which may be a torn piece of it."""
LEAST_COUNT = 0.1
"""Patches; kinds asked about less lately are forgotten, so that the memory stays small."""
NAMED = (LineCombFinding, CyclicPrefixFinding, ZadoffChuFinding)
"""Findings that name their record; see ``node.tracking.labels``."""


def is_open(burst: Burst, *, tuning_known: bool) -> bool:
    """Whether what the classifier says of a burst can matter.

    It cannot where the finding names the record, where no record chirps like this in this band, and where only drones'
    do: which of them it is a clock and a grid tell, never a lone burst.
    """
    finding = burst.finding
    if isinstance(finding, NAMED):
        return False
    if not isinstance(finding, ChirpFinding):
        return True
    return chirp_names(finding, burst.centre_hz if tuning_known else None).open


def kind_of(burst: Burst) -> tuple[int, int, int]:
    """Bursts of one emitter on one channel have this in common: centre, octaves of bandwidth and of length."""
    return (
        round(burst.centre_hz / KIND_HZ),
        round(log2(max(burst.bandwidth_hz, 1.0))),
        round(log2(max(burst.duration_s, 1e-6))),
    )


class PatchBudget:
    """Patches that may be classified, from what a time of signal is worth; a second's worth is saved up at most.

    Each kind of burst has its turn: an emitter that was asked about often lately waits for one that was not, though it
    is stronger.

    Parameters
    ----------
    per_second
        Patches a second of signal.
    chirps_per_second
        Of them for each shape of chirp.
    """

    def __init__(self, per_second: float, chirps_per_second: float) -> None:
        self._per_second = per_second
        self._chirps_per_second = chirps_per_second
        self._left = per_second
        self._chirps_left: dict[tuple[int, float, bool], float] = {}
        """Of the shapes that have not all of theirs."""
        self._lately: dict[tuple[int, int, int], float] = {}
        """Patches of each kind, those of the past counting less and less."""

    def order(self, bursts: list[Burst]) -> list[int]:
        """Indexes of bursts in the order in which they are to be asked about.

        The strongest first, where each time that its kind was asked about lately makes a burst ``TURN_DB`` weaker.
        """
        strongest = sorted(range(len(bursts)), key=lambda i: (-bursts[i].snr_db, bursts[i].start_ns, i))
        before: dict[tuple[int, int, int], float] = {}
        worth_db: dict[int, float] = {}
        for i in strongest:
            kind = kind_of(bursts[i])
            count = before.get(kind, self._lately.get(kind, 0.0))
            worth_db[i], before[kind] = bursts[i].snr_db - TURN_DB * count, count + 1.0
        return sorted(strongest, key=lambda i: -worth_db[i])

    def refill(self, duration_s: float) -> None:
        """Add what a time of signal is worth."""
        self._left = min(self._per_second, self._left + self._per_second * duration_s)
        kept = exp(-duration_s / KIND_MEMORY_S)
        self._lately = {kind: left for kind, count in self._lately.items() if (left := count * kept) > LEAST_COUNT}
        more, most = self._chirps_per_second * duration_s, max(self._chirps_per_second, 1.0)
        self._chirps_left = {shape: now for shape, left in self._chirps_left.items() if (now := left + more) < most}

    def take(self, burst: Burst) -> bool:
        """Whether there is a patch left for a burst; it is taken from what is left."""
        if self._left < 1.0:
            return False
        finding = burst.finding
        if isinstance(finding, ChirpFinding):
            shape = (finding.spreading_factor, finding.bandwidth_hz, finding.slope_hz_per_s > 0)
            left = self._chirps_left.get(shape, max(self._chirps_per_second, 1.0))
            if left < 1.0:
                return False
            self._chirps_left[shape] = left - 1.0
        self._left -= 1.0
        kind = kind_of(burst)
        self._lately[kind] = self._lately.get(kind, 0.0) + 1.0
        return True
