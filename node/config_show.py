"""The effective configuration, as a TOML text that loads to the same."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

from node.config_faults import MASK, is_secret
from node.config_registry import OPTIONAL, TABLES
from node.config_tables import SerialSettings

if TYPE_CHECKING:
    from node.config import NodeConfig

HIDDEN = {"pipeline": {"detector"}, "fusion": {"mounts"}}
"""Fields that have tables of their own."""
ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def show_config(config: NodeConfig) -> str:
    """Every table and key with the value in use; ``# key is not set`` for what has none, ``********`` for secrets."""
    parts: list[str] = [f"# effective configuration of {config.source}"]
    for name in TABLES:
        value = config.pipeline.detector if name == "detector" else getattr(config, name)
        if value is None:
            assert name in OPTIONAL
            parts.append(f"# [{name}] is not set")
            continue
        skip = HIDDEN.get(name, set())
        parts.append("\n".join(_table(name, f"[{name}]", value, skip)))
        if name == "node":
            parts += ["\n".join(_table("radio", "[[radio]]", radio)) for radio in config.radios]
            parts += ["\n".join(_serial(one)) for one in config.serials]
    return "\n\n".join(parts) + "\n"


def _table(name: str, header: str, value: object, skip: set[str] | None = None) -> Iterator[str]:
    yield header
    nested: list[tuple[str, object]] = []
    assert is_dataclass(value)
    for one in fields(value):
        inner = getattr(value, one.name)
        if one.name in (skip or ()):
            continue
        if is_dataclass(inner):
            nested.append((one.name, inner))
        else:
            yield _line(one.name, inner)
    for key, inner in nested:
        yield ""
        yield from _table(f"{name}.{key}", f"[{name}.{key}]", inner)


def _serial(settings: SerialSettings) -> Iterator[str]:
    yield "[[serial]]"
    yield _line("type", settings.type)
    nested: list[tuple[str, object]] = []
    for part in (settings.link, settings.module):
        assert is_dataclass(part)
        for one in fields(part):
            inner = getattr(part, one.name)
            if is_dataclass(inner):
                nested.append((one.name, inner))
            else:
                yield _line(one.name, inner)
    for key, inner in [*nested, *([("mount", settings.mount)] if settings.mount is not None else [])]:
        yield ""
        yield from _table(f"serial.{key}", f"[serial.{key}]", inner, {"device"} if key == "mount" else None)


def _line(key: str, value: object) -> str:
    if value is None:
        return f"# {key} is not set"
    return f"{key} = {_value(MASK if is_secret(key) else value)}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else {math.inf: "inf", -math.inf: "-inf"}.get(value, "nan")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple | list | frozenset | set):
        items = sorted(value) if isinstance(value, frozenset | set) else value
        return f"[{', '.join(_value(item) for item in items)}]"
    return f'"{"".join(_character(c) for c in str(value))}"'


def _character(one: str) -> str:
    if one in ESCAPES:
        return ESCAPES[one]
    return one if one.isprintable() or ord(one) > 0x9F else f"\\u{ord(one):04x}"
