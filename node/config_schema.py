"""JSON Schema of the configuration, for editors."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from firmware_bridge.devices import DEVICES
from firmware_bridge.link_settings import LinkSettings
from node.checked import table_schema
from node.config_build import describe
from node.config_registry import RADIOS, TABLES
from node.fusion.settings import SensorMount

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def config_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of ``node.toml``: every table, every key, with types, usual values and descriptions."""
    shared: dict[str, Any] = {}
    properties = {name: _table(kind, shared) for name, kind in TABLES.items()}
    del properties["pipeline"]["properties"]["detector"]
    del properties["fusion"]["properties"]["mounts"]
    mount = _table(SensorMount, shared)
    del mount["properties"]["device"]
    mount["required"] = [key for key in mount.get("required", []) if key != "device"]
    shared = {name: schema for name, schema in shared.items() if name != "SensorMount"}
    radios = [_with_type(_table(kind, shared), name) for name, kind in RADIOS.items()]
    serials = [_module(_table(LinkSettings, shared), _table(one.settings, shared), one.name) for one in DEVICES]
    properties["radio"] = {"type": "array", "items": {"oneOf": radios}}
    for schema in serials:
        schema["properties"]["mount"] = mount
    properties["serial"] = {"type": "array", "items": {"oneOf": serials}}
    return {
        "$schema": DIALECT,
        "$id": "urn:skypicket:config",
        "title": "Configuration of a skypicket node",
        "type": "object",
        "properties": properties,
        "required": ["node"],
        "additionalProperties": False,
        "$defs": shared,
    }


def _table(kind: type[Any], shared: dict[str, Any]) -> dict[str, Any]:
    """Schema of one settings class; what it refers to goes into ``shared``."""
    own, definitions = table_schema(kind)
    classes = _classes(kind)
    for name, schema in {kind.__name__: own, **definitions}.items():
        _describe(schema, classes.get(name))
    shared.update(definitions)
    return own


def _classes(kind: type[Any]) -> Mapping[str, type[Any]]:
    """The settings class and those of its fields' defaults and types, by name."""
    found: dict[str, type[Any]] = {kind.__name__: kind}
    for hint in typing.get_type_hints(kind).values():
        for option in (hint, *typing.get_args(hint)):
            if is_dataclass(option) and isinstance(option, type):
                found.update(_classes(option))
    return found


def _describe(schema: dict[str, Any], kind: type[Any] | None) -> None:
    schema["description"] = (kind.__doc__ or "").split("\n", maxsplit=1)[0] if kind is not None else ""
    for one in fields(kind) if kind is not None else ():
        entry = schema.get("properties", {}).get(one.name)
        text = describe(kind, one.name) if kind is not None else ""
        if isinstance(entry, dict) and text:
            entry["description"] = text


def _with_type(schema: dict[str, Any], name: str) -> dict[str, Any]:
    schema["properties"]["type"] = {"const": name}
    schema["required"] = sorted({"type", *schema.get("required", [])})
    return schema


def _module(link: dict[str, Any], module: dict[str, Any], name: str) -> dict[str, Any]:
    """Port and module are one table."""
    both = {**module, "properties": {**link["properties"], **module["properties"]}}
    both["required"] = sorted({*link.get("required", []), *module.get("required", [])} - {"name"})
    return _with_type(both, name)
