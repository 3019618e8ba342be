"""Real time for what is made faster."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pacer:
    """Waits until a time of the stream is due, on an absolute schedule without drift; who is late does not wait.

    Parameters
    ----------
    speed
        Seconds of the stream in one real second.
    wait
        Waits for at most so many seconds; true ends the waiting for good (``threading.Event.wait`` of a stop event).
    clock
        A clock that does not jump, in seconds.
    """

    def __init__(
        self, speed: float, wait: Callable[[float], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._speed = speed
        self._wait = wait
        self._clock = clock
        self._start_s: float | None = None

    def wait_until(self, stream_s: float) -> bool:
        """Wait until this time of the stream; false when told to stop."""
        now_s = self._clock()
        if self._start_s is None:
            self._start_s = now_s
        due_s = self._start_s + stream_s / self._speed
        return not self._wait(max(due_s - now_s, 0.0))
