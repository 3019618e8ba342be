"""The proof that what was never met is called unknown: labels held out of training, then shown to the model.

Each fold trains a network without some labels, on fewer patches and epochs than the shipped one, exports it, and asks
the classifier itself, through the ONNX file, about patches of the labels it never met. What the features know of a held
out label (whether its record permits the burst) is taken away as well: nobody has a record of the unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from dsp.features import FEATURES
from dsp.patches import IMAGE_BINS, IMAGE_FRAMES, Patch, fingerprint
from dsp.protocols import BY_LABEL
from models.card import ModelCard
from models.classifier import UNKNOWN
from models.novelty import KEPT
from models.onnx import load_classifier
from models.train.export import export_onnx
from models.train.fit import FitSettings, Patches, fit

FOLDS: tuple[tuple[str, ...], ...] = (
    ("dji-droneid", "tetra", "meshtastic", "pocsag", "crossfire", "dvbt"),
    ("sik", "analog-video", "zwave", "radiosonde", "pulsed-radar", "lte"),
)
"""Drones and others, hopping, keyed, pulsed and continuous signals in each."""
TRAIN_EACH, REST_EACH = 150, 60
"""Patches of each label for training, and for calibration and test: fewer than the shipped model has."""
EPOCHS, BATCH = 12, 128
_PERMITS = {feature.name.removeprefix("permits_"): index for index, feature in enumerate(FEATURES)}
"""Where the features say whether a label's record permits the burst."""
OLDER = (
    "**This card's model is older than that**: it has no output `distances` and was not trained with strangers, and "
    "judges by the confidence alone. `make model` makes one like those of the proof."
)
BEGIN, END = "<!-- held out: begin -->", "<!-- held out: end -->"


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What became of the patches of one label that the model never met."""

    label: str
    patches: int
    unsure: int
    """Called unknown by the classifier."""
    unknown: int
    """Called unknown in the chain: those, and what was given a label whose record does not permit the burst."""
    drone: int
    """Called by the name of a drone's protocol in the chain."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One training without some labels."""

    held_out: tuple[HeldOut, ...]
    trained: int
    """Labels that were trained on."""
    accuracy: float
    test_patches: int
    """Of labels that were trained on, and"""
    test_unknown: int
    """how many of them were called unknown in the chain,"""
    right_unknown_share: float
    """and which share of those whose likeliest label was right the classifier called unknown."""


def prove(
    train: Patches, calibrate: Patches, test: Patches, labels: Sequence[str], folds: Sequence[Sequence[str]], seed: int
) -> tuple[Fold, ...]:
    """Train a network for each fold and show it what it never met.

    Parameters
    ----------
    train, calibrate, test
        Patches of all labels, of disjoint seeds.
    labels
        Names of their numbers.
    folds
        Labels to hold out together.
    seed
        Of the training.
    """
    return tuple(_fold((train, calibrate, test), tuple(labels), tuple(left_out), seed) for left_out in folds)


def first_of_each(patches: Patches, count: int) -> Patches:
    """At most so many patches of each label."""
    rows = [np.flatnonzero(patches.label == label)[:count] for label in np.unique(patches.label)]
    return _rows(patches, np.concatenate(rows))


def _fold(
    sets: tuple[Patches, Patches, Patches], labels: tuple[str, ...], left_out: tuple[str, ...], seed: int
) -> Fold:
    kept = tuple(label for label in labels if label not in left_out)
    train, calibrate, test = (_renumbered(_blinded(each, left_out), labels, kept) for each in sets)
    settings = FitSettings(epochs=EPOCHS, batch=BATCH, seed=seed)
    fitted = fit(train, calibrate, test, len(kept), settings)
    card = ModelCard(
        name="held-out",
        version="0",
        labels=kept,
        image_shape=(1, IMAGE_FRAMES, IMAGE_BINS),
        feature_count=len(FEATURES),
        fingerprint=fingerprint(),
        temperature=fitted.temperature,
        unknown_threshold=fitted.unknown_threshold,
        novelty_threshold=fitted.novelty_threshold,
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "held-out.onnx"
        export_onnx(fitted.network, card, path, fitted.spread)
        classifier = load_classifier(path)

        def called(patches: Patches) -> tuple[list[str], list[str]]:
            """By the classifier, and in the chain."""
            said = [found.label for found in classifier.classify(_as_patches(patches))]
            return said, [_permitted(*pair) for pair in zip(said, patches.features, strict=True)]

        strangers = _blinded(sets[2], left_out)
        found = []
        for label in left_out:
            said, names = called(_rows(strangers, np.flatnonzero(strangers.label == labels.index(label))))
            drones = sum(name in BY_LABEL and BY_LABEL[name].family.startswith("drone") for name in names)
            found.append(HeldOut(label, len(said), said.count(UNKNOWN), names.count(UNKNOWN), drones))
        _, met = called(test)
    return Fold(tuple(found), len(kept), fitted.accuracy, len(met), met.count(UNKNOWN), fitted.unknown_right_share)


def _permitted(label: str, features: NDArray[np.float32]) -> str:
    """What the chain makes of a label: none where its record does not permit the burst (``node.tracking.labels``)."""
    return label if label == UNKNOWN or features[_PERMITS[label]] > 0.0 else UNKNOWN


def _blinded(patches: Patches, left_out: tuple[str, ...]) -> Patches:
    """Without what the features know of these labels' records."""
    features = patches.features.copy()
    hidden = {f"permits_{label}" for label in left_out}
    features[:, [index for index, feature in enumerate(FEATURES) if feature.name in hidden]] = 0.0
    return Patches(patches.image, features, patches.label, patches.snr_db)


def _renumbered(patches: Patches, labels: tuple[str, ...], kept: tuple[str, ...]) -> Patches:
    """Only patches of labels that are kept, with the numbers they have among those."""
    number = np.array([kept.index(label) if label in kept else -1 for label in labels], dtype=np.int64)
    chosen = _rows(patches, np.flatnonzero(number[patches.label] >= 0))
    return Patches(chosen.image, chosen.features, number[chosen.label], chosen.snr_db)


def _rows(patches: Patches, rows: NDArray[np.intp]) -> Patches:
    return Patches(patches.image[rows], patches.features[rows], patches.label[rows], patches.snr_db[rows])


def _as_patches(patches: Patches) -> list[Patch]:
    return [
        Patch(image.astype(np.float32)[np.newaxis] / np.float32(255.0), features)
        for image, features in zip(patches.image, patches.features.copy(), strict=True)
    ]


def proof_lines(folds: Sequence[Fold], seed: int, *, as_shipped: bool = True) -> list[str]:
    """The section of the model card, between its marks.

    Parameters
    ----------
    folds, seed
        From ``prove``, and what its patches and training followed from.
    as_shipped
        Whether the card's model judges by the distance too, as the networks of the proof do.
    """
    lines = [
        BEGIN,
        "## Unlike anything trained on",
        "",
        "Labels held out of training, then shown to the model: networks of the same kind, trained without the labels "
        f"of one fold on {TRAIN_EACH} patches of each other label in {EPOCHS} epochs (the shipped model has more of "
        "both), with the features that tell of the held out records set to zero; asked through ONNX and the "
        "classifier. It calls a patch `unknown` below the confidence threshold, or further from its label's patches "
        f"than {KEPT:.1%} of those labelled right (squared Mahalanobis distance, output `distances`); the chain also "
        "where the record of the label does not permit the burst (frequency, chirp). A drone's protocol taken for "
        "another drone's is no false alarm; and no label of a single burst makes a drone track. Made anew by "
        f"`skypicket train --proof --seed {seed}`.",
        "",
        *(() if as_shipped else (OLDER, "")),
        "| held out | fold | patches | unknown to the classifier | unknown in the chain | taken for a drone's protocol "
        "| for another label |",
        "|---|---|---|---|---|---|---|",
    ]
    everything: list[HeldOut] = []
    for number, fold in enumerate(folds, start=1):
        everything += fold.held_out
        lines += [_row(each.label, str(number), (each,)) for each in fold.held_out]
    drones = [each for each in everything if BY_LABEL[each.label].family.startswith("drone")]
    others = [each for each in everything if each not in drones]
    lines += [_row(name, "", group) for name, group in (("drones together", drones), ("others together", others))]
    lines += [
        "",
        "| fold | labels trained on | accuracy | their test patches | unknown in the chain | of those labelled right, "
        "unknown to the classifier |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {number} | {fold.trained} | {fold.accuracy:.3f} | {fold.test_patches} | "
        f"{fold.test_unknown / max(fold.test_patches, 1):.3f} | {fold.right_unknown_share:.3f} |"
        for number, fold in enumerate(folds, start=1)
    ]
    return [*lines, END]


def _row(name: str, fold: str, held_out: Sequence[HeldOut]) -> str:
    patches = sum(each.patches for each in held_out)
    unsure, unknown = sum(each.unsure for each in held_out), sum(each.unknown for each in held_out)
    drone = sum(each.drone for each in held_out)
    share = [f"{count / max(patches, 1):.2f}" for count in (unsure, unknown, drone, patches - unknown - drone)]
    return f"| {name} | {fold} | {patches} | " + " | ".join(share) + " |"


def replace_proof(path: Path, folds: Sequence[Fold], seed: int, *, as_shipped: bool = True) -> None:
    """Put the proof's section into a model card in the place of the one there, or at its end."""
    text = path.read_text(encoding="utf-8")
    section = "\n".join(proof_lines(folds, seed, as_shipped=as_shipped))
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    text = before + section + after if begin and end else text.rstrip("\n") + "\n\n" + section + "\n"
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
