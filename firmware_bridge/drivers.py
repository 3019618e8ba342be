"""What drivers share: those of modules with frames behind a magic word, and those of modules that write lines."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace

from firmware_bridge.contacts import Contact
from firmware_bridge.framing import LineFramer, MagicFramer
from firmware_bridge.module import ModuleCounters


class FramedDriver(ABC):
    """Reads frames that begin with a magic word; a driver says what a frame is and adds contacts to ``_contacts``.

    Parameters
    ----------
    magic, magic_length, longest, measure
        See ``MagicFramer``.
    """

    def __init__(
        self, magic: re.Pattern[bytes], magic_length: int, longest: int, measure: Callable[[bytearray, int], int]
    ) -> None:
        self._counters = ModuleCounters()
        self._framer = MagicFramer(magic, magic_length, longest, measure, self._accept, self._counters)
        self._contacts: list[Contact] = []
        self._time_ns = 0

    def greeting(self) -> bytes:
        """Forget half a frame; nothing is sent."""
        self._framer.reset()
        return b""

    def feed(self, data: bytes, time_ns: int) -> list[Contact]:
        """Read bytes as they came from the port."""
        self._time_ns = time_ns
        self._framer.feed(data)
        return self._take()

    def requests(self, time_ns: int) -> bytes:  # noqa: ARG002 - the contract's signature
        """Nothing: such a module talks by itself."""
        return b""

    def finish(self, time_ns: int) -> list[Contact]:
        """Read what is left at the end of the stream."""
        self._time_ns = time_ns
        self._framer.finish()
        return self._take()

    @property
    def counters(self) -> ModuleCounters:
        """A snapshot of what was read."""
        return replace(self._counters)

    def _take(self) -> list[Contact]:
        contacts, self._contacts = self._contacts, []
        self._counters.contacts += len(contacts)
        return contacts

    @abstractmethod
    def _accept(self, frame: bytes) -> int:
        """Read a frame; give how many of its bytes were used, 0 to refuse it."""


class LineDriver(ABC):
    """Reads lines; a driver says what a line is, and counts its contacts.

    Parameters
    ----------
    longest
        Bytes of the longest line.
    """

    def __init__(self, longest: int) -> None:
        self._counters = ModuleCounters()
        self._lines = LineFramer(longest, self._counters)

    def greeting(self) -> bytes:
        """Forget half a line; nothing is sent."""
        self._lines.reset()
        return b""

    def feed(self, data: bytes, time_ns: int) -> list[Contact]:
        """Read bytes as they came from the port."""
        contacts: list[Contact] = []
        for line in self._lines.feed(data):
            contacts += self._read(line, time_ns)
        return contacts

    def requests(self, time_ns: int) -> bytes:  # noqa: ARG002 - the contract's signature
        """Nothing: such a module talks by itself."""
        return b""

    def finish(self, time_ns: int) -> list[Contact]:
        """Read a last line without its end."""
        line = self._lines.finish()
        return self._read(line, time_ns) if line else []

    @property
    def counters(self) -> ModuleCounters:
        """A snapshot of what was read."""
        return replace(self._counters)

    @abstractmethod
    def _read(self, line: bytes, time_ns: int) -> list[Contact]:
        """Read a line; give its contacts."""
