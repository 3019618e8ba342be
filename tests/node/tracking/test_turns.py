"""Tests of turns: when a judgement is due."""

from __future__ import annotations

from dsp.bursts import Burst, KeyingFinding
from dsp.protocols import BY_LABEL
from node.tracking.turns import TurnCollector


def _collector() -> TurnCollector:
    protocol = BY_LABEL["sik"]
    return TurnCollector(protocol, next(mode for mode in protocol.modes if mode.name == "64k"))


def _burst(collector: TurnCollector, start_s: float, centre_hz: float, length: float = 0.5) -> Burst:
    width_hz, window_s = collector.phy.bandwidth_hz, collector.timing.window_s
    return Burst(
        round(start_s * 1e9),
        length * window_s,
        centre_hz,
        width_hz,
        15.0,
        -30.0,
        KeyingFinding(collector.phy.deviation_hz, collector.phy.bit_rate_bps, 6.0),
    )


def _feed(collector: TurnCollector, starts_s: list[float], length: float = 0.5) -> None:
    for number, start_s in enumerate(starts_s):
        burst = _burst(collector, start_s, 915e6 + 250e3 * number, length)
        collector.add([(burst.bandwidth_hz, burst.end_ns, burst)])


def test_three_turns_on_one_clock_are_due() -> None:
    collector = _collector()
    interval_s = collector.timing.dwell_s
    _feed(collector, [0.1, 0.1 + 3 * interval_s])
    assert not collector.due
    _feed(collector, [0.1 + 7 * interval_s])
    assert collector.due


def test_turns_off_the_clock_are_counted_and_not_due() -> None:
    collector = _collector()
    interval_s = collector.timing.dwell_s
    _feed(collector, [0.1 + (k + k / 9) * interval_s for k in range(9)])
    assert (collector.news, collector.due) == (9, False)


def test_a_turn_that_grows_to_be_one_is_due() -> None:
    collector = _collector()
    interval_s = collector.timing.dwell_s
    piece = 0.4 * collector.timing.shortest_s / collector.timing.window_s
    _feed(collector, [0.1, 0.1 + 3 * interval_s])
    late_s = 0.1 + 7 * interval_s
    _feed(collector, [late_s], piece)
    assert not collector.due
    _feed(collector, [late_s + 0.5 * collector.timing.shortest_s], piece)
    assert collector.due
