"""`skypicket demo`: the whole node on a simulated scene, with its own broker."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from node.cli.arguments import positive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--scene", default="demo", help="scene to play (default: demo); see: skypicket sim scenes")
    parser.add_argument("--seconds", type=positive, metavar="S", help="end after this long (default: with Ctrl-C)")
    parser.add_argument("--foreground", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Show it."""
    import asyncio

    from node.demo import DemoSettings, demonstrate
    from sim.scene import load_scene

    load_scene(args.scene)  # a fault in it is said here, in one line
    with _own_foreground(wanted=args.foreground):
        return asyncio.run(demonstrate(DemoSettings(args.scene, args.seconds), _say))


def _say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def _own_foreground(*, wanted: bool) -> Iterator[None]:
    """Take Ctrl-C alone: make, which started us, would call it a failure.

    We and our children become the terminal's foreground group of our own, where there is a terminal and make's group is
    in its foreground.
    """
    terminal = sys.stdin.fileno() if wanted and sys.stdin is not None and sys.stdin.isatty() else None
    before = os.getpgrp()
    if terminal is None or before == os.getpid() or os.tcgetpgrp(terminal) != before:
        yield
        return
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # sent to who changes the foreground from the background
    os.setpgrp()
    os.tcsetpgrp(terminal, os.getpgrp())
    try:
        yield
    finally:
        os.tcsetpgrp(terminal, before)
