"""Shadows: what a strong burst leaves in the search for weak chirps of other shapes."""

from __future__ import annotations

from collections import deque
from itertools import islice

from dsp.bursts import Burst, ChirpFinding, EnergyFinding, KeyingFinding
from dsp.units import to_ns

MEMORY_S = 6.0
KEPT = 2048
"""The strongest crowd lasts for some seconds in this many bursts."""
STRONGER_DB = 8.0
"""A burst casts a shadow on chirps this much weaker; two links a few decibels apart are two links."""
SAME_TIME = 0.5
"""Of the shorter one of the two, so much lies in the other."""
LONGEST_S = 0.16
"""What lasts longer is no packet: a chirp may well lie on top of it."""
LEAST_WIDTH = 0.1
"""Of the chirp's bandwidth: narrower signals look like no chirp. What the slice cuts off is wider than it seems."""
LOOKED_AT = 24
"""Packets of a link that are looked at, the last ones."""
MOST_SHADOWED = 0.5
"""Of a link's packets: on a crowded band some lie on stronger ones by chance, an alias always does."""


class Shadows:
    """Bursts of the last seconds that may be taken for weak chirps as well."""

    def __init__(self) -> None:
        self._bursts: deque[Burst] = deque(maxlen=KEPT)

    def add(self, burst: Burst) -> None:
        """Remember a burst if it may cast a shadow."""
        if burst.snr_db > -STRONGER_DB and burst.duration_s < LONGEST_S:
            if not isinstance(burst.finding, (ChirpFinding, EnergyFinding, KeyingFinding)):
                return
            self._bursts.append(burst)

    def cover(self, packets: deque[Burst], now_ns: int) -> bool:
        """Whether most packets of a link lie in stronger bursts of another shape: then it is no link.

        Parameters
        ----------
        packets
            Chirps of one shape, of which the last ones count.
        """
        horizon_ns = now_ns - to_ns(MEMORY_S)
        while self._bursts and self._bursts[0].start_ns < horizon_ns:
            self._bursts.popleft()
        looked_at = [
            (packet, packet.finding)
            for packet in islice(reversed(packets), LOOKED_AT)
            if isinstance(packet.finding, ChirpFinding) and packet.start_ns >= horizon_ns
        ]
        least_db = min((packet.snr_db for packet, _ in looked_at), default=0.0) + STRONGER_DB
        strong = [burst for burst in self._bursts if burst.snr_db >= least_db]
        shadowed = sum(any(_covers(burst, packet, finding) for burst in strong) for packet, finding in looked_at)
        return shadowed > MOST_SHADOWED * len(looked_at)


def _covers(burst: Burst, packet: Burst, chirp: ChirpFinding) -> bool:
    """Whether a chirp is in the shadow of a burst."""
    if abs(burst.centre_hz - packet.centre_hz) > 0.5 * chirp.bandwidth_hz or burst.snr_db < packet.snr_db + STRONGER_DB:
        return False
    if burst.bandwidth_hz < LEAST_WIDTH * chirp.bandwidth_hz:
        return False
    overlap_ns = min(burst.end_ns, packet.end_ns) - max(burst.start_ns, packet.start_ns)
    if overlap_ns < SAME_TIME * 1e9 * min(burst.duration_s, packet.duration_s):
        return False
    other = burst.finding
    return not isinstance(other, ChirpFinding) or (
        (other.spreading_factor, other.bandwidth_hz) != (chirp.spreading_factor, chirp.bandwidth_hz)
    )
