"""Faults of simulated modules as lines of text: what a person or a script types while they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sim.serial_devices.host import DeviceHost

ALL = "all"
MOST_GARBAGE = 1_000_000


class CommandError(ValueError):
    """A line that means nothing; the text has the cure."""


@dataclass(frozen=True, slots=True)
class Command:
    """One word, what may follow the name of the module, and what it does."""

    arguments: str
    summary: str
    usual: float | None
    """Of the argument; None: it must be given, where there is one."""
    act: Callable[[DeviceHost, float], None]


def _wrong_baud(host: DeviceHost, baud: float) -> None:
    host.faults.wrong_baud(host.baud, round(baud) or host.baud)


def _garbage(host: DeviceHost, count: float) -> None:
    if not 0 < count <= MOST_GARBAGE:
        raise ValueError(f"garbage is 1 to {MOST_GARBAGE} bytes, not {count:g}")
    host.faults.garbage(round(count))


COMMANDS: dict[str, Command] = {
    "unplug": Command("", "pull it out, power and all", 0.0, lambda host, _: host.unplug()),
    "replug": Command("", "plug it in again", 0.0, lambda host, _: host.replug()),
    "garbage": Command("[BYTES]", "random bytes before the next ones", 100.0, _garbage),
    "errors": Command("SHARE", "change this share of the bytes; 0 ends it", None, lambda h, x: h.faults.errors(x)),
    "drops": Command("SHARE", "lose this share of the bytes; 0 ends it", None, lambda h, x: h.faults.drops(x)),
    "stall": Command("", "say nothing more, port open", 0.0, lambda host, _: host.stall()),
    "resume": Command("", "end a stall", 0.0, lambda host, _: host.resume()),
    "wrong-baud": Command("BAUD", "as if read at another rate; 0 ends it", None, _wrong_baud),
    "reboot": Command("[SECONDS]", "start anew after being off so long", 0.0, lambda host, off_s: host.reboot(off_s)),
}


def help_text() -> str:
    """Every command on a line."""
    rows = [(f"{word} [MODULE] {one.arguments}".rstrip(), one.summary) for word, one in COMMANDS.items()]
    return "\n".join(f"{left:<32} {right}" for left, right in rows)


def obey(hosts: Mapping[str, DeviceHost], line: str) -> str:
    """Do what a line says; give what was done.

    Parameters
    ----------
    hosts
        The modules by name. The name may be left out where there is one; ``all`` names every one.
    line
        ``COMMAND [MODULE] [NUMBER]``.

    Raises
    ------
    CommandError
        If it cannot be done.
    """
    word, *rest = line.split()
    command = COMMANDS.get(word)
    if command is None:
        raise CommandError(f"{word!r} is not known; one of {', '.join(COMMANDS)}")
    if rest and (rest[0] in hosts or rest[0] == ALL):
        names = list(hosts) if rest[0] == ALL else rest[:1]
        rest = rest[1:]
    elif len(hosts) == 1:
        names = list(hosts)
    else:
        raise CommandError(f"{word}: name the module, one of {', '.join(hosts)}, or all")
    if len(rest) > (1 if command.arguments else 0):
        raise CommandError(f"{word}: {rest[-1]!r} is too much; write {word} MODULE {command.arguments}".rstrip())
    value = _value(word, command, rest)
    try:
        for name in names:
            command.act(hosts[name], value)
    except ValueError as fault:
        raise CommandError(f"{word}: {fault}") from fault
    return f"{word} {' '.join(names)}{f' {value:g}' if command.arguments else ''}"


def _value(word: str, command: Command, rest: list[str]) -> float:
    if not rest:
        if command.usual is None:
            raise CommandError(f"{word}: a number is missing; write {word} MODULE {command.arguments}")
        return command.usual
    try:
        value = float(rest[0])
    except ValueError:
        raise CommandError(f"{word}: {rest[0]!r} is no number and no module") from None
    if not 0.0 <= value < 1e9:
        raise CommandError(f"{word}: {rest[0]} must be 0 or more and finite")
    return value
