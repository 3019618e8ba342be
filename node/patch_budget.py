"""Which bursts the classifier is asked about: those whose label it can change, as many as there is time for."""

from __future__ import annotations

from functools import lru_cache

from dsp.bursts import Burst, ChirpFinding, CyclicPrefixFinding, LineCombFinding, ZadoffChuFinding
from dsp.protocols import PROTOCOLS
from dsp.protocols.match import chirp_agrees, in_band
from dsp.protocols.record import Band, ChirpPhy, RfProtocol

NAMED = (LineCombFinding, CyclicPrefixFinding, ZadoffChuFinding)
"""Findings that name their record; see ``node.tracking.labels``."""


@lru_cache(maxsize=256)
def protocols_that_chirp(
    spreading_factor: int, bandwidth_hz: float, slope_hz_per_s: float
) -> tuple[tuple[RfProtocol, tuple[Band, ...]], ...]:
    """Protocols that chirp like this, with the bands where they do.

    Modes that are guesses of a record are not among them: a lone burst is no reason to believe in one.
    """
    finding = ChirpFinding(spreading_factor, bandwidth_hz, 0.0, slope_hz_per_s, 0.0)
    found = []
    for protocol in PROTOCOLS:
        agreeing = [
            m for m in protocol.modes if m.confirmed and isinstance(m.phy, ChirpPhy) and chirp_agrees(m.phy, finding)
        ]
        bands = {band.name: band for mode in agreeing for band in protocol.bands_of(mode)}
        if agreeing:
            found.append((protocol, tuple(bands.values())))
    return tuple(found)


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
    shape = (finding.spreading_factor, finding.bandwidth_hz, finding.slope_hz_per_s)
    return any(
        not protocol.family.startswith("drone")
        for protocol, bands in protocols_that_chirp(*shape)
        if not tuning_known or any(in_band(band, burst.centre_hz) for band in bands)
    )


class PatchBudget:
    """Patches that may be classified, from what a time of signal is worth; a second's worth is saved up at most.

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

    def refill(self, duration_s: float) -> None:
        """Add what a time of signal is worth."""
        self._left = min(self._per_second, self._left + self._per_second * duration_s)
        more, most = self._chirps_per_second * duration_s, max(self._chirps_per_second, 1.0)
        self._chirps_left = {shape: left + more for shape, left in self._chirps_left.items() if left + more < most}

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
        return True
