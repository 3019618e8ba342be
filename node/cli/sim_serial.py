"""`skypicket sim serial`: modules of a scene on terminals and TCP ports, for any program, with faults on command."""

from __future__ import annotations

import argparse
import os
import select
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from node.cli.arguments import positive

if TYPE_CHECKING:
    from sim.serial_devices.host import DeviceHost

EXAMPLES = """\
While it runs, each line of standard input is a command: help lists them.

  skypicket sim serial demo
  skypicket sim serial demo --device ld2450 --link ports
  skypicket sim serial light_aircraft --device beast --usual-ports
  echo unplug radar | skypicket sim serial demo --seconds 30
"""
LOOK_S = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog, parser.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    parser.add_argument("scene", metavar="SCENE", help="name of a scene, or a scene file (.toml)")
    parser.add_argument(
        "--device", action="append", default=[], metavar="TYPE",
        help="only modules of this type, as in the configuration; may be repeated (default: all of the scene)",
    )  # fmt: skip
    parser.add_argument("--link", type=Path, metavar="DIR", help="folder for a symbolic link to each port, by name")
    parser.add_argument(
        "--usual-ports", action="store_true",
        help="feeds over TCP listen where such programs do (gpsd 2947, beast 30005, sbs 30003), not on free ports",
    )  # fmt: skip
    parser.add_argument("--seconds", type=positive, metavar="S", help="end after this long (default: with Ctrl-C)")


def run(args: argparse.Namespace) -> int:
    """Switch the modules on; obey standard input until the end."""
    from sim.scene import load_scene
    from sim.serial_devices.host import DeviceHost
    from sim.serial_devices.twins import TWINS, NoTwinError, make_port, make_twins, modules_of

    scene = load_scene(args.scene)
    try:
        modules = modules_of(scene, tuple(args.device))
    except NoTwinError as fault:
        sys.stderr.write(f"skypicket sim: {fault}\n")
        return 2
    twins = make_twins(scene, modules)
    with ExitStack() as stack:
        hosts: dict[str, DeviceHost] = {}
        for module in modules:
            path = None if args.link is None else args.link / module.name
            try:
                if path is not None:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    if path.exists() and not path.is_symlink():
                        raise FileExistsError(17, "is there already and is no link of ours; remove it")
                port = make_port(module, path, usual=args.usual_ports)
            except OSError as fault:
                where = path or f"TCP port {TWINS[module.device].tcp_port}"
                sys.stderr.write(f"skypicket sim: {module.name}: {where}: {fault.strerror or fault}\n")
                return 1
            host = DeviceHost(twins[module.name], port)
            hosts[module.name] = stack.enter_context(host)
            print(f"{module.name:<16} {module.device:<12} {host.baud:>8} baud  {port.path}", flush=True)
        try:
            _obey(hosts, None if args.seconds is None else time.monotonic() + args.seconds)
        except KeyboardInterrupt:
            return 0
    return 0


def _obey(hosts: dict[str, DeviceHost], end_s: float | None) -> None:
    """Take commands from standard input until the time is over; its end is not ours."""
    from sim.serial_devices.commands import CommandError, help_text, obey

    listening, typed = sys.stdin is not None, b""
    while end_s is None or time.monotonic() < end_s:
        wait_s = LOOK_S if end_s is None else min(LOOK_S, max(0.0, end_s - time.monotonic()))
        if not select.select([sys.stdin] if listening else [], [], [], wait_s)[0]:
            continue
        data = os.read(sys.stdin.fileno(), 4096)
        listening = bool(data)
        *lines, typed = (typed + data + (b"" if data else b"\n")).split(b"\n")
        typed = typed[-4096:]
        for line in lines:
            text = line.decode("utf-8", "replace").strip()
            if text == "help":
                print(help_text(), flush=True)
                continue
            try:
                if text:
                    print(f"done: {obey(hosts, text)}", flush=True)
            except CommandError as fault:
                print(f"refused: {fault}", flush=True)
