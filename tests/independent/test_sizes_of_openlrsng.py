"""openLRSng set up otherwise than it is delivered: packets for four or sixteen channels, with telemetry or without.

The frame is the firmware's: ``(bytes + 15) 8.2 / rate + 2 ms`` up, the same and 1 ms less for nine bytes down, in whole
milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

BIT_RATE_BPS, DEVIATION_HZ = 57_600.0, 28.75e3
OVERHEAD_BITS = 16 + 8 * 7
"""Sync word; header, length and check."""


@pytest.mark.parametrize(
    ("up_bytes", "frame_s", "answers"), [(7, 10e-3, True), (16, 7e-3, False), (21, 12e-3, True), (11, 6e-3, False)]
)
def test_other_packets_keep_the_name(
    hear: Callable[..., Any], links: Any, packet: Any, up_bytes: int, frame_s: float, answers: bool
) -> None:
    rng = np.random.default_rng(up_bytes)
    hops_hz = 435e6 + 50e3 * (rng.permutation(38)[:6] + 6)
    packets = []
    for frame in range(int(2.0 / frame_s)):
        centre_hz, begin_s = float(hops_hz[frame % 6]), 0.003 + frame * frame_s
        up = np.concatenate((np.tile([1, 0], 20), rng.integers(0, 2, OVERHEAD_BITS + 8 * up_bytes)))
        packets.append(packet(begin_s, centre_hz, up, BIT_RATE_BPS, DEVIATION_HZ, 12.0, 0.5))
        if answers:
            down = np.concatenate((np.tile([1, 0], 20), rng.integers(0, 2, OVERHEAD_BITS + 8 * 9)))
            answer_s = begin_s + len(up) / BIT_RATE_BPS + 1e-3
            packets.append(packet(answer_s, centre_hz, down, BIT_RATE_BPS, DEVIATION_HZ, 9.0, 0.5))
    assert links(hear(packets, 436.1e6, 2.0)) == [("openlrsng", "57k6")]
