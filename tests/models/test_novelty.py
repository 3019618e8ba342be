from __future__ import annotations

import numpy as np
import pytest

from models.novelty import KEPT, SHRINKAGE, fit_spread, novelty_threshold


def test_the_distance_is_mahalanobis_to_the_mean_of_each_label() -> None:
    rng = np.random.default_rng(5)
    mixing = rng.normal(size=(6, 6))
    label = np.repeat(np.arange(3), 400)
    joined = (rng.normal(size=(1200, 6)) @ mixing + 3.0 * label[:, np.newaxis]).astype(np.float32)
    found = fit_spread(joined, label, 3).distances(joined[:50])
    means = np.stack([joined[label == k].mean(axis=0) for k in range(3)]).astype(float)
    apart = joined - means[label]
    covariance = apart.T @ apart / len(apart)
    covariance += SHRINKAGE * np.trace(covariance) / 6 * np.eye(6)
    inverse = np.linalg.inv(covariance)
    for row in range(50):
        for k in range(3):
            away = joined[row] - means[k]
            assert found[row, k] == pytest.approx(float(away @ inverse @ away), rel=2e-3, abs=1e-2)


def test_the_threshold_lets_most_of_what_is_right_pass_and_strangers_are_beyond() -> None:
    rng = np.random.default_rng(6)
    label = np.repeat(np.arange(2), 500)
    joined = rng.normal(size=(1000, 8)).astype(np.float32)
    joined[:, 0] += 6.0 * label
    spread = fit_spread(joined, label, 2)
    mine = spread.distances(joined)[np.arange(1000), label]
    threshold = novelty_threshold(mine, np.ones(1000, bool))
    assert np.mean(mine <= threshold) == pytest.approx(KEPT, abs=0.005)
    strangers = rng.normal(size=(200, 8)).astype(np.float32)
    strangers[:, 5] += 7.0
    assert np.mean(spread.distances(strangers).min(axis=1) > threshold) > 0.95


def test_a_feature_that_never_varies_and_a_label_without_patches_do_no_harm() -> None:
    joined = np.zeros((20, 4), np.float32)
    joined[:, 0] = np.linspace(-1, 1, 20)
    spread = fit_spread(joined, np.zeros(20, np.int64), 2)
    assert np.isfinite(spread.distances(joined)).all()
    assert novelty_threshold(np.zeros(0, np.float32), np.zeros(0, bool)) == 1.0
