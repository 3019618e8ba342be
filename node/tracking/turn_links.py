"""Time-division links: two ends in turn, a new channel at every turn, all turns on one clock."""

from __future__ import annotations

from dataclasses import dataclass, field

from dsp.bursts import Burst
from dsp.protocols import PROTOCOLS
from dsp.protocols.match import in_band
from dsp.protocols.record import FskPhy, HopTiming, Mode, TdmTiming
from dsp.units import to_ns
from node.tracking.torn_tones import TornTones
from node.tracking.turn_clock import (
    DRIFT,
    centre_tolerance_hz,
    channel_reach_hz,
    spacing_hz,
)
from node.tracking.turn_judgement import TurnHypothesis, judge_turns
from node.tracking.turns import TurnCollector, may_take_a_turn

MEMORY_S = 8.0
"""Turns older than this, and than a round of all channels, no longer count: a slow link on 50 channels shows itself
once a second in a slice.
"""
MEMORY_MOST_S = 12.0
JUDGE_EVERY_S = 0.25
JUDGE_AGAIN_S = 0.5
TORN_FROM_S = 9e-3
"""Packets this long are found in pieces where they are weak."""
LINKS_AT_MOST = 8
RESUME_NS = 20e9
"""A link is the same after a pause of this length if it keeps its clock."""


@dataclass(slots=True)
class TurnLink:
    """One time-division link, as far as it has been heard."""

    key: str
    hypothesis: TurnHypothesis
    first_ns: int
    last_ns: int
    others: tuple[TurnHypothesis, ...] = ()
    count: int = 0
    channels_hz: list[float] = field(default_factory=list)
    turn_starts: set[int] = field(default_factory=set)
    """Starts of the turns counted that are still remembered."""

    def take(self, found: TurnHypothesis, others: tuple[TurnHypothesis, ...], horizon_ns: int) -> bool:
        """Take a new judgement over; False if it tells nothing new."""
        turns = (*found.turns, *found.loose)
        fresh = [turn for turn in turns if turn.start_ns not in self.turn_starts]
        last_ns = max(turn.end_ns for turn in turns)
        if not fresh and last_ns <= self.last_ns:
            return False
        self.hypothesis, self.others = found, others
        self.last_ns = max(self.last_ns, last_ns)
        self.count += len(fresh)
        self.turn_starts = {start for start in self.turn_starts if start >= horizon_ns} | {t.start_ns for t in fresh}
        reach_hz = channel_reach_hz(found.collector)
        for channel_hz in found.channels_hz:
            if all(abs(channel_hz - known_hz) > reach_hz for known_hz in self.channels_hz):
                self.channels_hz.append(channel_hz)
        return True


def _turn_modes() -> list[TurnCollector]:
    return [
        TurnCollector(protocol, mode)
        for protocol in PROTOCOLS
        if protocol.family.startswith("drone")
        for mode in protocol.modes
        if isinstance(mode.phy, FskPhy) and (isinstance(mode.timing, TdmTiming) or may_be_torn(mode))
    ]


def may_be_torn(mode: Mode) -> bool:
    """Whether a mode that hops with every packet is so slow that noise tears its packets; seen as two ends in turn.

    Both ends send on one channel, then there is silence until the next hop.
    """
    timing, phy = mode.timing, mode.phy
    return (
        isinstance(timing, HopTiming)
        and isinstance(phy, FskPhy)
        and timing.packets_per_hop == 1
        and timing.answer is not None
        and not timing.answer.own_channels
        and timing.airtime_s > TORN_FROM_S
    )


class TurnPool:
    """Keyed bursts and the time-division links among them."""

    key = "turns"

    def __init__(self) -> None:
        self.links: list[TurnLink] = []
        self._collectors = _turn_modes()
        self._memory_ns = {each: _memory_ns(each) for each in self._collectors}
        self._waiting: list[tuple[float, int, Burst]] = []
        """Bursts since the last judgement with their widths and ends: all at once they cost the collectors half."""
        self._torn = TornTones()
        self._judged_ns = 0
        self._serial = 0

    def add(self, burst: Burst) -> None:
        """Take a burst."""
        if may_take_a_turn(burst):
            self._torn.add(burst)
            self._wait(burst)

    def _wait(self, burst: Burst) -> None:
        self._waiting.append((burst.bandwidth_hz, burst.end_ns, burst))

    def judge(self, now_ns: int, *, tuning_known: bool, final: bool = False) -> list[TurnLink]:
        """Look for links in the turns of the last seconds; those with news."""
        every_s = JUDGE_AGAIN_S if self.links else JUDGE_EVERY_S
        if not final and now_ns - self._judged_ns < to_ns(every_s):
            return []
        self._judged_ns = now_ns
        for packet in self._torn.whole(now_ns if not final else now_ns + to_ns(JUDGE_EVERY_S)):
            self._wait(packet)
        for collector in self._collectors:
            collector.add(self._waiting)
        self._waiting = []
        # A link that is known takes what it can get; to find the first one takes a clock.
        judged = [each for each in self._collectors if each.due or (self.links and each.news)]
        if not judged:
            return []
        if self.links:
            judged = self._collectors
        for collector in self._collectors:
            collector.news, collector.due = 0, False
        taken: set[tuple[int, float]] = set()
        told: list[TurnLink] = []
        seen: list[TurnLink] = []
        while len(seen) < LINKS_AT_MOST:
            known = {link.hypothesis.collector.mode.name: link.hypothesis for link in self.links if link not in seen}
            found = [
                hypothesis
                for collector in judged
                if (
                    hypothesis := judge_turns(
                        collector,
                        now_ns - self._memory_ns[collector],
                        taken,
                        tuning_known=tuning_known,
                        known=known.get(collector.mode.name),
                    )
                )
            ]
            if not found:
                break
            found.sort(key=lambda h: -h.rank)
            best, judged = found[0], self._collectors
            for turn in (*best.turns, *best.loose, *best.dropped):
                taken |= turn.keys
            link = self._same(best, seen)
            if link is None and any(_on_its_channels(best, known) for known in self.links):
                continue  # what noise left of a link's turns; two networks are on channels of their own
            if link is None:
                self._serial += 1
                first = best.turns[0]
                link = TurnLink(f"{self.key}:{self._serial}", best, first.start_ns, first.start_ns)
                self.links.append(link)
            seen.append(link)
            if link.take(best, tuple(found[1:]), now_ns - _memory_ns(best.collector)):
                told.append(link)
        return told

    def _same(self, found: TurnHypothesis, seen: list[TurnLink]) -> TurnLink | None:
        """A known link that shares turns with this one, or keeps its clock and its grid after a pause.

        Not one that has been found in this judgement: two networks may keep one clock.
        """
        starts = {turn.start_ns for turn in (*found.turns, *found.loose)}
        links = [link for link in self.links if link not in seen]
        for link in links:
            if len(starts & link.turn_starts) * 3 > len(starts):
                return link
        for link in links:
            old = link.hypothesis
            after_ns = found.origin_ns - old.origin_ns
            if old.collector is not found.collector or after_ns > RESUME_NS:
                continue
            interval_ns = old.interval_s * 1e9
            error_ns = abs(after_ns - round(after_ns / interval_ns) * interval_ns)
            tolerance_ns = 1e9 * found.collector.start_tolerance_s + DRIFT * after_ns
            if error_ns < tolerance_ns and _on_one_grid(found, link):
                return link
        return None


def _memory_ns(collector: TurnCollector) -> int:
    """How long turns count."""
    round_s = max(len(band.channels_hz) for band in collector.bands) * collector.timing.dwell_s
    return to_ns(max(MEMORY_S, min(round_s, MEMORY_MOST_S)))


def _on_its_channels(found: TurnHypothesis, link: TurnLink) -> bool:
    """Whether most channels of what was found are those of a link of its mode."""
    if found.collector is not link.hypothesis.collector:
        return False
    reach_hz = channel_reach_hz(found.collector)
    shared = sum(any(abs(hz - known_hz) < reach_hz for known_hz in link.channels_hz) for hz in found.channels_hz)
    return 2 * shared > len(found.channels_hz)


def _on_one_grid(found: TurnHypothesis, link: TurnLink) -> bool:
    """Whether the channels of a link and of what was found lie whole steps of a grid apart."""
    reach_hz = 2.0 * centre_tolerance_hz(found.collector.phy.bandwidth_hz)
    here_hz, there_hz = found.channels_hz[0], link.channels_hz[0]
    steps = {spacing_hz(band) for band in found.collector.bands if in_band(band, here_hz)}
    apart_hz = here_hz - there_hz
    return not steps or any(abs(apart_hz - round(apart_hz / step_hz) * step_hz) < reach_hz for step_hz in steps)
