"""`skypicket picture`: waterfall of a recording or scene with what was found in it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

SUFFIXES = (".png", ".svg", ".pdf")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("signal", metavar="SCENE|FILE", help="name or file of a scene, or a recording")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="picture to write: .png, .svg or .pdf")
    parser.add_argument("--start", type=float, default=0.0, metavar="S", help="where the picture starts (default: 0)")
    parser.add_argument("--seconds", type=float, default=4.0, metavar="S", help="how long it is (default: 4)")
    parser.add_argument("--no-model", action="store_true", help="rules only, without the classifier")


def run(args: argparse.Namespace) -> int:
    """Draw."""
    from dsp.iq import IqSource
    from node.picture import PictureSettings, draw, look
    from sim.scene import load_scene, scene_names

    out: Path = args.out
    if out.suffix.lower() not in SUFFIXES:
        sys.stderr.write(f"skypicket picture: --out {out}: the suffix must be one of {', '.join(SUFFIXES)}\n")
        return 2
    try:
        settings = PictureSettings(args.start, args.seconds)
    except ValueError as fault:
        sys.stderr.write(f"skypicket picture: {fault}\n")
        return 2
    classifier = None
    if not args.no_model:
        from models.onnx import load_classifier

        classifier = load_classifier()
    source: IqSource
    if args.signal in scene_names() or args.signal.endswith(".toml"):
        from sim.radio import SimRadio

        source = SimRadio(load_scene(args.signal))
    else:
        from node.sources import RecordingOptions, open_recording

        source = open_recording(args.signal, RecordingOptions())
    try:
        seen = look(source.blocks(), classifier, settings)
    except ValueError as fault:
        sys.stderr.write(f"skypicket picture: {args.signal}: {fault}\n")
        return 1
    finally:
        source.stop()
    name = Path(args.signal).name
    title = f"{name}: {seen.rate_hz / 1e6:g} MS/s at {seen.centre_hz / 1e6:g} MHz, and what skypicket found"
    part = out.with_name(f".{out.stem}.part{out.suffix}")
    try:
        draw(seen, part, title)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return 0
