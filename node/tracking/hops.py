"""Packet clocks and hop patterns: what makes a link out of bursts."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.record import HopTiming
from node.tracking.grids import middle_of
from node.tracking.packets import Packets

CLOCK_TOLERANCE = 0.04
"""Error of a packet's start, as part of the interval: a chirp cut by the slice's edge begins up to a symbol late."""
CLOCK_TOLERANCE_S = 0.12e-3
"""Error of a burst's start at low signal-to-noise ratio."""
CLOCK_TOLERANCE_MOST = 0.15
"""Never more than this part of the interval, or anything fits the fastest clock."""
RUN_ON_SHARE = 0.6
"""Longer than an interval and this part of a packet: two packets in one, the gap between them hidden by noise."""
LONGEST_SPAN_INTERVALS = 10
"""Packets further apart than this say nothing of the interval itself."""
DWELL_QUANTILE = 0.8
WEAK_DWELL_QUANTILE = 0.95
"""Where half of the packets are missed fewer stays show their whole length."""
WEAK_LENGTH_QUANTILE = 0.95
"""Noise makes a weak packet's end come early, never late: the longest are as long as they should be."""
END_SHARE = 0.03
"""Lengths this close to the longest, as part of it, have the same end."""
DRIFTS = (0.0, -40e-6, 40e-6)
"""Clock errors tried: two crystals of 30 ppm, on a grid as fine as the tolerance asks for over some seconds."""


def clock_tolerance_s(interval_s: float) -> float:
    """How far from its slot a packet may be found to begin."""
    return min(CLOCK_TOLERANCE * interval_s + CLOCK_TOLERANCE_S, CLOCK_TOLERANCE_MOST * interval_s)


def chance_share(interval_s: float) -> float:
    """Share of unrelated bursts that fit a clock by chance."""
    return 2.0 * clock_tolerance_s(interval_s) / interval_s


@dataclass(frozen=True, slots=True)
class Phase:
    """One clock found among bursts: ``origin_s + k interval_s``.

    Parameters
    ----------
    members
        (n,) bool: the bursts that begin on it.
    """

    interval_s: float
    origin_s: float
    members: NDArray[np.bool_]


def best_phase(start_s: NDArray[np.float64], interval_s: float) -> Phase:
    """The phase of a clock that most bursts keep to.

    Starts modulo the interval, the fullest window of twice the tolerance around the circle; tried for a few clock
    errors where the stretch is long enough to tell them, then refined by a straight line through the members.

    Parameters
    ----------
    start_s
        (n,) ascending, at least one.
    interval_s
        Nominal interval of the clock.
    """
    tolerance_s = clock_tolerance_s(interval_s)
    span_s = float(start_s[-1] - start_s[0])
    drifts = DRIFTS if span_s * DRIFTS[-1] > 0.5 * tolerance_s else DRIFTS[:1]
    best_count, best_interval_s, best_origin_s = 0, interval_s, 0.0
    places = np.arange(len(start_s))
    for drift in drifts:
        trial_s = interval_s * (1.0 + drift)
        phase = start_s % trial_s
        phase.sort()
        around = np.concatenate((phase, phase + trial_s))
        reach = around.searchsorted(phase + 2.0 * tolerance_s, side="right") - places
        pick = int(reach.argmax())
        count = int(reach[pick])
        if count > best_count:
            best_count, best_interval_s = count, trial_s
            best_origin_s = middle_of(around[pick : pick + count])
            if count == len(start_s):
                break  # no other can be kept by more
    least_s, most_s = interval_s * (1.0 + 2.0 * DRIFTS[1]), interval_s * (1.0 + 2.0 * DRIFTS[2])
    for _ in range(2):
        slot, members = _slots(start_s, best_origin_s, best_interval_s, tolerance_s)
        x, y = slot[members], start_s[members]
        if len(x) < 3 or x[-1] - x[0] < 3:
            break
        x_mean = np.add.reduce(x) / len(x)
        centred = x - x_mean
        slope = float(np.add.reduce(centred * y) / np.add.reduce(centred * centred))
        # A few packets say little of the interval: no crystal is off by more than the trials allow for.
        slope = min(max(slope, least_s), most_s)
        best_interval_s, best_origin_s = slope, float(np.add.reduce(y) / len(y) - slope * x_mean)
    return Phase(best_interval_s, best_origin_s, _slots(start_s, best_origin_s, best_interval_s, tolerance_s)[1])


def _slots(
    start_s: NDArray[np.float64], origin_s: float, interval_s: float, tolerance_s: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The slot nearest to each start, and which of the starts are within the tolerance of theirs."""
    after_s = start_s - origin_s
    slot = np.rint(after_s / interval_s)
    members: NDArray[np.bool_] = np.abs(after_s - slot * interval_s) < tolerance_s
    return slot, members


@dataclass(frozen=True, slots=True)
class ClockFit:
    """How packets that keep one clock follow each other.

    Parameters
    ----------
    packets
        Packets on the clock.
    strays
        Bursts of the same kind, on the same channels in the same time, that are not.
    single
        Steps from one packet to the next of exactly one interval.
    near
        Steps of at most ``LONGEST_SPAN_INTERVALS``.
    slower
        Largest share of the packets that keep a clock of twice or three times the interval.
    dwell
        Slots that a stay on one channel lasts: the 80 % quantile, 95 % of weak packets.
    length_s
        Median length; of weak packets the 95 % quantile.
    ends
        Share of the packets that are as long within ``END_SHARE``.
    airtime_ratio
        ``length_s`` over the record's air time.
    channels
        Distinct channels.
    jitter_s
        Root mean square distance from the slots.
    significance
        Minus the decimal logarithm of the chance that unrelated bursts keep the clock as well.
    """

    packets: int
    strays: int
    single: int
    near: int
    slower: float
    dwell: int
    length_s: float
    ends: float
    airtime_ratio: float
    channels: int
    jitter_s: float
    significance: float

    @property
    def fit(self) -> float:
        """Share of the bursts that fit, pulled towards 0 for few."""
        return self.packets / (self.packets + self.strays + 1.0)


def folded_s(duration_s: NDArray[np.float64], timing: HopTiming) -> NDArray[np.float64]:
    """Lengths of packets, where one has run into the next on its channel without that one's interval."""
    if timing.packets_per_hop == 1:
        return duration_s
    shorter_s = duration_s - timing.interval_s
    run_on = shorter_s > RUN_ON_SHARE * timing.airtime_s
    return np.where(run_on, shorter_s, duration_s) if np.count_nonzero(run_on) else duration_s


def folded_one_s(duration_s: float, timing: HopTiming) -> float:
    """The same for a single packet."""
    shorter_s = duration_s - timing.interval_s
    return shorter_s if timing.packets_per_hop > 1 and shorter_s > RUN_ON_SHARE * timing.airtime_s else duration_s


def fit_clock(packets: Packets, phase: Phase, timing: HopTiming, strays: int) -> ClockFit:
    """Describe packets on one clock.

    Parameters
    ----------
    packets
        Those on the clock.
    phase
        The clock; its ``origin_s`` counts from the first of ``packets``.
    timing
        The record's.
    strays
        Bursts of the same kind that are not on the clock.
    """
    interval_s = phase.interval_s
    after_s = packets.start_s - phase.origin_s
    slot = np.rint(after_s / interval_s)
    error_s = after_s - slot * interval_s
    folded = folded_s(packets.duration_s, timing)
    steps = slot[1:] - slot[:-1]
    same = packets.channel[1:] == packets.channel[:-1]
    if folded is not packets.duration_s:
        # A packet that runs into the next one on its channel hides it: the step after it is one slot shorter.
        over_s = packets.duration_s - folded
        more = np.where(packets.weak, 0.0, np.rint(np.maximum(over_s, 0.0) / timing.interval_s))
        steps -= np.where(same, np.minimum(more[:-1], steps - 1), 0.0)
    else:
        steps = np.where(same, np.maximum(steps, 1.0), steps)  # two in one slot are pieces of two
    near = (steps <= LONGEST_SPAN_INTERVALS) & (steps >= 1)
    # A stay goes on while the next packet is on the same channel, one missed packet allowed for.
    ends = (~((steps <= 2) & same)).nonzero()[0]
    dwell = np.concatenate((slot[ends], slot[-1:])) - np.concatenate((slot[:1], slot[ends + 1]))
    dwell.sort()
    count, faint = packets.count, packets.faint
    quantile = WEAK_DWELL_QUANTILE if faint else DWELL_QUANTILE
    usual = int(dwell[min(len(dwell) - 1, int(quantile * len(dwell)))]) + 1
    ordered_s = np.sort(folded)
    length_s = float(ordered_s[int(WEAK_LENGTH_QUANTILE * count)]) if faint else middle_of(ordered_s)
    number = slot.astype(int)
    odd = int(np.count_nonzero(number & 1))
    return ClockFit(
        packets=count,
        strays=strays,
        single=int(np.count_nonzero(steps == 1)),
        near=int(np.count_nonzero(near)),
        slower=max(odd, count - odd, int(np.bincount(number % 3).max())) / count,
        dwell=usual,
        length_s=length_s,
        ends=int(np.count_nonzero(np.abs(folded - length_s) < END_SHARE * length_s)) / count,
        airtime_ratio=length_s / timing.airtime_s,
        channels=len(packets.channels_hz),
        jitter_s=sqrt(float(np.add.reduce(error_s * error_s)) / count),
        significance=significance(count - 1, count + strays - 1, chance_share(interval_s)),
    )


def significance(fitting: int, total: int, share: float) -> float:
    """Minus the decimal logarithm of the chance of ``fitting`` or more of ``total``, by the Chernoff bound."""
    if total <= 0 or fitting <= share * total:
        return 0.0
    part = min(fitting / total, 1.0 - 1e-12)
    distance = part * log(part / share) + (1.0 - part) * log((1.0 - part) / (1.0 - share))
    return total * distance / log(10.0)


def measured_interval_s(packets: Packets, ends: int = 1) -> tuple[float, float] | None:
    """Packet interval of unknown hoppers: the commonest step, and the share of short steps that are multiples of it.

    Parameters
    ----------
    packets
        Of the hopper, others among them perhaps.
    ends
        With 2 every second packet is the other end's: steps are those from one to the next but one.

    Returns
    -------
    interval_s, share
        None with fewer than eight steps.
    """
    steps = packets.start_s[ends:] - packets.start_s[:-ends]
    steps = steps[steps > 0.5e-3]
    if len(steps) < 8:
        return None
    ordered = np.sort(steps)
    # The densest 3 % window of the steps, by their logarithms.
    logs = np.log(ordered)
    ahead = np.searchsorted(logs, logs + 0.03)
    count = ahead - np.arange(len(logs))
    best = int(np.argmax(count))
    interval_s = middle_of(ordered[best : ahead[best]])
    near = steps < 6.5 * interval_s
    multiple = np.rint(steps / interval_s)
    good = near & (multiple >= 1) & (np.abs(steps / interval_s - multiple) < 0.06)
    return interval_s, float(good.sum()) / max(int(near.sum()), 1) if near.sum() >= 8 else 0.0
