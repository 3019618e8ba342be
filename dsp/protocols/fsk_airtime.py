"""Length of a frequency-keyed packet on air."""

from __future__ import annotations

from dsp.protocols.phy import FskPhy


def airtime_s(phy: FskPhy, frame_bytes: int) -> float:
    """Seconds on air of preamble, sync word and everything after it (headers and check included)."""
    halves = 2 if phy.manchester else 1
    return (phy.preamble_bits + phy.sync_bits + 8 * halves * frame_bytes) / phy.bit_rate_bps
