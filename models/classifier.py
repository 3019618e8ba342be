"""The classifier's contract: patches in, a calibrated label each out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dsp.patches import Patch

UNKNOWN = "unknown"
"""The label of what is unlike anything in the training set."""


class ModelError(Exception):
    """The model cannot be used; the message says why, and the cure.

    ``ModelError``
      - ``ModelMismatch``  it was trained for other labels, another patch or another pre-processing than this code's
    """


class ModelMismatch(ModelError):
    """Model and code do not belong together."""


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which model spoke."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class Classification:
    """Label of one burst.

    Parameters
    ----------
    label
        A protocol's label, or ``unknown`` when out of distribution.
    confidence
        Calibrated probability of the label, 0 to 1.
    scores
        (K,) float32, sum 1, in the order of the classifier's ``labels``.
    model
        The model that spoke.
    """

    label: str
    confidence: float
    scores: NDArray[np.float32]
    model: ModelRef


class Classifier(Protocol):
    """Names patches. Not thread-safe: one per pipeline."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in the order of the scores."""
        ...

    @property
    def model(self) -> ModelRef:
        """The model that speaks."""
        ...

    def classify(self, patches: Sequence[Patch]) -> list[Classification]:
        """Name every patch; an empty sequence gives an empty list."""
        ...
