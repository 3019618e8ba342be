"""The data set: every label, balanced, the same by seed whatever the number of workers."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.features import FEATURES
from dsp.protocols import BY_LABEL, LABELS
from sim.dataset import HELD_OUT, TRAINING, build_dataset
from sim.dataset_conditions import varied

FEW = ("expresslrs", "sik", "ism-ook")


@pytest.mark.parametrize("label", LABELS)
def test_the_detector_finds_patches_of_every_label(label: str) -> None:
    data = build_dataset(3, 7, only=(label,))
    assert data.labels == (label,)
    assert len(data.label) == 3
    assert data.features.shape == (3, len(FEATURES))
    assert np.isfinite(data.features).all()
    assert (data.image.reshape(3, -1).max(axis=1) > 100).all()


def test_workers_change_nothing() -> None:
    alone = build_dataset(4, 5, only=FEW)
    shared = build_dataset(4, 5, only=FEW, workers=2)
    assert np.array_equal(alone.image, shared.image)
    assert np.array_equal(alone.features, shared.features)
    assert np.array_equal(alone.label, shared.label)
    assert np.bincount(alone.label).tolist() == [4, 4, 4]


def test_a_label_is_the_same_whatever_is_left_out() -> None:
    whole = build_dataset(3, 5, only=FEW)
    without = build_dataset(3, 5, exclude=("sik",), only=FEW)
    assert without.labels == ("expresslrs", "ism-ook")
    kept = whole.label != whole.labels.index("sik")
    assert np.array_equal(whole.features[kept], without.features)


def test_seeds_and_conditions_share_nothing() -> None:
    sets = [
        build_dataset(4, 1, only=("crossfire",)),
        build_dataset(4, 2, only=("crossfire",)),
        build_dataset(4, 1, only=("crossfire",), conditions=HELD_OUT),
    ]
    rows = [{row.tobytes() for row in data.features} for data in sets]
    assert not rows[0] & rows[1]
    assert not rows[0] & rows[2]


def test_held_out_receivers_are_others() -> None:
    assert not set(TRAINING.sample_rates_hz) & set(HELD_OUT.sample_rates_hz)
    assert not set(TRAINING.neighbours[1:]) & set(HELD_OUT.neighbours[1:])


def test_devices_differ_from_their_record_within_bounds() -> None:
    rng = np.random.default_rng(1)
    record = BY_LABEL["ism-fsk"]
    rates = [varied(record, record.modes[0], 1.0, rng).phy.bit_rate_bps for _ in range(200)]  # type: ignore[union-attr]
    assert min(rates) < 0.75 * record.modes[0].phy.bit_rate_bps < 1.3 * record.modes[0].phy.bit_rate_bps < max(rates)  # type: ignore[union-attr]


def test_unknown_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="no such protocol: morse"):
        build_dataset(1, 1, exclude=("morse",))
    with pytest.raises(ValueError, match="every label is left out"):
        build_dataset(1, 1, exclude=("sik",), only=("sik",))
