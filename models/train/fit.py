"""The fitting loop: deterministic by seed, calibrated on patches it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calibration import expected_calibration_error, fit_temperature, softmax, unknown_threshold
from models.novelty import Spread, fit_spread, novelty_threshold
from models.train.network import build_network
from models.train.strangers import strangers


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How to train."""

    network: str = "small"
    epochs: int = 30
    batch: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    label_smoothing: float = 0.02
    image_dropout: float = 0.1
    """Share of the pictures blanked, so that neither input is trusted alone."""
    feature_noise: float = 0.02
    stranger_share: float = 0.5
    """Mixtures of patches beside each batch, as a share of it: patches of no label (``models.train.strangers``)."""
    stranger_weight: float = 0.5
    """Of their loss, the cross entropy to no preference at all."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Patches:
    """Arrays of a set of labelled patches."""

    image: NDArray[np.uint8]
    features: NDArray[np.float32]
    label: NDArray[np.int64]
    snr_db: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained network and what was measured of it on patches it had not seen."""

    network: Any
    spread: Spread
    temperature: float
    unknown_threshold: float
    novelty_threshold: float
    unknown_share: float
    """Of the test patches, whose labels were all trained on, called unknown by confidence or distance."""
    unknown_right_share: float
    """Of those among them whose likeliest label was right."""
    accuracy: float
    calibration_error: float
    confusion: NDArray[np.int64]
    accuracy_by_snr: tuple[tuple[float, float, float], ...]
    """(low dB, high dB, accuracy)"""
    parameters: int


def fit(train: Patches, calibrate: Patches, test: Patches, label_count: int, settings: FitSettings) -> Fitted:
    """Train on one set, find temperature and threshold on a second, measure on a third.

    Parameters
    ----------
    train, calibrate, test
        Sets of disjoint seeds.
    label_count
        Number of labels.
    settings
        How.
    """
    import torch

    torch.manual_seed(settings.seed)
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(mode=True)
    network = build_network(settings.network, train.features.shape[1], label_count)
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    steps = max(1, settings.epochs * -(-len(train.label) // settings.batch))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=settings.learning_rate * 2, total_steps=steps)
    weight = torch.tensor(_class_weights(train.label, label_count), dtype=torch.float32)
    loss_of = torch.nn.CrossEntropyLoss(weight=weight, label_smoothing=settings.label_smoothing)
    rng = np.random.default_rng(settings.seed)
    network.train()
    for _ in range(settings.epochs):
        order = rng.permutation(len(train.label))
        for begin in range(0, len(order), settings.batch):
            rows = order[begin : begin + settings.batch]
            image = train.image[rows].astype(np.float32) / 255.0
            image *= (rng.random((len(rows), 1, 1)) >= settings.image_dropout).astype(np.float32)
            features = train.features[rows] + rng.normal(0, settings.feature_noise, train.features[rows].shape).astype(
                np.float32
            )
            count = round(settings.stranger_share * len(rows))
            pictures, mixed = strangers(train.image, train.features, train.label, count, rng)
            optimiser.zero_grad()
            logits = network(
                torch.from_numpy(np.concatenate((image, pictures))[:, np.newaxis]),
                torch.from_numpy(np.concatenate((features, mixed))),
            )
            loss = loss_of(logits[: len(rows)], torch.from_numpy(train.label[rows]))
            if len(mixed):
                loss = loss - settings.stranger_weight * torch.log_softmax(logits[len(rows) :], dim=1).mean()
            loss.backward()
            optimiser.step()
            schedule.step()
    network.eval()
    _, train_joined = _predict(network, train)
    spread = fit_spread(train_joined, train.label, label_count)
    calibration_logits, joined = _predict(network, calibrate)
    temperature = fit_temperature(calibration_logits, calibrate.label.astype(np.intp))
    scores = softmax(calibration_logits, temperature)
    best = scores.argmax(axis=1)
    right = best == calibrate.label
    threshold = min(0.6, unknown_threshold(scores.max(axis=1), right))
    novel_from = novelty_threshold(spread.distances(joined)[np.arange(len(best)), best], right)
    logits, joined = _predict(network, test)
    scores = softmax(logits, temperature)
    guess, confidence = scores.argmax(axis=1), scores.max(axis=1)
    unknown = (confidence < threshold) | (spread.distances(joined)[np.arange(len(guess)), guess] > novel_from)
    true = guess == test.label
    confusion = np.zeros((label_count, label_count), dtype=np.int64)
    np.add.at(confusion, (test.label, guess), 1)
    by_snr = []
    for low in range(-6, 42, 6):
        inside = (test.snr_db >= low) & (test.snr_db < low + 6)
        if inside.any():
            by_snr.append((float(low), float(low + 6), float(np.mean(guess[inside] == test.label[inside]))))
    return Fitted(
        network,
        spread,
        temperature,
        threshold,
        novel_from,
        float(np.mean(unknown)),
        float(np.mean(unknown[true])) if true.any() else 0.0,
        float(np.mean(guess == test.label)),
        expected_calibration_error(confidence, guess == test.label),
        confusion,
        tuple(by_snr),
        sum(int(p.numel()) for p in network.parameters()),
    )


def _class_weights(label: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    number = np.bincount(label, minlength=count).astype(np.float64)
    weight = np.sqrt(number.sum() / np.maximum(number, 1.0) / count)
    return np.asarray(np.clip(weight, 0.3, 3.0))


def _predict(network: Any, patches: Patches) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits, and what the dense layers saw."""
    import torch

    logits, seen = [], []
    with torch.no_grad():
        for begin in range(0, len(patches.label), 1024):
            rows = slice(begin, begin + 1024)
            image = torch.from_numpy(patches.image[rows].astype(np.float32)[:, np.newaxis] / 255.0)
            joined = network.joined(image, torch.from_numpy(patches.features[rows]))
            seen.append(joined.numpy())
            logits.append(network.logits(joined).numpy())
    if not logits:
        raise ValueError("no patches")
    return np.concatenate(logits), np.concatenate(seen)
