"""A carrier switched on and off at given times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def keyed(
    on_s: NDArray[np.float64], off_s: NDArray[np.float64], duration_s: float, sample_rate_hz: float
) -> NDArray[np.complex64]:
    """Amplitude 1 between the times, 0 elsewhere, each sample being the mean over its own interval.

    The mean keeps edges between two samples where they are and takes most of what would fold into the band.

    Parameters
    ----------
    on_s, off_s
        (k,) ascending times of the edges, ``on_s[i] < off_s[i] <= on_s[i + 1]``.
    duration_s
        Length of the result.

    Returns
    -------
    NDArray[np.complex64]
        (n,) samples, real.
    """
    edges_s = np.column_stack((on_s, off_s)).ravel()
    on_for_s = np.concatenate(([0.0], np.repeat(np.cumsum(off_s - on_s), 2)[:-1]))
    count = int(np.ceil(duration_s * sample_rate_hz - 1e-9))
    bounds_s = np.arange(count + 1) / sample_rate_hz
    return np.asarray(np.diff(np.interp(bounds_s, edges_s, on_for_s)) * sample_rate_hz, dtype=np.complex64)
