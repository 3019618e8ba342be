"""Training, export and the proof on patches made by hand: small, but the whole way through ONNX."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.features import FEATURES
from dsp.patches import IMAGE_BINS, IMAGE_FRAMES, Patch, fingerprint
from models.calibration import softmax
from models.card import ModelCard
from models.classifier import UNKNOWN
from models.onnx import load_classifier

pytest.importorskip("torch", reason="training needs the extra [train]")
pytest.importorskip("onnx", reason="training needs the extra [train]")

from models.train.export import export_onnx
from models.train.fit import FitSettings, Patches, fit
from models.train.held_out import BEGIN, END, Fold, HeldOut, first_of_each, proof_lines, prove, replace_proof

Arrays = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int64]]
MakePatches = Callable[[int, int, int], Arrays]
LABELS = ("expresslrs", "sik", "lorawan", "wmbus", "tetra", "cw")


def as_set(arrays: Arrays) -> Patches:
    image, features, label = arrays
    return Patches(image, features, label, np.full(len(label), 10.0, np.float32))


def as_patch(image: NDArray[np.uint8], features: NDArray[np.float32]) -> Patch:
    return Patch(image[np.newaxis].astype(np.float32) / 255.0, features.copy())


def test_the_exported_graph_says_what_the_network_and_the_spread_say(made_patches: MakePatches, tmp_path: Path) -> None:
    import torch

    sets = [as_set(made_patches(3, each, seed)) for each, seed in ((60, 1), (20, 2), (20, 3))]
    fitted = fit(sets[0], sets[1], sets[2], 3, FitSettings(epochs=4, batch=32))
    card = ModelCard(
        "tiny", "0", LABELS[:3], (1, IMAGE_FRAMES, IMAGE_BINS), len(FEATURES), fingerprint(), fitted.temperature,
        fitted.unknown_threshold, fitted.novelty_threshold,
    )  # fmt: skip
    export_onnx(fitted.network, card, tmp_path / "tiny.onnx", fitted.spread)
    classifier = load_classifier(tmp_path / "tiny.onnx")
    image, features, _ = made_patches(3, 5, 9)
    rng = np.random.default_rng(4)
    features = np.concatenate((features, rng.normal(0.0, 1.5, features.shape).astype(np.float32)))
    image = np.concatenate((image, image))
    with torch.no_grad():
        joined = fitted.network.joined(
            torch.from_numpy(image[:, np.newaxis].astype(np.float32) / 255.0), torch.from_numpy(features)
        )
        scores = softmax(fitted.network.logits(joined).numpy(), fitted.temperature)
    distances = fitted.spread.distances(joined.numpy())
    found = classifier.classify([as_patch(*pair) for pair in zip(image, features, strict=True)])
    assert np.allclose([each.scores for each in found], scores, atol=2e-3)
    for row, each in enumerate(found):
        best = int(scores[row].argmax())
        far = distances[row, best] > fitted.novelty_threshold
        unsure = scores[row, best] < fitted.unknown_threshold
        assert each.label == (UNKNOWN if far or unsure else LABELS[best])
        assert 0.0 <= each.confidence <= 1.0
    # Strangers are called unknown although the network is sure of some of them.
    assert [each.label for each in found[15:]].count(UNKNOWN) == 15
    assert [each.label for each in found[:15]].count(UNKNOWN) <= 3


def test_labels_held_out_are_unknown_and_the_others_are_not(made_patches: MakePatches) -> None:
    sets = [as_set(made_patches(len(LABELS), each, seed)) for each, seed in ((120, 1), (30, 2), (20, 3))]
    first, second = prove(sets[0], sets[1], sets[2], LABELS, (("sik",), ("tetra", "expresslrs")), seed=1)
    assert first.trained == 5
    assert [each.label for each in second.held_out] == ["tetra", "expresslrs"]
    for fold in (first, second):
        assert fold.accuracy > 0.9
        assert fold.test_unknown < 0.3 * fold.test_patches
        for each in fold.held_out:
            assert each.patches == 20
            assert 0.7 * each.patches <= each.unsure <= each.unknown
            assert each.unknown + each.drone <= each.patches


def test_a_smaller_set_has_so_many_of_each(made_patches: MakePatches) -> None:
    small = first_of_each(as_set(made_patches(4, 9, 1)), 5)
    assert np.bincount(small.label).tolist() == [5, 5, 5, 5]


def test_the_section_of_the_card_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    card = tmp_path / "MODEL_CARD.md"
    card.write_text("# Model card\n\n**Limits.** Many.\n", encoding="utf-8")
    fold = Fold((HeldOut("sik", 60, 30, 45, 6), HeldOut("tetra", 40, 20, 30, 0)), 29, 0.71, 1740, 348, 0.08)
    replace_proof(card, [fold], 7)
    text = card.read_text(encoding="utf-8")
    assert text.startswith("# Model card\n\n**Limits.** Many.\n\n" + BEGIN)
    assert "| sik | 1 | 60 | 0.50 | 0.75 | 0.10 | 0.15 |" in text
    assert "| drones together |  | 60 | 0.50 | 0.75 | 0.10 | 0.15 |" in text
    assert "| others together |  | 40 | 0.50 | 0.75 | 0.00 | 0.25 |" in text
    assert "| 1 | 29 | 0.710 | 1740 | 0.200 | 0.080 |" in text
    assert "older than that" not in text
    assert "`skypicket train --proof --seed 7`" in text
    replace_proof(card, [fold], 7, as_shipped=False)
    assert "**This card's model is older than that**" in card.read_text(encoding="utf-8")
    card.write_text(text + "\nafter\n", encoding="utf-8")
    replace_proof(card, [fold, fold], 7)
    again = card.read_text(encoding="utf-8")
    assert again.count(BEGIN) == again.count(END) == 1
    assert again.endswith("\nafter\n")
    assert "\n".join(proof_lines([fold, fold], 7)) in again
