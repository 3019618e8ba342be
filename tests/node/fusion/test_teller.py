"""When a track is told: with something new, once a second on the average, and its last word at the end."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from node.fusion.picture import FusedChange
from node.fusion.settings import FusionSettings

NS_PER_S = 1_000_000_000
Stage = Any


def updates(changes: list[FusedChange]) -> list[FusedChange]:
    return [change for change in changes if change.kind == "update"]


def test_what_is_seen_all_the_time_is_told_once_a_second_and_as_it_is_seen(
    stage: Stage, straight: Callable[..., Any]
) -> None:
    way = straight((-40.0, 80.0, 30.0), (8.0, 0.0, 0.0))
    told = updates(stage.play(12.0, lambda time_s: [stage.radar(way, time_s - 0.03)]))
    assert 9 <= len(told) <= 12
    assert max(change.time_ns - change.track.last_ns for change in told) < 100_000_000
    steps = [later.time_ns - change.time_ns for change, later in pairwise(told)]
    assert min(steps) >= NS_PER_S * FusionSettings().update_s


def test_what_is_heard_now_and_then_is_told_at_once_each_time(stage: Stage, straight: Callable[..., Any]) -> None:
    way = straight((-40.0, 80.0, 30.0), (8.0, 0.0, 0.0))
    heard_s = [0.1, 0.4, 3.0, 3.4, 4.0, 7.0, 7.5, 7.8, 12.0]  # two or three in a row, then a pause

    def each(time_s: float) -> list[object]:
        return [stage.remote_id(way, time_s - 0.03)] if any(abs(time_s - at_s) < 0.01 for at_s in heard_s) else []

    told = stage.play(13.0, each)
    at_s = [round(change.track.last_ns / NS_PER_S % 1000, 2) for change in told if change.kind != "end"]
    first_s = at_s[0]
    assert [round(one - first_s, 1) for one in at_s] == [0.0, 2.9, 3.3, 3.9, 6.9, 7.4, 7.7, 11.9]
    assert max(change.time_ns - change.track.last_ns for change in told if change.kind == "update") < 100_000_000


def test_the_end_has_what_came_after_the_last_update(stage: Stage, straight: Callable[..., Any]) -> None:
    way = straight((-40.0, 80.0, 30.0), (8.0, 0.0, 0.0))
    told = stage.play(20.0, lambda time_s: [stage.radar(way, time_s)] if time_s < 6.45 else [])
    assert (told[0].kind, told[-1].kind) == ("new", "end")
    end, before = told[-1].track, told[-2].track
    assert end.last_ns > before.last_ns
    assert end.last_ns % NS_PER_S == 400_000_000
    assert end.range_m != pytest.approx(before.range_m, abs=0.5)
