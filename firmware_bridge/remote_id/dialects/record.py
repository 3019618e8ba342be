"""What a dialect of JSON lines is: how to know its documents and how to read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware_bridge.remote_id.observation import Observation


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of receiver that writes JSON lines.

    Parameters
    ----------
    name
        As in the configuration (``dialect = "mesh-mapper"``).
    title
        Maker and model, for people.
    recognise
        Whether a document is one of this dialect's, state reports included.
    read
        The observations in such a document, none for a state report. Raises ``Implausible`` for values that cannot be
        and ``MalformedMessage`` for a broken message within.
    salvage
        Reads a line that should be JSON and is not, or gives None.
    """

    name: str
    title: str
    recognise: Callable[[object], bool]
    read: Callable[[object], list[Observation]]
    salvage: Callable[[bytes], list[Observation] | None] | None = None
