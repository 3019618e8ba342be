"""`skypicket replay`: recordings through the same pipeline, one JSON message a line."""

from __future__ import annotations

import argparse
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

from node.cli.arguments import hertz, moment_ns, positive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="recording (SigMF, .cu8, .cs16, .wav ...); - is stdin")
    parser.add_argument("--out", default="-", metavar="FILE", help="where to write the messages (default: -, stdout)")
    parser.add_argument("-c", "--config", type=Path, metavar="TOML", help="work as this node would")
    parser.add_argument("--speed", type=positive, metavar="X", help="1 is real time (default: as fast as it goes)")
    parser.add_argument(
        "--explain", action="store_true", help="every burst's label and every track's reasons, on standard error"
    )
    parser.add_argument("--no-model", action="store_true", help="rules only, without the classifier")
    parser.add_argument("--alerts", action="store_true", help="alerts too, each after the message it follows from")
    says = parser.add_argument_group("what the recording does not say itself, or says wrongly")
    says.add_argument("--rate", type=hertz, metavar="HZ", help="sample rate, for example 2.4M")
    says.add_argument("--centre", "--center", type=hertz, metavar="HZ", help="centre frequency, for example 868.3M")
    says.add_argument("--datatype", metavar="TYPE", help="how samples are stored: cu8, cs8, cs16, cf32 ...")
    says.add_argument("--start", type=moment_ns, metavar="TIME", help="time of the first sample: RFC 3339 or Unix s")


def run(args: argparse.Namespace) -> int:
    """Replay one recording after the other."""
    from node.replay import ReplayCounts, ReplaySettings, replay
    from node.sinks import SinkClosed
    from node.sinks.jsonl import JsonLinesSink
    from node.sources import RecordingOptions, open_recording

    try:
        options = RecordingOptions(args.rate, args.centre, args.datatype, args.start, pace=args.speed)
    except ValueError as fault:
        sys.stderr.write(f"skypicket replay: {fault}\n")
        return 2
    settings, model = ReplaySettings(alerts=args.alerts), None
    if args.config is not None:
        from node.config import load_config

        config = load_config(args.config)
        settings = ReplaySettings(config.identity, config.pipeline, config.tracker, args.alerts, config.alerts)
        model = config.model_path
    classifier = None
    if not args.no_model:
        from models.onnx import load_classifier

        classifier = load_classifier(model)
    total = ReplayCounts()
    with _output(args.out) as stream:
        sink = JsonLinesSink(stream)
        for path, seed in zip(args.files, _seeds(args.files), strict=True):
            source = open_recording(path, replace(options, radio="recording"))
            try:
                counts = replay(source, seed, settings, classifier, sink, _say if args.explain else None)
            except SinkClosed:
                return 0  # whoever reads has enough
            finally:
                source.stop()
                for note in () if args.quiet else source.notes:
                    _say(f"{path}: {note}")
            if args.verbose:
                _say(f"{path}: {counts.signal_s:.2f} s, {counts.bursts} bursts, {counts.tracks} tracks")
            total.messages += counts.messages
        if sink.status.dropped:
            raise OSError(f"{args.out}: {sink.status.dropped} of {total.messages} messages could not be written")
    return 0


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def _seeds(files: list[str]) -> list[str]:
    """What tells each recording from the others: its name, and where names repeat, which one it is."""
    seen: Counter[str] = Counter()
    seeds = []
    for path in files:
        name = os.path.basename(path)  # noqa: PTH119  # a name, or "-"
        seeds.append(name if not seen[name] else f"{name}|{seen[name]}")
        seen[name] += 1
    return seeds


@contextmanager
def _output(out: str) -> Iterator[IO[bytes]]:
    """The stream to write to. A file appears whole or not at all; pipes and devices are written as they are."""
    path = Path(out)
    if out == "-":
        yield sys.stdout.buffer
        return
    try:
        special = not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        special = False
    if special:
        with path.open("wb") as stream:
            yield stream
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as stream:
            yield stream
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
