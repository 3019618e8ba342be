"""Patches that nobody sends: made of two real ones, for the network to be unsure of.

A network that only ever meets its labels divides the whole space among them. Shown mixtures of patches of different
labels and asked to prefer none [1], it learns where its labels end. Measured on labels held out of training: 36 %
and 25 % of their patches below the confidence threshold instead of 28 % and 20 %, at the same share of what was right;
accuracy does not suffer.

[1] D. Hendrycks et al., "Deep anomaly detection with outlier exposure", ICLR 2019.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.features import MEASURED

SHARE_FROM_FIRST = (0.2, 0.8)
"""Of the features; the rest is the second patch's."""


def strangers(
    image: NDArray[np.uint8],
    features: NDArray[np.float32],
    label: NDArray[np.int64],
    count: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mix patches.

    Parameters
    ----------
    image, features, label
        Real patches.
    count
        Pairs to draw; those of one label are left out.
    rng
        Draws everything.

    Returns
    -------
    (m, IMAGE_FRAMES, IMAGE_BINS) float32 in 0..1 and (m, F) float32, m <= count
    """
    one, other = rng.integers(0, len(label), count), rng.integers(0, len(label), count)
    apart = label[one] != label[other]
    one, other = one[apart], other[apart]
    first = rng.random((len(one), features.shape[1])) < rng.uniform(*SHARE_FROM_FIRST, (len(one), 1))
    # What records permit belongs together: it follows from one frequency.
    first[:, len(MEASURED) :] = first[:, len(MEASURED) : len(MEASURED) + 1]
    mixed = np.where(first, features[one], features[other])
    left, right = image[one].astype(np.float32) / 255.0, image[other].astype(np.float32) / 255.0
    kind = rng.integers(0, 3, len(one))[:, np.newaxis, np.newaxis]
    # Both at once, the first one's, or the second one's backwards in time.
    pictures = np.where(kind == 0, np.maximum(left, right), np.where(kind == 1, left, right[:, ::-1, :]))
    return pictures.astype(np.float32), mixed.astype(np.float32)
