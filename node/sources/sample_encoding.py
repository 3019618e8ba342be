"""complex64 to the bytes of a recording."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dsp.iq import complex64_to_u8, u8_to_complex64

Datatype = Literal["cu8", "ci16_le", "cf32_le"]
"""What we write."""
I16_FULL_SCALE = np.float32(32768.0)


class SampleEncoder:
    """Stores samples as one datatype, integers rounded and clipped, and counts what that costs.

    Parameters
    ----------
    datatype
        Of SigMF.
    """

    def __init__(self, datatype: Datatype) -> None:
        self.datatype: Datatype = datatype
        self.clipped = 0
        """Samples of which I or Q is at the end of the scale, so far."""
        self.inexact = 0
        """Samples that do not come back as they were, so far."""

    @property
    def bytes_per_sample(self) -> int:
        """Bytes of I and Q together."""
        return {"cu8": 2, "ci16_le": 4, "cf32_le": 8}[self.datatype]

    def encode(self, samples: NDArray[np.complex64]) -> bytes:
        """The next samples as bytes."""
        samples = np.ascontiguousarray(samples)
        if self.datatype == "cf32_le":
            return samples.astype("<c8", copy=False).tobytes()
        if self.datatype == "ci16_le":
            rounded = np.clip(np.rint(samples.view(np.float32) * I16_FULL_SCALE), -32768.0, 32767.0)
            counts: NDArray[np.int16] = rounded.astype("<i2")
            self.clipped += _samples_with((counts == -32768) | (counts == 32767))
            back = counts.astype(np.float32) / I16_FULL_SCALE
            self.inexact += _samples_with(back != samples.view(np.float32))
            return counts.tobytes()
        levels = complex64_to_u8(samples)
        self.clipped += _samples_with((levels == 0) | (levels == 255))
        raw = levels.tobytes()
        self.inexact += int(np.count_nonzero(u8_to_complex64(raw) != samples))
        return raw


def choose_datatype(samples: NDArray[np.complex64]) -> Datatype:
    """The smallest type that holds these samples exactly."""
    for datatype in ("cu8", "ci16_le"):
        encoder = SampleEncoder(datatype)
        encoder.encode(samples)
        if not encoder.inexact:
            return encoder.datatype
    return "cf32_le"


def _samples_with(components: NDArray[np.bool_]) -> int:
    """Samples of which I or Q is marked."""
    return int(np.count_nonzero(components.reshape(-1, 2).any(axis=1)))
