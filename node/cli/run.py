"""`skypicket run`: the live node."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from types import FrameType


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("-c", "--config", type=Path, metavar="TOML", help="the node's configuration")


def run(args: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM, or until every radio has ended."""
    if args.config is None:
        sys.stderr.write(
            "skypicket run: no configuration; give one: skypicket run -c node.toml "
            "(skypicket config example > node.toml makes one to start from)\n"
        )
        return 2
    from node.config import load_config
    from node.start import run_node

    config = load_config(args.config)
    if not config.radios and not config.serials:
        sys.stderr.write(f"{args.config}: has no [[radio]] and no [[serial]]: this node will hear nothing\n")
        return 2
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return run_node(config, stop)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
