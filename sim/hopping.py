"""Orders in which transmitters visit their channels."""

from __future__ import annotations

import numpy as np

from dsp.protocols import elrs_hops
from dsp.protocols.record import Band


def hop_sequence(band: Band, seed: int) -> tuple[int, ...]:
    """Channel indices in the order they are visited, repeated for ever.

    A band with a sync channel hops as ExpressLRS does; others visit all channels in one shuffled order (SiK does just
    that with its own generator; where the real order is not public this stands for it).
    """
    if band.sync_channel is not None and len(band.channels_hz) > 1:
        return elrs_hops.hop_sequence(seed, len(band.channels_hz), band.sync_channel)
    return tuple(int(index) for index in np.random.default_rng(seed).permutation(len(band.channels_hz)))
