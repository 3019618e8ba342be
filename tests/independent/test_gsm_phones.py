"""Telephones of GSM that hop (3GPP TS 45.002, 45.004): 217 channel changes a second, and no drone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

BIT_RATE_BPS = 13e6 / 48
FRAME_S = 60e-3 / 13
IDLE_FRAME = 25
"""Of the 26 frames of a traffic channel."""


@pytest.mark.parametrize("channels", [4, 8])
def test_a_hopping_telephone_is_no_drone(hear: Callable[..., Any], links: Any, packet: Any, channels: int) -> None:
    rng = np.random.default_rng(channels)
    used_hz = 905e6 + 200e3 * rng.permutation(10)[:channels]
    slot_s = FRAME_S / 8 * int(rng.integers(8))
    phone = [
        packet(
            frame * FRAME_S + slot_s,
            float(used_hz[frame % channels if channels == 4 else rng.integers(channels)]),
            rng.integers(0, 2, 148),
            BIT_RATE_BPS,
            BIT_RATE_BPS / 4,
            22.0,
            0.3,
        )
        for frame in range(int(2.0 / FRAME_S))
        if frame % 26 != IDLE_FRAME
    ]
    tracks = hear(phone, 905.9e6, 2.0)
    assert tracks, "a telephone this strong is heard"
    assert not links(tracks)
