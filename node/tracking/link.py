"""One hop link: its clock, its channels, the bursts that belong to it, and the name it goes by."""

# Longer than 300 lines: one link and the parts that are kept of it; what judges it is in ``hypotheses``.

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from operator import attrgetter

from dsp.bursts import Burst, ChirpFinding
from dsp.protocols.record import ChirpPhy
from dsp.units import NS_PER_S, to_ns
from node.tracking.candidates import (
    AIRTIME_RANGE,
    FSK_AIRTIME_RANGE,
    FSK_BANDWIDTH_RANGE,
    WEAK_AIRTIME_RANGE,
    answer_airtime_s,
    answer_offsets_s,
    weak_least_s,
)
from node.tracking.grid_fit import clearly_off_hz, grid_distance_hz
from node.tracking.grids import CHANNEL_TOLERANCE_HZ
from node.tracking.hops import clock_tolerance_s, folded_one_s
from node.tracking.hypotheses import LinkHypothesis
from node.tracking.packets import is_weak

JUDGE_AGAIN_S = 1.0
"""A link is judged anew this often, and whenever it has grown by half."""
SETTLED_AGAIN_S = 2.0
SETTLED_JUDGEMENTS = 2
"""So many that agree with the name that a link has been given, and from then on it is judged this often, however much
it grows. What does not keep its clock any more is free, and free bursts are searched for links all the time."""
NEWS_S = 0.25
"""A little more than a step: nothing heard for so long, and it waits for the next packet, or the end."""
CLOCK_DRIFT = 20e-6
"""What a measured interval may be wrong by, so that a link is recognised after a pause."""
LONGEST_PAUSE_S = 20.0
CLEARLY_BETTER = 1.25
"""Another mode must explain a link so much better than the one it has,"""
RIVAL_S = 2.0
"""and for so long, before the link is called by it."""
OFF_GRID_PACKETS = 12
"""So many on another record's grid, and off that of the name they have, need not wait."""
TOLD_APART = 0.8
"""Of weak packets: another mode of the protocol that explains so much leaves the mode open."""
LENGTH_LEAST_PACKETS = 12
LENGTH_LEAST_ENDS = 0.12
"""Share of weak packets with one length from which on it is that of the packet, not where the noise happened to win."""
LENGTH_OFF_SYMBOLS = 1.3
"""Lengths of weak packets are whole symbols, the last one now and then missed."""
LENGTH_APART_SYMBOLS = 1.5
"""The two 19 Hz modes of mLRS, on chips with another sync word, are two symbols apart, all others more."""
LATE_SHARE = 0.4
"""Of a packet: so much of its beginning may be hidden by a neighbour or a fade, and it still ends in time."""
WEAK_LATE_SYMBOLS = 5.0
"""The first symbols of a long and weak preamble are missed together; such a packet counts, but sets no clock."""
LEVEL_DB = 10.0
"""Where clocks of two links coincide: so much difference of level weighs as much as all of the clock's tolerance."""
REPLIES_KEPT = 64
LEVEL_MEMORY = 8.0
"""Packets that a link's level is the mean of."""

JUDGE_AGAIN_NS, SETTLED_AGAIN_NS, NEWS_NS = to_ns(JUDGE_AGAIN_S), to_ns(SETTLED_AGAIN_S), to_ns(NEWS_S)

in_order = attrgetter("start_ns", "centre_hz")
"""What bursts are sorted by: time, then frequency."""


class Part(Enum):
    """What a burst is of a link."""

    PACKET = "packet on its clock"
    LATE = "packet whose beginning is missing"
    REPLY = "packet of its other end"


@dataclass(slots=True)
class Link:
    """One transmitter that hops, as far as it has been heard."""

    key: str
    hypothesis: LinkHypothesis
    others: list[LinkHypothesis]
    bursts: deque[Burst]
    anchor_ns: int
    interval_ns: float
    first_ns: int
    last_ns: int
    count: int
    judged_ns: int = 0
    judged_count: int = 0
    alike: int = 0
    """Judgements in a row that gave it the name it has."""
    fresh: bool = True
    """Judged since the track was last described."""
    channel_hz: float = 0.0
    channel_step_hz: float = CHANNEL_TOLERANCE_HZ
    channels: dict[int, list[float]] = field(default_factory=dict)
    """Channels heard since the beginning, by their number in such steps: centre, bursts, whole bursts."""
    level_db: float | None = None
    """Signal-to-noise ratio of its packets lately."""
    usual_hz: float = 0.0
    """Width of its packets, the middle of those that it was judged by."""
    rival: tuple[str, str] | None = None
    """Label and mode that explain it better, and since when."""
    rival_ns: int = 0
    replies_s: deque[float] = field(default_factory=lambda: deque(maxlen=REPLIES_KEPT))
    """Lengths of the other end's packets lately."""
    answer_s: float | None = None
    """Where the other end's packets were found to begin, from a packet of its own; the record's moment is a guess."""

    @property
    def mode_known(self) -> bool:
        """Whether the mode can be told from the others of its protocol."""
        best = self.hypothesis
        if best.mode is None or not best.packets.faint:
            return best.mode is not None
        return not any(
            other.protocol is best.protocol
            and other.mode is not best.mode
            and other.weight > TOLD_APART * best.weight
            and not _shorter_or_longer(best, other)
            for other in self.others
        )

    def yields_to(self, best: LinkHypothesis, found: list[LinkHypothesis], now_ns: int) -> bool:
        """Whether the link is called by the best hypothesis now: its own, a first name, or clearly better for long."""
        old = self.hypothesis
        same = best.protocol is old.protocol and (best.mode is old.mode or not self.mode_known)
        if old.protocol is None or same:
            self.rival = None
            return True
        assert best.protocol is not None
        assert best.mode is not None
        assert old.mode is not None
        own = next((h for h in found if h.protocol is old.protocol and h.mode is old.mode), None)
        off_grid = _off_its_grid(old, best)
        if old.mode.confirmed and not best.mode.confirmed and not off_grid:
            return False
        if own is not None and best.weight < CLEARLY_BETTER * own.weight:
            self.rival = None
            return False
        name = (best.protocol.label, best.mode.name)
        if self.rival != name:
            self.rival, self.rival_ns = name, now_ns
        sure = off_grid and best.packets.count >= OFF_GRID_PACKETS
        if not sure and now_ns - self.rival_ns < to_ns(RIVAL_S):
            return False
        self.rival = None
        return True

    def error(self, burst: Burst) -> tuple[float, Part] | None:
        """How far a burst is from this link's clock, as part of what is allowed, and what it is of the link.

        None where it cannot belong to the link.
        """
        timing = self.hypothesis.timing
        chirp = isinstance(burst.finding, ChirpFinding)
        if not chirp:
            usual_hz = self.usual_hz
            if not FSK_BANDWIDTH_RANGE[0] * usual_hz < burst.bandwidth_hz < usual_hz / FSK_BANDWIDTH_RANGE[0]:
                return None
            if self.hypothesis.grid is not None and not self.hypothesis.grid.holds(burst):
                return None
        weak = is_weak(burst)
        low, high = WEAK_AIRTIME_RANGE if weak else AIRTIME_RANGE if chirp else FSK_AIRTIME_RANGE
        length_s = folded_one_s(burst.duration_s, timing) if chirp else burst.duration_s
        least_s = weak_least_s(self.hypothesis.mode, timing.airtime_s) if weak else low * timing.airtime_s
        if least_s < length_s < high * timing.airtime_s:
            error = self._clock_error(burst, 0.0)
            if error is not None:
                return error, Part.PACKET
            if weak and isinstance(burst.finding, ChirpFinding):
                error = self._clock_error(burst, WEAK_LATE_SYMBOLS * burst.finding.symbol_s)
                if error is not None:
                    return error, Part.LATE
        late_s = timing.airtime_s - burst.duration_s
        if chirp and 0.0 < late_s < LATE_SHARE * timing.airtime_s and self._heard_on(burst.centre_hz):
            error = self._clock_error(burst, late_s)
            if error is not None:
                return error, Part.LATE
        low_s, high_s = answer_airtime_s(timing)
        if weak:
            low_s = weak_least_s(self.hypothesis.mode, low_s)
        if low_s < burst.duration_s < high_s:
            found_s = () if self.answer_s is None else (self.answer_s,)
            for offset_s in (*answer_offsets_s(timing), *found_s):
                error = self._clock_error(burst, offset_s)
                if error is not None:
                    return error, Part.REPLY
        return None

    def _clock_error(self, burst: Burst, offset_s: float) -> float | None:
        timing = self.hypothesis.timing
        after_ns = burst.start_ns - self.anchor_ns - offset_s * 1e9
        if abs(after_ns) > LONGEST_PAUSE_S * NS_PER_S:
            return None
        slot = round(after_ns / self.interval_ns)
        if slot == 0 and not offset_s:
            return None
        allowed_ns = 1e9 * clock_tolerance_s(timing.interval_s) + CLOCK_DRIFT * abs(after_ns)
        error = abs(after_ns - slot * self.interval_ns) / min(allowed_ns, 0.3 * self.interval_ns)
        if error > 1.0:
            return None
        # A packet where the hops put it, on the channel of the last one, is surer than any other.
        stays = slot < timing.packets_per_hop and abs(burst.centre_hz - self.channel_hz) < self.channel_step_hz
        return error - (1.0 if stays else 0.0)

    def _heard_on(self, centre_hz: float) -> bool:
        """Whether a frequency is a channel that the link has been heard on."""
        number = round(centre_hz / self.channel_step_hz)
        return any(near in self.channels for near in (number, number - 1, number + 1))

    def may_hold(self, burst: Burst) -> bool:
        """Whether a burst lies inside what would be a packet of either end, on a channel that the link has: a piece."""
        timing = self.hypothesis.timing
        tolerance_s = clock_tolerance_s(timing.interval_s)
        after_s = (burst.start_ns - self.anchor_ns) * 1e-9
        ends = [(0.0, timing.airtime_s)]
        if timing.answer is not None:
            ends += [(offset_s, max(answer_airtime_s(timing))) for offset_s in answer_offsets_s(timing)]
        return self._heard_on(burst.centre_hz) and any(
            -tolerance_s <= (into_s := _wrapped(after_s - offset_s, self.interval_ns * 1e-9, tolerance_s))
            and into_s + burst.duration_s <= airtime_s + tolerance_s
            for offset_s, airtime_s in ends
        )

    def slot(self, burst: Burst) -> int:
        """Number of the slot of the clock that is nearest to a burst's start."""
        return round((burst.start_ns - self.anchor_ns) / self.interval_ns)

    def keeps(self, burst: Burst) -> bool:
        """Whether a burst begins on this link's clock."""
        after_ns = burst.start_ns - self.anchor_ns
        error_ns = abs(after_ns - self.slot(burst) * self.interval_ns)
        return error_ns < 1e9 * clock_tolerance_s(self.hypothesis.timing.interval_s) + CLOCK_DRIFT * abs(after_ns)

    def level_error(self, burst: Burst) -> float:
        """How far a burst's level is from that of the link's packets lately, 1 at most."""
        return 0.0 if self.level_db is None else min(1.0, abs(burst.snr_db - self.level_db) / LEVEL_DB)

    def take(self, burst: Burst) -> None:
        """Add a packet that keeps the link's clock, and set the clock by it."""
        after_ns = burst.start_ns - self.anchor_ns
        slot = round(after_ns / self.interval_ns)
        if slot > 0:
            expected_ns = self.anchor_ns + slot * self.interval_ns
            self.anchor_ns = round(expected_ns + 0.25 * (burst.start_ns - expected_ns))
            self.channel_hz = burst.centre_hz
        self.append(burst)

    def append(self, burst: Burst) -> None:
        """Remember a packet of the link's clock."""
        if not (burst.cut_low or burst.cut_high):
            before_db = burst.snr_db if self.level_db is None else self.level_db
            self.level_db = before_db + (burst.snr_db - before_db) / LEVEL_MEMORY
        if self.bursts and burst.start_ns < self.bursts[-1].start_ns:
            ordered = sorted([*self.bursts, burst], key=in_order)
            self.bursts.clear()
            self.bursts.extend(ordered)
        else:
            self.bursts.append(burst)
        self.count_in(burst)

    def hold(self, burst: Burst, part: Part) -> None:
        """Add a burst as what it is of the link."""
        if part is Part.PACKET:
            self.take(burst)
        elif part is Part.LATE:
            self.count_in(burst)
        else:
            self.count_reply(burst)

    def count_reply(self, burst: Burst) -> None:
        """Count a packet of the other end."""
        self.replies_s.append(burst.duration_s)
        self.count_in(burst)

    def count_in(self, burst: Burst) -> None:
        """Count a packet of the link, an answer of the other end perhaps, and its channel."""
        self.count += 1
        self.last_ns = max(self.last_ns, burst.end_ns)
        number, channels = round(burst.centre_hz / self.channel_step_hz), self.channels
        whole = not (burst.cut_low or burst.cut_high)
        centre = channels.get(number) or channels.get(number - 1) or channels.get(number + 1)
        if centre is None:
            channels[number] = [burst.centre_hz, 1.0, float(whole)]
            return
        if whole or not centre[2]:
            weight = 1.0 / min(centre[2] + 1.0 if whole else centre[1] + 1.0, 50.0)
            centre[0] += weight * (burst.centre_hz - centre[0])
        centre[1] += 1.0
        centre[2] += whole

    def due(self, now_ns: int) -> bool:
        """Whether there is enough new to judge it again, and something just heard: old news is not told."""
        if self.count == self.judged_count or now_ns - self.last_ns > NEWS_NS:
            return False
        since_ns = now_ns - self.judged_ns
        if self._settled():
            return since_ns >= SETTLED_AGAIN_NS
        return self.count >= self.judged_count * 1.5 or since_ns >= JUDGE_AGAIN_NS

    def _settled(self) -> bool:
        """Whether there is no doubt about its name: no rival, and packets strong enough to have their whole length."""
        return self.alike >= SETTLED_JUDGEMENTS and self.rival is None and not self.hypothesis.packets.faint

    def judged(self, best: LinkHypothesis, others: list[LinkHypothesis], alike: int = 0) -> None:
        """Go by another hypothesis, or by the same one on newer packets, as ``alike`` times before."""
        old = self.hypothesis
        same = best.protocol is not None and best.protocol is old.protocol and best.mode is old.mode
        self.alike = alike + 1 if same else 0
        self.hypothesis, self.others = best, others

    def hurry(self) -> None:
        """Have it judged as soon as there is anything new."""
        self.judged_ns = 0


def _off_its_grid(old: LinkHypothesis, best: LinkHypothesis) -> bool:
    """Whether the packets are on the best one's grid and on none of the record that they have gone by."""
    off_hz = grid_distance_hz(best.packets, old.protocol, old.mode)
    best_hz = grid_distance_hz(best.packets, best.protocol, best.mode)
    return clearly_off_hz(best_hz, faint=best.packets.faint) < off_hz < float("inf")


def _shorter_or_longer(best: LinkHypothesis, other: LinkHypothesis) -> bool:
    """Whether weak packets have the length of one mode and not that of another: many must end where it ends."""
    phy, clock = best.mode.phy if best.mode else None, best.clock
    if (
        not isinstance(phy, ChirpPhy)
        or clock.packets + best.replies < LENGTH_LEAST_PACKETS
        or clock.ends < LENGTH_LEAST_ENDS
    ):
        return False
    off, off_other = best.off_s / phy.symbol_s, other.off_s / phy.symbol_s
    return off < LENGTH_OFF_SYMBOLS and off_other > off + LENGTH_APART_SYMBOLS


def _wrapped(after_s: float, interval_s: float, before_s: float) -> float:
    """Time since the slot that a moment lies in, which begins this much early."""
    return (after_s + before_s) % interval_s - before_s
