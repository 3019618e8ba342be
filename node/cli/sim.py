"""`skypicket sim`: render a scene to a recording, serve it like a dongle or as serial modules, list the scenes."""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.scene import Scene

DEFAULT_PORT = 1234
"""Port of ``rtl_tcp``."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    scenes = actions.add_parser("scenes", help="list the scenes that come with skypicket")
    scenes.set_defaults(act=_scenes)
    render = actions.add_parser("render", help="write a scene as a SigMF recording, with the truth as annotations")
    _scene_arguments(render)
    render.add_argument(
        "--out", type=Path, metavar="PATH", help="PATH.sigmf-data and PATH.sigmf-meta (default: the scene's name)"
    )
    render.set_defaults(act=_render)
    serve = actions.add_parser("rtl-tcp", help="serve a scene like rtl_tcp serves a dongle; Ctrl-C ends it")
    _scene_arguments(serve)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen on; 0 takes a free one")
    serve.add_argument("--unpaced", action="store_true", help="as fast as the client reads, not in real time")
    serve.set_defaults(act=_serve)
    dongle = actions.add_parser("dongle", help="run a program for RTL-SDRs (rtl_433, rtl_test ...) on a scene")
    _scene_arguments(dongle)
    dongle.add_argument("--unpaced", action="store_true", help="as fast as the program reads, not in real time")
    dongle.add_argument("program", nargs="+", metavar="PROGRAM", help="-- and then the program with its arguments")
    dongle.set_defaults(act=_dongle)
    from node.cli import sim_serial

    serial = actions.add_parser("serial", help="serial modules of a scene on ports of their own; Ctrl-C ends it")
    sim_serial.add_arguments(serial)
    serial.set_defaults(act=sim_serial.run)


def _scene_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scene", metavar="SCENE", help="name of a scene, or a scene file (.toml)")
    parser.add_argument("--seconds", type=float, metavar="S", help="length, in place of the scene's own")
    parser.add_argument("--seed", type=int, metavar="N", help="seed, in place of the scene's own")


def run(args: argparse.Namespace) -> int:
    """Do what is asked."""
    code: int = args.act(args)
    return code


def _scenes(_args: argparse.Namespace) -> int:
    from sim.scene import load_scene, scene_names

    for name in scene_names():
        scene = load_scene(name)
        length = "endless" if scene.duration_s is None else f"{scene.duration_s:g} s"
        where = f"{scene.receiver.centre_hz / 1e6:g} MHz, {scene.receiver.sample_rate_hz / 1e6:g} MS/s, {length}"
        print(f"{name:16} {where:32} {scene.title}")
    return 0


def _load(args: argparse.Namespace) -> Scene | None:
    """The scene with what the arguments change; None, with a line, when they make no sense."""
    from sim.scene import load_scene

    if args.seconds is not None and not 0 < args.seconds <= 1e6:
        sys.stderr.write(f"skypicket sim: --seconds must be above 0 and at most 1000000, not {args.seconds:g}\n")
        return None
    if args.seed is not None and args.seed < 0:
        sys.stderr.write(f"skypicket sim: --seed must be 0 or more, not {args.seed}\n")
        return None
    scene = load_scene(args.scene)
    if args.seed is not None:
        scene = replace(scene, seed=args.seed)
    return scene if args.seconds is None else replace(scene, duration_s=args.seconds)


def _render(args: argparse.Namespace) -> int:
    from sim.truth import write_recording

    scene = _load(args)
    if scene is None:
        return 2
    if scene.duration_s is None:
        sys.stderr.write(f"skypicket sim: scene {scene.name} is endless; say how much of it: --seconds S\n")
        return 2
    base: Path = args.out or Path(scene.name)
    if base.suffix in {".sigmf-data", ".sigmf-meta"}:
        base = base.with_suffix("")
    if not base.parent.is_dir():
        sys.stderr.write(f"skypicket sim: {base.parent}: no such folder to write {base.name} in; make it first\n")
        return 1
    # Beside its place, so that moving it there is one step and a failure leaves nothing half-written.
    with tempfile.TemporaryDirectory(prefix=f".{base.name}-", dir=base.parent) as folder:
        for part in write_recording(scene, Path(folder) / base.name):
            part.replace(base.parent / part.name)
    print(f"{base}.sigmf-data\n{base}.sigmf-meta")
    return 0


def _serve(args: argparse.Namespace) -> int:
    from sim.radio import SimRadio
    from sim.rtl_tcp import RtlTcpServer

    scene = _load(args)
    if scene is None:
        return 2
    if not 0 <= args.port <= 65_535:
        sys.stderr.write(f"skypicket sim: --port must be from 0 to 65535, not {args.port}\n")
        return 2
    receiver = scene.receiver
    try:
        server = RtlTcpServer(
            lambda: SimRadio(scene),
            host=args.host,
            port=args.port,
            centre_hz=receiver.centre_hz,
            sample_rate_hz=receiver.sample_rate_hz,
            paced=not args.unpaced,
        )
    except ValueError as fault:
        sys.stderr.write(f"skypicket sim: scene {scene.name}: receiver.sample_rate_hz: {fault}\n")
        return 2
    try:
        server.start()
    except OSError as fault:
        why = fault.strerror or str(fault)
        sys.stderr.write(f"skypicket sim: cannot listen on {args.host}:{args.port} ({why}); give another --port\n")
        return 1
    try:
        print(f"serving scene {scene.name} at {server.address}; every client hears it from the beginning", flush=True)
        server.wait_failed()
    except KeyboardInterrupt:
        return 0
    finally:
        server.stop()
    return 0


def _dongle(args: argparse.Namespace) -> int:
    from sim.librtlsdr import BuildError
    from sim.librtlsdr.run import run_on_scene

    scene = _load(args)
    if scene is None:
        return 2
    try:
        return run_on_scene(scene, args.program, paced=not args.unpaced)
    except BuildError as fault:
        sys.stderr.write(f"skypicket sim: {fault}\n")
        return 1
    except KeyboardInterrupt:
        return 0
