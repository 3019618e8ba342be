"""Reading a TOML table so that every fault in it is found, not only the first."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from typing import TypeVar

Built = TypeVar("Built")


class Faults:
    """Faults found so far, ``(key, what is wrong and the cure)``."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def add(self, key: str, text: str) -> None:
        """One more."""
        self.found.append((key, text))

    def build(self, key: str, make: Callable[[], Built]) -> Built | None:
        """What ``make`` gives; a ``ValueError`` becomes a fault and None."""
        try:
            return make()
        except ValueError as error:
            self.add(key, str(error))
            return None


class CheckedTable:
    """One table and what has been asked of it; ``close`` reports the keys nobody asked for.

    Parameters
    ----------
    table
        As ``tomllib`` gives it.
    key
        Its place in the file, empty for the root.
    faults
        Where faults go; every method gives its default then.
    """

    def __init__(self, table: Mapping[str, object], key: str, faults: Faults) -> None:
        self._table = table
        self._known: list[str] = []
        self.key = key
        self.faults = faults

    def path(self, name: str) -> str:
        """Full key of an entry."""
        return f"{self.key}.{name}" if self.key else name

    def has(self, name: str) -> bool:
        """Whether the key is there."""
        return name in self._table

    def get(self, name: str) -> object:
        """The value as it is; None if absent."""
        self._known.append(name)
        return self._table.get(name)

    def _wrong(self, name: str, wanted: str) -> None:
        self.faults.add(self.path(name), f"must be {wanted}, not {self._table.get(name)!r}")

    def number(
        self, name: str, default: float | None = None, *, low: float = -math.inf, high: float = math.inf, unit: str = ""
    ) -> float | None:
        """A number in [low, high]; the unit is for the message."""
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self._wrong(name, f"a number{f' in {unit}' if unit else ''}")
            return default
        if not low <= value <= high:
            self._wrong(name, f"between {low:g} and {high:g}{f' {unit}' if unit else ''}")
            return default
        return float(value)

    def required_number(self, name: str, *, low: float, high: float, unit: str) -> float:
        """A number that must be there; ``low`` stands in for it after a fault."""
        if not self.has(name):
            self.get(name)
            self.faults.add(self.path(name), f"is missing; give it in {unit}" if unit else "is missing")
            return low
        value = self.number(name, low=low, high=high, unit=unit)
        return low if value is None else value

    def whole(self, name: str, default: int | None = None, *, low: int = 0, high: int = 2**32 - 1) -> int | None:
        """A whole number in [low, high]."""
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self._wrong(name, f"a whole number between {low} and {high}")
            return default
        return value

    def text(self, name: str, default: str | None = None, *, choices: tuple[str, ...] = ()) -> str | None:
        """A string, one of the choices if there are any."""
        value = self.get(name)
        if value is None:
            return default
        if not isinstance(value, str) or not value:
            self._wrong(name, "a text")
            return default
        if choices and value not in choices:
            close = difflib.get_close_matches(value, choices, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"one of {', '.join(choices)}"
            self.faults.add(self.path(name), f"{value!r} is not known; {hint}")
            return default
        return value

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self._wrong(name, "true or false")
            return default
        return value

    def numbers(self, name: str, count: int, default: tuple[float, ...] | None = None) -> tuple[float, ...] | None:
        """A list of so many numbers."""
        value = self.get(name)
        if value is None:
            return default
        if not _is_numbers(value, count):
            self._wrong(name, f"a list of {count} numbers")
            return default
        assert isinstance(value, list)
        return tuple(float(each) for each in value)

    def intervals(self, name: str) -> tuple[tuple[float, float], ...]:
        """A list of [start, end] pairs."""
        value = self.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(_is_numbers(pair, 2) and pair[0] < pair[1] for pair in value):
            self._wrong(name, "a list of [start, end] pairs with start before end, such as [[0.0, 5.0]]")
            return ()
        return tuple((float(start), float(end)) for start, end in value)

    def table(self, name: str) -> CheckedTable:
        """A table; an empty one if absent."""
        value = self.get(name)
        if value is None:
            value = {}
        if not isinstance(value, dict):
            self._wrong(name, f"a table, [{self.path(name)}]")
            value = {}
        return CheckedTable(value, self.path(name), self.faults)

    def tables(self, name: str) -> list[CheckedTable]:
        """A list of tables; empty if absent."""
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self._wrong(name, f"a list of tables, [[{self.path(name)}]]")
            return []
        return [CheckedTable(each, f"{self.path(name)}[{index}]", self.faults) for index, each in enumerate(value)]

    def close(self) -> None:
        """Report every key that was not asked for: a typing mistake, or the wrong unit."""
        for name in self._table:
            if name not in self._known:
                self.faults.add(self.path(name), f"is not a known key; {_hint(name, self._known)}")


def _is_numbers(value: object, count: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(isinstance(each, int | float) and not isinstance(each, bool) and math.isfinite(each) for each in value)
    )


def _hint(name: str, known: list[str]) -> str:
    """The key somebody may have meant: the same word in another unit, or one that looks alike."""
    stem = name.rsplit("_", 1)[0]
    for candidate in known:
        if candidate.rsplit("_", 1)[0] == stem:
            return f"did you mean {candidate!r}? Mind its unit"
    close = difflib.get_close_matches(name, known, 1)
    return f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(sorted(set(known)))}"
