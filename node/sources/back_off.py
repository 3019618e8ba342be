"""How long to wait before another try."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BackOff:
    """Waits that double from one failure to the next, drawn so that many nodes do not come back at once.

    Parameters
    ----------
    first_s
        Wait after the first failure.
    longest_s
        No wait is longer, the draw aside.
    jitter
        A wait is drawn evenly from ``1 - jitter`` to ``1 + jitter`` of its length.
    """

    first_s: float = 0.5
    longest_s: float = 30.0
    jitter: float = 0.25

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 < self.first_s <= self.longest_s:
            raise ValueError(f"first_s must be above 0 and at most longest_s, not {self.first_s} and {self.longest_s}")
        if not 0 <= self.jitter < 1:
            raise ValueError(f"jitter must be from 0 to below 1, not {self.jitter}")

    def wait_s(self, failures: int, rng: random.Random) -> float:
        """Wait after the last of so many failures in a row."""
        doublings = min(max(failures - 1, 0), 32)  # 2^32 x any first_s is beyond any longest_s
        return min(self.first_s * 2.0**doublings, self.longest_s) * rng.uniform(1.0 - self.jitter, 1.0 + self.jitter)
