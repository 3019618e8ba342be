"""What a model says of itself: the facts in its metadata that must fit the code."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from dsp.features import FEATURES
from dsp.patches import IMAGE_BINS, IMAGE_FRAMES, fingerprint
from dsp.protocols import LABELS
from models.classifier import ModelError, ModelMismatch

PREFIX = "skypicket."
NOVELTY = f"{PREFIX}novelty_threshold"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Facts of a trained model.

    Parameters
    ----------
    name, version
        Which model.
    labels
        In the order of the network's outputs.
    image_shape, feature_count
        Shape of a patch.
    fingerprint
        Of the pre-processing it was trained with.
    temperature
        Divides the logits.
    unknown_threshold
        Confidence below which the label is ``unknown``.
    novelty_threshold
        Squared distance to the label's mean (output ``distances``) above which it is ``unknown`` too; None for a model
        without that output.
    """

    name: str
    version: str
    labels: tuple[str, ...]
    image_shape: tuple[int, int, int]
    feature_count: int
    fingerprint: str
    temperature: float
    unknown_threshold: float
    novelty_threshold: float | None = None

    def to_metadata(self) -> dict[str, str]:
        """Texts for the metadata of an ONNX file."""
        novelty = {} if self.novelty_threshold is None else {NOVELTY: repr(self.novelty_threshold)}
        return {
            f"{PREFIX}name": self.name,
            f"{PREFIX}version": self.version,
            f"{PREFIX}labels": json.dumps(self.labels),
            f"{PREFIX}image_shape": json.dumps(self.image_shape),
            f"{PREFIX}feature_count": str(self.feature_count),
            f"{PREFIX}fingerprint": self.fingerprint,
            f"{PREFIX}temperature": repr(self.temperature),
            f"{PREFIX}unknown_threshold": repr(self.unknown_threshold),
            **novelty,
        }


def read_card(metadata: Mapping[str, str], where: str) -> ModelCard:
    """Read the card from a model's metadata.

    Raises
    ------
    ModelError
        If it is not a skypicket model, or a field cannot be read.
    """
    if f"{PREFIX}fingerprint" not in metadata:
        raise ModelError(f"{where}: not a skypicket model (no skypicket metadata); use the one shipped or `make model`")
    try:
        shape = json.loads(metadata[f"{PREFIX}image_shape"])
        return ModelCard(
            name=metadata[f"{PREFIX}name"],
            version=metadata[f"{PREFIX}version"],
            labels=tuple(str(label) for label in json.loads(metadata[f"{PREFIX}labels"])),
            image_shape=(int(shape[0]), int(shape[1]), int(shape[2])),
            feature_count=int(metadata[f"{PREFIX}feature_count"]),
            fingerprint=metadata[f"{PREFIX}fingerprint"],
            temperature=float(metadata[f"{PREFIX}temperature"]),
            unknown_threshold=float(metadata[f"{PREFIX}unknown_threshold"]),
            novelty_threshold=float(metadata[NOVELTY]) if NOVELTY in metadata else None,
        )
    except (KeyError, ValueError, IndexError, TypeError) as fault:
        raise ModelError(f"{where}: damaged metadata ({fault}); use the model shipped or `make model`") from fault


def check_card(card: ModelCard, where: str) -> None:
    """Refuse a model that was made for other code.

    Raises
    ------
    ModelMismatch
        Naming what differs, and the cure.
    """
    cure = "train it again with `make model`, or install the version of skypicket it came with"
    if card.image_shape != (1, IMAGE_FRAMES, IMAGE_BINS) or card.feature_count != len(FEATURES):
        raise ModelMismatch(
            f"{where}: made for patches of {card.image_shape} and {card.feature_count} features, this code has "
            f"{(1, IMAGE_FRAMES, IMAGE_BINS)} and {len(FEATURES)}; {cure}"
        )
    if card.fingerprint != fingerprint():
        raise ModelMismatch(
            f"{where}: made for pre-processing {card.fingerprint}, this code has {fingerprint()}; {cure}"
        )
    strangers = sorted(set(card.labels) - set(LABELS))
    if strangers or not card.labels:
        raise ModelMismatch(f"{where}: labels that no protocol record has: {', '.join(strangers) or 'none'}; {cure}")
    novel = card.novelty_threshold is None or 0 < card.novelty_threshold < math.inf
    if not card.temperature > 0 or not 0 <= card.unknown_threshold < 1 or not novel:
        raise ModelMismatch(f"{where}: temperature, unknown or novelty threshold out of range; {cure}")
