"""When the receiver loses samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.impairments import Drop, Impairments

FEWEST_LOST, MOST_LOST = 64, 256
"""Samples lost in a random drop; ``rtl_test`` in a virtual machine lost 34 to 114 at a time."""


def losses(impairments: Impairments, seed: int) -> Iterator[Drop]:
    """All drops in the order of their times: those of the scene and the random ones; endless if there are any."""
    second = 0
    announced_per_s, silent_per_s = impairments.drops_per_s, impairments.silent_drops_per_s
    fixed = sorted(impairments.drops, key=lambda drop: drop.time_s)
    while announced_per_s or silent_per_s or fixed:
        rng = np.random.default_rng((seed, 3, second))
        found = [drop for drop in fixed if drop.time_s < second + 1]
        fixed = fixed[len(found) :]
        for per_s, silent in ((announced_per_s, False), (silent_per_s, True)):
            times_s = second + rng.uniform(size=rng.poisson(per_s))
            sizes = rng.integers(FEWEST_LOST, MOST_LOST, size=len(times_s), endpoint=True)
            found += [Drop(float(time_s), int(size), silent) for time_s, size in zip(times_s, sizes, strict=True)]
        yield from sorted(found, key=lambda drop: drop.time_s)
        second += 1
