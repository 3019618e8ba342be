from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dsp.features import MEASURED
from models.train.strangers import strangers

Arrays = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int64]]


def test_strangers_are_of_two_labels(made_patches: Callable[[int, int, int], Arrays]) -> None:
    image, features, label = made_patches(3, 10, 1)
    pictures, mixed = strangers(image, features, label, 200, np.random.default_rng(2))
    assert pictures.shape == (len(mixed), *image.shape[1:])
    assert 100 < len(mixed) < 160  # a third of the pairs is of one label
    assert pictures.dtype == mixed.dtype == np.float32
    assert 0.0 <= pictures.min() <= pictures.max() <= 1.0
    for row in mixed:
        # Every feature is of one of two patches, the permissions together of one of them.
        permitted = np.flatnonzero((features[:, len(MEASURED) :] == row[len(MEASURED) :]).all(axis=1))
        assert len(permitted) >= 1
        origins = {int(np.flatnonzero(features[:, column] == row[column])[0]) for column in range(len(MEASURED))}
        assert len(origins) == 2
        assert len({int(label[origin]) for origin in origins}) == 2


def test_one_label_alone_has_no_strangers(made_patches: Callable[[int, int, int], Arrays]) -> None:
    image, features, label = made_patches(1, 4, 1)
    pictures, mixed = strangers(image, features, label, 8, np.random.default_rng(2))
    assert len(pictures) == len(mixed) == 0
