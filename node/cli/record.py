"""`skypicket record`: record a radio, or anything else that gives samples, to SigMF."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from node.cli.arguments import hertz, positive

if TYPE_CHECKING:
    from node.sources import RadioSettings

DATATYPES = ("cu8", "ci16_le", "cf32_le")
CLIPPED_SHARE = 1e-3
"""More samples than this at the end of the scale are worth a word."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("-c", "--config", type=Path, metavar="TOML", help="a radio of this configuration")
    which.add_argument("--rtl-sdr", nargs="?", const="", metavar="SERIAL", help="a dongle of this machine")
    which.add_argument("--rtl-tcp", metavar="HOST:PORT", help="a dongle behind rtl_tcp")
    which.add_argument("--sim", metavar="SCENE", help="a simulated scene")
    parser.add_argument("--radio", metavar="NAME", help="which radio of the configuration (default: its only one)")
    parser.add_argument("--out", type=Path, required=True, metavar="PATH", help="PATH.sigmf-data and PATH.sigmf-meta")
    parser.add_argument("--seconds", type=positive, metavar="S", help="how long (default: until Ctrl-C)")
    parser.add_argument("--centre", "--center", type=hertz, metavar="HZ", help="centre frequency, for example 868.3M")
    parser.add_argument("--rate", type=hertz, metavar="HZ", help="sample rate (default: 2.4M)")
    parser.add_argument("--gain", type=_gain, metavar="DB", help="gain of the tuner in dB, or auto (default: auto)")
    parser.add_argument("--ppm", type=int, default=0, help="error of the dongle's crystal")
    parser.add_argument("--datatype", choices=DATATYPES, help="how to store samples (default: as they come)")
    parser.add_argument("--description", default="", help="text for people")


def _gain(text: str) -> float | Literal["auto"]:
    if text == "auto":
        return "auto"
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of dB nor auto") from None


def run(args: argparse.Namespace) -> int:
    """Record."""
    from node.sources import open_radio
    from node.sources.recorder import record_blocks

    try:
        settings = _settings(args)
    except ValueError as fault:
        sys.stderr.write(f"skypicket record: {fault}\n")
        return 2
    description = args.description or f"recorded from {settings.name}"
    source = open_radio(settings)
    try:
        info = record_blocks(
            source.blocks(),
            args.out,
            seconds=args.seconds,
            description=description,
            datatype=args.datatype,
            hardware=settings.type,
        )
    finally:
        source.stop()
    if info.clipped_samples > CLIPPED_SHARE * info.samples:
        sys.stderr.write(f"{info.clipped_samples} of the samples are at the end of the scale: the gain is too high\n")
    print(f"{info.metadata}: {info.duration_s:.3f} s, {info.samples} samples, {info.lost_samples} lost")
    return 0


def _settings(args: argparse.Namespace) -> RadioSettings:
    """The radio that is asked for.

    Raises
    ------
    ValueError
        If the arguments do not name one.
    """
    from node.sources import RtlSdrSettings, RtlTcpSettings, SimulatorSettings

    if args.config is not None:
        return _configured(args)
    if args.radio is not None:
        raise ValueError("--radio goes with --config")
    if args.sim is not None:
        return SimulatorSettings(
            name="simulator", scene=args.sim, centre_hz=args.centre, sample_rate_hz=args.rate, gain=args.gain
        )
    if args.centre is None:
        raise ValueError("--centre is missing: where to tune, for example --centre 868.3M")
    rate_hz: float = args.rate or 2.4e6
    gain: float | Literal["auto"] = "auto" if args.gain is None else args.gain
    if args.rtl_tcp is None:
        return RtlSdrSettings(
            name="rtl-sdr", serial=args.rtl_sdr or None, centre_hz=args.centre, sample_rate_hz=rate_hz, gain=gain,
            ppm=args.ppm,
        )  # fmt: skip
    host, _, port = args.rtl_tcp.rpartition(":") if ":" in args.rtl_tcp else (args.rtl_tcp, "", "1234")
    if not port.isdigit():
        raise ValueError(f"--rtl-tcp must be HOST:PORT, not {args.rtl_tcp}")
    return RtlTcpSettings(
        name="rtl-tcp", host=host.strip("[]"), port=int(port), centre_hz=args.centre, sample_rate_hz=rate_hz, gain=gain,
        ppm=args.ppm,
    )  # fmt: skip


def _configured(args: argparse.Namespace) -> RadioSettings:
    from node.config import load_config

    radios = {radio.name: radio for radio in load_config(args.config).radios}
    if args.radio is None and len(radios) != 1:
        raise ValueError(f"{args.config} has {len(radios)} radios; choose with --radio: {', '.join(radios)}")
    if args.radio is not None and args.radio not in radios:
        raise ValueError(f"--radio {args.radio}: {args.config} has only {', '.join(radios)}")
    chosen: RadioSettings = radios[args.radio] if args.radio is not None else next(iter(radios.values()))
    return chosen
