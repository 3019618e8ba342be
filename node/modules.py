"""The serial modules of a node: their links, what they have said so far, and the contacts that wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from firmware_bridge.contacts import Contact
from firmware_bridge.link import SerialLink
from firmware_bridge.link_settings import LinkCounters, LinkState
from node.config_tables import SerialSettings
from node.serial_inbox import ContactCounters, ContactInbox
from node.serial_ports import is_simulated, open_simulated

WORKING = (LinkState.READING, LinkState.CLOSED)
OPEN = (LinkState.READING, LinkState.SILENT, LinkState.GARBLED)


@dataclass(frozen=True, slots=True)
class ModuleStatus:
    """A module at one moment."""

    name: str
    link: LinkCounters
    inbox: ContactCounters = field(default_factory=ContactCounters)
    may_be_silent: bool = False
    """Whether it may rightly say nothing: a Remote ID receiver with nobody to hear."""

    @property
    def state(self) -> str:
        """What its port is doing."""
        return self.link.state.value

    @property
    def connected(self) -> bool:
        """Whether its port is open."""
        return self.link.state in OPEN

    @property
    def working(self) -> bool:
        """False while the port is away, gives garbage, or is silent when it should not be."""
        return self.link.state in WORKING or (self.may_be_silent and self.link.state is LinkState.SILENT)

    @property
    def healthy(self) -> bool:
        """Whether what it does not report is not there."""
        return self.connected and self.working and self.fault is None

    @property
    def starting(self) -> bool:
        """Whether its port has only just been opened, or not yet."""
        if self.link.losses or self.link.stalls or self.link.failures:
            return False
        return self.link.state is LinkState.CLOSED or (self.link.state is LinkState.SILENT and not self.may_be_silent)

    @property
    def fault(self) -> str | None:
        """What is wrong, with the cure."""
        return self.link.fault


class ModuleRunner:
    """One serial module: its link, which has a thread of its own and never gives up, and its inbox.

    Parameters
    ----------
    settings
        Of the configuration.
    wake
        Called, in the link's thread, when contacts have come.
    """

    def __init__(self, settings: SerialSettings, wake: Callable[[], None] = lambda: None) -> None:
        self.name = settings.name
        self._inbox = ContactInbox(wake)
        self._may_be_silent = (settings.link.silence_s or settings.device.port.silence_s) is None
        self.reports = settings.reports
        self._twin = open_simulated(settings) if is_simulated(settings.link.port) else None
        link = settings.link if self._twin is None else replace(settings.link, port=self._twin.port.path)
        self._link = SerialLink(settings.name, settings.module.make(), link, settings.device.port, self._inbox.offer)

    def start(self) -> None:
        """Open the port as soon as it is there."""
        if self._twin is not None:
            self._twin.start()
        self._link.start()

    def stop(self) -> bool:
        """Close the port; whether its thread ended in time."""
        ended = self._link.stop()
        if self._twin is not None:
            self._twin.stop()
        return ended

    def take(self) -> list[Contact]:
        """Contacts that have come since the last time, in the order of the stream."""
        return self._inbox.take()

    @property
    def status(self) -> ModuleStatus:
        """How it is."""
        return ModuleStatus(self.name, self._link.counters, self._inbox.counters, self._may_be_silent)
