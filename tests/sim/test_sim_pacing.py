"""Pacing against a clock of the test."""

from __future__ import annotations

from sim.pacing import Pacer


class Clock:
    """Time that passes by waiting alone."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.stopped = False

    def wait(self, seconds: float) -> bool:
        self.now_s += seconds
        return self.stopped


def test_an_absolute_schedule_without_drift() -> None:
    clock = Clock()
    pacer = Pacer(2.0, clock.wait, lambda: clock.now_s)
    for step in range(1, 5):
        clock.now_s += 0.1  # work
        assert pacer.wait_until(step * 1.0)
    assert clock.now_s == 100.1 + 2.0


def test_who_is_late_does_not_wait() -> None:
    clock = Clock()
    pacer = Pacer(1.0, clock.wait, lambda: clock.now_s)
    pacer.wait_until(0.0)
    clock.now_s += 10.0
    assert pacer.wait_until(1.0)
    assert clock.now_s == 110.0


def test_a_stop_ends_the_waiting() -> None:
    clock = Clock()
    clock.stopped = True
    assert not Pacer(1.0, clock.wait, lambda: clock.now_s).wait_until(1.0)
