"""A live radio that comes back by itself."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from dsp.iq import IqBlock, IqSource, SourceError
from dsp.units import NS_PER_S
from node.sources.back_off import BackOff
from node.sources.live_clock import HostClock

log = logging.getLogger(__name__)

STEADY_S = 10.0
"""Signal after which a source counts as recovered, and the next failure as the first."""
CLOCK_SET_NS = NS_PER_S
"""A gap that the two clocks of the host measure so differently means that the host's time was set meanwhile."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a radio is, for health.

    Parameters
    ----------
    connected
        It gives samples.
    reopenings
        How often it gave samples again after a failure.
    failures
        Failures in a row since it last gave ``STEADY_S`` of signal.
    last_error
        Text of the last failure; kept after recovery.
    last_error_ns
        Unix time of it.
    samples, lost_samples
        Given, and lost between the first and the last block, outages included.
    """

    connected: bool = False
    reopenings: int = 0
    failures: int = 0
    last_error: str | None = None
    last_error_ns: int | None = None
    samples: int = 0
    lost_samples: int = 0


class ReopeningSource:
    """Wraps a source that may fail: opens it anew after every ``SourceError``, for ever, with growing waits.

    Numbers and times of the blocks go on over an outage: it becomes ``lost_before`` of the next block, as long as the
    times of the blocks before and after say, or the clock that does not jump, if the host's time was set meanwhile.
    An orderly end of the wrapped source is the end.

    Parameters
    ----------
    make
        Makes the source anew; may raise ``SourceError``.
    back_off
        How long to wait.
    clock
        The host's clocks.
    wait
        Waits for so many seconds, true when told to stop; None: until ``stop()``.
    rng
        Draws the waits.
    """

    def __init__(
        self,
        make: Callable[[], IqSource],
        *,
        back_off: BackOff | None = None,
        clock: HostClock | None = None,
        wait: Callable[[float], bool] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._make = make
        self._back_off = back_off or BackOff()
        self._clock = clock or HostClock()
        self._stopped = threading.Event()
        self._wait = wait or self._stopped.wait
        self._rng = rng or random.Random()  # noqa: S311 - spreads waits, keeps no secret
        self._lock = threading.Lock()
        self._source: IqSource | None = None
        self._state = SourceState()
        self._next_sample = 0
        self._last: tuple[IqBlock, int] | None = None

    @property
    def state(self) -> SourceState:
        """How it is. From any thread."""
        with self._lock:
            return self._state

    def stop(self) -> None:
        """End ``blocks()`` soon. From any thread, any number of times."""
        self._stopped.set()
        with self._lock:
            source = self._source
        if source is not None:
            source.stop()

    def blocks(self) -> Iterator[IqBlock]:
        """Give the blocks; may be called once."""
        while not self._stopped.is_set():
            try:
                source = self._make()
                self._use(source)
                yield from self._continued(source)
            except SourceError as error:
                wait_s = self._failed(error)
            else:
                return
            finally:
                self._use(None)
                self._note(connected=False)
            if self._wait(wait_s):
                return

    def _use(self, source: IqSource | None) -> None:
        """Remember whom to stop."""
        with self._lock:
            self._source = source
        if source is not None and self._stopped.is_set():
            source.stop()

    def _note(self, **changes: object) -> None:
        with self._lock:
            self._state = replace(self._state, **changes)  # type: ignore[arg-type]  # names and types as in SourceState

    def _failed(self, error: SourceError) -> float:
        """Write down a failure; give how long to wait."""
        state = self.state
        failures = state.failures + 1
        wait_s = self._back_off.wait_s(failures, self._rng)
        text = str(error)
        level = logging.WARNING if failures == 1 or text != state.last_error else logging.DEBUG
        log.log(level, "%s; trying again in %.1f s", text, wait_s)
        self._note(failures=failures, last_error=text, last_error_ns=self._clock.unix_ns())
        return wait_s

    def _continued(self, source: IqSource) -> Iterator[IqBlock]:
        """The blocks of one opening, numbered on from the last one."""
        shift: int | None = None
        given_s = 0.0
        for fresh in source.blocks():
            steady_ns = self._clock.steady_ns()
            block = fresh
            if shift is None:
                shift = self._shift(fresh, steady_ns)
                block = replace(fresh, lost_before=self._lost_before(fresh, shift))
                if self._last is not None:
                    self._note(reopenings=self.state.reopenings + 1)
                if self.state.failures:
                    log.warning("radio %s gives samples again", fresh.radio)
            block = replace(block, first_sample=fresh.first_sample + shift)
            self._last = (block, steady_ns)
            self._next_sample = block.first_sample + len(block.samples)
            given_s += block.duration_s
            state = self.state
            self._note(
                connected=True,
                failures=0 if given_s >= STEADY_S else state.failures,
                samples=state.samples + len(block.samples),
                lost_samples=state.lost_samples + block.lost_before,
            )
            yield block

    def _shift(self, fresh: IqBlock, steady_ns: int) -> int:
        """What to add to the sample numbers of this opening."""
        if self._last is None:
            return 0
        last, last_steady_ns = self._last
        gap_ns = fresh.start_ns - last.end_ns
        steady_gap_ns = steady_ns - last_steady_ns - (fresh.end_ns - fresh.start_ns)
        if abs(gap_ns - steady_gap_ns) > CLOCK_SET_NS:
            gap_ns = steady_gap_ns
        gap = max(round(gap_ns * fresh.sample_rate_hz / NS_PER_S), 0)
        return self._next_sample + gap - fresh.first_sample

    def _lost_before(self, fresh: IqBlock, shift: int) -> int:
        """Samples between the last block of the former opening and the first of this one."""
        return fresh.lost_before if self._last is None else fresh.first_sample + shift - self._next_sample
