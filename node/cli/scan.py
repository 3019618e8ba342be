"""`skypicket scan`: the scan plan, and what it is worth for every protocol."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--plan", action="store_true", help="print the plan (the only thing it does)")
    parser.add_argument(
        "--region", action="append", choices=("EU", "FCC", "AU", "IN", "TH"), help="whose bands; may be repeated (EU)"
    )
    parser.add_argument("--rate", type=float, default=2.4e6, metavar="HZ", help="sample rate of the radio")
    parser.add_argument("--radios", type=int, default=1, help="radios that share the plan")
    parser.add_argument("--converter", type=float, default=0.0, metavar="HZ", help="offset of a converter")
    parser.add_argument("--no-video", action="store_true", help="leave the video bands out")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print stops, revisit times and probabilities of intercept."""
    from node.scan import ScanSettings, make_plan, share_out

    if not 1 <= args.radios <= 16 or not 0.9e6 <= args.rate <= 61.44e6:
        sys.stderr.write("skypicket scan: --radios must be 1 to 16, --rate 900000 to 61440000 Hz\n")
        return 2
    settings = ScanSettings(regions=tuple(args.region or ("EU",)), video=not args.no_video)
    plan = make_plan(settings, args.rate, args.converter)
    shares = share_out(plan, args.radios)
    if args.json:
        sys.stdout.write(json.dumps({"plan": asdict(plan), "round_s": plan.round_s}))
        sys.stdout.write("\n")
        return 0
    for number, share in enumerate(shares, start=1):
        sys.stdout.write(f"radio {number}: {len(share.stops)} stops, one round {share.round_s:.1f} s\n")
        for stop in share.stops:
            sys.stdout.write(
                f"  {stop.centre_hz / 1e6:9.3f} MHz  {stop.dwell_s:5.2f} s  {stop.visits} a round  {stop.name}\n"
            )
    sys.stdout.write(
        f"\n{'protocol':14} {'mode':12} {'band':10} {'a visit':>8} {'revisit':>8} {'10 s':>6} {'60 s':>6}\n"
    )
    for odds in plan.odds:
        revisit = "never" if odds.revisit_s is None else f"{odds.revisit_s:.1f} s"
        sys.stdout.write(
            f"{odds.label[:14]:14} {odds.mode[:12]:12} {odds.band[:10]:10} {odds.per_visit:8.2f} {revisit:>8} "
            f"{odds.within_10_s:6.2f} {odds.within_60_s:6.2f}\n"
        )
    return 0
