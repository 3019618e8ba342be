"""Hop links that no record describes."""

from __future__ import annotations

import numpy as np

from dsp.protocols import PROTOCOLS
from dsp.protocols.record import HopTiming, SlotTiming
from dsp.quantile import median
from node.tracking.hops import Phase, best_phase, fit_clock, measured_interval_s
from node.tracking.hypotheses import LinkHypothesis
from node.tracking.packets import Packets

HOPPER_LEAST_CHANNELS = 3
HOPPER_LEAST_PACKETS = 24
HOPPER_LEAST_BOTH_ENDS = 18
"""Of one end, with half as many of the other at least, at a fixed moment between them."""
HOPPER_LEAST_FIT = 0.75
HOPPER_LEAST_RATE_HZ = 3.0
"""Packets a second heard: sensors and meters, many of them together, stay below it on a common clock."""
HOPPER_LEAST_SIGNIFICANCE = 6.0
HOPPER_LEAST_CHANGES = 10
"""Three keyed messages on three channels, pulse after pulse on one clock, change channel twice."""
HOPPER_APART = 0.6
"""Of a packet's width: channels nearer to each other are one, a wide signal's pieces whose edges lie here and there."""
HOPPER_LEAST_EVEN = 2.0
"""Channels that are used alike, as many as the uneven ones are worth (``1 / sum(share^2)``): a hopper uses all of them,
a signal that stays shows another edge now and then."""
HOPPER_LEAST_S = 0.3
"""A link of the records is named sooner than this; until then a hopper is not yet unknown."""

SLOTTED_AIRTIME_RANGE = (0.75, 1.3)
SLOT_TOLERANCE_S = 20e-6
"""Of an interval: telephones keep the clock of their cell to a microsecond, the fit over many bursts to a few."""


def hopper(packets: Packets) -> LinkHypothesis | None:
    """A hop link that no record describes: one kind of packet, a common clock, several channels.

    Parameters
    ----------
    packets
        Bursts of about one length and bandwidth, in order of time.
    """
    if packets.count < HOPPER_LEAST_PACKETS:
        return None
    return _hopper(packets, ends=1) or _hopper(packets, ends=2)


def _hopper(packets: Packets, ends: int) -> LinkHypothesis | None:
    """A hopper of which one end is heard, or both, whose packets are alike: those of the other keep the clock too."""
    measured = measured_interval_s(packets, ends)
    if measured is None:
        return None
    interval_s, share = measured
    airtime_s = median(packets.duration_s)
    if share < HOPPER_LEAST_FIT or ends * airtime_s > interval_s:
        return None
    timing = HopTiming(interval_s, 1, airtime_s)
    found = best_phase(packets.start_s, interval_s)
    answers = np.zeros_like(found.members)
    if ends > 1 and not found.members.all():
        rest = ~found.members
        answers[rest] = best_phase(packets.start_s[rest], interval_s).members
    kept = int(np.count_nonzero(found.members))
    replies = int(np.count_nonzero(answers))
    if kept < (HOPPER_LEAST_PACKETS if ends == 1 else HOPPER_LEAST_BOTH_ENDS) or replies < (ends - 1) * kept // 2:
        return None
    chosen = packets.pick(found.members)
    first_s = float(packets.start_s[found.members][0])
    phase = Phase(found.interval_s, found.origin_s - first_s, found.members)
    clock = fit_clock(chosen, phase, timing, packets.count - kept - replies)
    if (
        clock.fit < HOPPER_LEAST_FIT
        or len(chosen.channels_hz) < HOPPER_LEAST_CHANNELS
        or chosen.span_s < HOPPER_LEAST_S
        or _even_channels(chosen) < HOPPER_LEAST_EVEN
        or np.count_nonzero(np.diff(chosen.channel)) < HOPPER_LEAST_CHANGES
        or chosen.count / max(chosen.span_s, 1e-3) < HOPPER_LEAST_RATE_HZ
        or clock.significance < HOPPER_LEAST_SIGNIFICANCE
        or _keeps_slots(phase.interval_s, airtime_s)
    ):
        return None
    return LinkHypothesis(None, None, timing, chosen, clock, phase, 0.6 * clock.fit, 0.0, answers)


def _keeps_slots(interval_s: float, airtime_s: float) -> bool:
    """Whether bursts fill the slots of a public network of the records, whose telephones hop too."""
    for timing in (mode.timing for protocol in PROTOCOLS for mode in protocol.modes):
        low, high = SLOTTED_AIRTIME_RANGE
        if isinstance(timing, SlotTiming) and low < airtime_s / timing.airtime_s < high:
            slot_s = timing.frame_s / int(timing.frame_s / timing.airtime_s)
            if abs(interval_s - round(interval_s / slot_s) * slot_s) < SLOT_TOLERANCE_S:
                return True
    return False


def _even_channels(packets: Packets) -> float:
    """How many channels, a packet's width apart, the packets would be on if they were spread evenly."""
    reach_hz = HOPPER_APART * median(packets.bandwidth_hz)
    first_hz, place, places = packets.channels_hz[0], 0, []
    for channel_hz in packets.channels_hz:
        if channel_hz - first_hz >= reach_hz:
            first_hz, place = channel_hz, place + 1
        places.append(place)
    share = np.bincount(np.array(places)[packets.channel]) / packets.count
    return 1.0 / float(share.dot(share))
