"""What a configuration may say once only."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from node.config_faults import FaultList
from node.config_lines import KeyPath


def check_unique(root: Mapping[str, object], faults: FaultList, lists: Iterable[str]) -> None:
    """Note names and devices that are used twice: names tell sensors apart, and a device has one reader.

    Parameters
    ----------
    root
        The whole file.
    faults
        Where faults go.
    lists
        Tables that may come several times.
    """
    seen: dict[tuple[str, str], KeyPath] = {}

    def once(what: str, value: object, path: KeyPath, text: str) -> None:
        first = seen.setdefault((what, repr(value)), path)
        if first != path:
            faults.add(path, f"{text}, as in line {faults.line(first)}")

    for list_name in lists:
        tables = root.get(list_name, [])
        for place, table in enumerate(tables if isinstance(tables, list) else []):
            if not isinstance(table, dict):
                continue
            path = (list_name, place)
            if isinstance(table.get("name"), str):
                once("name", table["name"], (*path, "name"), f'"{table["name"]}" is taken; give every sensor its own')
            kind = table.get("type")
            if kind == "rtl-sdr" and "serial" in table:
                text = f'"{table["serial"]}" is already in use; rtl_eeprom -s gives a dongle another'
                once("serial", table["serial"], (*path, "serial"), text)
            elif kind == "rtl-sdr":
                text = "takes the first dongle; tell two apart by serial (see rtl_eeprom)"
                once("serial", None, path, text)
            elif kind == "rtl-tcp":
                address = (table.get("host"), table.get("port", 1234))
                once("address", address, (*path, "host"), f"{address[0]}:{address[1]} serves one reader only; taken")
            port = table.get("port")
            if list_name == "serial" and isinstance(port, str) and not port.startswith("sim:"):
                device = os.path.realpath(port) if port.startswith("/") else port  # one port has several names
                once("port", device, (*path, "port"), f'"{port}" is already in use')
