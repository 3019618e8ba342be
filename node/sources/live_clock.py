"""Time of the samples of a live radio: where the host's clock enters.

A block's time follows the count of samples, because blocks arrive unevenly. The count is tied to the host's clock once,
at the first block (the block had just ended when it arrived), and watched from then on: once in ``WINDOW_S`` of
samples the least lag of an arrival behind the count is taken, since haste is impossible and delay is not.

- Least lag of more than ``GAP_NS``: samples were lost before they came here, without notice (in the dongle, by a
  server that drops or a network that is too slow). They are counted as lost, so time is right again.
- Less: the sample clock is a little off. Time is slewed after it by at most ``SLEW_PPM``, never stepped.
- The host's clock was set (its distance from the clock that does not jump changed by more than ``GAP_NS``): the times
  of the blocks follow at the end of the window, forwards or back; sample numbers do not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from dsp.units import NS_PER_S

WINDOW_S = 5.0
"""Signal between two looks at the lag: longer than the queues of a network that stumbles."""
GAP_NS = 50_000_000
"""Lag that means loss: a crystal 500 ppm off, worse than any dongle's, makes 2.5 ms of lag in a window."""
SLEW_PPM = 500
"""Fastest correction, as with adjtime(3): 1.8 s an hour."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment on both clocks of the host."""

    unix_ns: int
    """May be set, by a person or over the network."""
    steady_ns: int
    """Never jumps; starts anywhere."""


@dataclass(frozen=True, slots=True)
class HostClock:
    """The clocks of this machine; tests bring their own."""

    unix_ns: Callable[[], int] = time.time_ns
    steady_ns: Callable[[], int] = time.monotonic_ns

    def now(self) -> Moment:
        """Read both clocks."""
        return Moment(self.unix_ns(), self.steady_ns())


class SampleTime:
    """Unix time of samples by their number.

    Parameters
    ----------
    sample_rate_hz
        Samples a second.
    start_ns
        Unix time of sample 0, from there on by the count alone; None ties the count to the host's clock.
    """

    def __init__(self, sample_rate_hz: float, start_ns: int | None = None) -> None:
        self._rate_hz = sample_rate_hz
        self._fixed = start_ns is not None
        self._origin_ns = start_ns or 0
        self._steady_origin_ns: int | None = None
        self._distance_ns = 0
        self._window_end = 0.0
        self._least_lag_ns: int | None = None
        self.clock_steps = 0
        """How often the host's clock was set."""

    def unix_ns(self, sample: int) -> int:
        """Unix time of a sample; before the first arrival only a fixed start is known."""
        return self._origin_ns + round(sample * NS_PER_S / self._rate_hz)

    def arrived(self, end_sample: int, moment: Moment) -> int:
        """Take note that everything before ``end_sample`` has arrived; give the samples that must have been lost."""
        if self._fixed:
            return 0
        span_ns = round(end_sample * NS_PER_S / self._rate_hz)
        if self._steady_origin_ns is None:
            self._steady_origin_ns = moment.steady_ns - span_ns
            self._origin_ns = moment.unix_ns - span_ns
            self._distance_ns = moment.unix_ns - moment.steady_ns
            self._window_end = end_sample + WINDOW_S * self._rate_hz
            return 0
        lag_ns = moment.steady_ns - self._steady_origin_ns - span_ns
        if self._least_lag_ns is None or lag_ns < self._least_lag_ns:
            self._least_lag_ns = lag_ns
        if end_sample < self._window_end:
            return 0
        self._window_end = end_sample + WINDOW_S * self._rate_hz
        least_ns, self._least_lag_ns = self._least_lag_ns, None
        self._follow_setting(moment)
        if least_ns > GAP_NS:
            return round(least_ns * self._rate_hz / NS_PER_S)
        most_ns = round(SLEW_PPM * 1e-6 * WINDOW_S * NS_PER_S)
        slew_ns = max(-most_ns, min(most_ns, least_ns))
        self._steady_origin_ns += slew_ns
        self._origin_ns += slew_ns
        return 0

    def _follow_setting(self, moment: Moment) -> None:
        """Follow the host's clock where it was set, or where it is drawn along by the network's time."""
        distance_ns = moment.unix_ns - moment.steady_ns
        change_ns = distance_ns - self._distance_ns
        self._distance_ns = distance_ns
        self._origin_ns += change_ns
        self.clock_steps += abs(change_ns) > GAP_NS
