"""Types that are checked when they are read: messages, tables of settings. The only file that imports pydantic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model, model_validator

__all__ = [
    "BaseModel",
    "ConfigDict",
    "Field",
    "TableError",
    "Wrong",
    "check_table",
    "model_validator",
    "read_json",
    "table_schema",
]

Model = TypeVar("Model", bound=BaseModel)

LONGEST_KEY = 64
"""Of a key that somebody sent, no more is said again."""
WrongKind = Literal["missing", "unknown", "check", "type"]
KINDS: dict[str, WrongKind] = {
    "missing": "missing",
    "unexpected_keyword_argument": "unknown",
    "extra_forbidden": "unknown",
    "value_error": "check",
}
"""Pydantic's names; every other fault is one of the type."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One fault of a table.

    Parameters
    ----------
    kind
        A key that is missing or unknown, a value that the settings class itself refuses, or one of the wrong type.
    steps
        Keys and places from the table, with the names of alternatives of a type in between.
    detail
        Pydantic's name of the fault.
    text
        What it says; of a settings class, the class's own words.
    choices
        What a value may be, where that is a choice.
    """

    kind: WrongKind
    steps: tuple[str | int, ...]
    detail: str
    text: str
    choices: str = ""


class TableError(Exception):
    """A table that cannot be the settings it should be.

    Parameters
    ----------
    wrongs
        Every fault that can be seen at once: a settings class checks itself only when all types are right.
    """

    def __init__(self, wrongs: list[Wrong]) -> None:
        self.wrongs = wrongs
        super().__init__("; ".join(wrong.text for wrong in wrongs))


def check_table(kind: type[Any], table: Mapping[str, object]) -> object:
    """Make the settings that a table stands for; types are not converted, unknown keys not allowed, also within it.

    Parameters
    ----------
    kind
        A settings dataclass.
    table
        Values as JSON has them.

    Raises
    ------
    TableError
        With all that is wrong.
    """
    try:
        holder: Any = kind  # mypy takes a type for unhashable
        checked: Any = _holder(holder).model_validate_json(json.dumps({"table": table}), strict=True)
    except ValidationError as error:
        wrongs = []
        for item in error.errors():
            context = item.get("ctx", {})
            text = str(context["error"]) if "error" in context else item["msg"]
            detail, choices = item["type"], str(context.get("expected", ""))
            wrongs.append(Wrong(KINDS.get(detail, "type"), item["loc"][1:], detail, text, choices))
        raise TableError(wrongs) from None
    made: object = checked.table
    return made


def read_json(kind: type[Model], data: bytes) -> Model:
    """Read a message from another program.

    Raises
    ------
    ValueError
        If it is not one; the text names every key that is wrong, in one line.
    """
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        known = ", ".join(field.alias or name for name, field in kind.model_fields.items())
        raise ValueError("; ".join(_said(item, known) for item in error.errors(include_url=False))) from None


def _said(item: Mapping[str, Any], known: str) -> str:
    """One fault of JSON, without a word of what it holds but its keys."""
    key = ascii(".".join(map(str, item["loc"])))[1:-1][:LONGEST_KEY]
    if item["type"] == "extra_forbidden":
        return f"{key}: is not known here; known are {known}"
    if item["type"] == "missing":
        return f"{key}: is missing"
    text = str(item["ctx"]["error"]) if item["type"] == "value_error" else str(item["msg"])
    return f"{key}: {text}" if key else text


def table_schema(kind: type[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """JSON Schema of a settings dataclass, and of what it refers to by name."""
    holder: Any = kind
    whole = _holder(holder).model_json_schema()
    definitions: dict[str, Any] = whole.get("$defs", {})
    own: dict[str, Any] = definitions.pop(str(whole["properties"]["table"]["$ref"]).rpartition("/")[2])
    return own, definitions


@cache
def _holder(kind: Any) -> type[BaseModel]:
    """A model that holds the settings: its refusal of unknown keys then holds for them too."""
    made: type[BaseModel] = create_model(kind.__name__, __config__=ConfigDict(extra="forbid"), table=(kind, ...))
    return made
