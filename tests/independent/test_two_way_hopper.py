"""A link that no record holds, both ends of which send packets that are alike: the hop list of openLRSng in its old
firmware's frame of 20 ms, answers a millisecond after each packet on the same channel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

BIT_RATE_BPS, DEVIATION_HZ = 19_200.0, 30e3
FRAME_S = 20e-3


def test_both_ends_are_one_unknown_hopper(hear: Callable[..., Any], links: Any, packet: Any) -> None:
    rng = np.random.default_rng(5)
    hops_hz = 435e6 + 50e3 * (rng.permutation(38)[:6] + 6)
    packets = []
    for frame in range(int(2.0 / FRAME_S)):
        centre_hz, begin_s = float(hops_hz[frame % 6]), frame * FRAME_S
        up = np.concatenate((np.tile([1, 0], 20), rng.integers(0, 2, 144)))
        down = np.concatenate((np.tile([1, 0], 20), rng.integers(0, 2, 120)))
        packets.append(packet(begin_s, centre_hz, up, BIT_RATE_BPS, DEVIATION_HZ, 12.0, 0.5))
        answer_s = begin_s + len(up) / BIT_RATE_BPS + 1e-3
        packets.append(packet(answer_s, centre_hz, down, BIT_RATE_BPS, DEVIATION_HZ, 9.0, 0.5))
    assert links(hear(packets, 436.1e6, 2.0)) == [("unknown-hopper", None)]
