"""The judgement of turns: which mode of a time-division link they may be, and how surely."""

# Longer than 300 lines: one judgement, its thresholds and their reasons side by side.

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.match import in_band
from dsp.protocols.record import Band
from node.tracking.hops import significance
from node.tracking.turns import Turn, TurnCollector

LEAST_TURNS = 4
LEAST_CHANNELS = 3
LEAST_SIGNIFICANCE = 5.0
"""Unrelated bursts do as well once in a hundred thousand sets."""
START_TOLERANCE = 0.012
"""Error of a turn's start, as part of the clock's interval, and its limits: a slow end, an edge in the noise."""
START_TOLERANCE_S = (0.6e-3, 1.6e-3)
MOST_STRAYS = 1.5
"""For each turn on the clock: another network beside it is one, the packets of a faster link are many."""
LEAST_SHARP = 0.5
"""Of the turns that agree with the windows, so many begin when their window does."""
KEYED_SHARE = 0.5
LEAST_KEYED = 0.2
KEYED_FROM_HZ = 20e3
"""Narrower signals fill some bins only and show no keying when they are weak."""
DECADES_UNKEYED = 2.0
"""Asked for besides where the keying shows in fewer of the turns than ``KEYED_SHARE``."""
TIGHTEST = 0.2
JITTERS = 3.0
"""Starts that agree better than they must are surer: within so many times their jitter, at best a fifth of it all."""
CENTRE_TOLERANCE_HZ = 6e3
CENTRE_TOLERANCE = 0.06
"""Error of a channel's centre, the second as part of the bandwidth."""
SAME_CHANNEL = 0.25
"""Turns closer than this part of the bandwidth are on one channel, and never further than the next one."""
SAME_CHANNEL_OF_SPACING = 0.4
ALIKE = 1.35
"""Widths of one link's turns are within this factor of their middle one."""
REPEAT_SHARE = 0.75
"""Of the turns on one channel, so many come whole rounds of the channels apart."""
DECADES_PER_REPEAT = 0.5
"""A turn on the channel that was used a round ago: chance one in three at least."""
DECADES_OF_PHY = 2.0
DECADES_OF_RATE = 3.0
"""What an agreeing signal counts where modes are compared."""
USUAL_BANDWIDTH = 0.88
"""Width measured over the record's."""
MODES_TRIED = 13
DRIFT = 20e-6


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
        """Probability that the link is what it is called: as for packet clocks."""
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
            float(np.median([t.centre_hz for t in group if not t.cut] or [t.centre_hz for t in group]))
            for group in groups
        )


def channel_reach_hz(collector: TurnCollector) -> float:
    """How far apart the centres of turns on one channel are found."""
    spacing_hz = min(band.channels_hz[1] - band.channels_hz[0] for band in collector.protocol.bands)
    by_width_hz = SAME_CHANNEL * collector.phy.bandwidth_hz + CENTRE_TOLERANCE_HZ
    return min(by_width_hz, SAME_CHANNEL_OF_SPACING * spacing_hz)


def start_tolerance_s(interval_s: float) -> float:
    """How far from its window's beginning a turn may be found to begin."""
    return float(np.clip(START_TOLERANCE * interval_s, *START_TOLERANCE_S))


def judge_turns(
    collector: TurnCollector, begin_ns: int, taken: set[tuple[int, float]], *, tuning_known: bool
) -> TurnHypothesis | None:
    """Weigh one mode on the turns since a moment, but for those with bursts that are taken."""
    turns = collector.worthy(begin_ns)
    narrow = collector.phy.bandwidth_hz < KEYED_FROM_HZ
    if len(turns) < LEAST_TURNS or not (narrow or any(turn.keyed for turn in turns)):
        return None
    if taken:
        turns = [turn for turn in turns if not turn.keys & taken]
    bands = collector.protocol.bands_of(collector.mode)
    if tuning_known and turns:
        middle_hz = sorted(turn.centre_hz for turn in turns)[len(turns) // 2]
        bands = tuple(band for band in bands if in_band(band, middle_hz))
    if len(turns) < LEAST_TURNS or not bands:
        return None
    start_s = np.array([(turn.start_ns - turns[0].start_ns) * 1e-9 for turn in turns])
    interval_s, origin_s, sharp = _clock(start_s, collector.timing.dwell_s)
    if np.count_nonzero(sharp) < LEAST_TURNS:
        return None
    slot = np.rint((start_s - origin_s) / interval_s).astype(int)
    late_s = start_s - origin_s - np.floor((start_s - origin_s) / interval_s) * interval_s
    length_s = np.array([(turn.end_ns - turn.start_ns) * 1e-9 for turn in turns])
    tolerance_s = start_tolerance_s(interval_s)
    inside = ~sharp & (late_s + length_s < collector.timing.window_s + tolerance_s)
    chosen = _one_a_slot(turns, slot, sharp)
    members = [turns[i] for i in chosen]
    wide_hz = float(np.median([turn.wide_hz for turn in members]))
    alike = [i for i in chosen if wide_hz / ALIKE < turns[i].wide_hz < wide_hz * ALIKE]
    whole = [i for i in alike if not turns[i].cut]
    rounds = _rounds(np.array([turns[i].centre_hz for i in whole]), slot[whole], collector, bands)
    members = [turns[i] for i in alike]
    if len(members) < LEAST_TURNS or rounds is None:
        return None
    keyed_share = sum(turn.keyed > 0 for turn in members) / len(members)
    if keyed_share < LEAST_KEYED and not narrow:
        return None
    channels = _channels(members, collector)
    held = set(slot[alike].tolist())
    begun = np.floor((start_s - origin_s) / interval_s).astype(int)
    late = [
        i
        for i in np.flatnonzero(inside).tolist()
        if (narrow or turns[i].keyed) and int(begun[i]) not in held and _beside(turns[i], channels, bands, wide_hz)
    ]
    span = (start_s >= start_s[alike[0]]) & (start_s <= start_s[alike[-1]])
    if len(channels) < LEAST_CHANNELS or len(members) < LEAST_SHARP * (len(members) + len(late)):
        return None
    grid_share, grid_decades = _grid(channels, bands, wide_hz) if tuning_known else (0.0, 0.0)
    error_s = start_s[alike] - origin_s - slot[alike] * interval_s
    jitter_s = float(np.sqrt(np.mean(error_s**2)))
    within_s = float(np.clip(JITTERS * jitter_s, TIGHTEST * tolerance_s, tolerance_s))
    decades = (
        significance(len(members) - 1, int(np.count_nonzero(span)) - 1, 2.0 * within_s / interval_s)
        + grid_decades
        + DECADES_PER_REPEAT * rounds
        - np.log10(MODES_TRIED)
        - (0.0 if keyed_share >= KEYED_SHARE else DECADES_UNKEYED)
    )
    strays = int(np.count_nonzero(span & ~sharp & ~inside))
    if decades < LEAST_SIGNIFICANCE or strays > MOST_STRAYS * (len(members) + len(late)):
        return None
    timed = sum(turn.timed > 0 for turn in members) / len(members)
    width = np.log(wide_hz / (USUAL_BANDWIDTH * collector.phy.bandwidth_hz + CENTRE_TOLERANCE_HZ))
    return TurnHypothesis(
        collector=collector,
        turns=tuple(members),
        loose=tuple(turns[i] for i in late),
        strays=strays,
        interval_s=interval_s,
        origin_ns=turns[0].start_ns + round(origin_s * 1e9),
        jitter_s=jitter_s,
        grid_share=grid_share,
        rounds=rounds,
        significance=float(decades),
        agreement=float(0.6 * np.exp(-0.5 * (width / 0.25) ** 2) + 0.4 * timed),
        timed_share=timed,
    )


def _clock(start_s: NDArray[np.float64], interval_s: float) -> tuple[float, float, NDArray[np.bool_]]:
    """Interval, origin and members of the clock that most starts keep to; each start is tried as the origin."""
    tolerance_s = start_tolerance_s(interval_s)
    apart = start_s[np.newaxis, :] - start_s[:, np.newaxis]
    error = apart - np.rint(apart / interval_s) * interval_s
    near = np.abs(error) < tolerance_s
    pick = int(np.argmax(near.sum(axis=1)))
    sharp: NDArray[np.bool_] = near[pick]
    origin_s = float(start_s[pick] + np.median(error[pick][sharp]))
    for _ in range(2):
        slot = np.rint((start_s - origin_s) / interval_s)
        if np.count_nonzero(sharp) >= LEAST_TURNS and np.ptp(slot[sharp]) > 3:
            x, y = slot[sharp], start_s[sharp]
            centred = x - x.mean()
            slope = float((centred * y).sum() / (centred * centred).sum())
            slope = float(np.clip(slope, interval_s * (1.0 - 4.0 * DRIFT), interval_s * (1.0 + 4.0 * DRIFT)))
            origin_s, interval_s = float(y.mean() - slope * x.mean()), slope
        sharp = np.abs(start_s - origin_s - np.rint((start_s - origin_s) / interval_s) * interval_s) < tolerance_s
    return interval_s, origin_s, sharp


def _one_a_slot(turns: list[Turn], slot: NDArray[np.int_], sharp: NDArray[np.bool_]) -> list[int]:
    """Of the turns that begin with one window the one that is heard longest."""
    best: dict[int, int] = {}
    for index in np.flatnonzero(sharp).tolist():
        other = best.get(int(slot[index]))
        if other is None or turns[index].full_s > turns[other].full_s:
            best[int(slot[index])] = index
    return [best[number] for number in sorted(best)]


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


def _beside(turn: Turn, channels: list[float], bands: tuple[Band, ...], wide_hz: float) -> bool:
    """Whether a turn is whole steps of a band's grid away from most of the channels."""
    tolerance_hz = CENTRE_TOLERANCE_HZ + CENTRE_TOLERANCE * wide_hz
    apart = turn.centre_hz - np.asarray(channels)
    return any(
        2 * np.count_nonzero(np.abs(apart - np.rint(apart / step_hz) * step_hz) < tolerance_hz) > len(channels)
        for step_hz in (band.channels_hz[1] - band.channels_hz[0] for band in bands)
    )


def _grid(channels: list[float], bands: tuple[Band, ...], wide_hz: float) -> tuple[float, float]:
    """Share of the channels on the grid of a band, wherever it begins, and what that is worth in decades."""
    tolerance_hz = CENTRE_TOLERANCE_HZ + CENTRE_TOLERANCE * wide_hz
    best = (0.0, 0.0)
    centres = np.asarray(channels)
    for band in bands:
        spacing_hz = band.channels_hz[1] - band.channels_hz[0]
        apart = centres[np.newaxis, :] - centres[:, np.newaxis]
        error = np.abs(apart - np.rint(apart / spacing_hz) * spacing_hz)
        on_grid = int((error < tolerance_hz).sum(axis=1).max())
        chance = min(0.9, 2.0 * tolerance_hz / spacing_hz)
        decades = significance(on_grid - 1, len(channels) - 1, chance)
        best = max(best, (on_grid / len(channels), decades))
    return best
