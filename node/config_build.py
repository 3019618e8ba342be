"""One table of a configuration into the settings it stands for, with every fault in it."""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar

from node.checked import TableError, Wrong, check_table
from node.config_faults import FaultList, is_secret, other_units, suggest, type_text, unit_slip
from node.config_lines import KeyPath

Settings = TypeVar("Settings")
Table = dict[str, object]

STAND_INS: tuple[object, ...] = ("stand-in", 868e6, 1.0, 1, True)
"""For what is missing or wrong, so that the rest can be checked too: one after the other of those that have the type,
until one passes."""


def build(
    kind: type[Settings],
    table: Mapping[str, object],
    path: KeyPath,
    faults: FaultList,
    others: Iterable[str] = (),
) -> Settings | None:
    """Check a table and make its settings; None, and every fault noted, if it cannot be.

    Faults of one key hide those of others where a settings class checks itself. So what is wrong is noted, taken out,
    and the rest is checked again.

    Parameters
    ----------
    kind
        A settings dataclass.
    table
        As ``tomllib`` gives it.
    path
        Where it stands in the file.
    faults
        Where faults go.
    others
        Keys of the same table that are checked elsewhere, to be suggested for unknown ones.
    """
    work: Table = json.loads(json.dumps(table, default=str))
    good = True
    for slipped, text in _slips(kind, work):
        faults.add((*path, *slipped), text)
        _remove(work, slipped)
        good = False
    stood_in: dict[KeyPath, int] = {}
    while True:
        try:
            made = check_table(kind, work)
        except TableError as error:
            good = False
            if not _note(kind, work, error, path, faults, others, stood_in):
                return None
            continue
        return typing.cast("Settings", made) if good else None


def _note(
    kind: type[Any],
    work: Table,
    error: TableError,
    path: KeyPath,
    faults: FaultList,
    others: Iterable[str],
    stood_in: dict[KeyPath, int],
) -> bool:
    """Note what is wrong and take it out; whether another look can bring more."""
    by_place: dict[KeyPath, list[Wrong]] = {}
    for item in error.wrongs:
        place = _place(work, item)
        by_place.setdefault(place, []).append(item)
    moved = False
    for place, items in by_place.items():
        first = items[0].kind
        if first == "missing":
            if not faults.has((*path, *place)):
                faults.add((*path, *place), f"is missing; {_description(kind, place)}")
            moved |= _stand_in(kind, work, place, stood_in)
        elif first == "unknown":
            known = [*_names(_class_at(kind, place[:-1])), *(others if len(place) == 1 else ())]
            faults.add((*path, *place), f"is not known here; {_cure(str(place[-1]), known, faults.homes)}")
            moved |= _remove(work, place)
        elif first == "check":
            moved |= _note_check(kind, work, items[0], place, path, faults, stood_in)
        else:
            faults.add(
                (*path, *place), type_text(items, _get(work, place), secret=is_secret(place[-1] if place else ""))
            )
            moved |= _remove(work, place)
    return moved


def _note_check(
    kind: type[Any],
    work: Table,
    item: Wrong,
    place: KeyPath,
    path: KeyPath,
    faults: FaultList,
    stood_in: dict[KeyPath, int],
) -> bool:
    """What a settings class says of itself: the first of its keys that it names is the wrong one."""
    text = item.text
    table = _get(work, place)
    names = _names(_class_at(kind, place))
    named = [word for word in re.findall(r"[a-z][a-z0-9_]*", text) if word in names]
    present = [word for word in named if isinstance(table, Mapping) and word in table]
    if not present:
        faults.add((*path, *place, *named[:1]), text)
        return False
    wrong = (*place, present[0])
    if wrong in stood_in:
        return _stand_in(kind, work, wrong, stood_in)
    faults.add((*path, *wrong), _without_key(present[0], text) + _meant(kind, work, wrong))
    return _remove(work, wrong)


def _without_key(key: str, text: str) -> str:
    """The text without the key in front of it, which stands there already."""
    return text.removeprefix(f"{key}: ").removeprefix(f"{key} ")


def _meant(kind: type[Any], work: Table, place: KeyPath) -> str:
    """A hint at the unit, if the value passes in another one."""
    key = str(place[-1])
    for value, written in other_units(key, _get(work, place)):
        trial: Table = json.loads(json.dumps(work))
        _set(trial, place, value)
        try:
            check_table(kind, trial)
        except TableError as error:
            if any(key in item.steps or key in item.text for item in error.wrongs):
                continue
        return f"; did you mean {written}?"
    return ""


def _slips(kind: type[Any], work: Table) -> list[tuple[KeyPath, str]]:
    """Values that pass a type check and are plainly wrong: not a number, or in the wrong unit."""
    found: list[tuple[KeyPath, str]] = []

    def look(value: object, place: KeyPath) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                look(inner, (*place, key))
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                look(inner, (*place, number))
        elif isinstance(value, float) and value != value:  # noqa: PLR0124 - the one value unlike itself
            found.append((place, "nan is no number; leave the key out if it is not known"))
        elif place and place[-1] in _names(kind) and (text := unit_slip(str(place[-1]), value)):
            found.append((place, text))

    look(work, ())
    return found


def _cure(key: str, known: list[str], homes: Mapping[str, str]) -> str:
    if is_secret(key) and "password_file" in known:
        return "write the secret into the first line of a file and name that file in password_file"
    if key in homes:
        return f"it belongs into {homes[key]}"
    return suggest(key, known)


def _place(work: Table, item: Wrong) -> KeyPath:
    """Where an error lies: its location without the names of alternatives that pydantic puts in."""
    place: KeyPath = ()
    value: object = work
    steps = item.steps
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        if isinstance(value, Mapping) and (step in value or (last and item.kind == "missing")):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            continue
        place = (*place, step)
    return place


def _get(work: object, place: KeyPath) -> object:
    for step in place:
        if isinstance(work, Mapping):
            work = work.get(str(step))
        elif isinstance(work, list) and isinstance(step, int):
            work = work[step]
    return work


def _set(work: Table, place: KeyPath, value: object) -> None:
    holder = _get(work, place[:-1])
    if isinstance(holder, dict):
        holder[str(place[-1])] = value


def _remove(work: Table, place: KeyPath) -> bool:
    """Take a key out, of a list the list; whether it was there."""
    while place and isinstance(place[-1], int):
        place = place[:-1]
    holder = _get(work, place[:-1])
    if place and isinstance(holder, dict):
        return holder.pop(str(place[-1]), MISSING) is not MISSING
    return False


def _stand_in(kind: type[Any], work: Table, place: KeyPath, stood_in: dict[KeyPath, int]) -> bool:
    """Put something harmless where a value is missing."""
    owner = _class_at(kind, place[:-1])
    if not is_dataclass(owner):
        return False
    hint = typing.get_type_hints(owner).get(str(place[-1]))
    fitting = [value for value in STAND_INS if type(value) in {hint, *typing.get_args(hint)}]
    tried = stood_in.get(place, 0)
    if tried >= len(fitting):
        return False
    stood_in[place] = tried + 1
    _set(work, place, fitting[tried])
    return True


def _class_at(kind: type[Any], place: KeyPath) -> type[Any]:
    """The settings class of a nested table."""
    for step in place:
        if isinstance(step, str) and is_dataclass(kind):
            hint = typing.get_type_hints(kind).get(step)
            options: tuple[Any, ...] = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
            kind = typing.cast("type[Any]", next((option for option in options if is_dataclass(option)), kind))
    return kind


def _names(kind: type[Any]) -> list[str]:
    return [one.name for one in fields(kind)] if is_dataclass(kind) else []


def _description(kind: type[Any], place: KeyPath) -> str:
    """What the documentation of a settings class says of a key."""
    owner, key = _class_at(kind, place[:-1]), str(place[-1])
    text = describe(owner, key)
    if text[:1].isupper() and text[1:2].islower():
        text = text[0].lower() + text[1:]
    return text or "give it a value"


def describe(owner: type[Any], key: str) -> str:
    """First sentence that the docstring of a settings class, or of what it is built on, has of a key."""
    for one in owner.__mro__:
        found = re.search(rf"^ *(?:\w+, )*{key}(?:, \w+)*\n((?: {{8,}}.*\n?)+)", one.__doc__ or "", re.MULTILINE)
        if found:
            return " ".join(found.group(1).split()).split(". ")[0].rstrip(".").replace("``", "")
    return ""


def required(one: Field[Any]) -> bool:
    """Whether a field has no default."""
    return one.default is MISSING and one.default_factory is MISSING
