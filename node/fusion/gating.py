"""Which measurements of a scan may be of which object: sorted out cheaply first, then by the full distance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from node.fusion.assign import FORBIDDEN
from node.fusion.kalman import GATE, Estimate, Innovation, Prospect, innovation, prospect
from node.fusion.measure import AZIMUTH, RANGE, SPEED, Measurement, Sight

SAME_M, SAME_SPEED_MPS = 2.0, 1.0
"""Size of a thing that a radar sees as several points, and how much their speeds differ."""


def compared(
    estimates: Sequence[Estimate], measurements: Sequence[Measurement], sight: Sight
) -> dict[tuple[int, int], Innovation]:
    """Every pair (estimate, measurement) that passes the gate."""
    seen = [prospect(estimate, sight) for estimate in estimates]
    news = {
        (row, at): innovation(estimates[row], measurements[at], sight, seen[row])
        for row, at in np.argwhere(may_gate(seen, measurements)).tolist()
    }
    return {pair: new for pair, new in news.items() if new.gated}


def pair_cost(new: Innovation | None) -> float:
    """Minus twice the log likelihood; infinite where the gate is closed."""
    return FORBIDDEN if new is None else new.distance2 + new.log_volume


def may_gate(prospects: Sequence[Prospect], measurements: Sequence[Measurement]) -> NDArray[np.bool_]:
    """Which pairs (object, measurement) can pass the gate: none of the others can, because no row alone does.

    A scan of many points is sorted out by this, before anything is solved.
    """
    found = np.zeros((len(prospects), len(measurements)), dtype=bool)
    if not prospects:
        return found
    expected = np.stack([one.expected for one in prospects])
    variance = np.stack([np.diag(one.spread) for one in prospects])
    for at, measurement in enumerate(measurements):
        rows = list(measurement.rows)
        off = np.abs(measurement.values - expected[:, rows])
        for column, row in enumerate(rows):
            if row == AZIMUTH:
                off[:, column] = np.abs((off[:, column] + math.pi) % (2 * math.pi) - math.pi)
        limit = GATE[len(rows)] * (variance[:, rows] + np.diag(measurement.noise))
        found[:, at] = np.all(off * off <= limit, axis=1)
    return found


def one_thing(first: Measurement, second: Measurement) -> bool:
    """Whether two measurements of one scan are points of one extended thing: as near as its size and errors allow."""
    if first.rows != second.rows:
        return False
    range_m = float(first.values[first.rows.index(RANGE)]) if RANGE in first.rows else None
    size = {RANGE: SAME_M, SPEED: SAME_SPEED_MPS}
    off = np.abs(first.values - second.values)
    sigma = np.sqrt(np.diag(first.noise) + np.diag(second.noise))
    return all(
        off[at] < size.get(row, SAME_M / range_m if range_m else 0.0) + sigma[at] for at, row in enumerate(first.rows)
    )
