"""Packet clocks and hop patterns: what makes a link out of bursts."""

# Longer than 300 lines: the arithmetic of one clock; its parts share private steps that mean nothing alone.

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from dsp.bursts import Burst, ChirpFinding, KeyingFinding
from dsp.protocols.record import HopTiming
from dsp.quantile import median

CHANNEL_TOLERANCE_HZ = 90e3
"""Bursts closer than this are on one channel: below half of the usual grids (250 kHz), above the centre's error."""
CHANNEL_OF_SPACING = 0.4
"""The same on a finer grid, as part of its spacing."""
EVEN_HZ = 1.0
FLOOR_DB_PER_FACTOR = -2.5
"""A demodulator of LoRa needs -2.5 dB in the chirp's bandwidth at SF5 and this much less for every factor more."""
FLOOR_FACTOR = 4
WEAK_MARGIN_DB = 2.0
"""So far above that floor and below it a packet's end is lost in the noise: its length says little."""
CLOCK_TOLERANCE = 0.04
"""Error of a packet's start, as part of the interval: a chirp cut by the slice's edge begins up to a symbol late."""
CLOCK_TOLERANCE_S = 0.12e-3
"""Error of a burst's start at low signal-to-noise ratio."""
CLOCK_TOLERANCE_MOST = 0.15
"""Never more than this part of the interval, or anything fits the fastest clock."""
FINE_GRID_ERROR = 0.12
"""Error of a channel on a fine grid, as part of its spacing."""
RUN_ON_SHARE = 0.6
"""Longer than an interval and this part of a packet: two packets in one, the gap between them hidden by noise."""
LONGEST_SPAN_INTERVALS = 10
"""Packets further apart than this say nothing of the interval itself."""
DWELL_QUANTILE = 0.8
WEAK_DWELL_QUANTILE = 0.95
"""Where half of the packets are missed fewer stays show their whole length."""
WEAK_LENGTH_QUANTILE = 0.95
"""Noise makes a weak packet's end come early, never late: the longest are as long as they should be."""
END_SHARE = 0.03
"""Lengths this close to the longest, as part of it, have the same end."""
DRIFTS = (0.0, -40e-6, 40e-6)
"""Clock errors tried: two crystals of 30 ppm, on a grid as fine as the tolerance asks for over some seconds."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Bursts as arrays, in order of time.

    Parameters
    ----------
    start_s
        (n,) float64, since the first.
    duration_s, centre_hz, bandwidth_hz
        (n,) float64.
    deviation_hz
        (n,) float64, 0 where a burst was not found to be frequency keyed.
    whole
        (n,) bool, False where the burst runs out of the slice.
    weak
        (n,) bool, chirps about the demodulator's floor or below: their lengths are not to be relied on.
    """

    start_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    centre_hz: NDArray[np.float64]
    bandwidth_hz: NDArray[np.float64]
    deviation_hz: NDArray[np.float64]
    whole: NDArray[np.bool_]
    weak: NDArray[np.bool_]

    @property
    def faint(self) -> bool:
        """Whether most of the packets are weak."""
        return 2 * int(np.count_nonzero(self.weak)) > self.count

    @property
    def count(self) -> int:
        """Number of packets."""
        return len(self.start_s)

    @property
    def span_s(self) -> float:
        """From the first start to the last end."""
        return float(self.start_s[-1] + self.duration_s[-1]) if self.count else 0.0

    def pick(self, chosen: NDArray[np.bool_], tolerance_hz: float = CHANNEL_TOLERANCE_HZ) -> Packets:
        """Some of the packets, with the channels they are on."""
        at = chosen.nonzero()[0]
        centre_hz, whole = self.centre_hz[at], self.whole[at]
        return self._picked(at, centre_hz, whole, *channels_of(centre_hz, whole, tolerance_hz))

    def pick_on(self, chosen: NDArray[np.bool_], grid_hz: Sequence[float]) -> Packets:
        """Some of the packets, each on the channel of a grid that is nearest to it."""
        at = chosen.nonzero()[0]
        centre_hz, whole = self.centre_hz[at], self.whole[at]
        nearest = np.array([nearest_of(grid_hz, each_hz) for each_hz in centre_hz.tolist()])
        used, channel = np.unique(nearest, return_inverse=True)
        groups = [channel == number for number in range(len(used))]
        trusted = [members & whole if (members & whole).any() else members for members in groups]
        return self._picked(at, centre_hz, whole, channel, tuple(median(centre_hz[members]) for members in trusted))

    def _picked(
        self,
        at: NDArray[np.intp],
        centre_hz: NDArray[np.float64],
        whole: NDArray[np.bool_],
        channel: NDArray[np.intp],
        channels_hz: tuple[float, ...],
    ) -> Packets:
        start_s = self.start_s[at]
        return Packets(
            start_s - start_s[:1],
            self.duration_s[at],
            centre_hz,
            self.bandwidth_hz[at],
            self.deviation_hz[at],
            whole,
            self.weak[at],
            channel,
            channels_hz,
        )


@dataclass(frozen=True, slots=True)
class Packets(Columns):
    """Bursts as arrays, with the channels that they are on.

    Parameters
    ----------
    channel
        (n,) index into ``channels_hz``.
    channels_hz
        Centres of the channels heard, ascending, the middle of their whole bursts.
    """

    channel: NDArray[np.intp]
    channels_hz: tuple[float, ...]

    @property
    def known_hz(self) -> tuple[float, ...]:
        """Centres that are known: of the channels heard whole; of all where the slice's edge cuts every one."""
        if bool(self.whole.all()):
            return self.channels_hz
        whole = set(self.channel[self.whole].tolist())
        return tuple(hz for number, hz in enumerate(self.channels_hz) if number in whole) or self.channels_hz


def is_weak(burst: Burst) -> bool:
    """Whether a burst is a chirp about the demodulator's floor or below."""
    finding = burst.finding
    if not isinstance(finding, ChirpFinding):
        return False
    return burst.snr_db < _weak_below_db(finding.spreading_factor)


@cache
def _weak_below_db(spreading_factor: int) -> float:
    return FLOOR_DB_PER_FACTOR * (spreading_factor - FLOOR_FACTOR) + WEAK_MARGIN_DB


@lru_cache(maxsize=256)
def spacing_hz(channels_hz: tuple[float, ...]) -> float:
    """Least distance between two neighbours of a grid, infinite for fewer."""
    return min((b - a for a, b in pairwise(channels_hz)), default=float("inf"))


@lru_cache(maxsize=256)
def is_even(channels_hz: tuple[float, ...]) -> bool:
    """Whether all neighbours of a grid are as far apart."""
    return all(b - a < spacing_hz(channels_hz) + EVEN_HZ for a, b in pairwise(channels_hz))


def channel_tolerance_hz(channels_hz: tuple[float, ...]) -> float:
    """How far apart bursts on one channel of a grid may be."""
    return min(CHANNEL_TOLERANCE_HZ, CHANNEL_OF_SPACING * spacing_hz(channels_hz))


def nearest_of(grid_hz: Sequence[float], centre_hz: float) -> int:
    """Number of the channel of an ascending grid that is nearest to a frequency; of two equally near the lower."""
    above = bisect_left(grid_hz, centre_hz)
    if above == 0:
        return 0
    if above == len(grid_hz) or centre_hz - grid_hz[above - 1] <= grid_hz[above] - centre_hz:
        return above - 1
    return above


def channels_of(
    centre_hz: NDArray[np.float64], whole: NDArray[np.bool_], tolerance_hz: float = CHANNEL_TOLERANCE_HZ
) -> tuple[NDArray[np.intp], tuple[float, ...]]:
    """Group frequencies into channels; index of each and centres of all, ascending."""
    count = len(centre_hz)
    group = np.zeros(count, dtype=np.intp)
    if not count:
        return group, ()
    order = centre_hz.argsort()
    ascending_hz = centre_hz[order]
    steps = ascending_hz[1:] - ascending_hz[:-1] > tolerance_hz
    group[order[1:]] = steps.cumsum()
    bounds = [0, *(steps.nonzero()[0] + 1).tolist(), count]
    inside, trusted = ascending_hz.tolist(), whole[order].tolist()
    if all(trusted):
        return group, tuple(
            0.5 * (inside[(first + end - 1) // 2] + inside[(first + end) // 2]) for first, end in pairwise(bounds)
        )
    channels = []
    for first, end in pairwise(bounds):
        members = inside[first:end]
        channels.append(
            middle_of([hz for hz, is_whole in zip(members, trusted[first:end], strict=True) if is_whole] or members)
        )
    return group, tuple(channels)


def middle_of(ordered: Sequence[float] | NDArray[np.float64]) -> float:
    """Median of values in order."""
    middle = len(ordered) // 2
    return float(ordered[middle] if len(ordered) % 2 else 0.5 * (ordered[middle - 1] + ordered[middle]))


def collect(bursts: Sequence[Burst]) -> Columns:
    """Put bursts, already in order of time, into arrays."""
    count = len(bursts)
    findings = [b.finding for b in bursts]
    kinds = set(map(type, findings))
    deviation_hz, weak = np.zeros(count), np.zeros(count, dtype=np.bool_)
    if KeyingFinding in kinds:
        deviation_hz[:] = [f.deviation_hz if isinstance(f, KeyingFinding) else 0.0 for f in findings]
    if ChirpFinding in kinds:
        weak[:] = [is_weak(b) for b in bursts]
    first_ns = bursts[0].start_ns if bursts else 0
    return Columns(
        1e-9 * np.array([b.start_ns - first_ns for b in bursts], dtype=np.float64),
        np.array([b.duration_s for b in bursts], dtype=np.float64),
        np.array([b.centre_hz for b in bursts], dtype=np.float64),
        np.array([b.bandwidth_hz for b in bursts], dtype=np.float64),
        deviation_hz,
        np.array([not (b.cut_low or b.cut_high) for b in bursts], dtype=np.bool_),
        weak,
    )


def clock_tolerance_s(interval_s: float) -> float:
    """How far from its slot a packet may be found to begin."""
    return min(CLOCK_TOLERANCE * interval_s + CLOCK_TOLERANCE_S, CLOCK_TOLERANCE_MOST * interval_s)


def chance_share(interval_s: float) -> float:
    """Share of unrelated bursts that fit a clock by chance."""
    return 2.0 * clock_tolerance_s(interval_s) / interval_s


@dataclass(frozen=True, slots=True)
class Phase:
    """One clock found among bursts: ``origin_s + k interval_s``.

    Parameters
    ----------
    members
        (n,) bool: the bursts that begin on it.
    """

    interval_s: float
    origin_s: float
    members: NDArray[np.bool_]


def best_phase(start_s: NDArray[np.float64], interval_s: float) -> Phase:
    """The phase of a clock that most bursts keep to.

    Starts modulo the interval, the fullest window of twice the tolerance around the circle; tried for a few clock
    errors where the stretch is long enough to tell them, then refined by a straight line through the members.

    Parameters
    ----------
    start_s
        (n,) ascending, at least one.
    interval_s
        Nominal interval of the clock.
    """
    tolerance_s = clock_tolerance_s(interval_s)
    span_s = float(start_s[-1] - start_s[0])
    drifts = DRIFTS if span_s * DRIFTS[-1] > 0.5 * tolerance_s else DRIFTS[:1]
    best_count, best_interval_s, best_origin_s = 0, interval_s, 0.0
    places = np.arange(len(start_s))
    for drift in drifts:
        trial_s = interval_s * (1.0 + drift)
        phase = start_s % trial_s
        phase.sort()
        around = np.concatenate((phase, phase + trial_s))
        reach = around.searchsorted(phase + 2.0 * tolerance_s, side="right") - places
        pick = int(reach.argmax())
        count = int(reach[pick])
        if count > best_count:
            best_count, best_interval_s = count, trial_s
            best_origin_s = middle_of(around[pick : pick + count])
            if count == len(start_s):
                break  # no other can be kept by more
    least_s, most_s = interval_s * (1.0 + 2.0 * DRIFTS[1]), interval_s * (1.0 + 2.0 * DRIFTS[2])
    for _ in range(2):
        slot, members = _slots(start_s, best_origin_s, best_interval_s, tolerance_s)
        x, y = slot[members], start_s[members]
        if len(x) < 3 or x[-1] - x[0] < 3:
            break
        x_mean = np.add.reduce(x) / len(x)
        centred = x - x_mean
        slope = float(np.add.reduce(centred * y) / np.add.reduce(centred * centred))
        # A few packets say little of the interval: no crystal is off by more than the trials allow for.
        slope = min(max(slope, least_s), most_s)
        best_interval_s, best_origin_s = slope, float(np.add.reduce(y) / len(y) - slope * x_mean)
    return Phase(best_interval_s, best_origin_s, _slots(start_s, best_origin_s, best_interval_s, tolerance_s)[1])


def _slots(
    start_s: NDArray[np.float64], origin_s: float, interval_s: float, tolerance_s: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The slot nearest to each start, and which of the starts are within the tolerance of theirs."""
    after_s = start_s - origin_s
    slot = np.rint(after_s / interval_s)
    members: NDArray[np.bool_] = np.abs(after_s - slot * interval_s) < tolerance_s
    return slot, members


@dataclass(frozen=True, slots=True)
class ClockFit:
    """How packets that keep one clock follow each other.

    Parameters
    ----------
    packets
        Packets on the clock.
    strays
        Bursts of the same kind, on the same channels in the same time, that are not.
    single
        Steps from one packet to the next of exactly one interval.
    near
        Steps of at most ``LONGEST_SPAN_INTERVALS``.
    slower
        Largest share of the packets that keep a clock of twice or three times the interval.
    dwell
        Slots that a stay on one channel lasts: the 80 % quantile, 95 % of weak packets.
    length_s
        Median length; of weak packets the 95 % quantile.
    ends
        Share of the packets that are as long within ``END_SHARE``.
    airtime_ratio
        ``length_s`` over the record's air time.
    channels
        Distinct channels.
    jitter_s
        Root mean square distance from the slots.
    significance
        Minus the decimal logarithm of the chance that unrelated bursts keep the clock as well.
    """

    packets: int
    strays: int
    single: int
    near: int
    slower: float
    dwell: int
    length_s: float
    ends: float
    airtime_ratio: float
    channels: int
    jitter_s: float
    significance: float

    @property
    def fit(self) -> float:
        """Share of the bursts that fit, pulled towards 0 for few."""
        return self.packets / (self.packets + self.strays + 1.0)


def folded_s(duration_s: NDArray[np.float64], timing: HopTiming) -> NDArray[np.float64]:
    """Lengths of packets, where one has run into the next on its channel without that one's interval."""
    if timing.packets_per_hop == 1:
        return duration_s
    shorter_s = duration_s - timing.interval_s
    run_on = shorter_s > RUN_ON_SHARE * timing.airtime_s
    return np.where(run_on, shorter_s, duration_s) if np.count_nonzero(run_on) else duration_s


def folded_one_s(duration_s: float, timing: HopTiming) -> float:
    """The same for a single packet."""
    shorter_s = duration_s - timing.interval_s
    return shorter_s if timing.packets_per_hop > 1 and shorter_s > RUN_ON_SHARE * timing.airtime_s else duration_s


def fit_clock(packets: Packets, phase: Phase, timing: HopTiming, strays: int) -> ClockFit:
    """Describe packets on one clock.

    Parameters
    ----------
    packets
        Those on the clock.
    phase
        The clock; its ``origin_s`` counts from the first of ``packets``.
    timing
        The record's.
    strays
        Bursts of the same kind that are not on the clock.
    """
    interval_s = phase.interval_s
    after_s = packets.start_s - phase.origin_s
    slot = np.rint(after_s / interval_s)
    error_s = after_s - slot * interval_s
    folded = folded_s(packets.duration_s, timing)
    steps = slot[1:] - slot[:-1]
    same = packets.channel[1:] == packets.channel[:-1]
    if folded is not packets.duration_s:
        # A packet that runs into the next one on its channel hides it: the step after it is one slot shorter.
        over_s = packets.duration_s - folded
        more = np.where(packets.weak, 0.0, np.rint(np.maximum(over_s, 0.0) / timing.interval_s))
        steps -= np.where(same, np.minimum(more[:-1], steps - 1), 0.0)
    else:
        steps = np.where(same, np.maximum(steps, 1.0), steps)  # two in one slot are pieces of two
    near = (steps <= LONGEST_SPAN_INTERVALS) & (steps >= 1)
    # A stay goes on while the next packet is on the same channel, one missed packet allowed for.
    ends = (~((steps <= 2) & same)).nonzero()[0]
    dwell = np.concatenate((slot[ends], slot[-1:])) - np.concatenate((slot[:1], slot[ends + 1]))
    dwell.sort()
    count, faint = packets.count, packets.faint
    quantile = WEAK_DWELL_QUANTILE if faint else DWELL_QUANTILE
    usual = int(dwell[min(len(dwell) - 1, int(quantile * len(dwell)))]) + 1
    ordered_s = np.sort(folded)
    length_s = float(ordered_s[int(WEAK_LENGTH_QUANTILE * count)]) if faint else middle_of(ordered_s)
    number = slot.astype(int)
    odd = int(np.count_nonzero(number & 1))
    return ClockFit(
        packets=count,
        strays=strays,
        single=int(np.count_nonzero(steps == 1)),
        near=int(np.count_nonzero(near)),
        slower=max(odd, count - odd, int(np.bincount(number % 3).max())) / count,
        dwell=usual,
        length_s=length_s,
        ends=int(np.count_nonzero(np.abs(folded - length_s) < END_SHARE * length_s)) / count,
        airtime_ratio=length_s / timing.airtime_s,
        channels=len(packets.channels_hz),
        jitter_s=sqrt(float(np.add.reduce(error_s * error_s)) / count),
        significance=significance(count - 1, count + strays - 1, chance_share(interval_s)),
    )


def significance(fitting: int, total: int, share: float) -> float:
    """Minus the decimal logarithm of the chance of ``fitting`` or more of ``total``, by the Chernoff bound."""
    if total <= 0 or fitting <= share * total:
        return 0.0
    part = min(fitting / total, 1.0 - 1e-12)
    distance = part * log(part / share) + (1.0 - part) * log((1.0 - part) / (1.0 - share))
    return total * distance / log(10.0)


def on_grid(
    channels_hz: tuple[float, ...], grid_hz: tuple[float, ...], tolerance_hz: float, *, any_offset: bool = False
) -> float:
    """Share of the channels that lie on a grid, allowing one common offset within the tolerance.

    On a grid finer than twice the tolerance, or one whose beginning nobody knows, any offset is allowed, and an error
    of a tenth of the spacing either way.
    """
    if not grid_hz or not channels_hz:
        return 0.0
    step_hz = spacing_hz(grid_hz)
    if any_offset or (step_hz < 2.0 * tolerance_hz and is_even(grid_hz)):
        centre = np.asarray(channels_hz)
        turn = np.exp(2j * np.pi * (centre - grid_hz[0]) / step_hz)
        apart = np.angle(turn * np.conj(turn.sum())) / (2.0 * np.pi)
        inside = (centre > grid_hz[0] - step_hz) & (centre < grid_hz[-1] + step_hz)
        return float(np.mean(inside & (np.abs(apart) < FINE_GRID_ERROR)))
    tolerance_hz = min(tolerance_hz, 0.5 * step_hz)
    errors = [c - grid_hz[nearest_of(grid_hz, c)] for c in channels_hz]
    common = middle_of(sorted(errors))
    if abs(common) > tolerance_hz:
        return 0.0
    return sum(abs(error - common) < 0.5 * tolerance_hz for error in errors) / len(errors)


def grid_error_hz(channels_hz: tuple[float, ...], grid_hz: tuple[float, ...]) -> float:
    """Root mean square distance of channels from a grid, but for an offset they have in common."""
    errors = [c - grid_hz[nearest_of(grid_hz, c)] for c in channels_hz]
    common = middle_of(sorted(errors))
    return sqrt(sum((error - common) ** 2 for error in errors) / len(errors))


def middle_error_hz(centre_hz: NDArray[np.float64], grid_hz: tuple[float, ...], *, any_offset: bool) -> float:
    """Middle distance of packets from a grid, but for an offset they have in common: a few wild ones do not count."""
    if any_offset:
        step_hz = spacing_hz(grid_hz)
        turn = np.exp(2j * np.pi * (centre_hz - grid_hz[0]) / step_hz)
        error_hz = np.angle(turn * np.conj(turn.sum())) * (step_hz / (2.0 * np.pi))
    else:
        error_hz = np.array([hz - grid_hz[nearest_of(grid_hz, hz)] for hz in centre_hz.tolist()])
    return median(np.abs(error_hz - median(error_hz)))


def measured_interval_s(packets: Packets, ends: int = 1) -> tuple[float, float] | None:
    """Packet interval of unknown hoppers: the commonest step, and the share of short steps that are multiples of it.

    Parameters
    ----------
    packets
        Of the hopper, others among them perhaps.
    ends
        With 2 every second packet is the other end's: steps are those from one to the next but one.

    Returns
    -------
    interval_s, share
        None with fewer than eight steps.
    """
    steps = packets.start_s[ends:] - packets.start_s[:-ends]
    steps = steps[steps > 0.5e-3]
    if len(steps) < 8:
        return None
    ordered = np.sort(steps)
    # The densest 3 % window of the steps, by their logarithms.
    logs = np.log(ordered)
    ahead = np.searchsorted(logs, logs + 0.03)
    count = ahead - np.arange(len(logs))
    best = int(np.argmax(count))
    interval_s = middle_of(ordered[best : ahead[best]])
    near = steps < 6.5 * interval_s
    multiple = np.rint(steps / interval_s)
    good = near & (multiple >= 1) & (np.abs(steps / interval_s - multiple) < 0.06)
    return interval_s, float(good.sum()) / max(int(near.sum()), 1) if near.sum() >= 8 else 0.0
