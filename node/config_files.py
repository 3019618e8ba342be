"""Files that a configuration names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from node.config_faults import FaultList
from node.config_lines import KeyPath

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
    ("serial", None, "tls", "ca"),
    ("serial", None, "tls", "cert"),
    ("serial", None, "tls", "key"),
)
"""List, type and key of those of radios and serial modules."""
WRITTEN: set[KeyPath] = {("mqtt", "spool"), ("jsonl", "path")}
"""Paths that need not exist yet."""


def resolve_paths(root: Mapping[str, object], folder: Path) -> None:
    """Let relative paths begin at a folder, and ``~`` at the user's home; ``-`` stays what it is."""
    for place, holder in _named(root):
        value = holder.get(str(place[-1]))
        if place[-1] != "scene" or _is_path(value):
            _resolve(holder, str(place[-1]), folder)
    serials = root.get("serial")
    for table in serials if isinstance(serials, list) else []:
        if isinstance(table, dict):
            _resolve_scene(table, folder)


def _named(root: Mapping[str, object]) -> Iterator[tuple[KeyPath, dict[str, object]]]:
    """Every key that may name a file, with the table that may have it."""
    for keys in PATHS:
        if (holder := _holder(root, keys)) is not None:
            yield keys, holder
    for name, kind, *keys_in in OF_LISTS:
        tables = root.get(str(name))
        for number, table in enumerate(tables if isinstance(tables, list) else []):
            if not isinstance(table, dict) or kind not in {None, table.get("type")}:
                continue
            keys = tuple(str(key) for key in keys_in)
            if (holder := _holder(table, keys)) is not None:
                yield (str(name), number, *keys), holder


def _is_path(value: object) -> bool:
    """Whether a scene is a file and not the name of a shipped one."""
    return isinstance(value, str) and (value.endswith(".toml") or "/" in value)


def _resolve_scene(table: dict[str, object], folder: Path) -> None:
    """The scene file of a simulated port."""
    port = table.get("port")
    if isinstance(port, str) and port.startswith("sim:") and (port.endswith(".toml") or "/" in port):
        table["port"] = "sim:" + str(folder / Path(port.removeprefix("sim:")).expanduser())


def check_files(root: Mapping[str, object], faults: FaultList) -> None:
    """Note files that are to be read and cannot be; recordings and scenes are looked for when they are opened."""
    for place, holder in _named(root):
        value = holder.get(str(place[-1]))
        if not isinstance(value, str) or place in WRITTEN or place[0] == "radio" or place[-1] == "file":
            continue
        if not Path(value).exists():
            faults.add(place, f'no such file: "{value}"')
        elif not os.access(value, os.R_OK) or Path(value).is_dir():
            faults.add(place, f'cannot be read: "{value}"; check its owner and permissions')


def _holder(root: Mapping[str, object], keys: Sequence[str]) -> dict[str, object] | None:
    holder: object = root
    for key in keys[:-1]:
        holder = holder.get(key) if isinstance(holder, Mapping) else None
    return holder if isinstance(holder, dict) else None


def _resolve(holder: dict[str, object], key: str, folder: Path) -> None:
    value = holder.get(key)
    if isinstance(value, str) and value not in {"", "-"}:
        holder[key] = str(folder / Path(value).expanduser())
