"""`skypicket train`: data set from the simulator, network, calibration, ONNX file and model card."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from models.card import ModelCard
from models.onnx import SHIPPED

if TYPE_CHECKING:
    from models.train.fit import Patches
    from models.train.held_out import Fold
    from sim.dataset import Dataset

VERSION = "2"
CARD_NAME = "MODEL_CARD.md"


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """What to train on."""

    examples: int = 820
    """Patches of each label for training; a quarter of it for calibration and test, of other seeds and ranges."""
    seed: int = 1
    network: str = "small"
    epochs: int = 30
    workers: int = 2
    """Processes that render patches; their number changes nothing but the time."""
    exclude: tuple[str, ...] = ()
    """Labels left out, to see what the model says of them."""
    proof: bool = True
    """Also train without some labels at a time, for the card's figures about what was never met."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    defaults = TrainSettings()
    parser.add_argument("--out", type=Path, default=SHIPPED, help="file to write (default: the shipped model's place)")
    parser.add_argument("--examples", type=int, default=defaults.examples, help="training patches of each label")
    parser.add_argument("--epochs", type=int, default=defaults.epochs)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--network", default=defaults.network, help="features, small or wide")
    parser.add_argument("--workers", type=int, default=defaults.workers, help="processes that render patches")
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="LABEL[,LABEL]", help="leave labels out of the model"
    )
    parser.add_argument(
        "--proof",
        action="store_true",
        help="train no model: only show how often labels held out of training are called unknown, and write it into "
        "the MODEL_CARD.md beside --out",
    )
    parser.add_argument(
        "--hold-out",
        action="append",
        default=[],
        metavar="LABEL[,LABEL]",
        help="a fold of --proof; may be given several times (default: two folds of six labels)",
    )
    parser.add_argument("--compare", action="store_true", help="train all networks and print their figures")
    parser.add_argument(
        "--int8", action="store_true", help="train no model: only compare --out as it is with it in eight-bit numbers"
    )


def run(args: argparse.Namespace) -> int:
    """Train, export, write the card."""
    if args.int8:
        return _compare_int8(args)
    try:
        import torch  # noqa: F401  # looked for before minutes are spent on data
    except ImportError:
        sys.stderr.write(
            "skypicket train: PyTorch is not installed; install the extra: pip install 'skypicket[train]'\n"
        )
        return 1
    from dsp.protocols import LABELS
    from models.train.held_out import replace_proof
    from models.train.network import NETWORKS

    exclude = tuple(label for text in args.exclude for label in _labels(text))
    folds = tuple(_labels(text) for text in args.hold_out)
    for option, names in (("--exclude", exclude), *(("--hold-out", fold) for fold in folds)):
        strange = sorted(set(names) - set(LABELS))
        if strange:
            sys.stderr.write(f"skypicket train: {option}: no label {', '.join(strange)}; one of {', '.join(LABELS)}\n")
            return 2
        if len(LABELS) - len(set(names)) < 2:  # a choice needs two
            sys.stderr.write(f"skypicket train: {option}: leaves fewer than two labels to train on\n")
            return 2
    if folds and not args.proof:
        sys.stderr.write("skypicket train: --hold-out is a fold of --proof; give --proof too\n")
        return 2
    if args.network not in NETWORKS or args.examples < 8 or args.epochs < 1:
        sys.stderr.write(
            f"skypicket train: --network must be one of {', '.join(NETWORKS)}, --examples 8 or more, "
            "--epochs 1 or more\n"
        )
        return 2
    if args.proof:
        card = args.out.parent / CARD_NAME
        if not card.is_file():
            sys.stderr.write(f"skypicket train: {card}: no such file; the proof is written into a model's card\n")
            return 1
        from models.onnx import load_classifier

        as_shipped = load_classifier(args.out).tells_strangers  # a model that cannot be used has no figures
        proof = _prove(folds, args.seed, max(1, args.workers))
        replace_proof(card, proof, args.seed, as_shipped=as_shipped)
        sys.stderr.write(f"{card} written\n")
        return 0
    settings = TrainSettings(args.examples, args.seed, args.network, args.epochs, max(1, args.workers), exclude)
    train_model(args.out, settings, compare=args.compare)
    return 0


def train_model(out: Path, settings: TrainSettings, *, compare: bool = False) -> Path:
    """Make the model; everything follows from the seed.

    Parameters
    ----------
    out
        The ONNX file; ``MODEL_CARD.md`` is written beside it.
    settings
        What to train on.
    compare
        Train every network, for the card's comparison.
    """
    from dsp.features import FEATURES
    from dsp.patches import IMAGE_BINS, IMAGE_FRAMES, fingerprint
    from models.train.export import export_onnx
    from models.train.fit import FitSettings, Fitted, fit
    from models.train.held_out import FOLDS, REST_EACH, TRAIN_EACH, first_of_each, prove
    from models.train.network import NETWORKS
    from models.train.report import write_card
    from sim.dataset import HELD_OUT, build_dataset

    begin = time.monotonic()
    small = max(8, settings.examples // 4)
    left_out, workers = settings.exclude, settings.workers
    data = build_dataset(settings.examples, settings.seed, left_out, workers=workers)
    held = build_dataset(small, settings.seed + 1_000, left_out, conditions=HELD_OUT, workers=workers)
    test = build_dataset(small, settings.seed + 2_000, left_out, conditions=HELD_OUT, workers=workers)
    sys.stderr.write(f"{len(data.label)} training patches in {time.monotonic() - begin:.0f} s\n")
    fitted: dict[str, Fitted] = {}
    for name in NETWORKS if compare else (settings.network,):
        fit_settings = FitSettings(network=name, epochs=settings.epochs, seed=settings.seed)
        fitted[name] = fit(_patches(data), _patches(held), _patches(test), len(data.labels), fit_settings)
        sys.stderr.write(
            f"{name}: accuracy {fitted[name].accuracy:.4f}, calibration error {fitted[name].calibration_error:.4f}, "
            f"{fitted[name].parameters} parameters\n"
        )
    chosen = fitted[settings.network]
    card = ModelCard(
        name=f"skypicket-{settings.network}",
        version=VERSION,
        labels=data.labels,
        image_shape=(1, IMAGE_FRAMES, IMAGE_BINS),
        feature_count=len(FEATURES),
        fingerprint=fingerprint(),
        temperature=chosen.temperature,
        unknown_threshold=chosen.unknown_threshold,
        novelty_threshold=chosen.novelty_threshold,
    )
    proof: tuple[Fold, ...] = ()
    if settings.proof and not left_out:
        each = [first_of_each(_patches(data), TRAIN_EACH)]
        each += [first_of_each(_patches(small_set), REST_EACH) for small_set in (held, test)]
        proof = prove(each[0], each[1], each[2], data.labels, FOLDS, settings.seed)
        sys.stderr.write(_said(proof))
    out.parent.mkdir(parents=True, exist_ok=True)
    export_onnx(chosen.network, card, out, chosen.spread)
    counts = (len(data.label), len(test.label))
    write_card(out.parent / CARD_NAME, card, settings.seed, *counts, chosen, fitted, proof)
    sys.stderr.write(f"{out} written after {time.monotonic() - begin:.0f} s\n")
    return out


def _compare_int8(args: argparse.Namespace) -> int:
    if find_spec("onnx") is None:  # the quantiser needs it
        sys.stderr.write("skypicket train: onnx is not installed; install the extra: pip install 'skypicket[train]'\n")
        return 1
    from models.classifier import ModelError
    from models.onnx import load_classifier
    from models.train.int8 import BATCHES, compare_precisions
    from sim.dataset import HELD_OUT, build_dataset

    try:
        load_classifier(args.out)
    except ModelError as fault:
        sys.stderr.write(f"skypicket train: {fault}\n")
        return 1
    count = max(1, args.examples // 40)
    calibration = build_dataset(count, args.seed, workers=max(1, args.workers))
    test = build_dataset(2 * count, args.seed + 2_000, conditions=HELD_OUT, workers=max(1, args.workers))
    for one in compare_precisions(args.out, _patches(calibration), _patches(test)):
        costs = ", ".join(f"{cost} us in calls of {count}" for cost, count in zip(one.cost_us, BATCHES, strict=True))
        sys.stdout.write(f"{one.name}: a patch {costs}; accuracy {one.accuracy:.3f}; {one.bytes} bytes\n")
    return 0


def _labels(text: str) -> tuple[str, ...]:
    return tuple(label.strip() for label in text.split(",") if label.strip())


def _patches(data: Dataset) -> Patches:
    from models.train.fit import Patches

    return Patches(data.image, data.features, data.label, data.snr_db)


def _prove(folds: tuple[tuple[str, ...], ...], seed: int, workers: int) -> tuple[Fold, ...]:
    """The proof alone, on a data set of its own size."""
    from models.train.held_out import FOLDS, REST_EACH, TRAIN_EACH, prove
    from sim.dataset import HELD_OUT, build_dataset

    begin = time.monotonic()
    train = build_dataset(TRAIN_EACH, seed, workers=workers)
    held = build_dataset(REST_EACH, seed + 1_000, conditions=HELD_OUT, workers=workers)
    test = build_dataset(REST_EACH, seed + 2_000, conditions=HELD_OUT, workers=workers)
    sys.stderr.write(f"{len(train.label)} training patches in {time.monotonic() - begin:.0f} s\n")
    proof = prove(_patches(train), _patches(held), _patches(test), train.labels, folds or FOLDS, seed)
    sys.stderr.write(_said(proof) + f"proof done after {time.monotonic() - begin:.0f} s\n")
    return proof


def _said(proof: tuple[Fold, ...]) -> str:
    """The proof in one line each."""
    lines = []
    for fold in proof:
        patches = max(sum(each.patches for each in fold.held_out), 1)
        unknown, drone = sum(e.unknown for e in fold.held_out), sum(e.drone for e in fold.held_out)
        names = ", ".join(each.label for each in fold.held_out)
        lines.append(
            f"never met {names}: {unknown / patches:.3f} unknown in the chain, {drone / patches:.3f} called a drone; "
            f"of what was met {fold.test_unknown / max(fold.test_patches, 1):.3f} unknown\n"
        )
    return "".join(lines)
