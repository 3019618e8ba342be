"""Claims: the bands of a link's channels, where what else is heard is pieces of the link."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

HALF_WIDTH = 0.6
"""Of a link's bandwidth, on either side of a channel's centre."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Bands of one width.

    Parameters
    ----------
    low_hz, high_hz
        Their edges, ascending; they may overlap.
    """

    low_hz: tuple[float, ...]
    high_hz: tuple[float, ...]

    def holds(self, centre_hz: float) -> bool:
        """Whether a frequency lies in one of the bands."""
        # All are as wide: of those that begin below it the last one reaches furthest.
        number = bisect_left(self.low_hz, centre_hz)
        return number > 0 and centre_hz < self.high_hz[number - 1]


NO_CLAIM = Claim((), ())


def claim_of(centres_hz: Iterable[float], bandwidth_hz: float) -> Claim:
    """The claim of a link with these channels."""
    half_hz, ascending_hz = HALF_WIDTH * bandwidth_hz, sorted(centres_hz)
    return Claim(tuple([hz - half_hz for hz in ascending_hz]), tuple([hz + half_hz for hz in ascending_hz]))
