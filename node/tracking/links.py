"""Hop links: bursts of one kind that keep a packet clock and change channel are one transmitter."""

# Longer than 300 lines: one pool of bursts and the links cut out of it share their state.

from __future__ import annotations

from bisect import insort
from collections import deque
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from dsp.bursts import Burst, ChirpFinding
from dsp.quantile import median
from dsp.units import to_ns
from node.tracking.candidates import Candidates, setting_candidates
from node.tracking.companions import COMPANION_SHARE, accompanied_share, ceased, companion_share, left_over, other_end_s
from node.tracking.grids import CHANNEL_TOLERANCE_HZ, channel_tolerance_hz
from node.tracking.hopper import HOPPER_LEAST_PACKETS, hopper
from node.tracking.hops import clock_tolerance_s
from node.tracking.hypotheses import LEAST_PACKETS, LinkHypothesis, judge
from node.tracking.link import Link, Part, in_order
from node.tracking.packets import Columns, Packets, collect, is_weak

MEMORY_S = 6.0
"""Bursts older than this no longer count: a link on 40 channels shows itself several times in it."""
MEMORY_BURSTS = 320
"""Bursts of a link, and of a kind that belong to none, that are kept."""
PIECES_A_SLOT = 0.5
"""Pieces of a link's packets that look like another's are fewer; a second link that sends more is one of its own."""
RECENT = 5
"""Bursts looked back at for the other pieces of a packet."""
SAME_LENGTH_SHARE = 0.8
SAME_MOMENT_SHARE = 0.5
"""Bursts on one channel that overlap this much are one, heard in two slices."""
HOPPER_EVERY_S = 0.5
MOST_ACCOMPANIED = 0.3
"""A hopper is on one channel at a time. Where more of its packets than this begin together with something as strong or
stronger, further away than the two tones of any keyed link, they are pieces of one wide signal, OFDM of which some
subcarriers are used, or products of an overload. In a crowd a twentieth does; a hopper's own products are weaker.
"""
SAME_START_SYMBOLS = 2.5
"""Weak chirps are two findings of one packet if they begin as close as this: their ends say nothing."""
NEWS_SHARE = 10
LOOK_EVERY_S = 0.25
"""Free bursts are searched for links when a tenth of them is new, or this long after the last search."""
MEMORY_NS, LOOK_EVERY_NS, HOPPER_EVERY_NS = to_ns(MEMORY_S), to_ns(LOOK_EVERY_S), to_ns(HOPPER_EVERY_S)
LINKS_AT_MOST = 32
"""Of one kind; more than this many drones with one kind of chirp in one slice cannot be told apart."""


class LinkPool:
    """Bursts of one kind and the links among them.

    Parameters
    ----------
    key
        Name of the kind.
    candidates
        Modes of the records that such bursts may be.
    """

    def __init__(self, key: str, candidates: Candidates) -> None:
        self.key = key
        self.links: list[Link] = []
        self._candidates = candidates
        self._free: list[Burst] = []
        self._end_ns = 0
        """Of all bursts: what begins later goes on with none."""
        self._news = 0
        self._hopper_ns = 0
        self._looked_ns = 0
        self._serial = 0

    def add(self, burst: Burst) -> None:
        """Take a burst: of a link that is known, or free. Pieces of one packet become one again."""
        if self._joins(burst):
            return
        best: tuple[float, Part, Link] | None = None
        for link in self.links:
            fit = link.error(burst)
            if fit is None:
                continue
            unlike = fit[0] + link.level_error(burst)
            if best is None or unlike < best[0]:
                best = (unlike, fit[1], link)
        if best is not None:
            _, part, link = best
            link.hold(burst, part)
            return
        self._news += 1
        if self._free and burst.start_ns < self._free[-1].start_ns:
            insort(self._free, burst, key=in_order)
        else:
            self._free.append(burst)
        if len(self._free) > MEMORY_BURSTS:
            del self._free[: len(self._free) - MEMORY_BURSTS]

    def _joins(self, burst: Burst) -> bool:
        """Put a burst to one that it is a piece of, or the same as, heard in another slice; False if it is neither."""
        finding, start_ns, end_ns = burst.finding, burst.start_ns, burst.end_ns
        slack_ns = 1.2e9 * finding.symbol_s if isinstance(finding, ChirpFinding) else 0.0
        if start_ns - self._end_ns >= slack_ns:
            self._end_ns = end_ns
            return False
        self._end_ns = max(self._end_ns, end_ns)
        width_hz = 0.3 * (finding.bandwidth_hz if isinstance(finding, ChirpFinding) else burst.bandwidth_hz)
        low_hz, high_hz = burst.centre_hz - width_hz, burst.centre_hz + width_hz
        weak = is_weak(burst)
        for queue in (self._free, *[link.bursts for link in self.links]):
            for back, other in enumerate(islice(reversed(queue), RECENT), 1):
                if not low_hz <= other.centre_hz <= high_hz:
                    continue
                overlap_ns = min(other.end_ns, end_ns) - max(other.start_ns, start_ns)
                if overlap_ns <= -slack_ns:
                    continue
                apart_ns = abs(other.start_ns - start_ns)
                if weak and apart_ns > SAME_START_SYMBOLS * slack_ns and is_weak(other):
                    continue
                shorter_s, longer_s = sorted((other.duration_s, burst.duration_s))
                same = overlap_ns > SAME_MOMENT_SHARE * 1e9 * shorter_s
                piece = other.cut_end or burst.cut_start or slack_ns > 0
                if same and shorter_s > SAME_LENGTH_SHARE * longer_s:
                    better = burst.snr_db > other.snr_db and not (burst.cut_low or burst.cut_high)
                    whole = burst if better else other
                elif same or piece:
                    whole = _joined(other, burst)
                else:
                    continue
                queue[-back] = whole
                if queue is self._free and whole is not other:
                    # Whole now, it may belong to a link that its piece was too short for.
                    del self._free[-back]
                    self.add(whole)
                return True
        return False

    def judge(self, now_ns: int, *, tuning_known: bool, final: bool = False) -> list[Link]:
        """Look for new links among the free bursts and judge the known ones again; those with news."""
        told: list[Link] = []
        if not self._free and not self.links:
            return told
        horizon_ns = now_ns - MEMORY_NS
        while self._free and self._free[0].start_ns < horizon_ns:
            del self._free[0]
        for link in self.links:
            while len(link.bursts) > 1 and (link.bursts[0].start_ns < horizon_ns or len(link.bursts) > MEMORY_BURSTS):
                link.bursts.popleft()
            if link.due(now_ns) or (final and link.count > link.judged_count):
                self._judge_again(link, now_ns, tuning_known=tuning_known)
                told.append(link)
        if not self._news or len(self._free) < LEAST_PACKETS:
            return told
        enough = self._news >= len(self._free) // NEWS_SHARE
        if enough or final or now_ns - self._looked_ns >= LOOK_EVERY_NS:
            self._news, self._looked_ns = 0, now_ns
            found, left = self._look_for_links(now_ns, tuning_known=tuning_known)
            told += found
            due = final or now_ns - self._hopper_ns >= HOPPER_EVERY_NS
            if due and not any(link.hypothesis.protocol for link in self.links):
                self._hopper_ns = now_ns
                told += self._look_for_hopper(left, now_ns, tuning_known=tuning_known)
        return told

    def _judge_again(self, link: Link, now_ns: int, *, tuning_known: bool) -> None:
        """Judge a link on its own bursts and the free ones of its time: a better mode may explain both."""
        link.judged_ns, link.judged_count, link.fresh = now_ns, link.count, True
        alike, link.alike = link.alike, 0
        begin_ns, end_ns = link.bursts[0].start_ns, link.bursts[-1].end_ns
        beside = [b for b in self._free if begin_ns <= b.start_ns <= end_ns]
        together = sorted([*link.bursts, *beside], key=in_order)
        packets = collect(together)
        candidates = self._candidates
        if link.hypothesis.setting:
            candidates = Candidates((*candidates.modes, *link.hypothesis.setting))
        hypotheses = judge(packets, candidates, tuning_known=tuning_known, replies_s=link.replies_s)
        if not hypotheses:
            found = hopper(_alike(packets)[1]) if link.hypothesis.protocol is None else None
            link.hypothesis = found or link.hypothesis
            return
        best = hypotheses[0]
        if not link.yields_to(best, hypotheses, now_ns):
            kept = [h for h in hypotheses if h.protocol is link.hypothesis.protocol and h.mode is link.hypothesis.mode]
            if not kept:
                return
            best = kept[0]
        free = {id(b) for b in beside}
        gained = _chosen(together, best.phase.members, free)
        if 2 * (int(np.count_nonzero(best.phase.members)) - len(gained)) < len(link.bursts):
            return  # the free bursts are another link; it will be found among them
        answers = _chosen(together, best.answers, free)
        link.judged(best, [best, *(h for h in hypotheses if h is not best)], alike)
        _set_clock(link, best, together)
        for burst in gained:
            link.append(burst)
        for burst in answers:
            link.count_reply(burst)
        if gained or answers:
            taken = {id(b) for b in (*gained, *answers)}
            self._free = [b for b in self._free if id(b) not in taken]
            link.judged_count = link.count

    def _look_for_links(self, now_ns: int, *, tuning_known: bool) -> tuple[list[Link], Columns | None]:
        """New links among the free bursts, and the second clocks of known ones.

        Returns
        -------
        found, left
            The links; and the bursts that are free now, None where they have not been put into arrays.
        """
        told: list[Link] = []
        while len(self._free) >= LEAST_PACKETS and len(self.links) < LINKS_AT_MOST:
            packets = collect(self._free)
            hypotheses = judge(packets, self._candidates, tuning_known=tuning_known)
            if not hypotheses:
                return told, packets
            best = hypotheses[0]
            chosen = best.phase.members.tolist()
            members = [b for b, is_in in zip(self._free, chosen, strict=True) if is_in]
            answers = [b for b, is_one in zip(self._free, best.answers.tolist(), strict=True) if is_one]
            taken = {id(b) for b in (*members, *answers)}
            link = self._same_link(best, members)
            moved = link is not None and ceased(link, members)
            if link is None and self._pieces(members):
                self._free = [b for b in self._free if id(b) not in taken]
                continue
            if link is None:
                link = self._new_link(best, hypotheses, members)
            elif moved:
                for burst in members:
                    link.append(burst)
                link.judged(best, hypotheses)  # its other end perhaps
                _set_clock(link, best, self._free)
            else:
                answers += members
            for burst in answers:
                link.count_reply(burst)
            self._free = [b for b in self._free if id(b) not in taken]
            if moved:
                waiting, self._free = self._free, []
                for burst in waiting:
                    self.add(burst)  # of its other end perhaps, waiting for the new clock
            link.judged_ns, link.judged_count, link.fresh = now_ns, link.count, True
            told.append(link)
        return told, None

    def _pieces(self, members: list[Burst]) -> bool:
        """Whether keyed bursts are what noise left of a link's packets."""
        if isinstance(members[0].finding, ChirpFinding):
            return False
        span_ns = members[-1].end_ns - members[0].start_ns
        return any(
            len(members) * link.interval_ns < PIECES_A_SLOT * span_ns
            and sum(map(link.may_hold, members)) > COMPANION_SHARE * len(members)
            for link in self.links
            if link.hypothesis.protocol is not None
        )

    def _look_for_hopper(self, left: Columns | None, now_ns: int, *, tuning_known: bool) -> list[Link]:
        if len(self._free) < HOPPER_LEAST_PACKETS:
            return []
        packets = collect(self._free) if left is None else left
        if packets.faint:
            return []  # of weak packets neither length nor number is sure enough for what no record describes
        alike, picked = _alike(packets)
        found = hopper(picked)
        if found is None:
            return []
        set_up = judge(picked, setting_candidates(found.phase.interval_s), tuning_known=tuning_known)
        found = set_up[0] if set_up else found
        indexes = np.flatnonzero(alike)[found.phase.members].tolist()
        members = [self._free[i] for i in indexes]
        if accompanied_share(members, self._free, clock_tolerance_s(found.timing.interval_s)) > MOST_ACCOMPANIED:
            return []
        replies = [self._free[i] for i in np.flatnonzero(alike)[found.answers].tolist()]
        taken = {id(b) for b in (*members, *replies)}
        self._free = [b for b in self._free if id(b) not in taken]
        for known in self.links:
            if sum(known.keeps(burst) for burst in members) > COMPANION_SHARE * len(members):
                for burst in members:
                    known.count_in(burst)  # the other tone of weak packets, or their other halves
                return []
        link = self._new_link(found, set_up, members)
        if replies:
            after_ns = np.array([(b.start_ns - link.anchor_ns) % link.interval_ns for b in replies])
            link.answer_s = 1e-9 * float(np.median(after_ns))
        for burst in replies:
            link.count_in(burst)
        link.judged_ns, link.judged_count = now_ns, link.count
        return [link]

    def _new_link(self, best: LinkHypothesis, others: list[LinkHypothesis], members: list[Burst]) -> Link:
        self._serial += 1
        link = Link(
            f"link:{self.key}:{self._serial}",
            best,
            others,
            deque(maxlen=2 * MEMORY_BURSTS),
            members[0].start_ns,
            best.phase.interval_s * 1e9,
            members[0].start_ns,
            members[-1].end_ns,
            0,
            channel_step_hz=_channel_step_hz(best),
        )
        for burst in members:
            link.append(burst)
        _set_clock(link, best, members)
        self.links.append(link)
        return link

    def _same_link(self, best: LinkHypothesis, members: list[Burst]) -> Link | None:
        """A known link that these packets belong to as well: its other end, or itself after a break of the clock."""
        for link in self.links:
            old = link.hypothesis
            if old.protocol is not best.protocol or old.mode is not best.mode:
                continue
            if ceased(link, members) or members[3 * len(members) // 4].end_ns < link.bursts[0].start_ns:
                return link
            if companion_share(members, link) > COMPANION_SHARE:
                return link
            if left_over(members, link):
                return link
            answer_s = other_end_s(best, members, link)
            if answer_s is not None:
                link.answer_s = answer_s
                return link
        return None


def _channel_step_hz(best: LinkHypothesis) -> float:
    """How far apart bursts on one of the link's channels may be."""
    if best.protocol is None or best.mode is None:
        return CHANNEL_TOLERANCE_HZ
    return min(channel_tolerance_hz(band.channels_hz) for band in best.protocol.bands_of(best.mode))


def _chosen(bursts: list[Burst], chosen: NDArray[np.bool_], among: set[int]) -> list[Burst]:
    """Those of the chosen bursts whose identity is among some."""
    return [b for b in map(bursts.__getitem__, chosen.nonzero()[0].tolist()) if id(b) in among] if among else []


def _set_clock(link: Link, best: LinkHypothesis, bursts: list[Burst]) -> None:
    """Take over a fitted clock; its last packet is the anchor of what comes."""
    last = link.bursts[-1]
    members = best.phase.members
    first = int(members.argmax()) if len(members) == len(bursts) else 0
    origin_ns = bursts[first].start_ns + best.phase.origin_s * 1e9
    interval_ns = best.phase.interval_s * 1e9
    link.interval_ns = interval_ns
    link.anchor_ns = round(origin_ns + round((last.start_ns - origin_ns) / interval_ns) * interval_ns)
    link.channel_hz = last.centre_hz
    link.usual_hz = median(best.packets.bandwidth_hz)


def _alike(packets: Columns) -> tuple[NDArray[np.bool_], Packets]:
    """The largest group of bursts of about one length and bandwidth; there must be one burst at least."""
    patterns = np.arange(0, packets.count, max(1, packets.count // 12))
    length = packets.duration_s / packets.duration_s[patterns, np.newaxis]
    width = packets.bandwidth_hz / packets.bandwidth_hz[patterns, np.newaxis]
    groups = (length > 0.7) & (length < 1.4) & (width > 0.7) & (width < 1.4)
    best: NDArray[np.bool_] = groups[np.add.reduce(groups, axis=1).argmax()]
    return best, packets.pick(best)


def _joined(one: Burst, two: Burst) -> Burst:
    first, second = (one, two) if one.start_ns <= two.start_ns else (two, one)
    end_ns = max(one.end_ns, two.end_ns)
    strong = one if one.duration_s >= two.duration_s else two
    return Burst(
        start_ns=first.start_ns,
        duration_s=(end_ns - first.start_ns) * 1e-9,
        centre_hz=strong.centre_hz,
        bandwidth_hz=max(one.bandwidth_hz, two.bandwidth_hz),
        snr_db=strong.snr_db,
        peak_dbfs=max(one.peak_dbfs, two.peak_dbfs),
        finding=strong.finding,
        cut_low=one.cut_low or two.cut_low,
        cut_high=one.cut_high or two.cut_high,
        cut_start=first.cut_start,
        cut_end=second.cut_end,
    )
