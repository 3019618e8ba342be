"""Bursts as arrays, and the channels that they are on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from dsp.bursts import Burst, ChirpFinding, KeyingFinding
from dsp.quantile import median
from node.tracking.grids import CHANNEL_TOLERANCE_HZ, middle_of, nearest_of

FLOOR_DB_PER_FACTOR = -2.5
"""A demodulator of LoRa needs -2.5 dB in the chirp's bandwidth at SF5 and this much less for every factor more."""
FLOOR_FACTOR = 4
LEAST_WHOLE = 0.15
"""Of the packets on a channel, so many must be whole: of one that the edge cuts, noise makes a few look so."""
WEAK_MARGIN_DB = 2.0
"""So far above that floor and below it a packet's end is lost in the noise: its length says little."""


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
        count = np.bincount(self.channel, minlength=len(self.channels_hz))
        whole = np.bincount(self.channel[self.whole], minlength=len(self.channels_hz))
        known = (whole > LEAST_WHOLE * count).tolist()
        return tuple(hz for hz, is_known in zip(self.channels_hz, known, strict=True) if is_known) or self.channels_hz


def is_weak(burst: Burst) -> bool:
    """Whether a burst is a chirp about the demodulator's floor or below."""
    finding = burst.finding
    if not isinstance(finding, ChirpFinding):
        return False
    return burst.snr_db < _weak_below_db(finding.spreading_factor)


@cache
def _weak_below_db(spreading_factor: int) -> float:
    return FLOOR_DB_PER_FACTOR * (spreading_factor - FLOOR_FACTOR) + WEAK_MARGIN_DB


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


_duration_s, _centre_hz, _bandwidth_hz = map(attrgetter, ("duration_s", "centre_hz", "bandwidth_hz"))


def collect(bursts: Sequence[Burst]) -> Columns:
    """Put bursts, already in order of time, into arrays."""
    count = len(bursts)
    findings = [b.finding for b in bursts]
    kinds = set(map(type, findings))
    deviation_hz, weak = np.zeros(count), np.zeros(count, dtype=np.bool_)
    if KeyingFinding in kinds:
        deviation_hz[:] = [f.deviation_hz if isinstance(f, KeyingFinding) else 0.0 for f in findings]
    if ChirpFinding in kinds:
        weak[:] = [
            isinstance(f, ChirpFinding) and b.snr_db < _weak_below_db(f.spreading_factor)
            for b, f in zip(bursts, findings, strict=True)
        ]
    first_ns = bursts[0].start_ns if bursts else 0
    return Columns(
        1e-9 * np.fromiter([b.start_ns - first_ns for b in bursts], np.float64, count),
        np.fromiter(map(_duration_s, bursts), np.float64, count),
        np.fromiter(map(_centre_hz, bursts), np.float64, count),
        np.fromiter(map(_bandwidth_hz, bursts), np.float64, count),
        deviation_hz,
        np.fromiter([not (b.cut_low or b.cut_high) for b in bursts], np.bool_, count),
        weak,
    )
