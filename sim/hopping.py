"""Orders in which transmitters visit their channels."""

from __future__ import annotations

import numpy as np

from dsp.protocols import elrs_hops, sik_hops
from dsp.protocols.record import Band

LARGEST_SKIP = 24
"""FrSky R9 goes on by 1 to 24 channels."""


def hop_sequence(band: Band, seed: int) -> tuple[int, ...]:
    """Channel indices in the order they are visited, repeated for ever.

    A band with a sync channel hops as ExpressLRS does, one of order ``sik`` as SiK, one of order ``skip`` by a fixed
    number of channels. The others visit those channels they use in shuffled orders, one after the other until the
    band's cycle is full; where the real order is not public this stands for it.
    """
    channels = len(band.channels_hz)
    if band.sync_channel is not None and channels > 1:
        return elrs_hops.hop_sequence(seed, channels, band.sync_channel)
    if band.order == "sik":
        return sik_hops.hop_order(seed % 2**16, channels)
    rng = np.random.default_rng(seed)
    if band.order == "skip":
        skips = [skip for skip in range(1, LARGEST_SKIP + 1) if skip % channels]
        skip, start = int(rng.choice(skips)), int(rng.integers(channels))
        return tuple((start + skip * index) % channels for index in range(channels))
    used = rng.permutation(channels)[: band.used_channels or channels]
    length = band.cycle or len(used)
    rounds = [used, *(rng.permutation(used) for _ in range(-(-length // len(used)) - 1))]
    return tuple(int(index) for index in np.concatenate(rounds)[:length])


def net_channels_hz(band: Band, seed: int) -> tuple[float, ...]:
    """Channel centres of one network: the band's, moved by the network's own offset where it has one."""
    if not band.base_spread_hz:
        return band.channels_hz
    offset_hz = sik_hops.base_offset_hz(seed % 2**16, band.base_spread_hz)
    return tuple(channel_hz + offset_hz for channel_hz in band.channels_hz)
