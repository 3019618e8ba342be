"""Faults of a configuration, each with its line, its key, what is wrong and the cure."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from node.checked import Wrong
from node.config_lines import KeyPath, line_of

SECRET = re.compile(r"password(?!_file)|passwd|secret|token|api_?key", re.IGNORECASE)
"""Keys whose values are never shown."""
MASK = "********"
FACTORS: tuple[tuple[str, tuple[tuple[float, str], ...]], ...] = (
    ("_hz", ((1e6, "e6"), (1e3, "e3"), (1e9, "e9"))),
    ("_s", ((1e-3, "e-3"),)),
)
"""Units that are taken for the right ones: MHz, kHz and GHz for Hz, ms for s."""
LOWEST_CENTRE_HZ, LOWEST_RATE_HZ = 10e3, 1e3
"""Below these a frequency or a rate is one in the wrong unit: no receiver of ours is tuned or samples so low."""


class ConfigError(Exception):
    """The configuration cannot be used; the text has every fault on a line: ``file:line: key: what, cure``.

    Parameters
    ----------
    faults
        All of them, in the order of the file.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Parameters
    ----------
    source
        The file.
    line, column
        Where, from 1; None where there is no such place.
    key
        Its full name; empty for the file itself.
    text
        What is wrong, and the cure.
    """

    source: str
    line: int | None
    key: str
    text: str
    column: int | None = None

    def __str__(self) -> str:
        """As an editor or a person reads it."""
        place = [self.source, *(str(n) for n in (self.line, self.column) if n is not None)]
        return ": ".join([":".join(place), *([self.key] if self.key else []), self.text])


class FaultList:
    """Faults found so far.

    Parameters
    ----------
    source, lines
        The file, and where its keys stand.
    homes
        Keys that only one table has, and that table: for keys in the wrong place.
    """

    def __init__(self, source: str, lines: dict[KeyPath, int], homes: Mapping[str, str]) -> None:
        self.homes = homes
        self._source = source
        self._lines = lines
        self._found: dict[tuple[KeyPath, str], Fault] = {}

    def add(self, path: KeyPath, text: str) -> None:
        """One more, at a key."""
        fault = Fault(self._source, line_of(self._lines, path), dotted(path), text)
        self._found.setdefault((path, text), fault)

    def line(self, path: KeyPath) -> int:
        """Line of a key."""
        return line_of(self._lines, path)

    def has(self, path: KeyPath) -> bool:
        """Whether something is wrong with a key or within it."""
        return any(found[: len(path)] == path for found, _ in self._found)

    def raise_any(self) -> None:
        """Raise ``ConfigError`` if there are any."""
        if self._found:
            raise ConfigError(sorted(self._found.values(), key=lambda fault: (fault.line or 0, fault.key)))


def dotted(path: KeyPath) -> str:
    """Full key for people; tables of a list count from 1: ``radio[1].centre_hz``."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def is_secret(key: str | int) -> bool:
    """Whether the value of a key is never shown."""
    return isinstance(key, str) and SECRET.search(key) is not None


def shown(value: object) -> str:
    """A value as it stands in a file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return f"{value:g}" if isinstance(value, float) else str(value)


def suggest(word: str, known: Iterable[str]) -> str:
    """The nearest known word, or all of them."""
    words = list(known)
    close = difflib.get_close_matches(word, words, 1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(words))}"


def type_text(wrongs: Sequence[Wrong], value: object, *, secret: bool) -> str:
    """What a value should be, from all that the checker says of it."""
    wanted: list[str] = []
    choices: list[str] = []
    other: list[str] = []
    for wrong in wrongs:
        if wrong.detail in NAMES:
            wanted.append(NAMES[wrong.detail])
        elif wrong.choices:
            choices += re.findall(r"'([^']*)'", wrong.choices) or [wrong.choices]
        else:
            other.append(wrong.text)
    parts = [*dict.fromkeys(wanted), *(f'"{choice}"' for choice in choices)]
    said = MASK if secret else shown(value)
    text = f"must be {' or '.join(parts)}, not {said}" if parts else f"{'; '.join(other)}, not {said}"
    if isinstance(value, str) and choices:
        close = difflib.get_close_matches(value, choices, 1)
        return f'{text}; did you mean "{close[0]}"?' if close else text
    if isinstance(value, str) and not secret and _is_number(value) and {"a number", "a whole number"} & set(wanted):
        return f"{text}: write it without quotes"
    if "text in quotes" in wanted and isinstance(value, int | float):
        return f"{text}: write it in quotes"
    return text


NAMES = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "string_type": "text in quotes",
    "dataclass_type": "a table",
    "dict_type": "a table",
    "tuple_type": "a list",
    "list_type": "a list",
}
"""Pydantic's kinds of wrong types in words."""


def unit_slip(key: str, value: object) -> str | None:
    """What a frequency that no receiver has should probably be; None if it may be right."""
    lowest = {"centre_hz": LOWEST_CENTRE_HZ, "sample_rate_hz": LOWEST_RATE_HZ}.get(key)
    if lowest is None or isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < lowest:
        return None
    factor = "e6" if value >= 0.2 or key != "centre_hz" else "e9"
    return f"{value:g} Hz is below anything a receiver of ours can have; did you mean {value:g}{factor}?"


def other_units(key: str, value: object) -> list[tuple[float, str]]:
    """The value in the units it may have been meant in, and how to write it."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value or not math.isfinite(value):
        return []
    factors = next((factors for ending, factors in FACTORS if key.endswith(ending)), ())
    return [(value * factor, f"{value:g}{ending}") for factor, ending in factors]


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
