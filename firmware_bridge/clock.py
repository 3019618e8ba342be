"""A module's own clock against the host's."""

from __future__ import annotations

from collections import deque

from dsp.units import NS_PER_S

BUCKET_NS = NS_PER_S
"""The quickest delivery of each second counts: delays of USB and scheduler only ever add (a few to 16 ms)."""
BUCKETS = 120
"""Seconds the line is fitted over: 50 ppm of a crystal are 6 ms in this time, drift by temperature far less."""
JUMP_NS = 2 * NS_PER_S
"""When the clocks drift apart by more, one of them was set or started anew: the line begins again."""
DRIFT = 1e-3
"""Largest error of a device clock's rate; crystals have 1e-4, RC oscillators calibrated at the factory 1e-2 to 1e-3."""


class DeviceClock:
    """Maps the ticks of a module's free-running clock to Unix time.

    A message stamped ``d`` by the device arrives at ``h = a + b d + delay`` with ``delay >= 0``. The smallest
    ``h - d`` of every second is kept and a line is fitted through those of the last two minutes, as Klipper does with
    round trips [1]. The result is never later than the arrival.

    Parameters
    ----------
    tick_ns
        Nanoseconds of one tick.
    bits
        Width of the counter, which wraps; None for one that does not.

    [1] Klipper, ``klippy/clocksync.py``.
    """

    def __init__(self, tick_ns: float, bits: int | None = None) -> None:
        self._tick_ns = tick_ns
        self._period_ns = None if bits is None else round(tick_ns * 2**bits)
        self._last_ticks_ns: int | None = None
        self._device_ns = 0
        self._host_ns = 0
        self._origin_ns = 0
        self._minima: deque[tuple[int, int]] = deque(maxlen=BUCKETS)
        self._bucket = -1
        self._slope = 0.0
        self._level_ns = 0.0
        self.restarts = 0
        """Times the clock went back: the module was started anew."""

    def observe(self, ticks: float, time_ns: int) -> int:
        """Take the stamp of a message that arrived at ``time_ns``; give the Unix time of the stamp in nanoseconds."""
        ticks_ns = round(ticks * self._tick_ns)
        step_ns = self._step(ticks_ns, time_ns)
        if step_ns is None:
            self._device_ns, self._origin_ns, self._bucket = 0, time_ns, -1
            self._minima.clear()
        else:
            self._device_ns += step_ns
        self._last_ticks_ns, self._host_ns = ticks_ns, time_ns
        return self._estimate(time_ns)

    def _step(self, ticks_ns: int, time_ns: int) -> int | None:
        """Device time since the last message; None when the clock jumped or there is no last message."""
        if self._last_ticks_ns is None:
            return None
        elapsed_ns = time_ns - self._host_ns
        step_ns = ticks_ns - self._last_ticks_ns
        if self._period_ns is not None:
            step_ns += round((elapsed_ns - step_ns) / self._period_ns) * self._period_ns
        if step_ns < 0:
            self.restarts += 1
            return None
        if abs(elapsed_ns - step_ns) > JUMP_NS + DRIFT * abs(elapsed_ns):
            return None
        return step_ns

    def _estimate(self, time_ns: int) -> int:
        residual_ns = time_ns - self._origin_ns - self._device_ns
        bucket = self._device_ns // BUCKET_NS
        if bucket != self._bucket:
            self._fit()
            self._bucket = bucket
            self._minima.append((self._device_ns, residual_ns))
        elif residual_ns < self._minima[-1][1]:
            self._minima[-1] = (self._device_ns, residual_ns)
        if len(self._minima) < 4:
            delay_ns = float(min(residual for _, residual in self._minima))
        else:
            delay_ns = self._level_ns + self._slope * self._device_ns
        return min(time_ns, self._origin_ns + self._device_ns + round(delay_ns))

    def _fit(self) -> None:
        """Least squares through the minima of the seconds that are over."""
        count = len(self._minima)
        if count < 3:
            return
        mean_x = sum(x for x, _ in self._minima) / count
        mean_y = sum(y for _, y in self._minima) / count
        spread = sum((x - mean_x) ** 2 for x, _ in self._minima)
        if spread > 0:
            self._slope = sum((x - mean_x) * (y - mean_y) for x, y in self._minima) / spread
        self._level_ns = mean_y - self._slope * mean_x
