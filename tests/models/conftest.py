"""Patches made by hand: every label has a place of its own among the features and in the picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.features import FEATURES, MEASURED
from dsp.patches import IMAGE_BINS, IMAGE_FRAMES

Arrays = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int64]]


@pytest.fixture
def made_patches() -> Callable[[int, int, int], Arrays]:
    """``(labels, patches of each, seed)`` to images, features and labels."""

    def make(labels: int, each: int, seed: int) -> Arrays:
        rng = np.random.default_rng(seed)
        label = np.repeat(np.arange(labels), each)
        image = rng.integers(0, 60, (len(label), IMAGE_FRAMES, IMAGE_BINS))
        for row, number in enumerate(label):
            image[row, :, 3 * number : 3 * number + 6] += 150
        features = rng.normal(0.0, 0.1, (len(label), len(FEATURES)))
        features[np.arange(len(label)), label] += 1.0
        features[:, len(MEASURED) :] = 1.0  # every record permits everything
        return image.astype(np.uint8), features.astype(np.float32), label.astype(np.int64)

    return make
