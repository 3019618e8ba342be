"""Waits between tries."""

from __future__ import annotations

import random

import pytest

from node.sources import BackOff


def test_waits_double_up_to_the_longest() -> None:
    back_off = BackOff(0.5, 30.0, jitter=0.0)
    waits = [back_off.wait_s(failures, random.Random(1)) for failures in (1, 2, 3, 6, 7, 8, 1_000_000)]
    assert waits == [0.5, 1.0, 2.0, 16.0, 30.0, 30.0, 30.0]


def test_waits_are_spread() -> None:
    back_off = BackOff(1.0, 30.0, jitter=0.25)
    rng = random.Random(1)
    waits = [back_off.wait_s(1, rng) for _ in range(1000)]
    assert 0.75 <= min(waits) < 0.8
    assert 1.2 < max(waits) <= 1.25


@pytest.mark.parametrize("wrong", [(0.0, 1.0, 0.1), (2.0, 1.0, 0.1), (1.0, 2.0, 1.0), (1.0, 2.0, -0.1)])
def test_impossible_waits(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        BackOff(*wrong)
