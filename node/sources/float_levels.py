"""The scale of floating-point recordings, and samples in them that are no numbers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dsp.iq import SourceUnavailable

PEEK_SAMPLES = 65_536
"""The scale is decided by the first so many samples that are not all zero, counted from a multiple of it."""
LARGEST_UNSCALED = 1.5
"""Peaks up to this are taken as scaled to 1.0 with some overshoot (filters, resamplers)."""
SMALLEST_UNSCALED = 2.0**-10
"""Peaks below -60 dBFS are taken as volts or the like: no receiver is set that low, and the chain has floors."""
RAISED_TO = 0.5
"""What such a small peak is raised to, at most: the loudest may still come."""
PLAUSIBLE_PEAKS = (1e-20, 2.0**33)
"""Outside of these the bytes are something else than floats: small integers read as floats give 1e-40 and 1e+38."""
INTEGER_SCALES = (2.0**7, 2.0**11, 2.0**15, 2.0**31)
"""Full scale of whole numbers: 8-, 12-, 16- and 32-bit converters."""
MOST_NON_FINITE = 0.5
"""Share of NaN and infinite samples above which it is no float recording."""


class FloatLevels:
    """Brings floats to full scale 1.0 and replaces NaN and infinity by 0.

    The factor is a power of two, so no precision is lost. It is decided once, by the first ``PEEK_SAMPLES`` that are
    not all zero; the result does not depend on how the samples are cut into blocks as long as ``feed`` gets pieces of
    ``PEEK_SAMPLES`` until ``decided``.

    - peak 2^-10 to 1.5: left as it is
    - larger and all whole numbers: full scale is the next of 128, 2048, 32768, 2^31
    - larger otherwise: full scale is the next power of two
    - smaller: raised by a power of two to a peak of 0.25 to 0.5

    Parameters
    ----------
    where
        Name of the recording for messages.
    full_scale
        Amplitude of full scale if it is known; None to decide.
    """

    def __init__(self, where: str, full_scale: float | None = None) -> None:
        self._where = where
        self._factor = None if full_scale is None else 1.0 / full_scale
        self.non_finite = 0
        """Samples replaced by 0 so far."""
        self.note: str | None = None
        """What was decided, if it is worth saying."""

    @property
    def decided(self) -> bool:
        """The scale is known."""
        return self._factor is not None

    def feed(self, samples: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """Scale the next samples.

        Raises
        ------
        SourceUnavailable
            If these are no floats: mostly NaN, or of absurd size.
        """
        samples, bad = _without_non_finite(samples)
        self.non_finite += bad
        if self._factor is None:
            if bad > MOST_NON_FINITE * len(samples):
                raise SourceUnavailable(
                    f"{self._where}: {bad} of {len(samples)} samples are NaN or infinite: is the datatype right?"
                )
            self._factor = self._decide(samples)
        if self._factor in {None, 1.0}:
            return samples
        return samples * np.float32(self._factor)

    def _decide(self, samples: NDArray[np.complex64]) -> float | None:
        """The factor to full scale 1.0; None if nothing is to be seen yet."""
        values = samples.view(np.float32)
        peak = float(np.abs(values).max(initial=0.0))
        if peak == 0.0:
            return None
        if not PLAUSIBLE_PEAKS[0] <= peak <= PLAUSIBLE_PEAKS[1]:
            raise SourceUnavailable(f"{self._where}: sample values up to {peak:.3g}: is the datatype right?")
        if SMALLEST_UNSCALED <= peak <= LARGEST_UNSCALED:
            return 1.0
        if peak > LARGEST_UNSCALED:
            whole = bool((values == np.rint(values)).all())
            fitting = [scale for scale in INTEGER_SCALES if whole and scale >= peak]
            full_scale = fitting[0] if fitting else 2.0 ** math.ceil(math.log2(peak))
        else:
            full_scale = 2.0 ** math.ceil(math.log2(peak)) / RAISED_TO
        self.note = f"values up to {peak:.4g} at the beginning: {full_scale:g} is taken as full scale"
        return 1.0 / full_scale


def _without_non_finite(samples: NDArray[np.complex64]) -> tuple[NDArray[np.complex64], int]:
    """The samples with NaN and infinity replaced by 0, and their number. One sum tells that there are none."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = samples.view(np.float32).sum()
    if np.isfinite(total):
        return samples, 0
    bad = ~np.isfinite(samples)
    cleaned = samples.copy()
    cleaned[bad] = 0
    return cleaned, int(np.count_nonzero(bad))
