"""The shipped network, run by ONNX Runtime.

In float32: measured on one core of an AMD EPYC a patch costs 24 us alone and 11 us in calls of sixteen, with eight-bit
weights and activations 72 and 26 us at the same accuracy (0.779 for 0.781), with eight-bit weights alone 93 and 69 us:
the network is small, and changing the numbers costs more than multiplying them (``skypicket train --int8``).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dsp.features import FEATURES
from dsp.patches import IMAGE_BINS, IMAGE_FRAMES, Patch
from models.calibration import softmax
from models.card import ModelCard, check_card, read_card
from models.classifier import UNKNOWN, Classification, ModelError, ModelRef

SHIPPED = Path(__file__).parent / "artifacts" / "skypicket.onnx"
STRANGE_CONFIDENCE = 0.5
"""At least, of ``unknown`` for what lies far from its label: how sure the network was of that label says nothing."""
BATCH = 64
"""Patches a call: bounds the memory of one call to a few megabytes."""


class OnnxClassifier:
    """Names patches with an ONNX network.

    Parameters
    ----------
    session
        An ``onnxruntime.InferenceSession`` with inputs ``image`` and ``features`` and outputs ``logits`` and, if the
        card has a threshold for them, ``distances``.
    card
        Its facts, already checked.
    model
        Its name, version and hash.
    """

    def __init__(self, session: Any, card: ModelCard, model: ModelRef) -> None:
        self._session = session
        self._card = card
        self._model = model
        self._novel_from = math.inf if card.novelty_threshold is None else card.novelty_threshold
        self._outputs = ["logits"] if card.novelty_threshold is None else ["logits", "distances"]

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in the order of the scores."""
        return self._card.labels

    @property
    def model(self) -> ModelRef:
        """The model that speaks."""
        return self._model

    @property
    def tells_strangers(self) -> bool:
        """Whether it also judges by the distance to its training patches; models made before that existed do not."""
        return self._card.novelty_threshold is not None

    def classify(self, patches: Sequence[Patch]) -> list[Classification]:
        """Name every patch, in batches."""
        found: list[Classification] = []
        labels = self._card.labels
        for begin in range(0, len(patches), BATCH):
            batch = patches[begin : begin + BATCH]
            images, features = [patch.image for patch in batch], [patch.features for patch in batch]
            inputs = {
                "image": np.concatenate(images).reshape(len(batch), *images[0].shape),
                "features": np.concatenate(features).reshape(len(batch), -1),
            }
            logits, *rest = self._session.run(self._outputs, inputs)
            scores = softmax(logits, self._card.temperature)
            at = scores.argmax(axis=1).tolist()
            for row, (index, confidence) in enumerate(zip(at, scores.max(axis=1).tolist(), strict=True)):
                strange = bool(rest) and not rest[0].item(row, index) <= self._novel_from
                label, said = labels[index], confidence
                if strange or confidence < self._card.unknown_threshold:
                    label, said = UNKNOWN, max(1.0 - confidence, STRANGE_CONFIDENCE if strange else 0.0)
                found.append(Classification(label, said, scores[row], self._model))
        return found


def load_classifier(path: Path | None = None) -> OnnxClassifier:
    """Load a model, check that it belongs to this code, and warm it up with an empty patch.

    Parameters
    ----------
    path
        The file; None for the one shipped.

    Raises
    ------
    ModelError
        If there is no such file or it is not a model.
    ModelMismatch
        If it was made for other code.
    """
    where = path or SHIPPED
    try:
        data = where.read_bytes()
    except OSError as fault:
        raise ModelError(
            f"{where}: cannot read the model ({fault.strerror or fault}); give another path or run `make model`"
        ) from fault
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Spinning threads burn a core on a board that has four.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        metadata = session.get_modelmeta().custom_metadata_map
    except Exception as fault:  # ONNX Runtime raises classes of its own without a common base
        raise ModelError(
            f"{where}: not a model that ONNX Runtime can load; use the one shipped or `make model`"
        ) from fault
    card = read_card(metadata, str(where))
    check_card(card, str(where))
    classifier = OnnxClassifier(session, card, ModelRef(card.name, card.version, hashlib.sha256(data).hexdigest()))
    empty = Patch(np.zeros((1, IMAGE_FRAMES, IMAGE_BINS), dtype=np.float32), np.zeros(len(FEATURES), dtype=np.float32))
    try:
        classifier.classify([empty])
    except Exception as fault:  # as above
        raise ModelError(
            f"{where}: the network does not run on a patch; use the one shipped or `make model`"
        ) from fault
    return classifier
