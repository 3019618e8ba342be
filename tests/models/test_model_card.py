from __future__ import annotations

from dataclasses import replace

import pytest

from dsp.features import FEATURES
from dsp.patches import IMAGE_BINS, IMAGE_FRAMES, fingerprint
from models.card import ModelCard, check_card, read_card
from models.classifier import ModelError, ModelMismatch

CARD = ModelCard(
    "small", "2", ("sik", "wmbus"), (1, IMAGE_FRAMES, IMAGE_BINS), len(FEATURES), fingerprint(), 0.9, 0.45, 131.5
)


@pytest.mark.parametrize("card", [CARD, replace(CARD, novelty_threshold=None)])
def test_metadata_give_the_card_back(card: ModelCard) -> None:
    found = read_card(card.to_metadata(), "model.onnx")
    assert found == card
    check_card(found, "model.onnx")


@pytest.mark.parametrize(
    "change",
    [
        {"novelty_threshold": 0.0},
        {"novelty_threshold": float("nan")},
        {"novelty_threshold": float("inf")},
        {"unknown_threshold": 1.0},
        {"temperature": 0.0},
    ],
)
def test_thresholds_out_of_range_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ModelMismatch, match=r"model\.onnx: temperature, unknown or novelty threshold out of range"):
        check_card(replace(CARD, **change), "model.onnx")  # type: ignore[arg-type]  # names of its fields


def test_a_damaged_threshold_is_told() -> None:
    metadata = {**CARD.to_metadata(), "skypicket.novelty_threshold": "far"}
    with pytest.raises(ModelError, match="damaged metadata"):
        read_card(metadata, "model.onnx")
