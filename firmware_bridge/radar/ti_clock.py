"""The cycle counter in the packets of TI mmWave demos against the host's clock.

32 bits of a counter that runs with the processor that builds the packet: the main core at 200 MHz in the out-of-box
demos of SDK 3.6, the signal processor at 600 MHz in others [1]. Which one is measured. The header has no checksum, so a
step of the counter that the host's clock contradicts is damage until it repeats.

[1] Recordings of an IWR6843: SDK 3.6 at 30 and 10 frames a second, 6.67 and 20.0 million cycles apart; automated doors
    (SDK 3.3) at 30, 20.0 million; vital signs of an IWR1642 (SDK 2.0) at 20, 30.0 million.
"""

from __future__ import annotations

from dsp.units import NS_PER_S, to_ns
from firmware_bridge.clock import DeviceClock

RATES_HZ = (200e6, 600e6)
COUNTER = 1 << 32
MEASURE_NS = to_ns(2.0)
"""Arrivals jitter by 16 ms or so: below 1 % of this."""
WITHIN = 0.03
LONGEST_STEP_NS = to_ns(3.0)
"""Between two packets while the rate is measured: half a turn of the faster counter."""
EARLY_NS = to_ns(0.05)
"""A packet cannot arrive before it was built; the clocks drift apart by far less between two."""
LATE_NS = to_ns(1.5)
"""A node that was busy reads packets so late at most; beyond, the counter or its value is another."""
ODD_IN_A_ROW = 16
"""Packets that contradict the clock, after which it is measured anew."""


class CycleClock:
    """Maps the cycle counter of packets to Unix time; gives the arrival until it knows better."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Know nothing: the radar may be another."""
        self._clock: DeviceClock | None = None
        self._tick_ns = 0.0
        self._last: tuple[int, int] | None = None
        self._cycles = 0
        self._since_ns = 0
        self._odd = 0

    @property
    def rate_hz(self) -> float | None:
        """Of the counter; None while it is not known."""
        return None if self._clock is None else NS_PER_S / self._tick_ns

    def observe(self, cycles: int, time_ns: int) -> int:
        """Take the stamp of a packet that arrived at ``time_ns``; give the Unix time it was built at."""
        if self._clock is None:
            self._measure(cycles, time_ns)
            return time_ns
        if self._contradicts(cycles, time_ns):
            self._odd += 1
            if self._odd >= ODD_IN_A_ROW:
                self.reset()
            return time_ns
        self._odd = 0
        stamp_ns = self._clock.observe(cycles, time_ns)
        self._last = cycles, stamp_ns
        return stamp_ns

    def _measure(self, cycles: int, time_ns: int) -> None:
        last, self._last = self._last, (cycles, time_ns)
        if last is None or not 0 <= time_ns - last[1] <= LONGEST_STEP_NS:
            self._cycles, self._since_ns = 0, time_ns
            return
        self._cycles += (cycles - last[0]) % COUNTER
        elapsed_ns = time_ns - self._since_ns
        if elapsed_ns < MEASURE_NS:
            return
        rate_hz = self._cycles * NS_PER_S / elapsed_ns
        for known_hz in RATES_HZ:
            if abs(rate_hz / known_hz - 1) <= WITHIN:
                self._tick_ns = NS_PER_S / known_hz
                self._clock = DeviceClock(self._tick_ns, 32)
                self._clock.observe(cycles, time_ns)
        self._cycles, self._since_ns = 0, time_ns

    def _contradicts(self, cycles: int, time_ns: int) -> bool:
        """Whether the packet would have come before it was built, or unbelievably late, by the last one's stamp."""
        if self._last is None:
            return False
        elapsed_ns = time_ns - self._last[1]
        turn_ns = COUNTER * self._tick_ns
        step_ns = (cycles - self._last[0]) % COUNTER * self._tick_ns
        # The whole turns that fit best, a late arrival being likelier than an early one.
        turns = round((elapsed_ns - step_ns - (LATE_NS - EARLY_NS) / 2) / turn_ns)
        return not -EARLY_NS <= elapsed_ns - step_ns - max(0, turns) * turn_ns <= LATE_NS
