"""How sure a figure is: intervals of shares and of rates, quantiles, calibration."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
"""Of every interval and bound in the report."""
Z_TWO_SIDED = 1.959963984540054
"""Standard normal quantile of 0.975."""
BINS = 10
"""Bins of equal width of the calibration curve."""


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Two-sided 95 % interval of a share by Wilson's score.

    ``(p + z^2/2n +- z sqrt(p (1-p)/n + z^2/4n^2)) / (1 + z^2/n)`` [1]; (0, 1) without trials.

    [1] E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials")
    if trials == 0:
        return 0.0, 1.0
    share, z2 = successes / trials, Z_TWO_SIDED**2
    middle = share + z2 / (2 * trials)
    reach = Z_TWO_SIDED * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    low, high = (middle - reach) / (1 + z2 / trials), (middle + reach) / (1 + z2 / trials)
    # At both ends the exact value is 0 or 1; only rounding keeps the formula from it.
    return (0.0 if successes == 0 else low), (1.0 if successes == trials else high)


def poisson_upper(events: int) -> float:
    """One-sided 95 % upper bound of the mean of a Poisson count.

    The mean at which so few events or fewer have probability 0.05: the inverse of the regularised lower incomplete
    gamma function of ``events + 1`` at 0.95; 3.00 for no event [1].

    [1] F. Garwood, Biometrika 28 (1936) 437.
    """
    if events < 0:
        raise ValueError(f"{events} events")
    from scipy.special import gammaincinv

    return float(gammaincinv(events + 1, CONFIDENCE))


def quantile(values: Sequence[float | None], share: float) -> float | None:
    """Order statistic of times where None means never: the smallest that ``share`` of all reach; None if none does."""
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, not {share}")
    if not values:
        return None
    known = sorted(value for value in values if value is not None)
    rank = math.ceil(share * len(values) - 1e-9)
    return known[rank - 1] if rank <= len(known) else None


@dataclass(frozen=True, slots=True)
class Tally:
    """Confidences against what came true, in ``BINS`` bins of equal width."""

    counts: tuple[int, ...] = (0,) * BINS
    right: tuple[int, ...] = (0,) * BINS
    confidence: tuple[float, ...] = (0.0,) * BINS
    """Sum of the confidences of each bin."""

    def __post_init__(self) -> None:
        """Check the lengths and the counts."""
        if not len(self.counts) == len(self.right) == len(self.confidence) == BINS:
            raise ValueError(f"a tally has {BINS} bins")
        if any(not 0 <= good <= all_ for good, all_ in zip(self.right, self.counts, strict=True)):
            raise ValueError("a tally cannot have more right than counted")

    @classmethod
    def of(cls, judged: Iterable[tuple[float, bool]]) -> Tally:
        """Tally of (confidence, whether it was right)."""
        counts, right = np.zeros(BINS, int), np.zeros(BINS, int)
        confidence = np.zeros(BINS)
        for value, good in judged:
            index = min(max(int(value * BINS), 0), BINS - 1)
            counts[index] += 1
            right[index] += good
            confidence[index] += value
        return cls(
            tuple(int(n) for n in counts),
            tuple(int(n) for n in right),
            tuple(round(float(s), 6) for s in confidence),
        )

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)),
            tuple(a + b for a, b in zip(self.right, other.right, strict=True)),
            tuple(a + b for a, b in zip(self.confidence, other.confidence, strict=True)),
        )

    @property
    def total(self) -> int:
        """How many were judged."""
        return sum(self.counts)

    @property
    def error(self) -> float | None:
        """Expected calibration error, ``sum (n_b / n) |right_b - confidence_b|``; None without any."""
        if not self.total:
            return None
        gaps = (abs(good - said) for good, said in zip(self.right, self.confidence, strict=True))
        return sum(gaps) / self.total
