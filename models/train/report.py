"""The model card: what the model was trained on, what it can and cannot do, in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from models.card import ModelCard
from models.train.fit import Fitted
from models.train.held_out import Fold, proof_lines


def write_card(
    path: Path,
    card: ModelCard,
    seed: int,
    train_count: int,
    test_count: int,
    chosen: Fitted,
    compared: Mapping[str, Fitted],
    proof: Sequence[Fold],
) -> None:
    """Write ``MODEL_CARD.md``; every figure in it is measured on the test set of this very run."""
    recall, precision = _per_label(chosen)
    lines = [
        f"# Model card: {card.name}, version {card.version}",
        "",
        "Written by `make model` (`skypicket train`); do not edit by hand.",
        "",
        "**Use.** Labels single bursts for the tracker. A label is evidence, not a verdict: drone tracks need a packet",
        "clock, a grid or a line comb as well. Not for anything that acts without a person.",
        "",
        f"**Data.** Simulated only: {train_count} patches for training, {test_count} for the test, of disjoint",
        "seeds and independently drawn parameters (mode, sample rate, carrier error of 40 ppm, level, fading,",
        "neighbours, DC, IQ imbalance, clipping, eight bits), cut by the detector itself. No real recording was used",
        "for training; what the chain does with real ones is measured by `skypicket evaluate --recordings`.",
        "",
        f"**Seed** {seed}. **Pre-processing** `{card.fingerprint}`. **Parameters** {chosen.parameters}.",
        f"**Temperature** {card.temperature:.3f}. **Unknown threshold** {card.unknown_threshold:.3f}. "
        f"**Novelty threshold** {chosen.novelty_threshold:.1f}.",
        "",
        f"**Accuracy** {chosen.accuracy:.3f} over all labels and levels. **Expected calibration error** "
        f"{chosen.calibration_error:.3f} (15 bins).",
        f"**Called unknown** although trained on: {chosen.unknown_share:.3f} of all test patches, "
        f"{chosen.unknown_right_share:.3f} of those whose likeliest label was right.",
        "",
        "| label | recall | precision | test patches |",
        "|---|---|---|---|",
    ]
    counts = chosen.confusion.sum(axis=1)
    for index, label in enumerate(card.labels):
        lines.append(f"| {label} | {recall[index]:.3f} | {precision[index]:.3f} | {int(counts[index])} |")
    lines += ["", "| signal-to-noise ratio, dB | accuracy |", "|---|---|"]
    lines += [f"| {low:.0f} to {high:.0f} | {share:.3f} |" for low, high, share in chosen.accuracy_by_snr]
    lines += ["", "Confusion (rows: truth, columns: label):", "", "| | " + " | ".join(card.labels) + " |"]
    lines.append("|---" * (len(card.labels) + 1) + "|")
    for index, label in enumerate(card.labels):
        lines.append(f"| {label} | " + " | ".join(str(int(v)) for v in chosen.confusion[index]) + " |")
    if len(compared) > 1:
        lines += [
            "",
            "Networks compared on the same data:",
            "",
            "| network | parameters | accuracy | calibration error |",
        ]
        lines.append("|---|---|---|---|")
        lines += [
            f"| {name} | {one.parameters} | {one.accuracy:.4f} | {one.calibration_error:.4f} |"
            for name, one in compared.items()
        ]
    lines += [
        "",
        "**Limits.** Trained and tested on one simulator: figures on other signals will be lower. What is unlike",
        "anything trained on comes out as `unknown` as often as the proof below says, and not always. Expresslrs,",
        "lorawan and meshtastic share one modulation: spreading factor, bandwidth and band decide between them, and",
        "where these agree the label of a single burst is a guess.",
        "",
        *(proof_lines(proof, seed) if proof else ()),
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")


def _per_label(fitted: Fitted) -> tuple[list[float], list[float]]:
    confusion = fitted.confusion.astype(np.float64)
    right = np.diag(confusion)
    recall = right / np.maximum(confusion.sum(axis=1), 1.0)
    precision = right / np.maximum(confusion.sum(axis=0), 1.0)
    return [float(v) for v in recall], [float(v) for v in precision]
