"""`skypicket doctor`: check libraries, radio, model, broker, ports, disk and clock."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

COLOURS = {"OK": "32", "WARN": "33", "FAIL": "31"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("-c", "--config", type=Path, metavar="TOML", help="check what this node would use, too")
    parser.add_argument("--json", action="store_true", help="one JSON array instead of lines")


def run(args: argparse.Namespace) -> int:
    """Examine and print; 1 if anything fails."""
    from node.doctor import examine

    config = None
    if args.config is not None:
        from node.config import load_config

        config = load_config(args.config)
    checks = []
    for check in examine(config):
        checks.append(check)
        if not args.json:
            level = f"{check.level:<4}"
            if sys.stdout.isatty():
                level = f"\x1b[{COLOURS[check.level]}m{level}\x1b[0m"
            cure = f"\n     {'':<16} cure: {check.cure}" if check.cure and check.level != "OK" else ""
            print(f"{level} {check.name:<16} {check.text}{cure}", flush=True)
    if args.json:
        print(json.dumps([asdict(check) for check in checks], indent=1))
    return 1 if any(check.level == "FAIL" for check in checks) else 0
