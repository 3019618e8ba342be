"""A wide recording cut into slices as wide as a dongle's, so that one detector serves all."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import fft

MAX_SLICE_RATE_HZ = 3.4e6
"""Wider input is channelised; an RTL-SDR's highest rate is 3.2 MS/s."""
SLICE_RATE_HZ = 2.4e6
"""Wanted rate of a slice; the nearest whole fraction of the input's rate is taken."""
STEP_SHARE = 0.75
"""Slices begin this part of their width apart: a 500 kHz signal is whole in one of two neighbours."""
BLOCK_SLICE_SAMPLES = 4096
OVERLAP_SHARE = 0.25
"""Overlap of consecutive transforms, half of it thrown away on each side (overlap-save)."""
TAPER_SHARE = 0.06


class Channeliser:
    """Cuts samples into overlapping slices by overlap-save fast convolution.

    One transform of the block for all slices and a small inverse transform for each: about ``1 + 1 / STEP_SHARE``
    transform passes however many slices there are. Output depends on the sample count only, not on the blocks.

    Parameters
    ----------
    sample_rate_hz
        Of the input.
    """

    def __init__(self, sample_rate_hz: float) -> None:
        self.decimation = max(1, round(sample_rate_hz / SLICE_RATE_HZ))
        self.slice_rate_hz = sample_rate_hz / self.decimation
        self._kept = BLOCK_SLICE_SAMPLES
        self._length = self._kept * self.decimation
        self._margin = int(self._kept * OVERLAP_SHARE / 2)
        self._advance = (self._kept - 2 * self._margin) * self.decimation
        count = max(1, math.ceil((self.decimation - 1) / STEP_SHARE) + 1)
        # Bins of the middle of each slice, evenly spread so that the outer slices end at the edge of the input.
        reach = (self._length - self._kept) / 2
        middles = np.linspace(-reach, reach, count) if count > 1 else np.zeros(1)
        self._middles = [round(float(m)) for m in middles]
        self.offsets_hz = tuple(m * sample_rate_hz / self._length for m in self._middles)
        edge = int(self._kept * TAPER_SHARE)
        ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge)
        self._taper = np.ones(self._kept, dtype=np.float32)
        self._taper[:edge] = ramp
        self._taper[-edge:] = ramp[::-1]
        self._taper /= self.decimation
        self.delay_s = 0.0
        self._pending = np.zeros(self._margin * self.decimation, dtype=np.complex64)
        self._block = 0
        self._flushed = 0

    def feed(self, samples: NDArray[np.complex64]) -> list[NDArray[np.complex64]]:
        """Take samples; give each slice's next samples (all of one length, perhaps none)."""
        self._pending = np.concatenate((self._pending, samples))
        outputs: list[list[NDArray[np.complex64]]] = [[] for _ in self._middles]
        at = 0
        while len(self._pending) - at >= self._length:
            self._transform(self._pending[at : at + self._length], outputs)
            at += self._advance
        self._pending = self._pending[at:].copy()
        return [np.concatenate(parts) if parts else np.zeros(0, dtype=np.complex64) for parts in outputs]

    def flush(self) -> list[NDArray[np.complex64]]:
        """Give what is still inside."""
        left = len(self._pending) // self.decimation - self._margin
        if left <= 0:
            return [np.zeros(0, dtype=np.complex64) for _ in self._middles]
        padding = np.zeros(2 * self._length, dtype=np.complex64)
        return [part[:left] for part in self.feed(padding)]

    def _transform(self, stretch: NDArray[np.complex64], outputs: list[list[NDArray[np.complex64]]]) -> None:
        spectrum = fft.fft(stretch)
        half = self._kept // 2
        for middle, parts in zip(self._middles, outputs, strict=True):
            picked = np.take(spectrum, np.arange(middle - half, middle + half), mode="wrap") * self._taper
            slice_samples = fft.ifft(np.concatenate((picked[half:], picked[:half])), overwrite_x=True)
            # The shift to 0 Hz turns by a whole number of cycles a block only for every fourth bin: put it right.
            turn = np.exp(-2j * np.pi * ((middle * self._block * self._advance) % self._length) / self._length)
            inner = slice_samples[self._margin : self._kept - self._margin] * np.complex64(turn)
            parts.append(inner.astype(np.complex64))
        self._block += 1
