"""The judgement of turns: which mode of a time-division link they may be, and how surely."""

# Longer than 300 lines: one judgement, its thresholds and their reasons side by side.

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, inf

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.record import Band
from dsp.quantile import median
from node.tracking.hops import significance
from node.tracking.turn_clock import (
    centre_tolerance_hz,
    channel_reach_hz,
    fit_clock,
    may_keep_a_clock,
    off_the_grid,
    one_a_slot,
    spacing_hz,
)
from node.tracking.turns import LEAST_TURNS, Turn, TurnCollector

LEAST_CHANNELS = 3
LEAST_SIGNIFICANCE = 6.0
"""Unrelated bursts do as well once in a million sets."""
FEW_TURNS = 4
FEW_STRAYS = 1
FEW_SIGNIFICANCE = 6.5
"""Asked of fewer turns; besides, all must be keyed, on channels of their own, on the grid, with one stray at most. A
slice sees a fifth of the hops at 915 MHz: the fourth turn comes a second after the third."""
MOST_STRAYS = 1.5
MOST_STRAYS_NARROW = 6.0
"""For each turn on the clock: another network beside it is one, the packets of a faster link are many. No faster link
is as narrow as the slow modes, but a crowd of sensors is."""
LEAST_SHARP = 0.5
"""Of the turns that agree with the windows, so many begin when their window does."""
KEYED_SHARE = 0.5
LEAST_KEYED = 0.2
KEYED_FROM_HZ = 30e3
"""Narrower signals fill some bins only and show no keying when they are weak."""
DECADES_UNKEYED = 2.0
"""Asked for besides where the keying shows in fewer of the turns than ``KEYED_SHARE``."""
TIGHTEST = 0.1
JITTERS = 3.0
"""Starts and centres that agree better than they must are surer: within so many times their jitter, at best a tenth
of what is allowed."""
ALIKE = 1.35
ALIKE_HZ = 10e3
"""Widths of one link's turns are within this factor of their middle one, or differ by a column of the spectrogram."""
REPEAT_SHARE = 0.75
"""Of the turns on one channel, so many come whole rounds of the channels apart."""
DECADES_PER_REPEAT = 0.5
"""A turn on the channel that was used a round ago: chance one in three at least."""
DECADES_OF_PHY = 2.0
DECADES_OF_RATE = 3.0
"""What an agreeing signal counts where modes are compared."""
USUAL_BANDWIDTH = 0.88
COLUMN_HZ = 6e3
"""Width measured over the record's, and what the spectrogram adds to it."""
TIGHTEST_GRID = 0.3
MODES_TRIED = 16


@dataclass(frozen=True, slots=True)
class TurnHypothesis:
    """A mode and how well turns support it.

    Parameters
    ----------
    collector
        The record's protocol and mode.
    turns
        Turns whose window begins when they do, one a slot, in order of time.
    loose
        Turns inside the windows that begin later: their first packets were not heard.
    dropped
        Turns that begin near a window too, but are second on it, of another width, or far off compared with the rest.
    strays
        Turns of the same kind in the same time outside the windows.
    interval_s, origin_ns
        The clock.
    grid_share
        Share of the channels on the record's grid.
    rounds
        Turns that come a round after another on the same channel.
    significance
        Minus the decimal logarithm of the chance that unrelated bursts do as well.
    agreement
        0 to 1: width, deviation and rate against the record.
    timed_share
        Share of the turns whose rate was measured as the record's.
    """

    collector: TurnCollector
    turns: tuple[Turn, ...]
    loose: tuple[Turn, ...]
    dropped: tuple[Turn, ...]
    strays: int
    interval_s: float
    origin_ns: int
    jitter_s: float
    grid_share: float
    rounds: int
    significance: float
    agreement: float
    timed_share: float

    @property
    def rank(self) -> float:
        """What hypotheses are compared by, in decades."""
        return self.significance + DECADES_OF_PHY * self.agreement + DECADES_OF_RATE * self.timed_share

    @property
    def confidence(self) -> float:
        """How far the link agrees with what it is called: as ``link_confidence`` of packet clocks."""
        kept = len(self.turns) + len(self.loose)
        share = (kept + 1.0) / (kept + self.strays + 3.0)
        return min(0.99, share * (0.5 + 0.25 * self.grid_share + 0.25 * self.agreement))

    @property
    def channels_hz(self) -> tuple[float, ...]:
        """Channels heard, ascending: the middle of the turns on each, whole ones before those cut off."""
        reach_hz = channel_reach_hz(self.collector)
        groups: list[list[Turn]] = []
        for turn in sorted((*self.turns, *self.loose), key=lambda t: t.centre_hz):
            if groups and turn.centre_hz - groups[-1][-1].centre_hz < reach_hz:
                groups[-1].append(turn)
            else:
                groups.append([turn])
        return tuple(
            median(np.array([t.centre_hz for t in group if not t.cut] or [t.centre_hz for t in group]))
            for group in groups
        )


def judge_turns(
    collector: TurnCollector,
    begin_ns: int,
    taken: set[tuple[int, float]],
    *,
    tuning_known: bool,
    known: TurnHypothesis | None = None,
) -> TurnHypothesis | None:
    """Weigh one mode on the turns since a moment, but for those with bursts that are taken.

    Parameters
    ----------
    collector
        The mode.
    begin_ns
        The moment.
    taken
        Bursts of links that have been found.
    tuning_known
        Whether frequencies are on air.
    known
        What has been known of a link of this mode.
    """
    turns = collector.worthy(begin_ns)
    narrow = collector.phy.bandwidth_hz < KEYED_FROM_HZ
    if len(turns) < LEAST_TURNS or not (narrow or any(turn.keyed for turn in turns)):
        return None
    if taken:
        turns = [turn for turn in turns if not turn.has_any(taken)]
    bands = collector.bands
    if tuning_known:
        # All in one band, whatever else is in the slice.
        centres_hz = [turn.centre_hz for turn in turns]
        inside = [[low_hz <= hz <= high_hz for hz in centres_hz] for low_hz, high_hz in collector.spans_hz]
        most = max(range(len(bands)), key=lambda i: sum(inside[i]))
        bands = (bands[most],)
        turns = [turn for turn, kept in zip(turns, inside[most], strict=True) if kept]
    if len(turns) < LEAST_TURNS:
        return None
    starts_s = [1e-9 * (turn.start_ns - turns[0].start_ns) for turn in turns]
    if not may_keep_a_clock(starts_s, collector.timing.dwell_s, collector.start_tolerance_s):
        return None
    start_s = np.array(starts_s)
    tolerance_s = collector.start_tolerance_s
    keyed = np.array([turn.keyed > 0 for turn in turns])
    of_kind = keyed if np.count_nonzero(keyed) >= LEAST_TURNS else np.ones(len(turns), dtype=np.bool_)
    expected_s = None
    if known is not None:
        expected_s = (known.origin_ns - turns[0].start_ns) * 1e-9
        expected_s -= round(expected_s / known.interval_s) * known.interval_s
    interval_s, origin_s, sharp = fit_clock(start_s, of_kind, collector.timing.dwell_s, tolerance_s, expected_s)
    if np.count_nonzero(sharp) < LEAST_TURNS or not _may_hop(turns, sharp.tolist(), collector):
        return None
    astray = 0
    if tuning_known:
        others, own = _of_others(turns, sharp, collector, bands)
        turns = [turn for turn, other in zip(turns, others.tolist(), strict=True) if not other]
        start_s, sharp, keyed = start_s[~others], sharp[~others], keyed[~others]
        astray = 0 if own else int(np.count_nonzero(others))
    since_s = start_s - origin_s
    slot = np.rint(since_s / interval_s).astype(int)
    begun = np.floor(since_s / interval_s).astype(int)
    chosen = one_a_slot(turns, slot, sharp)
    wide_hz = median(np.array([turns[i].wide_hz for i in chosen]))
    alike = [i for i in chosen if _alike(turns[i].wide_hz, wide_hz)]
    members = [turns[i] for i in alike]
    if len(members) < LEAST_TURNS:
        return None
    keyed_share = sum(turn.keyed > 0 for turn in members) / len(members)
    few = len(members) < FEW_TURNS
    if not narrow and (keyed_share < LEAST_KEYED or (few and keyed_share < 1.0)):
        return None
    channels = _channels(members, collector)
    if len(channels) < LEAST_CHANNELS:
        return None
    whole = [i for i in alike if not turns[i].cut]
    rounds = _rounds(np.array([turns[i].centre_hz for i in whole]), slot[whole], collector, bands)
    if rounds is None:
        return None
    held = set(slot[alike].tolist())
    length_s = np.array([turn.end_ns - turn.start_ns for turn in turns]) * 1e-9
    within = ~sharp & (since_s - begun * interval_s + length_s < collector.timing.window_s + tolerance_s)
    late = [
        i
        for i in np.flatnonzero(within).tolist()
        if (narrow or turns[i].keyed) and int(begun[i]) not in held and _beside(turns[i], channels, bands, wide_hz)
    ]
    if len(members) < LEAST_SHARP * (len(members) + len(late)):
        return None
    span = (start_s >= start_s[alike[0]]) & (start_s <= start_s[alike[-1]])
    if keyed_share >= KEYED_SHARE:
        span &= keyed  # what is not keyed is not of their kind
    strays = int(np.count_nonzero(span & ~sharp & ~within))
    per_turn = MOST_STRAYS_NARROW if narrow else MOST_STRAYS
    if strays > (FEW_STRAYS if few else per_turn * (len(members) + len(late))):
        return None
    grid_share, grid_decades = _grid(channels, bands, wide_hz, astray) if tuning_known else (0.0, 0.0)
    error_s = since_s - slot * interval_s
    near = np.abs(error_s) < tolerance_s
    error_s = error_s[alike]
    jitter_s = float(np.sqrt(error_s.dot(error_s) / len(error_s)))
    within_s = min(max(JITTERS * jitter_s, TIGHTEST * tolerance_s), tolerance_s)
    decades = (
        significance(len(members) - 1, max(len(members), int(np.count_nonzero(span))) - 1, 2.0 * within_s / interval_s)
        + grid_decades
        + DECADES_PER_REPEAT * rounds
        - np.log10(MODES_TRIED)
        - (0.0 if keyed_share >= KEYED_SHARE else DECADES_UNKEYED)
    )
    if decades < (FEW_SIGNIFICANCE if few else LEAST_SIGNIFICANCE) or (few and tuning_known and grid_share < 1.0):
        return None
    timed = sum(turn.timed > 0 for turn in members) / len(members)
    width = np.log(wide_hz / (USUAL_BANDWIDTH * collector.phy.bandwidth_hz + COLUMN_HZ))
    return TurnHypothesis(
        collector=collector,
        turns=tuple(members),
        loose=tuple(turns[i] for i in late),
        dropped=tuple(turns[i] for i in np.flatnonzero(near).tolist() if i not in alike),
        strays=strays,
        interval_s=interval_s,
        origin_ns=turns[0].start_ns + round((origin_s - start_s[0]) * 1e9),
        jitter_s=jitter_s,
        grid_share=grid_share,
        rounds=rounds,
        significance=float(decades),
        agreement=float(0.6 * np.exp(-0.5 * (width / 0.25) ** 2) + 0.4 * timed),
        timed_share=timed,
    )


def _of_others(
    turns: list[Turn], sharp: NDArray[np.bool_], collector: TurnCollector, bands: tuple[Band, ...]
) -> tuple[NDArray[np.bool_], bool]:
    """Which of the turns on the clock are not on the grid of most, and whether they are another network's."""
    on_clock = np.flatnonzero(sharp)
    centre_hz = np.array([turns[i].centre_hz for i in on_clock.tolist()])
    whole = np.array([not turns[i].cut for i in on_clock.tolist()])
    tolerance_hz = centre_tolerance_hz(collector.phy.bandwidth_hz)
    far, own = off_the_grid(centre_hz, whole, spacing_hz(bands[0]), tolerance_hz)
    others = np.zeros(len(turns), dtype=np.bool_)
    others[on_clock[far]] = True
    return others, own


def _alike(one_hz: float, middle_hz: float) -> bool:
    """Whether a turn is as wide as the link's others."""
    return middle_hz / ALIKE < one_hz < middle_hz * ALIKE or abs(one_hz - middle_hz) < ALIKE_HZ


def _rounds(
    centre_hz: NDArray[np.float64], slot: NDArray[np.int_], collector: TurnCollector, bands: tuple[Band, ...]
) -> int | None:
    """Turns on the channel of a turn one or more rounds before; None if channels come back when they should not."""
    if len(slot) < 2:
        return 0
    same = np.abs(centre_hz[:, np.newaxis] - centre_hz) < channel_reach_hz(collector)
    first, second = np.nonzero(np.triu(same, 1))
    if not len(first):
        return 0
    apart = (slot[second] - slot[first]).tolist()
    lengths = {len(band.channels_hz) for band in bands} | {gcd(*apart)}
    for length in sorted(lengths, reverse=True):
        if length < LEAST_CHANNELS + 1:
            continue
        kept = [i for i, steps in enumerate(apart) if steps % length == 0]
        if len(kept) >= REPEAT_SHARE * len(apart):
            return len(set(second[kept].tolist()))
    return None


def _channels(members: list[Turn], collector: TurnCollector) -> list[float]:
    """Centres of the distinct channels, of whole turns where there are any."""
    reach_hz = channel_reach_hz(collector)
    centres: list[float] = []
    for turn in sorted(members, key=lambda t: t.cut):
        if all(abs(turn.centre_hz - centre_hz) > reach_hz for centre_hz in centres):
            centres.append(turn.centre_hz)
    return centres


def _may_hop(turns: list[Turn], sharp: list[bool], collector: TurnCollector) -> bool:
    """Whether those of the turns that are on a clock are on channels enough, whichever of them are kept."""
    reach_hz = channel_reach_hz(collector)
    channels, last_hz = 0, -inf
    for centre_hz in sorted(turn.centre_hz for turn, is_sharp in zip(turns, sharp, strict=True) if is_sharp):
        if centre_hz - last_hz > reach_hz:
            channels, last_hz = channels + 1, centre_hz
    return channels >= LEAST_CHANNELS


def _beside(turn: Turn, channels: list[float], bands: tuple[Band, ...], wide_hz: float) -> bool:
    """Whether a turn is whole steps of a band's grid away from most of the channels."""
    tolerance_hz = centre_tolerance_hz(wide_hz)
    apart = turn.centre_hz - np.asarray(channels)
    return any(
        2 * np.count_nonzero(np.abs(apart - np.rint(apart / step_hz) * step_hz) < tolerance_hz) > len(channels)
        for step_hz in map(spacing_hz, bands)
    )


def _grid(channels: list[float], bands: tuple[Band, ...], wide_hz: float, astray: int) -> tuple[float, float]:
    """Share of the channels on the grid of a band, wherever it begins, and what that is worth in decades.

    ``astray`` turns on the clock have been left out because they are not on it.
    """
    tolerance_hz = centre_tolerance_hz(wide_hz)
    best = (0.0, 0.0)
    centres = np.asarray(channels)
    apart = centres[np.newaxis, :] - centres[:, np.newaxis]
    for step_hz in {spacing_hz(band) for band in bands}:
        error = apart - np.rint(apart / step_hz) * step_hz
        near = np.abs(error) < tolerance_hz
        pick = int(near.sum(axis=1).argmax())
        off_hz = error[pick][near[pick]]
        off_hz -= off_hz.mean()
        jitter_hz = float(np.sqrt(off_hz.dot(off_hz) / len(off_hz)))
        within_hz = min(max(JITTERS * jitter_hz, TIGHTEST_GRID * tolerance_hz), tolerance_hz)
        decades = significance(len(off_hz) - 1, len(channels) + astray - 1, min(0.9, 2.0 * within_hz / step_hz))
        best = max(best, (len(off_hz) / len(channels), decades))
    return best
