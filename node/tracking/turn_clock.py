"""The clock of a time-division link and the network on it: which turns begin with a window, and whose they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.record import Band
from dsp.quantile import median
from node.tracking.turns import LEAST_TURNS, Turn, TurnCollector

KNOWN_CLOCK_SHARE = 0.5
CLOSE_S = 0.5e-3
OUTLIER = 6.0
"""Starts further off than so many times the median, and than this, are not on the clock: an edge is found to a step of
``dsp.narrow`` at best.
"""
CENTRE_TOLERANCE_HZ = 6e3
CENTRE_TOLERANCE = 0.06
"""Error of a channel's centre, the second as part of the bandwidth."""
SAME_CHANNEL = 0.25
"""Turns closer than this part of the bandwidth are on one channel, and never further than the next one."""
SAME_CHANNEL_OF_SPACING = 0.4
DRIFT = 20e-6
ROUNDING_S = 1e-9
"""Of moments within some seconds; all that is judged by is coarser."""


def spacing_hz(band: Band) -> float:
    """Step of a band's grid."""
    return band.channels_hz[1] - band.channels_hz[0]


def centre_tolerance_hz(wide_hz: float) -> float:
    """How far from its channel the centre of a turn may be found."""
    return CENTRE_TOLERANCE_HZ + CENTRE_TOLERANCE * wide_hz


def channel_reach_hz(collector: TurnCollector) -> float:
    """How far apart the centres of turns on one channel are found."""
    by_width_hz = SAME_CHANNEL * collector.phy.bandwidth_hz + CENTRE_TOLERANCE_HZ
    return min(by_width_hz, SAME_CHANNEL_OF_SPACING * min(map(spacing_hz, collector.protocol.bands)))


def may_keep_a_clock(start_s: list[float], interval_s: float, tolerance_s: float) -> bool:
    """Whether ``LEAST_TURNS`` of some starts are so close to each other, but for whole intervals, that ``fit_clock``
    can find a clock for them: what it costs is a tenth.
    """
    around_s = sorted(at_s % interval_s for at_s in start_s)
    around_s += [at_s + interval_s for at_s in around_s[: LEAST_TURNS - 1]]
    reach_s = 2.0 * tolerance_s + ROUNDING_S
    last_s = around_s[LEAST_TURNS - 1 :]
    return any(end_s - begin_s < reach_s for begin_s, end_s in zip(around_s, last_s, strict=False))


def fit_clock(
    start_s: NDArray[np.float64],
    likely: NDArray[np.bool_],
    interval_s: float,
    tolerance_s: float,
    expected_s: float | None = None,
) -> tuple[float, float, NDArray[np.bool_]]:
    """Interval, origin and members of the clock that most starts keep to; each likely one is tried as the origin.

    Parameters
    ----------
    start_s
        (n,) ascending. What begins at one moment on many channels, as products of an overload do, counts once.
    likely
        (n,) which of them are of the kind that is looked for.
    interval_s
        The record's; crystals are a little off.
    tolerance_s
        How far a start may be off.
    expected_s
        Where a window of a clock that is known already begins; it is kept to while others are not clearly better.
    """
    at_s = start_s[likely]
    at_s = np.concatenate((at_s[:1], at_s[1:][at_s[1:] - at_s[:-1] > tolerance_s]))
    phase_s = at_s % interval_s
    ring_s = np.sort(phase_s)
    ring_s = np.concatenate((ring_s - interval_s, ring_s, ring_s + interval_s))
    near = ring_s.searchsorted(phase_s + tolerance_s) - ring_s.searchsorted(phase_s - tolerance_s, "right")
    first_s = float(at_s[near.argmax()])
    if expected_s is not None:
        error_s = at_s - expected_s
        error_s -= np.rint(error_s / interval_s) * interval_s
        kept = int(np.count_nonzero(np.abs(error_s) < tolerance_s))
        if kept >= max(LEAST_TURNS, KNOWN_CLOCK_SHARE * int(near.max())):
            first_s = expected_s
    error_s = start_s - first_s
    error_s -= np.rint(error_s / interval_s) * interval_s
    sharp: NDArray[np.bool_] = np.abs(error_s) < tolerance_s
    origin_s = first_s + median(error_s[sharp & likely])
    for _ in range(2):
        fitted = sharp & likely
        if np.count_nonzero(fitted) < LEAST_TURNS:
            return interval_s, origin_s, sharp
        x, y = np.rint((start_s[fitted] - origin_s) / interval_s), start_s[fitted]
        if x[-1] - x[0] > 3:
            x_mean = np.add.reduce(x) / len(x)
            centred = x - x_mean
            slope = float(centred.dot(y) / centred.dot(centred))
            interval_s = min(max(slope, interval_s * (1.0 - 4.0 * DRIFT)), interval_s * (1.0 + 4.0 * DRIFT))
            origin_s = float(np.add.reduce(y) / len(y) - interval_s * x_mean)
        error_s = start_s - origin_s
        error_s = np.abs(error_s - np.rint(error_s / interval_s) * interval_s)
        sharp = error_s < tolerance_s
        # What keeps the clock much worse than most is not on it.
        close_s = max(CLOSE_S, OUTLIER * median(error_s[sharp & likely]))
        if close_s < tolerance_s and np.count_nonzero((error_s < close_s) & likely) >= LEAST_TURNS:
            sharp = error_s < close_s
    return interval_s, origin_s, sharp


def off_the_grid(
    centre_hz: NDArray[np.float64], whole: NDArray[np.bool_], step_hz: float, tolerance_hz: float
) -> tuple[NDArray[np.bool_], bool]:
    """Turns that are on no channel of the grid most of them are on, and whether they have a grid of their own.

    The grids of two networks lie apart by a draw of their own: where they keep one clock, their channels still differ
    modulo the spacing.

    Parameters
    ----------
    centre_hz
        (n,) of turns on one clock.
    whole
        (n,) False where a turn runs out of the slice and its centre is not known.
    step_hz
        Spacing of the grid.
    tolerance_hz
        Error of a centre.
    """
    rest_hz = centre_hz % step_hz
    apart_hz = np.abs(rest_hz[:, np.newaxis] - rest_hz)
    apart_hz = np.minimum(apart_hz, step_hz - apart_hz)
    near = (apart_hz < tolerance_hz) & whole
    far: NDArray[np.bool_] = (apart_hz[int(near.sum(axis=1).argmax())] > 2.0 * tolerance_hz) & whole
    own = bool(far.any()) and int(near[far][:, far].sum(axis=1).max()) >= LEAST_TURNS
    return far, own


def one_a_slot(turns: list[Turn], slot: NDArray[np.int_], sharp: NDArray[np.bool_]) -> list[int]:
    """Of the turns that begin with one window the one that is heard longest."""
    best: dict[int, int] = {}
    for index in np.flatnonzero(sharp).tolist():
        other = best.get(int(slot[index]))
        if other is None or turns[index].full_s > turns[other].full_s:
            best[int(slot[index])] = index
    return [best[number] for number in sorted(best)]
