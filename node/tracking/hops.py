"""Packet clocks and hop patterns: what makes a link out of bursts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.bursts import Burst
from dsp.protocols.record import HopTiming

CHANNEL_TOLERANCE_HZ = 90e3
"""Bursts closer than this are on one channel: below half of the narrowest grid (250 kHz), above the centre's error."""
CLOCK_TOLERANCE = 0.04
"""Error of the time between two packets, as part of the interval."""
CLOCK_TOLERANCE_S = 0.12e-3
"""Error of a burst's start at low signal-to-noise ratio."""
LONGEST_SPAN_INTERVALS = 10
"""Packets further apart than this say nothing of the clock: anything fits."""


@dataclass(frozen=True, slots=True)
class Packets:
    """Bursts of one pool as arrays, in order of time.

    Parameters
    ----------
    start_s
        (n,) float64, since the first.
    duration_s, centre_hz
        (n,) float64.
    channel
        (n,) index into ``channels_hz``.
    channels_hz
        Centres of the channels heard, ascending, the middle of their whole bursts.
    whole
        (n,) bool, False where the burst runs out of the slice.
    """

    start_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    centre_hz: NDArray[np.float64]
    channel: NDArray[np.intp]
    channels_hz: tuple[float, ...]
    whole: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Number of packets."""
        return len(self.start_s)

    @property
    def span_s(self) -> float:
        """From the first start to the last end."""
        return float(self.start_s[-1] + self.duration_s[-1]) if self.count else 0.0


def collect(bursts: list[Burst]) -> Packets:
    """Put bursts, already in order of time, into arrays and their frequencies into channels."""
    origin = bursts[0].start_ns
    start_s = np.array([(b.start_ns - origin) * 1e-9 for b in bursts])
    duration_s = np.array([b.duration_s for b in bursts])
    centre_hz = np.array([b.centre_hz for b in bursts])
    whole = np.array([not (b.cut_low or b.cut_high) for b in bursts])
    order = np.argsort(centre_hz)
    group = np.zeros(len(bursts), dtype=np.intp)
    group[order] = np.concatenate(([0], np.cumsum(np.diff(centre_hz[order]) > CHANNEL_TOLERANCE_HZ)))
    channels = []
    for index in range(int(group.max()) + 1):
        members = group == index
        trusted = members & whole
        channels.append(float(np.median(centre_hz[trusted if trusted.any() else members])))
    return Packets(start_s, duration_s, centre_hz, group, tuple(channels), whole)


@dataclass(frozen=True, slots=True)
class ClockFit:
    """How well packets keep to a packet clock.

    Parameters
    ----------
    steps
        Times between neighbouring packets that were short enough to judge.
    fitting
        Of those, whole multiples of the interval.
    single
        Of those, exactly one interval.
    longest_run, full_runs, runs
        Runs of packets on one channel one interval apart: the longest; those at least three packets long; all that
        have two or more.
    airtime_ratio
        Median length over the record's air time.
    channels
        Distinct channels.
    """

    steps: int
    fitting: int
    single: int
    longest_run: int
    full_runs: int
    runs: int
    airtime_ratio: float
    channels: int

    @property
    def fit(self) -> float:
        """Share of the steps that fit, pulled towards 0 for few."""
        return self.fitting / (self.steps + 1.0)

    @property
    def single_share(self) -> float:
        """Share of the steps that are one interval."""
        return self.single / max(self.steps, 1)


def fit_clock(packets: Packets, timing: HopTiming) -> ClockFit:
    """Compare packets with a record's timing.

    Steps between neighbours against whole multiples of the interval: a receiver's or transmitter's clock error over a
    few packets is nothing, so no phase needs to be tracked.
    """
    interval_s = timing.interval_s
    steps = np.diff(packets.start_s)
    tolerance_s = CLOCK_TOLERANCE * interval_s + CLOCK_TOLERANCE_S
    near = steps < (LONGEST_SPAN_INTERVALS + 0.5) * interval_s
    multiple = np.rint(steps / interval_s)
    on_clock = near & (multiple >= 1) & (np.abs(steps - multiple * interval_s) < tolerance_s)
    single = on_clock & (multiple == 1)
    linked = single & (packets.channel[1:] == packets.channel[:-1])
    edges = np.flatnonzero(np.diff(np.concatenate(([False], linked, [False]))))
    lengths = edges[1::2] - edges[::2] + 1
    airtime = float(np.median(packets.duration_s)) / timing.airtime_s
    return ClockFit(
        steps=int(near.sum()),
        fitting=int(on_clock.sum()),
        single=int(single.sum()),
        longest_run=int(lengths.max()) if len(lengths) else 1,
        full_runs=int((lengths >= 3).sum()),
        runs=len(lengths),
        airtime_ratio=airtime,
        channels=len(packets.channels_hz),
    )


def on_grid(channels_hz: tuple[float, ...], grid_hz: tuple[float, ...], tolerance_hz: float) -> float:
    """Share of the channels that lie on a grid, allowing one common offset within the tolerance."""
    if not grid_hz or not channels_hz:
        return 0.0
    grid = np.asarray(grid_hz)
    error = np.array([c - grid[np.argmin(np.abs(grid - c))] for c in channels_hz])
    common = float(np.median(error))
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
