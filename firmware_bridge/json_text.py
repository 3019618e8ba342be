"""JSON from devices, which is seldom all JSON: read without raising, and its values checked one by one."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import TypeAlias

JsonObject: TypeAlias = Mapping[str, object]

LONGEST_TEXT = 120
"""Characters kept of a text a device sends: an id or a remark, never a picture."""

_LEADING_NUMBER = re.compile(r"\s*[<>≤±~]?\s*([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)")


class Implausible(ValueError):
    """A record was read and says what cannot be."""


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def parse(line: bytes) -> object | None:
    """Return the JSON document of a line, or None when it is none: bad bytes, bad syntax, nested without end."""
    try:
        document: object = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return document


def as_object(value: object) -> JsonObject | None:
    """Return a JSON object, or None for anything else."""
    return value if isinstance(value, dict) else None


def number(value: object) -> float | None:
    """Return a finite number; from text the number it begins with (``"12.5 m/s"``); None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            result = float(value)
        except OverflowError:
            return None
        return result if math.isfinite(result) else None
    if isinstance(value, str) and (found := _LEADING_NUMBER.match(value[:LONGEST_TEXT])):
        result = float(found.group(1))
        return result if math.isfinite(result) else None
    return None


def within(value: object, low: float, high: float) -> float | None:
    """Return a number when it lies in a closed range, else None."""
    result = number(value)
    return result if result is not None and low <= result <= high else None


def text(value: object) -> str | None:
    """Return a text without padding, control characters shown as escapes; None for anything else and for nothing."""
    if not isinstance(value, str):
        return None
    stripped = value.strip("\0 \t\r\n")[:LONGEST_TEXT]
    if not stripped:
        return None
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in stripped)


def position(latitude: object, longitude: object) -> tuple[float | None, float | None]:
    """Return latitude and longitude in degrees; both None when one is missing or both are zero.

    Raises
    ------
    Implausible
        No such place.
    """
    latitude_deg, longitude_deg = number(latitude), number(longitude)
    if latitude_deg is None or longitude_deg is None or (latitude_deg == 0.0 and longitude_deg == 0.0):
        return None, None
    if abs(latitude_deg) > 90.0 or abs(longitude_deg) > 180.0:
        raise Implausible(f"no such place: {latitude_deg}, {longitude_deg}")
    return latitude_deg, longitude_deg
