"""Files that a configuration names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from node.config_faults import FaultList

PATHS: tuple[tuple[str, ...], ...] = (
    ("mqtt", "password_file"),
    ("mqtt", "spool"),
    ("mqtt", "tls", "ca"),
    ("mqtt", "tls", "cert"),
    ("mqtt", "tls", "key"),
    ("jsonl", "path"),
    ("model", "path"),
    ("friends", "list"),
    ("friends", "signature"),
    ("friends", "public_key"),
)
"""Keys whose values are paths; those of radios and serial modules apart."""
OF_LISTS = (
    ("radio", "recording", "path"),
    ("radio", "simulator", "scene"),
    ("serial", None, "file"),
    ("serial", None, "password_file"),
)
"""List, type and key of those of radios and serial modules."""
WRITTEN = {("mqtt", "spool"), ("jsonl", "path")}
"""Paths that need not exist yet."""


def resolve_paths(root: Mapping[str, object], folder: Path) -> None:
    """Let relative paths begin at a folder, and ``~`` at the user's home; ``-`` stays what it is."""
    for keys in PATHS:
        holder = _holder(root, keys)
        if holder is not None:
            _resolve(holder, keys[-1], folder)
    for name, kind, key in OF_LISTS:
        tables = root.get(name)
        for table in tables if isinstance(tables, list) else []:
            if not isinstance(table, dict) or kind not in {None, table.get("type")}:
                continue
            if name == "serial":
                _resolve_scene(table, folder)
            value = table.get(key)
            if key != "scene" or (isinstance(value, str) and (value.endswith(".toml") or "/" in value)):
                _resolve(table, key, folder)


def _resolve_scene(table: dict[str, object], folder: Path) -> None:
    """The scene file of a simulated port."""
    port = table.get("port")
    if isinstance(port, str) and port.startswith("sim:") and (port.endswith(".toml") or "/" in port):
        table["port"] = "sim:" + str(folder / Path(port.removeprefix("sim:")).expanduser())


def check_files(root: Mapping[str, object], faults: FaultList) -> None:
    """Note files that are to be read and cannot be."""
    for keys in PATHS:
        holder = _holder(root, keys)
        value = None if holder is None else holder.get(keys[-1])
        if not isinstance(value, str) or keys in WRITTEN:
            continue
        if not Path(value).exists():
            faults.add(keys, f'no such file: "{value}"')
        elif not os.access(value, os.R_OK) or Path(value).is_dir():
            faults.add(keys, f'cannot be read: "{value}"; check its owner and permissions')


def _holder(root: Mapping[str, object], keys: tuple[str, ...]) -> dict[str, object] | None:
    holder: object = root
    for key in keys[:-1]:
        holder = holder.get(key) if isinstance(holder, Mapping) else None
    return holder if isinstance(holder, dict) else None


def _resolve(holder: dict[str, object], key: str, folder: Path) -> None:
    value = holder.get(key)
    if isinstance(value, str) and value not in {"", "-"}:
        holder[key] = str(folder / Path(value).expanduser())
