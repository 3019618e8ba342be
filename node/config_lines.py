"""Where each key of a TOML text stands: ``tomllib`` does not tell."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]
"""Keys and places in lists from the root: ``("radio", 0, "centre_hz")``."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_SCALAR = re.compile(r"[^,\]}\n#]*")


def key_lines(text: str) -> dict[KeyPath, int]:
    """Line, from 1, of every key and table of a text that ``tomllib`` accepts; a text cut short gives what it has."""
    scanner = _Scanner(text)
    scanner.scan()
    return scanner.lines


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int:
    """Line of a key, or of the nearest that holds it; 1 for the root."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


@dataclass(slots=True)
class _Scanner:
    """Walks over a text; values are skipped, their keys noted."""

    text: str
    at: int = 0
    lines: dict[KeyPath, int] = field(default_factory=dict)
    counts: dict[KeyPath, int] = field(default_factory=dict)

    def scan(self) -> None:
        table: KeyPath = ()
        while True:
            self._skip(_BLANK)
            if self.at >= len(self.text):
                return
            before = self.at
            if self.text.startswith("[[", self.at):
                table = self._header(2)
            elif self.text.startswith("[", self.at):
                table = self._header(1)
            else:
                self._pair(table)
            if self.at == before:  # not TOML; do not stand still
                self.at += 1

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        assert found is not None
        self.at = found.end()
        return found.group()

    def _line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1

    def _header(self, brackets: int) -> KeyPath:
        start = self.at
        self.at += brackets
        names = self._key()
        self._skip(_SPACE)
        self.at += brackets
        path: KeyPath = ()
        for name in names[:-1]:
            path = self._latest((*path, name))
        path = (*path, names[-1]) if names else path
        if brackets == 1:
            self.lines[path] = self._line(start)
            return path
        place = self.counts.get(path, 0)
        self.counts[path] = place + 1
        self.lines.setdefault(path, self._line(start))
        self.lines[*path, place] = self._line(start)
        return (*path, place)

    def _latest(self, path: KeyPath) -> KeyPath:
        """The same, within the last table of a list of tables."""
        return (*path, self.counts[path] - 1) if path in self.counts else path

    def _key(self) -> list[str]:
        """A dotted key."""
        names: list[str] = []
        while True:
            self._skip(_SPACE)
            if self.text[self.at : self.at + 1] in {'"', "'"}:
                names.append(_text(self._string()))
            else:
                found = _BARE.match(self.text, self.at)
                if found is None:
                    return names
                names.append(found.group())
                self.at = found.end()
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return names
            self.at += 1

    def _pair(self, table: KeyPath) -> None:
        start = self.at
        names = self._key()
        for length in range(1, len(names) + 1):
            self.lines.setdefault((*table, *names[:length]), self._line(start))
        self._skip(_SPACE)
        if self.text.startswith("=", self.at):
            self.at += 1
            self._value((*table, *names))

    def _value(self, path: KeyPath) -> None:
        self._skip(_SPACE)
        first = self.text[self.at : self.at + 1]
        if first in {'"', "'"}:
            self._string()
        elif first == "[":
            self._list(path)
        elif first == "{":
            self._inline_table(path)
        else:
            self._skip(_SCALAR)

    def _list(self, path: KeyPath) -> None:
        self.at += 1
        place = 0
        while True:
            self._skip(_BLANK)
            before = self.at
            if self.at >= len(self.text) or self.text[self.at] == "]":
                self.at += 1
                return
            self.lines[*path, place] = self._line(self.at)
            self._value((*path, place))
            place += 1
            self._skip(_BLANK)
            self.at += self.text.startswith(",", self.at)
            if self.at == before:
                self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while True:
            self._skip(_BLANK)
            before = self.at
            if self.at >= len(self.text) or self.text[self.at] == "}":
                self.at += 1
                return
            self._pair(path)
            self._skip(_BLANK)
            self.at += self.text.startswith(",", self.at)
            if self.at == before:
                self.at += 1

    def _string(self) -> str:
        """A string of any of the four kinds, with its quotes."""
        start = self.at
        quote = self.text[start]
        mark = quote * 3 if self.text.startswith(quote * 3, start) else quote
        self.at += len(mark)
        while self.at < len(self.text) and not self.text.startswith(mark, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += len(mark)
        while len(mark) == 3 and self.text.startswith(quote, self.at):  # up to two quotes may end the content
            self.at += 1
        return self.text[start : self.at]


def _text(quoted: str) -> str:
    try:
        return str(tomllib.loads(f"x = {quoted}")["x"])
    except tomllib.TOMLDecodeError:
        return quoted
