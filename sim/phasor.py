"""Carriers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PHASOR_WIDTHS = (8, 32, 128, 512)
"""Length of the finer table."""


def phasor(
    samples: int, cycles_per_sample: float, start_cycles: float, amplitude: complex = 1.0
) -> NDArray[np.complex64]:
    """``amplitude exp(2 pi j (start + step n))`` for n = 0 ... samples - 1, by a product of two short tables."""
    width = next(width for width in PHASOR_WIDTHS if width * width >= samples or width == PHASOR_WIDTHS[-1])
    rows = -(-samples // width)
    coarse = start_cycles + cycles_per_sample * width * np.arange(rows)
    fine = cycles_per_sample * np.arange(width)
    table = (amplitude * np.exp(2j * np.pi * (coarse - np.floor(coarse)))).astype(np.complex64)
    ramp: NDArray[np.complex64] = np.exp(2j * np.pi * fine).astype(np.complex64)
    product: NDArray[np.complex64] = (table[:, np.newaxis] * ramp).reshape(-1)[:samples]
    return product
