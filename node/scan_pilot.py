"""The pilot of a scanning radio: goes from stop to stop, stays where something is heard, comes back to it soon."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from dsp.bursts import Burst, ChirpFinding, KeyingFinding, LineCombFinding
from dsp.protocols import PROTOCOLS
from dsp.protocols.match import in_band, permits
from dsp.protocols.record import FskPhy, HopTiming, TdmTiming
from dsp.units import to_ns
from node.pipeline import BlockResult
from node.scan import SETTLE_S, ScanPlan, Stop

HINTS = 3
"""So many bursts that a drone link might have sent, in one visit, make a stop suspicious; one look with a comb does."""
QUIET_S = 2.0
"""A held stop is left when nothing suspicious has been heard for so long."""
RETURN_AFTER = 2
"""A stop that was suspicious at the last visit comes again after so many others."""
RETURNS = 3
"""How often it does before it takes its turn like the others."""
DEVIATION_RANGE = (0.5, 2.0)


@dataclass(slots=True)
class _Memory:
    """What is known of a stop."""

    returns_left: int = 0


@dataclass(frozen=True, slots=True)
class ScanStatus:
    """A pilot at one moment."""

    stop: Stop
    held: bool
    """Whether something suspicious keeps it there."""
    stops: tuple[Stop, ...]
    visits: tuple[int, ...]
    """Of each stop so far."""


def suspicious(burst: Burst, *, tuning_known: bool) -> bool:
    """Whether a drone link of the records could have sent a burst: its kind, its place and its modulation agree."""
    if isinstance(burst.finding, LineCombFinding):
        return True
    for protocol in PROTOCOLS:
        if not protocol.family.startswith("drone"):
            continue
        if isinstance(burst.finding, ChirpFinding) and permits(protocol, burst, tuning_known=tuning_known):
            return True
        if isinstance(burst.finding, KeyingFinding) and any(in_band(b, burst.centre_hz) for b in protocol.bands):
            for mode in protocol.modes:
                if not isinstance(mode.phy, FskPhy) or not isinstance(mode.timing, (HopTiming, TdmTiming)):
                    continue
                ratio = burst.finding.deviation_hz / mode.phy.deviation_hz
                if DEVIATION_RANGE[0] < ratio < DEVIATION_RANGE[1]:
                    return True
    return False


class ScanPilot:
    """Says where a radio should be tuned. ``next_centre_hz`` and ``hear`` may be called from two threads.

    Parameters
    ----------
    plan
        The radio's stops.
    hold_s
        How long a suspicious stop is kept at most.
    """

    def __init__(self, plan: ScanPlan, hold_s: float) -> None:
        if not plan.order:
            raise ValueError("the scan plan has no stop: allow more regions or skip less")
        self._plan = plan
        self._hold_ns = to_ns(hold_s)
        self._lock = threading.Lock()
        self._memory = [_Memory() for _ in plan.stops]
        self._turn = 0
        self._stop = plan.order[0]
        self._since_ns: int | None = None
        self._others = 0
        self._hints = 0
        self._hint_ns: int | None = None
        self.visits = [0] * len(plan.stops)
        """Visits of each stop so far."""

    @property
    def stop_name(self) -> str:
        """Where the radio is, for people."""
        return self._plan.stops[self._stop].name

    @property
    def status(self) -> ScanStatus:
        """Where the radio is, and where it has been; from any thread."""
        with self._lock:
            stops = self._plan.stops
            return ScanStatus(stops[self._stop], self._hints >= HINTS, stops, tuple(self.visits))

    def next_centre_hz(self, time_ns: int) -> float:
        """Where to be tuned for the block that begins at a time; the source retunes when it differs."""
        with self._lock:
            if self._since_ns is None:
                self._since_ns = time_ns
                self.visits[self._stop] += 1
            stop = self._plan.stops[self._stop]
            here_ns = time_ns - self._since_ns
            if here_ns >= to_ns(stop.dwell_s + SETTLE_S) and not self._held(time_ns, here_ns):
                self._leave(time_ns)
            return self._plan.stops[self._stop].centre_hz

    def hear(self, result: BlockResult) -> None:
        """Take what the pipeline found."""
        with self._lock:
            centre_hz = self._plan.stops[self._stop].centre_hz
            for sighting in result.sightings:
                here = abs(sighting.slice_centre_hz - centre_hz) < self._plan.width_hz / 2.0
                if here and suspicious(sighting.burst, tuning_known=sighting.tuning_known):
                    comb = isinstance(sighting.burst.finding, LineCombFinding)
                    self._hints += HINTS if comb else 1
                    self._hint_ns = sighting.burst.end_ns

    def _held(self, time_ns: int, here_ns: int) -> bool:
        if self._hints < HINTS or self._hint_ns is None:
            return False
        return here_ns < self._hold_ns and time_ns - self._hint_ns < to_ns(QUIET_S)

    def _leave(self, time_ns: int) -> None:
        memory = self._memory[self._stop]
        if self._hints >= HINTS:
            memory.returns_left = RETURNS
        self._others += 1
        waiting = [i for i, m in enumerate(self._memory) if m.returns_left and i != self._stop]
        if waiting and self._others >= RETURN_AFTER:
            self._stop = waiting[0]
            self._memory[self._stop].returns_left -= 1
            self._others = 0
        else:
            self._turn = (self._turn + 1) % len(self._plan.order)
            self._stop = self._plan.order[self._turn]
        self._since_ns = time_ns
        self._hints, self._hint_ns = 0, None
        self.visits[self._stop] += 1
