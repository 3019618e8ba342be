"""`skypicket train`: data set from the simulator, network, calibration, ONNX file and model card."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from models.card import ModelCard
from models.onnx import SHIPPED

VERSION = "1"


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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    defaults = TrainSettings()
    parser.add_argument("--out", type=Path, default=SHIPPED, help="file to write (default: the shipped model's place)")
    parser.add_argument("--examples", type=int, default=defaults.examples, help="training patches of each label")
    parser.add_argument("--epochs", type=int, default=defaults.epochs)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--network", default=defaults.network, help="features, small or wide")
    parser.add_argument("--workers", type=int, default=defaults.workers, help="processes that render patches")
    parser.add_argument("--exclude", action="append", default=[], metavar="LABEL", help="leave a label out")
    parser.add_argument("--compare", action="store_true", help="train all networks and print their figures")


def run(args: argparse.Namespace) -> int:
    """Train, export, write the card."""
    try:
        import torch  # noqa: F401  # looked for before minutes are spent on data
    except ImportError:
        sys.stderr.write(
            "skypicket train: PyTorch is not installed; install the extra: pip install 'skypicket[train]'\n"
        )
        return 1
    from dsp.protocols import LABELS
    from models.train.network import NETWORKS

    strange = sorted(set(args.exclude) - set(LABELS))
    if strange:
        sys.stderr.write(f"skypicket train: --exclude: no label {', '.join(strange)}; one of {', '.join(LABELS)}\n")
        return 2
    if args.network not in NETWORKS or args.examples < 8 or args.epochs < 1:
        sys.stderr.write(
            f"skypicket train: --network must be one of {', '.join(NETWORKS)}, --examples 8 or more, "
            "--epochs 1 or more\n"
        )
        return 2
    settings = TrainSettings(
        args.examples, args.seed, args.network, args.epochs, max(1, args.workers), tuple(args.exclude)
    )
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
    from models.train.fit import FitSettings, Fitted, Patches, fit
    from models.train.network import NETWORKS
    from models.train.report import write_card
    from sim.dataset import HELD_OUT, Dataset, build_dataset

    def patches(data: Dataset) -> Patches:
        return Patches(data.image, data.features, data.label, data.snr_db)

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
        fitted[name] = fit(patches(data), patches(held), patches(test), len(data.labels), fit_settings)
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
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    export_onnx(chosen.network, card, out)
    write_card(out.parent / "MODEL_CARD.md", card, settings.seed, len(data.label), len(test.label), chosen, fitted)
    sys.stderr.write(f"{out} written after {time.monotonic() - begin:.0f} s\n")
    return out
