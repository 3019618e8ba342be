"""Honest confidence: temperature scaling, the unknown threshold, and how to measure both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def softmax(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Probabilities ``exp(z / T) / sum exp(z / T)`` along the last axis.

    Parameters
    ----------
    logits
        (n, K) float32.
    temperature
        Above 1 softens an over-confident network [1].

    [1] C. Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    scaled = logits / np.float32(temperature)
    scaled -= np.maximum.reduce(scaled, axis=-1, keepdims=True)
    exponent = np.exp(scaled)
    scores: NDArray[np.float32] = (exponent / np.add.reduce(exponent, axis=-1, keepdims=True)).astype(
        np.float32, copy=False
    )
    return scores


def fit_temperature(logits: NDArray[np.float32], truth: NDArray[np.intp]) -> float:
    """Temperature of least negative log-likelihood on held-out patches, by golden-section search over 0.3 to 6."""
    rows = np.arange(len(truth))

    def loss(temperature: float) -> float:
        return float(-np.log(np.maximum(softmax(logits, temperature)[rows, truth], 1e-9)).mean())

    low, high = 0.3, 6.0
    ratio = (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(40):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        if loss(a) < loss(b):
            high = b
        else:
            low = a
    return float(0.5 * (low + high))


def expected_calibration_error(confidence: NDArray[np.float32], correct: NDArray[np.bool_], bins: int = 15) -> float:
    """Mean distance of confidence and accuracy over bins of equal width, weighted by their size."""
    index = np.minimum((confidence * bins).astype(np.intp), bins - 1)
    error = 0.0
    for i in range(bins):
        members = index == i
        if members.any():
            error += members.mean() * abs(float(confidence[members].mean()) - float(correct[members].mean()))
    return float(error)


def unknown_threshold(confidence: NDArray[np.float32], correct: NDArray[np.bool_], kept: float = 0.95) -> float:
    """Confidence below which a patch is called unknown: the ``1 - kept`` quantile of what was labelled right."""
    right = confidence[correct]
    return float(np.quantile(right, 1.0 - kept)) if len(right) else 0.5
