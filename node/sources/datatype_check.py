"""Whether bytes can be what they are said to be: a wrong datatype makes noise of a recording, silently."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from node.sources.sample_types import SampleType

CHECKED_BYTES = 131_072
"""Bytes from the beginning that are looked at."""
LEAST_BYTES = 4096
"""Fewer tell too little."""
FLOAT_EXPONENTS = (127 - 30, 127 + 17)
"""Exponents of 1e-9 to 1e5: floats of a receiver. Integers spread theirs over all 256 values or have those of 1e38."""
MOST = 0.95
"""Share of floats that makes up the mind: integers have 17 % at most."""
MOST_OF_A_BURST = 0.85
"""The same for integers: some of a recording may be loud."""
OUTER = 0.5
"""Bytes taken for 16-bit numbers have their middle, 127 and 128, at both ends of the scale."""


def why_wrong_type(sample_type: SampleType, raw: bytes) -> str | None:
    """What the bytes look like, if it is not what they are said to be; None if they may be it.

    - 32-bit floats said to be integers: seen as floats, nearly all have a size that receivers give
    - 16-bit numbers said to be bytes: every second byte is a sign and little more, the others are anything
    - unsigned bytes said to be 16-bit numbers: nearly all at both ends of the scale
    """
    raw = raw[: min(len(raw), CHECKED_BYTES) // 4 * 4]
    if len(raw) < LEAST_BYTES or sample_type.is_float:
        return None
    if _are_floats(np.frombuffer(raw, "<u4")):
        return "32-bit floats (cf32)"
    if sample_type.component in {"u1", "i1"} and _are_16_bit(np.frombuffer(raw, np.uint8)):
        return "16-bit numbers (cs16)"
    if sample_type.component == "<i2" and _are_bytes(np.frombuffer(raw, "<i2")):
        return "unsigned bytes (cu8)"
    return None


def _are_floats(words: NDArray[np.uint32]) -> bool:
    """Floats of a receiver, zeros not counted. Both signs: a carrier in the middle may look like floats otherwise."""
    words = words[words << np.uint32(1) != 0]
    if len(words) < LEAST_BYTES // 4:
        return False
    exponents = (words >> np.uint32(23)) & np.uint32(0xFF)
    low, high = FLOAT_EXPONENTS
    plausible = float(((exponents >= low) & (exponents <= high)).mean())
    negative = float((words >> np.uint32(31)).mean())
    return plausible > MOST and 0.25 < negative < 0.75


def _are_16_bit(values: NDArray[np.uint8]) -> bool:
    """High bytes near 0 on both sides, low bytes spread over all of the scale."""
    low, high = values[0::2], values[1::2].astype(np.int8)
    small = float(((high >= -16) & (high < 16)).mean())
    negative = float((high < 0).mean())
    spread = float(((low >= 64) & (low < 192)).mean())
    return small > MOST_OF_A_BURST and 0.25 < negative < 0.75 and 0.4 < spread < 0.6 and len(np.unique(low)) > 128


def _are_bytes(values: NDArray[np.int16]) -> bool:
    """Nearly all far out, on both sides, but not clipped."""
    outer = OUTER * 32768
    high = float(((values > outer) & (values < 32767)).mean())
    low = float(((values < -outer) & (values > -32768)).mean())
    return high + low > MOST_OF_A_BURST and min(high, low) > 0.2
