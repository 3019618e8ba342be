"""How well packets on one clock agree with a mode of a record: how they follow each other, and how long they are."""

from __future__ import annotations

from math import log
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.record import HopTiming
from node.tracking.hops import WEAK_LENGTH_QUANTILE, ClockFit

LEAST_NEAR = 3
"""Short steps of packets that stay on a channel."""
WEAK_LEAST_NEAR = 2
WEAK_SIGNIFICANCE = 8.0
"""So sure a clock needs no two packets of one stay: where a tenth of the channels is heard there may be none."""
WEAK_MANY = 30
"""With so many short steps the stays are known, though packets are missed."""
LONGER_STAYS = 0.5
"""Taken off the score of weak packets for stays that last too long."""
WEAK_SLOWER = 0.85
"""Of weak packets too many are missed to count single steps: no slower clock may explain so many of them."""
LEAST_SINGLE = 0.4
"""Of the steps that stay on a channel, so many are one interval; the others have a missed packet between."""
WEAK_AIRTIME_SPREAD = 1.2
AIRTIME_SPREAD = 0.4
"""Natural logarithm of the ratio of lengths that leaves no agreement."""
LEAST_ANSWERS = 4
"""So many tell the length of the other end's packets."""


def airtime_agreement(
    length_s: float,
    lengths_s: NDArray[np.float64],
    replies_s: NDArray[np.float64],
    timing: HopTiming,
    *,
    weak: bool,
) -> tuple[float, float]:
    """How well lengths agree, 1 as in the record and 0 half or twice as long, and by how many seconds they are off.

    Of weak packets with replies enough both ends count: the one that was taken for the clock may be either.
    """
    straight = [(length_s, timing.airtime_s)]
    ways = [straight]
    if weak and timing.answer is not None and timing.answer.airtime_s == timing.airtime_s:
        both_s = np.concatenate((lengths_s, replies_s))
        ways = [[(float(np.quantile(both_s, WEAK_LENGTH_QUANTILE)), timing.airtime_s)]]
    elif weak and timing.answer is not None and len(replies_s) >= LEAST_ANSWERS:
        reply_s = float(np.quantile(replies_s, WEAK_LENGTH_QUANTILE))
        straight.append((reply_s, timing.answer.airtime_s))
        ways.append([(length_s, timing.answer.airtime_s), (reply_s, timing.airtime_s)])
    tried = [
        (
            sum(_length_score(heard_s, sent_s, weak=weak) for heard_s, sent_s in way) / len(way),
            max(abs(heard_s - sent_s) for heard_s, sent_s in way),
        )
        for way in ways
    ]
    return max(tried, key=itemgetter(0))


def _length_score(length_s: float, airtime_s: float, *, weak: bool) -> float:
    """Agreement of one length with the record's. Noise makes weak packets shorter, never longer."""
    spread = WEAK_AIRTIME_SPREAD if weak and length_s < airtime_s else AIRTIME_SPREAD
    return 1.0 - min(1.0, abs(log(length_s / airtime_s)) / spread)


def steps_agree(clock: ClockFit, per_hop: int, *, weak: bool) -> bool:
    """Whether packets follow each other on a channel as often as the record says."""
    if per_hop == 1:
        return True
    if weak:
        stays = clock.dwell >= 2 and clock.near >= WEAK_LEAST_NEAR
        return clock.slower < WEAK_SLOWER and (stays or clock.significance >= WEAK_SIGNIFICANCE)
    least_single = LEAST_SINGLE * (per_hop - 1) / per_hop
    return clock.dwell >= 2 and clock.near >= LEAST_NEAR and clock.single >= least_single * clock.near


def stay_score(clock: ClockFit, per_hop: int, *, weak: bool) -> float:
    """1 where stays on a channel last as long as the record says, 0 where they last twice or half as long.

    Weak packets are missed: that makes stays shorter, never longer.
    """
    dwell = clock.dwell
    if dwell > per_hop:
        return -LONGER_STAYS if weak else max(0.0, 1.0 - 2.0 * (dwell - per_hop) / per_hop)
    slope = 2.0 if not weak else 1.2 if clock.near < WEAK_MANY else 3.0
    return max(0.0, 1.0 - slope * (per_hop - dwell) / (per_hop + 1.0))
