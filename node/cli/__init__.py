"""The command line: one file per command, imported only when the command is given."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from types import FrameType, ModuleType

from node.logs import describe_fault, setup_logging

DONE, FAILED, BAD_INPUT = 0, 1, 2
"""Exit codes: done; the work failed, a line says what; bad arguments or configuration."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its module has ``add_arguments(parser)`` and ``run(args) -> int``."""

    name: str
    module: str
    summary: str


COMMANDS: tuple[Command, ...] = (
    Command("run", "node.cli.run", "run the node: radios to MQTT"),
    Command("replay", "node.cli.replay", "recordings through the same pipeline, one JSON message a line"),
    Command("decode", "node.cli.decode", "captured bytes of a radar, camera or other serial module, as contacts"),
    Command("record", "node.cli.record", "record a radio to SigMF"),
    Command("watch", "node.cli.watch", "live table of what the nodes at a broker report"),
    Command("doctor", "node.cli.doctor", "check libraries, radio, model, broker, ports, disk and clock"),
    Command("scan", "node.cli.scan", "the scan plan: stops, revisit times, probability of intercept"),
    Command("config", "node.cli.config", "check, show or explain the configuration"),
    Command("friends", "node.cli.friends", "the signed list of those that may fly: make keys, sign, verify"),
    Command("sim", "node.cli.sim", "the simulator: render a scene, serve it as a radio, list the scenes"),
    Command("demo", "node.cli.demo", "the whole node on a simulated scene, with its own broker"),
    Command("picture", "node.cli.picture", "waterfall of a recording or scene with what was found in it"),
    Command("bench", "node.bench", "what the signal chain costs on this machine"),
    Command("evaluate", "node.evaluate", "what the signal chain finds in recordings and simulated links"),
    Command("train", "node.train", "train the classifier (needs the extra `train`)"),
)
"""Every command, in the order of the help text."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv
        Arguments without the program's name; None: those of the process.

    Returns
    -------
    The exit code: 0 done, 1 failed, 2 bad arguments or configuration.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if "train" not in arguments:
        # Before NumPy is loaded. Our products of matrices are small: threads of the linear algebra would wait for each
        # other longer than they work, and take the cores from the other radios. What the operator sets holds.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        args = _parser(arguments).parse_args(arguments)
    except SystemExit as end:  # argparse has said all there is to say
        return end.code if isinstance(end.code, int) else BAD_INPUT
    if args.command is None:
        _parser([]).print_help(sys.stderr)
        return BAD_INPUT
    setup_logging(args.verbose - args.quiet)
    try:
        with _Termination():
            code: int = args.module.run(args)
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write(f"skypicket {args.command}: interrupted\n")
        code = FAILED
    except BrokenPipeError:
        # Who read our output has gone; Python must not complain while it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAILED
    except Exception as fault:  # noqa: BLE001  # the top of the program
        from node.cli.faults import explain

        known = explain(fault)
        if known is None:
            known = (FAILED, f"internal fault, please report it: {describe_fault(fault)} (--debug shows the trace)")
        code, text = known
        if args.debug:
            traceback.print_exception(fault)
        # The faults of a file begin with its name and line, as an editor wants them.
        head = "" if code == BAD_INPUT else f"skypicket {args.command}: "
        sys.stderr.write("".join(f"{head}{line}\n" for line in text.splitlines()))
    return code


def version() -> str:
    """Version of the installed distribution."""
    try:
        return metadata.version("skypicket")
    except metadata.PackageNotFoundError:
        return "not installed"


class _Termination:
    """SIGTERM ends a command like Ctrl-C does, through every ``finally``."""

    def __enter__(self) -> None:
        self._before = signal.getsignal(signal.SIGTERM)
        try:
            signal.signal(signal.SIGTERM, self._interrupt)
        except ValueError:  # not the main thread: who called us sees to signals
            self._before = None

    def __exit__(self, *exception: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    @staticmethod
    def _interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """The parser, with the arguments of the command that is given; the others are only named."""
    parser = argparse.ArgumentParser(
        prog="skypicket", description="Receive-only sensor node that hears drone radio links.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"skypicket {version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    given = next((word for word in arguments if not word.startswith("-")), None)
    for command in COMMANDS:
        sub = commands.add_parser(
            command.name,
            help=command.summary,
            description=command.summary[0].upper() + command.summary[1:] + ".",
            allow_abbrev=False,
        )
        if command.name != given:
            continue
        module: ModuleType = importlib.import_module(command.module)
        module.add_arguments(sub)
        common = sub.add_argument_group("logging")
        common.add_argument("-v", "--verbose", action="count", default=0, help="say more on standard error; -vv all")
        common.add_argument("-q", "--quiet", action="count", default=0, help="only errors on standard error")
        common.add_argument("--debug", action="store_true", help="show the trace of a fault")
        sub.set_defaults(module=module)
    return parser
