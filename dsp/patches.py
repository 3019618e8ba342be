"""Patches: what the classifier sees of a burst."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.features import FEATURES

IMAGE_FRAMES = 48
IMAGE_BINS = 48


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """Classifier input for one burst.

    Parameters
    ----------
    image
        (1, IMAGE_FRAMES, IMAGE_BINS) float32 in 0..1: the burst's own spectrogram, time down, frequency across,
        decibels over the noise, scaled.
    features
        (F,) float32 in the order of ``FEATURES``.
    """

    image: NDArray[np.float32]
    features: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check the shapes and freeze the arrays."""
        if self.image.shape != (1, IMAGE_FRAMES, IMAGE_BINS) or self.features.shape != (len(FEATURES),):
            raise ValueError(f"patch of {self.image.shape} and {self.features.shape} does not fit the code")
        self.image.flags.writeable = False
        self.features.flags.writeable = False
