"""The serial modules of a node: their links, and what they have said so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from firmware_bridge.contacts import Contact
from firmware_bridge.link import SerialLink
from firmware_bridge.link_settings import LinkState
from node.config_tables import SerialSettings

WORKING = (LinkState.READING, LinkState.CLOSED)


@dataclass(frozen=True, slots=True)
class ModuleStatus:
    """A module at one moment."""

    name: str
    state: str
    working: bool
    """False while the port is away, silent or gives garbage."""
    contacts: int
    frames_bad: int
    reopenings: int
    last_error: str | None


class ModuleRunner:
    """One serial module: its link, which has a thread of its own and never gives up.

    Its contacts are counted and shown in health; they do not take part in tracks yet.

    Parameters
    ----------
    settings
        Of the configuration.
    """

    def __init__(self, settings: SerialSettings) -> None:
        self.name = settings.name
        self._link = SerialLink(settings.name, settings.module.make(), settings.link, settings.device.port, _count_only)

    def start(self) -> None:
        """Open the port as soon as it is there."""
        self._link.start()

    def stop(self) -> bool:
        """Close the port; whether its thread ended in time."""
        return self._link.stop()

    @property
    def status(self) -> ModuleStatus:
        """How it is."""
        counters = self._link.counters
        return ModuleStatus(
            self.name,
            counters.state.value,
            counters.state in WORKING,
            counters.module.contacts,
            counters.module.crc_errors + counters.module.malformed + counters.module.oversize,
            max(0, counters.opens - 1),
            counters.fault,
        )


def _count_only(_contacts: Sequence[Contact]) -> None:
    """The module counts what it gives; nothing takes part in tracks yet."""
