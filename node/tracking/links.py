"""Hop links: bursts of one kind that keep a packet clock and change channel are one transmitter."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from dsp.bursts import Burst, ChirpFinding, KeyingFinding
from dsp.protocols import PROTOCOLS
from dsp.protocols.match import chirp_agrees, in_band
from dsp.protocols.record import ChirpPhy, FskPhy, HopTiming, Mode, RfProtocol
from node.tracking.hops import ClockFit, Packets, collect, fit_clock, measured_interval_s, on_grid

MEMORY_S = 6.0
"""Bursts older than this no longer count: a link on 40 channels shows itself several times in it."""
MEMORY_BURSTS = 1200
LEAST_PACKETS = 6
"""A drone track never rests on one burst; six packets give five steps of the clock."""
LEAST_FIT = 0.7
LEAST_SINGLE = 0.2
LEAST_PACKETS_FSK = 24
LEAST_FIT_FSK = 0.75
"""Stricter without a chirp: bursts of keying are common, and a tenth of a millisecond fits by chance more often."""
AIRTIME_RANGE = (0.72, 1.35)
"""Records' air times differ by up to a fifth between chips and formulas; the next mode is further away."""
FSK_AIRTIME_RANGE = (0.6, 1.35)
FSK_BANDWIDTH_RANGE = (0.45, 1.3)
DEVIATION_RANGE = (0.55, 1.6)
KEYED_SHARE = 0.5
GRID_TOLERANCE_HZ = 60e3
"""30 ppm of receiver and of transmitter at 1 GHz."""
HOPPER_LEAST_CHANNELS = 3
HOPPER_LEAST_PACKETS = 16
HOPPER_LEAST_FIT = 0.75
HOPPER_LEAST_RATE_HZ = 3.0
"""Packets a second heard: sensors and meters, many of them together, stay below it on a common clock."""


@dataclass(frozen=True, slots=True)
class LinkHypothesis:
    """A named link and how well the bursts support it.

    Parameters
    ----------
    protocol, mode
        The record; None for a hopper that no record describes.
    packets, clock
        The evidence.
    score
        0 to 1: what remains of the best possible agreement.
    interval_s
        Packet interval.
    grid_share
        Share of the channels heard that lie on the record's grid.
    """

    protocol: RfProtocol | None
    mode: Mode | None
    packets: Packets
    clock: ClockFit
    score: float
    interval_s: float
    grid_share: float


class Pool:
    """Recent bursts of one kind, in order of time."""

    def __init__(self) -> None:
        self.bursts: deque[Burst] = deque(maxlen=MEMORY_BURSTS)

    def add(self, burst: Burst) -> None:
        """Take a burst; pieces of one chirp packet become one again."""
        if self.bursts and isinstance(burst.finding, ChirpFinding):
            last = self.bursts[-1]
            gap_s = (burst.start_ns - last.end_ns) * 1e-9
            same_channel = abs(burst.centre_hz - last.centre_hz) < 0.3 * burst.finding.bandwidth_hz
            if same_channel and gap_s < 1.2 * burst.finding.symbol_s:
                self.bursts[-1] = _joined(last, burst)
                return
        self.bursts.append(burst)
        # Pieces of two radios, or a long burst closed late, may come out of order.
        if len(self.bursts) > 1 and self.bursts[-2].start_ns > burst.start_ns:
            ordered = sorted(self.bursts, key=lambda b: (b.start_ns, b.centre_hz))
            self.bursts.clear()
            self.bursts.extend(ordered)

    def forget_before(self, time_ns: int) -> None:
        """Drop what is older."""
        while self.bursts and self.bursts[0].start_ns < time_ns:
            self.bursts.popleft()


def _joined(one: Burst, two: Burst) -> Burst:
    end_ns = max(one.end_ns, two.end_ns)
    strong = one if one.duration_s >= two.duration_s else two
    return Burst(
        start_ns=one.start_ns,
        duration_s=(end_ns - one.start_ns) * 1e-9,
        centre_hz=strong.centre_hz,
        bandwidth_hz=max(one.bandwidth_hz, two.bandwidth_hz),
        snr_db=strong.snr_db,
        peak_dbfs=max(one.peak_dbfs, two.peak_dbfs),
        finding=strong.finding,
        cut_low=one.cut_low or two.cut_low,
        cut_high=one.cut_high or two.cut_high,
        cut_start=one.cut_start,
        cut_end=two.cut_end,
    )


def chirp_hypotheses(bursts: list[Burst], *, tuning_known: bool) -> list[LinkHypothesis]:
    """Every hopping mode of every record that chirps of one shape may be, best first."""
    if len(bursts) < LEAST_PACKETS or not isinstance(bursts[0].finding, ChirpFinding):
        return []
    shape = bursts[0].finding
    packets = collect(bursts)
    found = []
    for protocol in PROTOCOLS:
        for mode in protocol.modes:
            if isinstance(mode.phy, ChirpPhy) and isinstance(mode.timing, HopTiming) and chirp_agrees(mode.phy, shape):
                hypothesis = _judge(protocol, mode, mode.timing, packets, tuning_known=tuning_known)
                if hypothesis is not None and hypothesis.clock.fit >= LEAST_FIT:
                    found.append(hypothesis)
    return sorted(found, key=lambda h: -h.score)


def keyed_hypotheses(bursts: list[Burst], *, tuning_known: bool) -> list[LinkHypothesis]:
    """Every hopping frequency-keyed mode of every record that bursts may be, best first."""
    found = []
    for protocol in PROTOCOLS:
        for mode in protocol.modes:
            if not (isinstance(mode.phy, FskPhy) and isinstance(mode.timing, HopTiming)):
                continue
            low_s, high_s = (mode.timing.airtime_s * part for part in FSK_AIRTIME_RANGE)
            low_hz, high_hz = (mode.phy.bandwidth_hz * part for part in FSK_BANDWIDTH_RANGE)
            fitting = [b for b in bursts if low_s < b.duration_s < high_s and low_hz < b.bandwidth_hz < high_hz]
            keyed = sum(_keyed_like(b, mode.phy) for b in fitting)
            if len(fitting) < LEAST_PACKETS_FSK or keyed < KEYED_SHARE * len(fitting):
                continue
            hypothesis = _judge(protocol, mode, mode.timing, collect(fitting), tuning_known=tuning_known)
            if hypothesis is not None and hypothesis.clock.fit >= LEAST_FIT_FSK:
                found.append(hypothesis)
    return sorted(found, key=lambda h: -h.score)


def _keyed_like(burst: Burst, phy: FskPhy) -> bool:
    """Whether a burst was found to be keyed with about the record's deviation."""
    finding = burst.finding
    low, high = DEVIATION_RANGE
    return isinstance(finding, KeyingFinding) and low < finding.deviation_hz / phy.deviation_hz < high


def _judge(
    protocol: RfProtocol, mode: Mode, timing: HopTiming, packets: Packets, *, tuning_known: bool
) -> LinkHypothesis | None:
    """Weigh one mode: clock, runs on a channel, air time, grid. None where one of them rules it out."""
    bands = protocol.bands_of(mode)
    if tuning_known:
        middle_hz = float(np.median(packets.centre_hz))
        bands = tuple(band for band in bands if in_band(band, middle_hz))
        if not bands:
            return None
    if len(packets.channels_hz) < 2:
        return None
    clock = fit_clock(packets, timing)
    fsk = isinstance(mode.phy, FskPhy)
    low, high = FSK_AIRTIME_RANGE if fsk else AIRTIME_RANGE
    if clock.steps < LEAST_PACKETS - 1 or clock.single_share < LEAST_SINGLE or not low < clock.airtime_ratio < high:
        return None
    grid_share = max((on_grid(packets.channels_hz, band.channels_hz, GRID_TOLERANCE_HZ) for band in bands), default=0.0)
    # Runs: packets_per_hop in a row on a channel, no more (a missed hop aside), and not systematically fewer.
    if clock.runs:
        full = clock.full_runs / clock.runs
        runs = full if timing.packets_per_hop >= 3 else 1.0 - full
    else:
        runs = 0.3
    airtime = 1.0 - min(1.0, abs(np.log(clock.airtime_ratio)) / 0.4)
    score = clock.fit * (0.55 + 0.15 * runs + 0.15 * airtime + 0.15 * (grid_share if tuning_known else 1.0))
    return LinkHypothesis(protocol, mode, packets, clock, float(score), timing.interval_s, grid_share)


def hopper_hypothesis(bursts: list[Burst]) -> LinkHypothesis | None:
    """A hop link that no record describes: one kind of packet, a common clock, several channels.

    Parameters
    ----------
    bursts
        Bursts of about one length and bandwidth, in order of time.
    """
    if len(bursts) < HOPPER_LEAST_PACKETS:
        return None
    packets = collect(bursts)
    measured = measured_interval_s(packets)
    if measured is None:
        return None
    interval_s, share = measured
    rate_hz = packets.count / max(packets.span_s, 1e-3)
    airtime_s = float(np.median(packets.duration_s))
    if (
        share < HOPPER_LEAST_FIT
        or len(packets.channels_hz) < HOPPER_LEAST_CHANNELS
        or rate_hz < HOPPER_LEAST_RATE_HZ
        or airtime_s > interval_s
    ):
        return None
    timing = HopTiming(interval_s, 1, airtime_s)
    clock = fit_clock(packets, timing)
    if clock.fit < HOPPER_LEAST_FIT:
        return None
    return LinkHypothesis(None, None, packets, clock, 0.6 * clock.fit, interval_s, 0.0)


def link_confidence(hypothesis: LinkHypothesis) -> float:
    """Probability that the link is what it is called: steps on the clock against steps off it, times the agreement.

    ``(k + 1) / (n + 3) * s`` with k of n steps on the clock, pulled up towards 1 by the agreement ``s`` of the rest.
    """
    clock = hypothesis.clock
    share = (clock.fitting + 1.0) / (clock.steps + 3.0)
    agreement = min(1.0, hypothesis.score / max(clock.fit, 1e-6))
    return float(min(0.99, share * (0.5 + 0.5 * agreement)))
