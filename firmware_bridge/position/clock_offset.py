"""How far the node's clock is from GNSS time, from pairs of both."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass

EARLIEST_NS = 1_767_225_600_000_000_000
"""2026-01-01T00:00:00Z: no node ran this program before."""
LATEST_NS = EARLIEST_NS + 1024 * 7 * 86_400_000_000_000
"""One GPS week rollover (1024 weeks, IS-GPS-200 20.3.3.3.1.1) later. A receiver whose firmware does not know of a
rollover is wrong by exactly so much and is before the earliest date."""
PAIRS = 32
"""Pairs looked at: half a minute at one a second."""
SERIAL_DELAY_S = 0.25
"""Typical time from the moment a position holds to its arrival: receivers compute for 0.1 s and send 500 bytes, which
takes 0.5 s at 9600 baud."""
SERIAL_ERROR_S = 0.15


def plausible(time_ns: int) -> bool:
    """Whether a receiver's date can be true."""
    return EARLIEST_NS <= time_ns < LATEST_NS


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """How far the node's clock is ahead of GNSS time.

    Parameters
    ----------
    offset_s
        Positive: the node's clock is ahead.
    error_s
        One standard deviation.
    by_pulse
        Whether measured by the receiver's pulse per second and not by when its sentences arrive.
    """

    offset_s: float
    error_s: float
    by_pulse: bool


class OffsetEstimate:
    """Median of the last offsets; its error is their spread and what is not known of the delay."""

    def __init__(self) -> None:
        self._offsets: deque[float] = deque(maxlen=PAIRS)
        self._by_pulse = False

    def clear(self) -> None:
        """Forget all pairs."""
        self._offsets.clear()
        self._by_pulse = False

    def take(self, offset_s: float, *, by_pulse: bool) -> None:
        """Take one offset; offsets by sentences are left out once there is a pulse.

        A step of the clock by more than the spread of the last offsets starts anew, so that the estimate follows it at
        once.
        """
        if self._by_pulse and not by_pulse:
            return
        if by_pulse and not self._by_pulse:
            self.clear()
            self._by_pulse = True
        if self._offsets and abs(offset_s - statistics.median(self._offsets)) > 5.0:
            self._offsets.clear()
        self._offsets.append(offset_s)

    @property
    def value(self) -> ClockOffset | None:
        """The estimate, None before the first pair."""
        if not self._offsets:
            return None
        middle = statistics.median(self._offsets)
        spread = 1.4826 * statistics.median(abs(offset - middle) for offset in self._offsets)
        if self._by_pulse:
            return ClockOffset(middle, max(spread, 1e-6), by_pulse=True)
        return ClockOffset(middle - SERIAL_DELAY_S, max(spread, SERIAL_ERROR_S), by_pulse=False)
