"""How long a packet is."""

from __future__ import annotations

import math

import numpy as np

from dsp.protocols.record import ContinuousTiming, HopTiming, SlotTiming, SporadicTiming, TdmTiming, Timing

CONTINUOUS_PIECE_S = 0.02
"""Length of a piece when one packet of a continuous signal is asked for."""


def packet_airtime_s(timing: Timing, rng: np.random.Generator) -> float:
    """Air time of one packet in seconds.

    Fixed for a hopping link and a slot, uniform over the range of a sporadic transmitter. For one that takes turns
    every second packet is the short one of an idle link, the others are spread evenly on a logarithmic scale.
    """
    match timing:
        case HopTiming(airtime_s=airtime_s) | SlotTiming(airtime_s=airtime_s):
            return airtime_s
        case TdmTiming(shortest_s=shortest_s, longest_s=longest_s):
            share = max(2.0 * float(rng.uniform()) - 1.0, 0.0)
            return float(shortest_s * math.exp(share * math.log(longest_s / shortest_s)))
        case SporadicTiming(airtime_s=(shortest_s, longest_s)):
            return float(rng.uniform(shortest_s, longest_s))
        case ContinuousTiming():
            return CONTINUOUS_PIECE_S
