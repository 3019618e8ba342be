"""Packet clocks and hop patterns: what makes a link out of bursts."""

# Longer than 300 lines: the arithmetic of one clock; its parts share private steps that mean nothing alone.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.bursts import Burst, ChirpFinding, KeyingFinding
from dsp.protocols.record import HopTiming
from dsp.quantile import median

CHANNEL_TOLERANCE_HZ = 90e3
"""Bursts closer than this are on one channel: below half of the usual grids (250 kHz), above the centre's error."""
CHANNEL_OF_SPACING = 0.4
"""The same on a finer grid, as part of its spacing."""
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
DRIFTS = (0.0, -40e-6, 40e-6)
"""Clock errors tried: two crystals of 30 ppm, on a grid as fine as the tolerance asks for over some seconds."""


@dataclass(frozen=True, slots=True)
class Packets:
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
    channel
        (n,) index into ``channels_hz``.
    channels_hz
        Centres of the channels heard, ascending, the middle of their whole bursts.
    weak
        (n,) bool, chirps about the demodulator's floor or below: their lengths are not to be relied on.
    """

    start_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    centre_hz: NDArray[np.float64]
    bandwidth_hz: NDArray[np.float64]
    deviation_hz: NDArray[np.float64]
    whole: NDArray[np.bool_]
    channel: NDArray[np.intp]
    channels_hz: tuple[float, ...]
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
        return self._picked(chosen, *channels_of(self.centre_hz[chosen], self.whole[chosen], tolerance_hz))

    def pick_on(self, chosen: NDArray[np.bool_], grid_hz: Sequence[float]) -> Packets:
        """Some of the packets, each on the channel of a grid that is nearest to it."""
        centre_hz, whole = self.centre_hz[chosen], self.whole[chosen]
        nearest = np.abs(centre_hz[:, np.newaxis] - np.asarray(grid_hz)).argmin(axis=1)
        used, channel = np.unique(nearest, return_inverse=True)
        groups = [channel == number for number in range(len(used))]
        trusted = [members & whole if (members & whole).any() else members for members in groups]
        return self._picked(chosen, channel, tuple(median(centre_hz[members]) for members in trusted))

    def _picked(self, chosen: NDArray[np.bool_], channel: NDArray[np.intp], channels_hz: tuple[float, ...]) -> Packets:
        start_s = self.start_s[chosen]
        origin_s = start_s[0] if len(start_s) else 0.0
        return Packets(
            start_s - origin_s,
            self.duration_s[chosen],
            self.centre_hz[chosen],
            self.bandwidth_hz[chosen],
            self.deviation_hz[chosen],
            self.whole[chosen],
            channel,
            channels_hz,
            self.weak[chosen],
        )


def is_weak(burst: Burst) -> bool:
    """Whether a burst is a chirp about the demodulator's floor or below."""
    finding = burst.finding
    if not isinstance(finding, ChirpFinding):
        return False
    return burst.snr_db < FLOOR_DB_PER_FACTOR * (finding.spreading_factor - FLOOR_FACTOR) + WEAK_MARGIN_DB


def channel_tolerance_hz(channels_hz: Sequence[float]) -> float:
    """How far apart bursts on one channel of a grid may be."""
    if len(channels_hz) < 2:
        return CHANNEL_TOLERANCE_HZ
    return min(CHANNEL_TOLERANCE_HZ, CHANNEL_OF_SPACING * float(np.diff(channels_hz).min()))


def channels_of(
    centre_hz: NDArray[np.float64], whole: NDArray[np.bool_], tolerance_hz: float = CHANNEL_TOLERANCE_HZ
) -> tuple[NDArray[np.intp], tuple[float, ...]]:
    """Group frequencies into channels; index of each and centres of all, ascending."""
    if not len(centre_hz):
        return np.zeros(0, dtype=np.intp), ()
    order = np.argsort(centre_hz)
    group = np.zeros(len(centre_hz), dtype=np.intp)
    group[order] = np.concatenate(([0], np.cumsum(np.diff(centre_hz[order]) > tolerance_hz)))
    channels = []
    for index in range(int(group.max()) + 1):
        members = group == index
        trusted = members & whole
        channels.append(median(centre_hz[trusted if trusted.any() else members]))
    return group, tuple(channels)


def collect(bursts: Sequence[Burst]) -> Packets:
    """Put bursts, already in order of time, into arrays and their frequencies into channels."""
    origin_ns = bursts[0].start_ns if bursts else 0
    rows = np.array(
        [
            (
                (b.start_ns - origin_ns) * 1e-9,
                b.duration_s,
                b.centre_hz,
                b.bandwidth_hz,
                b.finding.deviation_hz if isinstance(b.finding, KeyingFinding) else 0.0,
                not (b.cut_low or b.cut_high),
                is_weak(b),
            )
            for b in bursts
        ]
    ).reshape(-1, 7)
    whole, weak = rows[:, 5] > 0, rows[:, 6] > 0
    channel, channels_hz = channels_of(rows[:, 2], whole)
    return Packets(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], rows[:, 4], whole, channel, channels_hz, weak)


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
    for drift in drifts:
        trial_s = interval_s * (1.0 + drift)
        phase = np.sort(start_s % trial_s)
        around = np.concatenate((phase, phase + trial_s))
        reach = np.searchsorted(around, phase + 2.0 * tolerance_s, side="right") - np.arange(len(phase))
        pick = int(np.argmax(reach))
        if reach[pick] > best_count:
            best_count, best_interval_s = int(reach[pick]), trial_s
            best_origin_s = float(np.median(around[pick : pick + reach[pick]]))
    for _ in range(2):
        slot = np.rint((start_s - best_origin_s) / best_interval_s)
        members: NDArray[np.bool_] = np.abs(start_s - best_origin_s - slot * best_interval_s) < tolerance_s
        if np.count_nonzero(members) < 3 or float(np.ptp(slot[members])) < 3:
            break
        x, y = slot[members], start_s[members]
        centred = x - x.mean()
        slope = float((centred * y).sum() / (centred * centred).sum())
        # A few packets say little of the interval: no crystal is off by more than the trials allow for.
        slope = float(np.clip(slope, interval_s * (1.0 + 2.0 * DRIFTS[1]), interval_s * (1.0 + 2.0 * DRIFTS[2])))
        best_interval_s, best_origin_s = slope, float(y.mean() - slope * x.mean())
    slot = np.rint((start_s - best_origin_s) / best_interval_s)
    members = np.abs(start_s - best_origin_s - slot * best_interval_s) < tolerance_s
    return Phase(best_interval_s, best_origin_s, members)


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
    airtime_ratio
        Median length over the record's air time.
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
    return np.where(shorter_s > RUN_ON_SHARE * timing.airtime_s, shorter_s, duration_s)


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
    slot = np.rint((packets.start_s - phase.origin_s) / interval_s)
    error_s = packets.start_s - phase.origin_s - slot * interval_s
    over_s = packets.duration_s - folded_s(packets.duration_s, timing)
    more = np.where(packets.weak, 0.0, np.rint(np.maximum(over_s, 0.0) / timing.interval_s))
    steps = np.diff(slot)
    # A packet that runs into the next one on its channel hides it: the step after it is one slot shorter.
    steps -= np.where(packets.channel[1:] == packets.channel[:-1], np.minimum(more[:-1], steps - 1), 0.0)
    near = (steps <= LONGEST_SPAN_INTERVALS) & (steps >= 1)
    # A stay goes on while the next packet is on the same channel, one missed packet allowed for.
    stays = (steps <= 2) & (packets.channel[1:] == packets.channel[:-1])
    ends = np.flatnonzero(np.concatenate((~stays, [True])))
    begins = np.concatenate(([0], ends[:-1] + 1))
    dwell = np.sort(slot[ends] - slot[begins] + 1)
    quantile = WEAK_DWELL_QUANTILE if packets.faint else DWELL_QUANTILE
    usual = int(dwell[min(len(dwell) - 1, int(quantile * len(dwell)))])
    total = packets.count + strays
    return ClockFit(
        packets=packets.count,
        strays=strays,
        single=int(np.count_nonzero(steps == 1)),
        near=int(np.count_nonzero(near)),
        slower=max(float(np.bincount(slot.astype(int) % times).max()) / packets.count for times in (2, 3)),
        dwell=usual,
        airtime_ratio=median(folded_s(packets.duration_s, timing)) / timing.airtime_s,
        channels=len(packets.channels_hz),
        jitter_s=float(np.sqrt(np.mean(error_s**2))),
        significance=significance(packets.count - 1, total - 1, chance_share(interval_s)),
    )


def significance(fitting: int, total: int, share: float) -> float:
    """Minus the decimal logarithm of the chance of ``fitting`` or more of ``total``, by the Chernoff bound."""
    if total <= 0 or fitting <= share * total:
        return 0.0
    part = min(fitting / total, 1.0 - 1e-12)
    distance = part * np.log(part / share) + (1.0 - part) * np.log((1.0 - part) / (1.0 - share))
    return float(total * distance / np.log(10.0))


def on_grid(channels_hz: tuple[float, ...], grid_hz: tuple[float, ...], tolerance_hz: float) -> float:
    """Share of the channels that lie on a grid, allowing one common offset within the tolerance.

    On a grid finer than twice the tolerance any offset is allowed, and an error of a tenth of the spacing either way.
    """
    if not grid_hz or not channels_hz:
        return 0.0
    grid, centre = np.asarray(grid_hz), np.asarray(channels_hz)
    spacing_hz = float(np.diff(grid).min()) if len(grid) > 1 else np.inf
    if spacing_hz < 2.0 * tolerance_hz:
        turn = np.exp(2j * np.pi * (centre - grid[0]) / spacing_hz)
        apart = np.angle(turn * np.conj(turn.sum())) / (2.0 * np.pi)
        inside = (centre > grid[0] - spacing_hz) & (centre < grid[-1] + spacing_hz)
        return float(np.mean(inside & (np.abs(apart) < FINE_GRID_ERROR)))
    error = np.array([c - grid[np.argmin(np.abs(grid - c))] for c in channels_hz])
    common = median(error)
    if abs(common) > tolerance_hz:
        return 0.0
    return float(np.mean(np.abs(error - common) < 0.5 * tolerance_hz))


def measured_interval_s(packets: Packets) -> tuple[float, float] | None:
    """Packet interval of unknown hoppers: the commonest step, and the share of short steps that are multiples of it.

    Returns
    -------
    interval_s, share
        None with fewer than eight steps.
    """
    steps = np.diff(packets.start_s)
    steps = steps[steps > 0.5e-3]
    if len(steps) < 8:
        return None
    ordered = np.sort(steps)
    # The densest 3 % window of the steps, by their logarithms.
    logs = np.log(ordered)
    ahead = np.searchsorted(logs, logs + 0.03)
    count = ahead - np.arange(len(logs))
    best = int(np.argmax(count))
    interval_s = float(np.median(ordered[best : ahead[best]]))
    near = steps < 6.5 * interval_s
    multiple = np.rint(steps / interval_s)
    good = near & (multiple >= 1) & (np.abs(steps / interval_s - multiple) < 0.06)
    return interval_s, float(good.sum()) / max(int(near.sum()), 1) if near.sum() >= 8 else 0.0
