"""How long a packet of a sporadic transmitter is."""

from __future__ import annotations

import numpy as np

from dsp.protocols.record import ContinuousTiming, HopTiming, SporadicTiming, Timing

CONTINUOUS_PIECE_S = 0.02
"""Length of a piece when one packet of a continuous signal is asked for."""


def sporadic_airtime_s(timing: Timing, rng: np.random.Generator) -> float:
    """Air time of one packet in seconds: fixed for a hopping link, uniform over the range for a sporadic one."""
    match timing:
        case HopTiming(airtime_s=airtime_s):
            return airtime_s
        case SporadicTiming(airtime_s=(shortest_s, longest_s)):
            return float(rng.uniform(shortest_s, longest_s))
        case ContinuousTiming():
            return CONTINUOUS_PIECE_S
