"""Time of the samples of a live radio: where the host's clock enters.

A block's time follows the count of samples, because blocks arrive unevenly. The count is tied to the host's clock once,
at the first block (the block had just ended when it arrived), and watched from then on. In every ``LOOK_S`` of samples
the least lag of an arrival behind the count is taken, since haste is impossible and delay is not.

- The lag grew suddenly by more than ``STEP_NS`` and stayed for ``LOOKS`` looks: samples were lost before they came
  here, without notice (in the dongle, by a server that drops). They are counted as lost, so time is right again.
- It grew slowly: the sample clock is a little off. Time is slewed after it by at most ``SLEW_PPM``, never stepped; in
  the first ``LOOKS`` looks by ``START_SLEW_PPM``, because the first block may have been late.
- So slowly that slewing does not suffice, as behind a server that is slower than it says: a loss is counted whenever
  the lag reaches ``FAR_NS``.
- The host's clock was set (its distance from the clock that does not jump changed): the times of the blocks follow at
  the next look, forwards or back; sample numbers do not.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from dsp.units import NS_PER_S

LOOK_S = 0.5
"""Signal between two looks at the lag."""
LOOKS = 10
"""A lag that stays for so many looks stays for good; a network that stumbles has caught up by then."""
STEP_NS = 200_000_000
"""Least loss to be seen: a busy host or server delays a block by less."""
FAR_NS = 2 * NS_PER_S
"""Times are never further off than this."""
SET_NS = 50_000_000
"""A change of the host's clock by more counts as a step."""
SLEW_PPM = 500
"""Fastest correction, as with adjtime(3): more than a crystal is off, 1.8 s an hour."""
START_SLEW_PPM = 10_000
"""Fastest correction at the start: 50 ms in 5 s, each time by less than a block, so that time never runs back."""


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
        self._look_end = 0.0
        self._least_lag_ns: int | None = None
        self._lags_ns: deque[int] = deque(maxlen=LOOKS + 1)
        self._looks = 0
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
            self._look_end = end_sample + LOOK_S * self._rate_hz
            return 0
        lag_ns = moment.steady_ns - self._steady_origin_ns - span_ns
        if self._least_lag_ns is None or lag_ns < self._least_lag_ns:
            self._least_lag_ns = lag_ns
        if end_sample < self._look_end:
            return 0
        self._look_end = end_sample + LOOK_S * self._rate_hz
        self._lags_ns.append(self._least_lag_ns)
        self._least_lag_ns = None
        self._follow_setting(moment)
        lost_ns = self._lost_ns()
        if lost_ns:
            self._lags_ns.clear()
            return round(lost_ns * self._rate_hz / NS_PER_S)
        self._slew()
        return 0

    def _lost_ns(self) -> int:
        """Length of what was lost, by the last looks; 0 for nothing."""
        if len(self._lags_ns) <= LOOKS:
            return 0
        before_ns, *since_ns = self._lags_ns
        step_ns = min(since_ns) - before_ns
        if step_ns > STEP_NS:
            return step_ns
        return least_ns if (least_ns := min(self._lags_ns)) > FAR_NS else 0

    def _slew(self) -> None:
        """Draw time a little towards the least lag of the last looks."""
        self._looks += 1
        most_ppm = START_SLEW_PPM if self._looks <= LOOKS else SLEW_PPM
        most_ns = round(most_ppm * 1e-6 * LOOK_S * NS_PER_S)
        slew_ns = max(-most_ns, min(most_ns, *self._lags_ns))
        self._steady_origin_ns = (self._steady_origin_ns or 0) + slew_ns
        self._origin_ns += slew_ns
        self._lags_ns = deque((lag_ns - slew_ns for lag_ns in self._lags_ns), LOOKS + 1)

    def _follow_setting(self, moment: Moment) -> None:
        """Follow the host's clock where it was set, or where it is drawn along by the network's time."""
        distance_ns = moment.unix_ns - moment.steady_ns
        change_ns = distance_ns - self._distance_ns
        self._distance_ns = distance_ns
        self._origin_ns += change_ns
        self.clock_steps += abs(change_ns) > SET_NS
