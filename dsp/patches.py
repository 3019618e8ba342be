"""Patches: what the classifier sees of a burst."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dsp.baseband import Baseband, power_of
from dsp.features import FEATURES
from dsp.fourier import workbench
from dsp.quantile import quantile
from dsp.units import from_db
from dsp.windows import windows as windows_of

IMAGE_FRAMES = 48
IMAGE_BINS = 48
DECIBELS = 30.0
"""Range of the image below its strongest cells."""
VERSION = 1
"""Raised whenever the same samples would give other numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """Classifier input for one burst.

    Parameters
    ----------
    image
        (1, IMAGE_FRAMES, IMAGE_BINS) float32 in 0..1: the burst's own spectrogram, time down, frequency across, over
        twice its bandwidth; 1 is its 99 % quantile, 0 is 30 dB below.
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


def fingerprint() -> str:
    """Hash of everything that decides what a patch means; a model trained for another one must not be used."""
    text = f"{VERSION}|{IMAGE_FRAMES}x{IMAGE_BINS}|{DECIBELS}|" + "|".join(f"{f.name}:{f.unit}" for f in FEATURES)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _window() -> NDArray[np.complex64]:
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(IMAGE_BINS) + 0.5) / IMAGE_BINS)
    hann *= np.where(np.arange(IMAGE_BINS) % 2 == 0, 1.0, -1.0)
    scaled: NDArray[np.complex64] = hann.astype(np.complex64)
    scaled.flags.writeable = False
    return scaled


def cut_image(baseband: Baseband) -> NDArray[np.float32]:
    """Spectrogram of the beginning of a burst, scaled to its own strength.

    Transforms of 48 points, hop 32 or longer so that short bursts fill the picture and long ones show their first 48
    frames; what is missing at the end of a short burst is 0.

    Returns
    -------
    (1, IMAGE_FRAMES, IMAGE_BINS) float32 in 0..1
    """
    samples = baseband.samples
    image = np.zeros((1, IMAGE_FRAMES, IMAGE_BINS), dtype=np.float32)
    if len(samples) < IMAGE_BINS:
        padded = np.zeros(IMAGE_BINS, dtype=np.complex64)
        padded[: len(samples)] = samples
        samples = padded
    hop = min(max((len(samples) - IMAGE_BINS) // (IMAGE_FRAMES - 1), 8), 48)
    frames = windows_of(samples, IMAGE_BINS, hop)[:IMAGE_FRAMES]
    np.multiply(frames, _window(), out=workbench().rows(len(frames), IMAGE_BINS))
    power = power_of(workbench().run(len(frames), IMAGE_BINS).reshape(-1))
    top = max(quantile(power, 0.99), 1e-30)
    bottom = np.float32(top * from_db(-DECIBELS))
    power /= bottom
    levels = np.log10(np.maximum(power, np.float32(1.0), out=power), out=power)
    levels *= np.float32(10.0 / DECIBELS)
    np.minimum(levels.reshape(frames.shape), np.float32(1.0), out=image[0, : len(frames)])
    return image
