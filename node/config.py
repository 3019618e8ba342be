"""The configuration: a TOML file into the settings of every part."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from firmware_bridge.devices import BY_NAME
from firmware_bridge.link_settings import LinkSettings
from firmware_bridge.module import ModuleSettings
from firmware_bridge.position.node_position import GnssSettings
from firmware_bridge.tls import TlsSettings
from node.alerts import AlertSettings
from node.config_build import build
from node.config_example import EXAMPLE
from node.config_faults import ConfigError, Fault, FaultList, suggest
from node.config_files import check_files, resolve_paths
from node.config_lines import KeyPath, key_lines
from node.config_registry import LISTS, OPTIONAL, RADIOS, TABLES
from node.config_schema import config_schema
from node.config_show import show_config
from node.config_tables import FriendsTable, ModelTable, NodeSettings, SerialSettings
from node.config_unique import check_unique
from node.fusion.settings import FusionSettings, SensorMount
from node.live import LiveSettings
from node.messages import NodeIdentity
from node.pipeline import PipelineSettings
from node.scan import ScanSettings
from node.serial_ports import SIMULATED
from node.sinks.console import ConsoleSettings
from node.sinks.jsonl import JsonLinesSettings
from node.sinks.mqtt_settings import MqttSettings
from node.sources.settings import RadioSettings
from node.tracking.tracker import TrackerSettings

__all__ = [
    "ConfigError",
    "Fault",
    "NodeConfig",
    "NodeSettings",
    "SerialSettings",
    "config_schema",
    "default_config_text",
    "load_config",
    "parse_config",
    "show_config",
]


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """A whole configuration.

    Parameters
    ----------
    source
        The file it is from.
    node
        Who the node is.
    radios, serials
        What it listens to.
    mqtt, jsonl, console
        Where messages go; None for nowhere.
    model, pipeline, tracker, scan, fusion, alerts, gnss, live
        How it works; the detector's settings are in ``pipeline``, mountings of modules in ``serials``.
    friends
        Who may fly; None: nobody is known.
    """

    source: Path
    node: NodeSettings
    radios: tuple[RadioSettings, ...] = ()
    serials: tuple[SerialSettings, ...] = ()
    mqtt: MqttSettings | None = None
    jsonl: JsonLinesSettings | None = None
    console: ConsoleSettings | None = None
    model: ModelTable = field(default_factory=ModelTable)
    pipeline: PipelineSettings = field(default_factory=PipelineSettings)
    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    scan: ScanSettings = field(default_factory=ScanSettings)
    fusion: FusionSettings = field(default_factory=FusionSettings)
    friends: FriendsTable | None = None
    alerts: AlertSettings = field(default_factory=AlertSettings)
    gnss: GnssSettings = field(default_factory=GnssSettings)
    live: LiveSettings = field(default_factory=LiveSettings)

    @property
    def identity(self) -> NodeIdentity:
        """Who the node is, as messages have it."""
        return self.node.identity()

    @property
    def model_path(self) -> Path | None:
        """File of the classifier; None for the one that comes with skypicket."""
        return None if self.model.path is None else Path(self.model.path)

    @property
    def serial_ports(self) -> tuple[tuple[str, str], ...]:
        """Name and port of every serial module."""
        return tuple((one.name, one.link.port) for one in self.serials)

    @property
    def data_folders(self) -> tuple[Path, ...]:
        """Folders that are written to; the working folder if there are none."""
        files = [self.mqtt.spool if self.mqtt else None, self.jsonl.path if self.jsonl else None]
        folders = [Path(name).parent for name in files if name not in {None, "-"} and name is not None]
        existing = [next((f for f in (folder, *folder.parents) if f.is_dir()), Path.cwd()) for folder in folders]
        return tuple(dict.fromkeys(existing)) or (Path.cwd(),)


def default_config_text() -> str:
    """A configuration with comments to begin with: ``skypicket config example > node.toml``."""
    return EXAMPLE


def load_config(path: Path) -> NodeConfig:
    """Read a configuration file.

    Relative paths in it begin at its folder.

    Raises
    ------
    ConfigError
        With every fault in it.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise _whole(path, "no such file; begin with: skypicket config example > node.toml") from None
    except IsADirectoryError:
        raise _whole(path, "is a folder; name the file in it") from None
    except OSError as error:
        raise _whole(path, f"cannot be read: {error.strerror}") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError([Fault(str(path), line, "", "is not UTF-8; save the file as UTF-8")]) from None
    return parse_config(text, path)


def _whole(path: Path, text: str) -> ConfigError:
    return ConfigError([Fault(str(path), None, "", text)])


def parse_config(text: str, source: Path = Path("node.toml")) -> NodeConfig:
    """Read the text of a configuration; relative paths in it begin at the folder of ``source``.

    Raises
    ------
    ConfigError
        With every fault in it.
    """
    try:
        root = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_not_toml(str(error), text, str(source))]) from None
    faults = FaultList(str(source), key_lines(text.replace("\r\n", "\n")), _homes())
    resolve_paths(root, source.absolute().parent)
    made = _tables(root, faults)
    radios = _radios(root.get("radio", []), faults)
    serials = _serials(root.get("serial", []), faults)
    check_unique(root, faults, LISTS)
    check_files(root, faults)
    faults.raise_any()
    pipeline = replace(made["pipeline"], detector=made["detector"])
    direct = {one.name: made[one.name] for one in fields(NodeConfig) if one.name in made and one.name != "pipeline"}
    return NodeConfig(source, radios=radios, serials=serials, pipeline=pipeline, **direct)


def _not_toml(said: str, text: str, source: str) -> Fault:
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", said)
    if place is None:
        return Fault(source, None, "", f"is not TOML: {said}")
    what = f"is not TOML: {said[: place.start()]}"
    if place.group(1) is None:
        return Fault(source, text.count("\n") + 1, "", f"{what}: the text ends too soon")
    return Fault(source, int(place.group(1)), "", what, int(place.group(2)))


def _homes() -> dict[str, str]:
    """Keys that only one table has."""
    holders: dict[str, set[str]] = {}
    places = [(f"[{name}]", kind) for name, kind in TABLES.items()]
    places += [("[[radio]]", kind) for kind in RADIOS.values()]
    places += [("[mqtt.tls]", TlsSettings), ("[serial.tls]", TlsSettings)]
    for place, kind in places:
        for one in fields(kind):
            holders.setdefault(one.name, set()).add(place)
    return {key: next(iter(found)) for key, found in holders.items() if len(found) == 1}


def _tables(root: Mapping[str, object], faults: FaultList) -> dict[str, Any]:
    for name in root:
        if name not in TABLES and name not in LISTS:
            home = faults.homes.get(name)
            cure = f"it belongs into {home}" if home else suggest(name, [*TABLES, *LISTS])
            faults.add((name,), f"is not known here; {cure}")
    made: dict[str, Any] = {}
    for name, kind in TABLES.items():
        table = root.get(name, None if name in OPTIONAL else {})
        if table is None:
            made[name] = None
        elif not isinstance(table, Mapping):
            faults.add((name,), f"must be a table; write [{name}]")
        elif name == "pipeline" and "detector" in table:
            faults.add((name, "detector"), "belongs into a table of its own; write [detector]")
        elif name == "fusion" and "mounts" in table:
            faults.add((name, "mounts"), "belong to their modules; write [serial.mount] below each [[serial]]")
        else:
            made[name] = build(kind, table, (name,), faults)
    return made


def _list(name: str, tables: object, faults: FaultList) -> list[tuple[KeyPath, dict[str, object]]]:
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        faults.add((name,), f"may come several times; write [[{name}]] instead of [{name}]")
        return []
    return [((name, place), table) for place, table in enumerate(tables)]


def _kind(table: Mapping[str, object], path: KeyPath, known: Mapping[str, object], faults: FaultList) -> str | None:
    """The ``type`` of a table, if it is one we know."""
    kind = table.get("type")
    if isinstance(kind, str) and kind in known:
        return kind
    if kind is None:
        faults.add((*path, "type"), f"is missing; one of {', '.join(known)}")
    elif isinstance(kind, str):
        faults.add((*path, "type"), f'"{kind}" is not known; {suggest(kind, known)}')
    else:
        faults.add((*path, "type"), f"must be text in quotes: one of {', '.join(known)}")
    return None


def _radios(tables: object, faults: FaultList) -> tuple[RadioSettings, ...]:
    made: list[RadioSettings] = []
    for path, table in _list("radio", tables, faults):
        kind = _kind(table, path, RADIOS, faults)
        radio: RadioSettings | None = build(RADIOS[kind], table, path, faults) if kind else None
        if radio is not None:
            made.append(radio)
    return tuple(made)


def _serials(tables: object, faults: FaultList) -> tuple[SerialSettings, ...]:
    made: list[SerialSettings] = []
    link_keys = [one.name for one in fields(LinkSettings)]
    for path, table in _list("serial", tables, faults):
        kind = _kind(table, path, BY_NAME, faults)
        if kind is None:
            continue
        link = build(LinkSettings, {k: v for k, v in table.items() if k in link_keys}, path, faults)
        _check_simulated(table, (*path, "port"), faults)
        rest = {"name": kind} | {k: v for k, v in table.items() if k not in {"type", "mount", *link_keys}}
        module = build(BY_NAME[kind].settings, rest, path, faults, [*link_keys, "type", "mount"])
        mount = _mount(table, module, (*path, "mount"), faults)
        if link is not None and module is not None:
            made.append(SerialSettings(kind, link, module, mount))
    return tuple(made)


def _check_simulated(table: Mapping[str, object], path: KeyPath, faults: FaultList) -> None:
    """What can be said of a simulated port without its scene."""
    if table.get("port") == SIMULATED:
        faults.add(path, "names no scene; write sim:SCENE, see: skypicket sim scenes")


def _mount(
    table: Mapping[str, object], module: ModuleSettings | None, path: KeyPath, faults: FaultList
) -> SensorMount | None:
    """Where a module stands, if that is said."""
    mount = table.get("mount")
    if mount is None:
        return None
    if not isinstance(mount, Mapping):
        faults.add(path, "must be a table; write [serial.mount]")
        return None
    if "device" in mount:
        faults.add((*path, "device"), "is not needed: the table belongs to the [[serial]] above it")
    return build(SensorMount, {**mount, "device": "module" if module is None else module.name}, path, faults)
