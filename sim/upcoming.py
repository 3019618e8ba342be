"""The packets that one emitter sends next."""

from __future__ import annotations

from collections.abc import Iterator

from sim.schedule import Emission, Schedule

LOOK_AHEAD_S = 2.0
"""A schedule is asked for so much at a time: most questions would find nothing."""


class Upcoming:
    """Goes through the packets of a schedule in order.

    Parameters
    ----------
    schedule
        Of the emitter.
    from_s
        No packet that starts earlier is given.
    low_hz, high_hz
        Channels that matter.
    """

    def __init__(self, schedule: Schedule, from_s: float, low_hz: float, high_hz: float) -> None:
        self._schedule = schedule
        self._asked_s = from_s
        self._limits_hz = low_hz, high_hz
        self._found: Iterator[Emission] = iter(())
        self._next: Emission | None = None

    def until(self, end_s: float) -> Iterator[Emission]:
        """The next packets, as far as they start before ``end_s``."""
        while True:
            emission = self._next or next(self._found, None)
            self._next = None
            if emission is None:
                if self._asked_s >= end_s:
                    return
                from_s, self._asked_s = self._asked_s, self._asked_s + LOOK_AHEAD_S
                self._found = self._schedule.emissions(from_s, self._asked_s, *self._limits_hz)
            elif emission.start_s < end_s:
                yield emission
            else:
                self._next = emission
                return
