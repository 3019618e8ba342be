"""TBS Crossfire at 150 Hz as sniffed (g3gg0/CRSF_RevEng): both ends hop by tables of their own, 150 hops long.

What nobody has published is varied: the moment of the answer and the first channel at 915 MHz.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

FRAME_S = 1.0 / 150.0
BIT_RATE_BPS = 32e6 / 376
DEVIATION_HZ = 42.48e3
STEP_HZ = 4260 * 32e6 / 2**19


def _crossfire(
    packet: Any, first_hz: float, channels: int, length_s: float, *, answer_s: float, seed: int = 3
) -> list[Any]:
    rng = np.random.default_rng(seed)
    up, down = rng.integers(0, channels, 150), rng.integers(0, channels, 150)
    preamble = np.tile([1, 0], 20)
    packets = []
    for frame in range(int(length_s / FRAME_S)):
        ends = ((0.0, up, 24 * 8 + 32, 10.0), (answer_s, down, 13 * 8 + 32, 7.0))
        for delay_s, table, bits, snr_db in ends:
            sent = np.concatenate((preamble, rng.integers(0, 2, bits)))
            centre_hz = first_hz + STEP_HZ * int(table[frame % 150])
            packets.append(packet(frame * FRAME_S + delay_s, centre_hz, sent, BIT_RATE_BPS, DEVIATION_HZ, snr_db))
    return packets


def test_both_ends_are_one_link_wherever_the_answer_lies(hear: Callable[..., Any], links: Any, packet: Any) -> None:
    packets = _crossfire(packet, 864.327e6, 9, 1.6, answer_s=3.9e-3)
    assert links(hear(packets, 865.3e6, 1.6)) == [("crossfire", "150Hz")]


def test_at_915_the_grid_may_begin_anywhere(hear: Callable[..., Any], links: Any, packet: Any) -> None:
    packets = _crossfire(packet, 914.22e6, 9, 1.6, answer_s=3.4e-3)
    assert links(hear(packets, 915.3e6, 1.6)) == [("crossfire", "150Hz")]


def test_samples_lost_without_a_word_make_no_second_link(hear: Callable[..., Any], links: Any, packet: Any) -> None:
    packets = _crossfire(packet, 864.327e6, 9, 2.4, answer_s=3.9e-3)
    tracks = hear(packets, 865.3e6, 2.4, lost=(1.0, 1.7e-3))
    assert links(tracks) == [("crossfire", "150Hz")]
