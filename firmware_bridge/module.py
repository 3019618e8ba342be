"""What every serial module driver is: bytes in, contacts out, no port and no clock inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from firmware_bridge.contacts import Contact


@dataclass(slots=True)
class ModuleCounters:
    """What a module has read since it was made; a snapshot when got from ``SerialModule.counters``.

    Parameters
    ----------
    bytes
        Bytes fed.
    frames
        Intact frames, lines or messages, whatever they held.
    contacts
        Contacts returned.
    crc_errors
        Frames whose checksum was wrong.
    malformed
        Frames that were found but cannot be: wrong length, inconsistent inside, not the syntax.
    oversize
        Frames or lines given up because they exceed the longest possible.
    refused
        Contacts not returned because a value is implausible (the settings' gates).
    resyncs
        Times the beginning of a frame had to be searched: runs of bytes that belong to no frame.
    skipped_bytes
        Bytes that belong to no intact frame.
    gaps
        Frames missing by the module's own numbering.
    reboots
        Times the module's own clock or numbering started anew.
    translated
        Frames that prove the port replaces carriage returns by line feeds: it is not open raw, and any byte may be
        wrong.
    """

    bytes: int = 0
    frames: int = 0
    contacts: int = 0
    crc_errors: int = 0
    malformed: int = 0
    oversize: int = 0
    refused: int = 0
    resyncs: int = 0
    skipped_bytes: int = 0
    gaps: int = 0
    reboots: int = 0
    translated: int = 0


class SerialModule(Protocol):
    """A driver of one serial module. Single-threaded, sans I/O.

    A driver may have two attributes more: ``fault``, what it finds wrong, for health; ``baud``, the rate the port must
    have before the next bytes are sent (None: as it was opened), for modules that change it.

    The contract, checked by ``tests/contracts/test_serial_module.py`` for every registered device: cutting the same
    bytes differently gives the same contacts; no bytes make it raise; its memory is bounded; every byte and frame is
    counted. Contacts of one ``feed`` are in the order of the stream.
    """

    def greeting(self) -> bytes:
        """Bytes to send after each (re)opening; forgets any half frame read before. May be empty."""
        ...

    def feed(self, data: bytes, time_ns: int) -> list[Contact]:
        """Read bytes as they came from the port.

        Parameters
        ----------
        data
            Any number of bytes, cut anywhere.
        time_ns
            Unix time (UTC) in nanoseconds at which the last of these bytes arrived.
        """
        ...

    def requests(self, time_ns: int) -> bytes:
        """Bytes to send now, for modules that must be asked again and again; empty for those that talk by themselves.

        Called after every ``feed`` and at least ten times a second while nothing comes; ``time_ns`` is the time now.
        """
        ...

    def finish(self, time_ns: int) -> list[Contact]:
        """Give the contacts of what can still be decided when the stream has ended (a last line without its end)."""
        ...

    @property
    def counters(self) -> ModuleCounters:
        """A snapshot of what was read."""
        ...


class ModuleSettings(Protocol):
    """Settings of one kind of module: a frozen dataclass with defaults that checks itself (ValueError with the key)."""

    def __init__(self, *, name: str = ...) -> None: ...

    @property
    def name(self) -> str:
        """Name of the module in the configuration: ``Contact.device``."""
        ...

    def make(self) -> SerialModule:
        """Build the driver."""
        ...


@dataclass(frozen=True, slots=True)
class PortDefaults:
    """How the port of a kind of module is opened unless the configuration says otherwise.

    Parameters
    ----------
    baud
        Bits a second.
    parity
        ``N`` none, ``E`` even, ``O`` odd.
    stop_bits
        1 or 2.
    paced
        Whether bytes really travel at ``baud`` (a UART); false for USB that only pretends to have one.
    silence_s
        A module that says nothing for so long has stalled: the port is opened again and greeted anew. None for a
        module that may rightly be silent.
    """

    baud: int
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1
    paced: bool = True
    silence_s: float | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """One kind of serial module: its record in ``firmware_bridge.devices.DEVICES``.

    Parameters
    ----------
    name
        As in the configuration (``type = "ld2450"``) and in ``skypicket decode``.
    title
        Maker and model, for people.
    settings
        The settings class; all its fields have defaults.
    port
        How to open the port.
    """

    name: str
    title: str
    settings: type[ModuleSettings]
    port: PortDefaults
