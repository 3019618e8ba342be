"""The lists in ``docs/``, written from the records they list: ``make docs``."""

from __future__ import annotations

from pathlib import Path

from dsp.protocols import PROTOCOLS
from dsp.protocols.record import Band, ContinuousTiming, HopTiming, Mode, RfProtocol, Timing
from firmware_bridge.devices import DEVICES
from node.cli import COMMANDS
from node.tracking.labels import UNKNOWN_HOPPER

HEAD = "<!-- Written by `make docs` from the records; change those. -->\n"
FOLDER = Path(__file__).parent.parent / "docs"


def labels_page() -> str:
    """Every label with its family, bands, modes and caveat, and where its figures are from."""
    lines = [
        HEAD,
        "# Labels",
        "",
        "`classification.label` of a message is one of these. A drone track never rests on one burst: it needs the "
        "duty, the grid and the timing of its protocol over several.",
        "",
        "| label | family | what | bands | modes |",
        "|---|---|---|---|---|",
    ]
    for protocol in PROTOCOLS:
        bands = ", ".join(dict.fromkeys(_band(band) for band in protocol.bands))
        modes = ", ".join(f"`{mode.name}`" for mode in protocol.modes)
        lines.append(f"| `{protocol.label}` | {protocol.family} | {protocol.summary} | {bands} | {modes} |")
    lines.append(
        f"| `{UNKNOWN_HOPPER}` | unknown | hops like a control link, matches no record | any | |\n"
        "| `unknown` | unknown | like nothing that is known | any | |"
    )
    lines += ["", "## Caveats and sources", ""]
    for protocol in PROTOCOLS:
        lines += _about(protocol)
    return "\n".join(lines).rstrip() + "\n"


def _about(protocol: RfProtocol) -> list[str]:
    lines = [f"### {protocol.label}", ""]
    if protocol.caveat:
        lines += [protocol.caveat[0].upper() + protocol.caveat[1:].rstrip(".") + ".", ""]
    if protocol.rests_on_simulation:
        lines += ["Tested on simulated signals only so far.", ""]
    timed = [mode for mode in protocol.modes if isinstance(mode.timing, HopTiming)]
    if timed:
        lines += ["| mode | timing |", "|---|---|", *(f"| `{mode.name}` | {_timing(mode)} |" for mode in timed), ""]
    return [*lines, "Sources: " + "; ".join(protocol.sources), ""]


def _band(band: Band) -> str:
    return f"{band.low_hz / 1e6:g}-{band.high_hz / 1e6:g} MHz"


def _timing(mode: Mode) -> str:
    timing: Timing = mode.timing
    if isinstance(timing, HopTiming):
        return (
            f"a packet of {timing.airtime_s * 1e3:.2f} ms every {timing.interval_s * 1e3:g} ms, "
            f"a new channel every {timing.packets_per_hop}"
        )
    return "always on air" if isinstance(timing, ContinuousTiming) else "now and then"


def modules_page() -> str:
    """Every serial module the node can read."""
    lines = [
        HEAD,
        "# Serial modules",
        "",
        "`type` of a `[[serial]]` in the configuration.",
        "",
        "| type | what |",
        "|---|---|",
        *(f"| `{device.name}` | {device.title} |" for device in DEVICES),
    ]
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """Every command."""
    lines = [
        HEAD,
        "# Commands",
        "",
        "Each has `--help`. Exit codes: 0 done, 1 the work failed (a line says what), 2 bad arguments or "
        "configuration.",
        "",
        "| command | does |",
        "|---|---|",
        *(f"| `skypicket {command.name}` | {command.summary} |" for command in COMMANDS),
    ]
    return "\n".join(lines) + "\n"


PAGES = {"labels.md": labels_page, "modules.md": modules_page, "commands.md": commands_page}
"""Every page by its file name."""


def main() -> None:
    """Write all pages."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
