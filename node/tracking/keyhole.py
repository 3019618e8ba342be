"""Links of which the slice shows a single channel: stays that come and go in step with the hops."""

from __future__ import annotations

from collections.abc import Iterable
from math import log10

import numpy as np
from numpy.typing import NDArray

from node.tracking.hops import Phase
from node.tracking.packets import Packets

LEAST_DECADES = 4.0
"""Stays that begin at any slot are in step with the hops once in ten thousand sets."""
IN_STEP = 0.75
"""Of the stays, so many begin whole hops apart; of the others the first packet was missed."""
LEAST_FULL = 0.7
"""Packets of a stay that are heard, as part of a record's."""
LEAST_IN_ROUNDS = 0.9
LEAST_ANSWERED = 0.5
"""What hops with every packet shows no stays: there both ends must be heard, and the channel once a round."""
MOST_LONGER = 0.2
"""Of the stays: two hops to one channel, one after the other."""
MOST_PRESENT = 0.67
"""Of the hops: a link that is heard in more of them does not go away. A channel of two is there in half of them."""


def comes_and_goes(packets: Packets, phase: Phase, per_hop: int, rounds: Iterable[int], answered: float) -> bool:
    """Whether packets on one channel are there when the hops bring them there, and not between.

    Parameters
    ----------
    packets
        Those on the clock.
    phase
        The clock; its ``origin_s`` counts from the first of ``packets``.
    per_hop
        Packets of a stay, by the record.
    rounds
        Hops after which a channel may come again.
    answered
        Answers of the other end for each of the packets.
    """
    slot = np.rint((packets.start_s - phase.origin_s) / phase.interval_s).astype(int)
    slot = np.unique(slot)
    if per_hop > 1:
        return _in_stays(slot, per_hop)
    return answered >= LEAST_ANSWERED and any(_in_rounds(slot, length) for length in rounds)


def _in_stays(slot: NDArray[np.int_], per_hop: int) -> bool:
    """Whether there are stays of a hop's length that begin whole hops apart, with silence between."""
    ends = np.flatnonzero(np.diff(slot) > 2)  # one missed packet allowed for
    first, last = np.append(slot[0], slot[ends + 1]), np.append(slot[ends], slot[-1])
    stays = len(first)
    in_step = int(np.bincount(first % per_hop).max())
    return bool(
        (in_step - 1) * log10(per_hop) >= LEAST_DECADES
        and in_step >= IN_STEP * stays
        and len(slot) >= LEAST_FULL * per_hop * stays
        and np.count_nonzero(last - first >= per_hop) <= MOST_LONGER * stays
        and stays * per_hop <= MOST_PRESENT * (slot[-1] - slot[0] + per_hop)
    )


def _in_rounds(slot: NDArray[np.int_], length: int) -> bool:
    """Whether single packets come whole rounds apart."""
    whole = int(np.count_nonzero(np.diff(slot) % length == 0))
    return length > 1 and whole * log10(length) >= LEAST_DECADES and whole >= LEAST_IN_ROUNDS * (len(slot) - 1)
