"""Where messages go. One file per kind of sink, and one line in ``node.sinks.registry``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from node.messages import Message


class SinkError(Exception):
    """A sink cannot be opened or goes on no more; the message says what, and the cure.

    ``SinkError``
      - ``SinkUnavailable``  it cannot be opened: no such folder, wrong certificate file
      - ``SinkClosed``       whoever read it has gone: nothing can be delivered any more
    """


class SinkUnavailable(SinkError):
    """The sink cannot be opened."""


class SinkClosed(SinkError):
    """Whoever read the sink has gone."""


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """How a sink is doing.

    Parameters
    ----------
    name
        Kind of the sink and where it leads.
    connected
        Whether it delivers at the moment.
    queued
        Messages that wait for delivery.
    dropped
        Messages that will never be delivered, since the start.
    last_error
        What went wrong last, with its cure; None when all is well.
    """

    name: str
    connected: bool
    queued: int = 0
    dropped: int = 0
    last_error: str | None = None


class Sink(Protocol):
    """Takes messages.

    The contract, checked by ``tests/contracts/test_sink.py`` for every implementation: messages arrive in the order
    of publishing; ``publish`` never waits for a network and survives what may heal by itself, a full disk or an absent
    broker; what is lost is counted; ``close`` delivers what it can, and may be called twice.
    """

    @property
    def status(self) -> SinkStatus:
        """How it is doing; from any thread."""
        ...

    def publish(self, message: Message) -> None:
        """Take a message; raises nothing but ``SinkClosed``."""
        ...

    def close(self) -> None:
        """Deliver what is left, within a bounded time, and let go."""
        ...
