"""Whether bursts that keep a clock are part of a link that is known: its other end, or itself on another clock."""

from __future__ import annotations

from math import sqrt

import numpy as np

from dsp.bursts import Burst
from node.tracking.hypotheses import LinkHypothesis
from node.tracking.link import LEVEL_DB, Link

COMPANION_SHARE = 0.7
"""A second clock whose packets are nearly always on the first one's channel is the other end of the same link."""
TOGETHER_SHARE = 0.2
"""Of the bursts that keep a link's clock: more than this in its slots, on other channels, are another transmitter's."""
CEASED_SHARE = 0.15
COMPANION_LEVEL_DB = 10.0
COMPANION_APART_HZ = 0.6e6


def companion_share(members: list[Burst], link: Link) -> float:
    """Share of the bursts that begin within an interval of a packet of the link, on its channel."""
    start_ns = np.array([b.start_ns for b in link.bursts])
    centre_hz = np.array([b.centre_hz for b in link.bursts])
    beside = 0
    for burst in members:
        at = int(np.searchsorted(start_ns, burst.start_ns))
        near = [i for i in (at - 1, at) if 0 <= i < len(start_ns)]
        beside += any(
            abs(int(start_ns[i]) - burst.start_ns) < 1.05 * link.interval_ns
            and abs(float(centre_hz[i]) - burst.centre_hz) < link.channel_step_hz
            for i in near
        )
    return beside / len(members)


def accompanied_share(members: list[Burst], bursts: list[Burst], tolerance_s: float) -> float:
    """Share of the members that begin together with another burst, not much weaker, on another frequency."""
    columns = np.array([(b.start_ns - members[0].start_ns, b.centre_hz, b.snr_db) for b in bursts])
    accompanied = 0
    for burst in members:
        late_ns, apart_hz, over_db = (columns - (burst.start_ns - members[0].start_ns, burst.centre_hz, burst.snr_db)).T
        beside = (np.abs(late_ns) < 1e9 * tolerance_s) & (np.abs(apart_hz) > COMPANION_APART_HZ)
        accompanied += bool((beside & (over_db > -COMPANION_LEVEL_DB)).any())
    return accompanied / len(members)


def ceased(link: Link, members: list[Burst]) -> bool:
    """Whether a link's clock is hardly kept any more since these packets began: they are its own, on another clock.

    Samples that a receiver lost without a word move the clock of everything that is heard; a few of the packets keep
    the old one by chance.
    """
    begin_ns = members[len(members) // 4].start_ns  # the first may keep the new clock by chance
    after = 0
    for burst in reversed(link.bursts):
        if burst.end_ns < begin_ns:
            break
        after += 1
    return after <= CEASED_SHARE * len(members)


def other_end_s(best: LinkHypothesis, members: list[Burst], link: Link) -> float | None:
    """How long after a link's packets those of its other end begin, which has a hop table of its own; None: not it.

    Its packets are the record's longer or shorter ones where the link's are the others, and always between two of them.
    """
    timing = best.timing
    if timing.answer is None or not timing.answer.own_channels:
        return None
    shorter_s, longer_s = sorted((best.clock.length_s, link.hypothesis.clock.length_s))
    if shorter_s / longer_s > sqrt(timing.answer.airtime_s / timing.airtime_s):
        return None
    begin_ns = members[0].start_ns + best.phase.origin_s * 1e9
    after_s = 1e-9 * ((begin_ns - link.anchor_ns) % link.interval_ns)
    within = link.hypothesis.clock.length_s < after_s < 1e-9 * link.interval_ns - best.clock.length_s
    return after_s if within else None


def left_over(members: list[Burst], link: Link) -> bool:
    """Whether bursts keep a link's clock and are never on air with it: its own, not taken when they came.

    Two transmitters on one clock are on air together, on two channels.
    """
    if sum(link.keeps(burst) for burst in members) <= COMPANION_SHARE * len(members):
        return False
    level_db = link.level_db if link.level_db is not None else members[0].snr_db
    own = [burst for burst in link.bursts if abs(burst.snr_db - level_db) < LEVEL_DB]  # not a neighbour's products
    held = {link.slot(burst): burst.centre_hz for burst in own}
    beside = [burst for burst in members if link.bursts[0].start_ns <= burst.start_ns <= link.bursts[-1].start_ns]
    together = sum(
        abs(held.get(link.slot(burst), burst.centre_hz) - burst.centre_hz) > link.channel_step_hz for burst in beside
    )
    return together <= TOGETHER_SHARE * len(beside)
