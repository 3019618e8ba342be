"""Links of which the slice shows a single channel: stays that come and go in step with the hops."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import product
from math import inf, log, log10

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.record import Band
from dsp.quantile import median
from node.tracking.grid_fit import WEAK_GRID_TOLERANCE_HZ
from node.tracking.grids import nearest_of, spacing_hz
from node.tracking.hops import Phase
from node.tracking.packets import Packets

LEAST_DECADES = 4.0
"""What comes and goes for other reasons fits the hops so much better than its own once in ten thousand sets."""
HEARD = (0.3, 0.5, 0.7, 0.9)
"""Shares tried of the packets on the channel that are heard, weak ones and strong ones."""
STRAY = (0.004, 0.03)
"""Of the other slots in which something else begins."""
FADED = (0.03, 0.3)
"""Of the rounds of which nothing is heard."""
BEGINS = (0.005, 0.02, 0.07, 0.2, 0.5)
ENDS = (0.0, 0.01, 0.05, 0.2, 0.5)
"""Chances that a stay of no certain length begins, and that it ends, from one slot to the next."""
LEAST_EVEN = 0.4
"""Least heard of the packets of a stay, by their number in it, as part of the most heard: all are sent alike."""
LONGER = 2
"""Messages tried are up to so many times as long as a stay."""
MOST_PERIOD = 128
"""Longest pattern tried that comes again and again, in slots."""
WEAK_STRAY_HZ = 200e3
"""Noise moves the centre of every tenth weak packet by a hundred kilohertz, seldom by more than this."""
ONE_CHANNEL = 0.8
"""Weak packets of which more than this share are close together are on one channel."""
LEAST_IN_ROUNDS = 0.9
LEAST_ANSWERED = 0.5
"""What hops with every packet shows no stays: there both ends must be heard, and the channel once a round."""


@dataclass(frozen=True, slots=True)
class Round:
    """How the hops of a band come to one channel: once in every round of so many hops.

    Parameters
    ----------
    hops
        Of the round.
    first, end
        Numbers of the hops in the round that may be to this channel.
    """

    hops: int
    first: int
    end: int

    @classmethod
    def of(cls, band: Band, channel_hz: float | None) -> Round:
        """By the record; rounds of a band with a sync channel begin with it. None: nobody knows which channel."""
        hops = band.used_channels or len(band.channels_hz)
        if channel_hz is None or band.sync_channel is None or hops < 2:
            return cls(hops, 0, hops)
        at_sync = nearest_of(band.channels_hz, channel_hz) == band.sync_channel
        return cls(hops, 0, 1) if at_sync else cls(hops, 1, hops)

    @property
    def periodic(self) -> bool:
        """Whether the channel comes again after the same time."""
        return self.end - self.first == 1


def on_one_channel(packets: Packets, bands: tuple[Band, ...], per_hop: int) -> NDArray[np.bool_] | None:
    """Which packets are on the only channel that is heard; None where there are several.

    Noise moves the centre of a weak packet: of those only what is far from most of the others is on another channel,
    and a few are anywhere. What the edge cuts is not in the middle of its channel: it tells of another where there are
    stays to tell the link by as well.
    """
    if len(packets.channels_hz) < 2:
        return np.ones(packets.count, dtype=np.bool_)
    if not packets.faint:
        return None
    spacings_hz = [spacing_hz(band.channels_hz) for band in bands if band.channels_hz]
    reach_hz = min([WEAK_STRAY_HZ, *(0.5 * each_hz for each_hz in spacings_hz if each_hz < WEAK_STRAY_HZ)])
    most = int(np.bincount(packets.channel).argmax())
    near = np.abs(packets.centre_hz - median(packets.centre_hz[packets.channel == most])) < reach_hz
    near &= packets.whole | (packets.channel == most)
    counted = packets.whole | (per_hop > 1) if packets.whole.any() else near
    return near if np.count_nonzero(near & counted) > ONE_CHANNEL * np.count_nonzero(counted) else None


def rounds_to(bands: tuple[Band, ...], channel_hz: float | None) -> set[Round]:
    """Ways in which the hops of the bands come to one channel: of those that have it, where it is known."""
    if channel_hz is None:
        return {Round.of(band, None) for band in bands}
    near = [
        band
        for band in bands
        if band.channels_hz
        and abs(band.channels_hz[nearest_of(band.channels_hz, channel_hz)] - channel_hz) < WEAK_GRID_TOLERANCE_HZ
    ]
    return {Round.of(band, channel_hz) for band in near or bands}


def comes_and_goes(
    start_s: NDArray[np.float64], phase: Phase, per_hop: int, rounds: Collection[Round], answered: float
) -> bool:
    """Whether packets on one channel are there when the hops bring them there, and not between.

    Parameters
    ----------
    start_s
        Of those on the clock and the channel, ascending.
    phase
        The clock.
    per_hop
        Packets of a stay, by the record.
    rounds
        The ways in which a channel may come again.
    answered
        Answers of the other end for each of the packets.
    """
    slot = np.unique(np.rint((start_s - phase.origin_s) / phase.interval_s).astype(int))
    several = [each for each in rounds if each.hops > 1]
    if per_hop > 1:
        return any(decades_in_step(slot, per_hop, each) >= LEAST_DECADES for each in several)
    return answered >= LEAST_ANSWERED and any(_in_rounds(slot, each.hops) for each in several)


def decades_in_step(slot: NDArray[np.int_], per_hop: int, each: Round) -> float:
    """By how many powers of ten packets are likelier as stays in step with the hops than as anything else.

    The likelihood of the slots in which a packet was heard and of those in which none was, of stays of ``per_hop``
    slots once a round, on any of the round's hops that may be to the channel, or after any number of hops; the
    beginning of the rounds is not known. Packets may be missed, whole rounds too. Against it stand

    - messages of as many packets, fewer or more, once a round at any slot,
    - packets at any time: as long as a sender is there, which comes and goes by chance or never goes,
    - any pattern that comes again after the same time, unless the record's channel comes so as well.

    Each with the best of the shares that are tried.

    Parameters
    ----------
    slot
        Slots in which packets were heard, ascending, each once.

    Returns
    -------
    decades
        At most what is given where they are fewer than ``LEAST_DECADES``: the first that does as well is enough.
    """
    heard = np.zeros(slot[-1] - slot[0] + 1, dtype=np.bool_)
    heard[slot - slot[0]] = True
    length = each.hops * per_hop
    in_step, offset = max(
        _in_step(_once_in(heard, per_hop, length, each.first, each.end, per_hop)),
        _in_step(_once_in(heard, per_hop, per_hop, 0, 1, 1, away=(1.0 - 1.0 / each.hops,))),
    )
    by_number = np.bincount((slot - slot[0] - offset) % per_hop, minlength=per_hop)
    if by_number.min() < LEAST_EVEN * by_number.max():
        return 0.0
    decades = inf
    for rival in _rivals(heard, slot, per_hop, each):
        decades = min(decades, (in_step - rival) / log(10.0))
        if decades < LEAST_DECADES:
            break
    return decades


def _rivals(heard: NDArray[np.bool_], slot: NDArray[np.int_], per_hop: int, each: Round) -> Iterator[float]:
    """Logarithmic likelihoods of what else packets on one channel may be, the quickest to tell first."""
    length = each.hops * per_hop
    periods = [slots for slots in range(1, MOST_PERIOD + 1) if not each.periodic or slots % length]
    for slots in periods[:per_hop]:
        yield _again_after(heard, slots)
    others = (stay for stay in range(1, min(LONGER * per_hop, length) + 1) if stay != per_hop)
    for stay in (per_hop, *others):
        yield float(_once_in(heard, stay, length, 0, length - stay + 1, 1).max())
    yield _at_any_time(slot)
    for slots in periods[per_hop:]:
        yield _again_after(heard, slots)


def _in_step(by_offset: NDArray[np.float64]) -> tuple[float, int]:
    """Logarithmic likelihood where nobody knows the offset, and the likeliest offset."""
    top = float(by_offset.max())
    return top + log(float(np.exp(by_offset - top).mean())), int(by_offset.argmax())


def _once_in(
    heard: NDArray[np.bool_],
    stay: int,
    length: int,
    first: int,
    end: int,
    step: int,
    away: tuple[float, ...] = FADED,
) -> NDArray[np.float64]:
    """Logarithmic likelihood of ``stay`` slots once in every ``length``, by where the rounds begin.

    Parameters
    ----------
    heard
        (n,) bool: slots in which a packet was heard.
    first, end
        The stay begins at any multiple of ``step`` slots from ``first`` to before ``end`` of them into the round.
    away
        Shares tried of the rounds without a stay.

    Returns
    -------
    by_offset
        (length,) the best of the shares that are tried.
    """
    on, stray, silent = np.array(list(product(HEARD, STRAY, away))).T[:, :, np.newaxis]
    # Beyond what was heard nothing is known: slots there are as likely on the channel as off it.
    rounds = -(-len(heard) // length) + 3
    running = np.zeros((len(on), rounds * length + stay))
    running[:, length + 1 : length + 1 + len(heard)] = np.where(
        heard, np.log(on / stray), np.log((1.0 - on) / (1.0 - stray))
    )
    np.add.accumulate(running, axis=1, out=running)
    stays = np.exp(running[:, stay:] - running[:, :-stay]).reshape(len(on), -1, step)
    added = np.zeros((len(on), stays.shape[1] + 1, step))
    np.add.accumulate(stays, axis=1, out=added[:, 1:])
    count = stays.shape[1] - length // step
    once = (added[:, end : end + count] - added[:, first : first + count]).reshape(len(on), -1) / (end - first)
    by_round = np.log(silent + (1.0 - silent) * np.maximum(once, 0.0)).reshape(len(on), -1, length)
    nothing = np.where(heard, np.log(stray), np.log(1.0 - stray)).sum(axis=1)
    likelihood: NDArray[np.float64] = (by_round.sum(axis=1) + nothing[:, np.newaxis]).max(axis=0)
    return likelihood


def _at_any_time(slot: NDArray[np.int_]) -> float:
    """Logarithmic likelihood of a sender that comes and goes by chance; the best of the shares that are tried."""
    on, stray, begins, ends = np.array(list(product(HEARD, STRAY, BEGINS, ENDS))).T
    steps = np.stack((np.stack((1.0 - ends, ends), axis=-1), np.stack((begins, 1.0 - begins), axis=-1)), axis=1)
    silent = steps * np.stack((1.0 - on, 1.0 - stray), axis=-1)[:, np.newaxis]
    packet = steps * np.stack((on, stray), axis=-1)[:, np.newaxis]
    gaps = np.diff(slot).tolist()
    over = {gap: np.linalg.matrix_power(silent, gap - 1) @ packet for gap in set(gaps)}
    state = np.stack((begins * on, ends * stray), axis=-1)[:, np.newaxis] / (begins + ends)[:, np.newaxis, np.newaxis]
    total = np.zeros(len(on))
    for gap in gaps:
        chance = state.sum(axis=2)
        total += np.log(chance[:, 0])
        state = (state / chance[:, :, np.newaxis]) @ over[gap]
    return float((total + np.log(state.sum(axis=2)[:, 0])).max())


def _again_after(heard: NDArray[np.bool_], period: int) -> float:
    """Logarithmic likelihood of any pattern that comes again after so many slots, with the best of the shares tried."""
    rounds = -(-len(heard) // period)
    padded = np.zeros(rounds * period)
    padded[: len(heard)] = heard
    packets = np.add.reduce(padded.reshape(rounds, period), axis=0)
    silent = np.where(np.arange(period) < len(heard) - (rounds - 1) * period, rounds, rounds - 1) - packets
    on, stray = np.array(list(product(HEARD, STRAY))).T[:, :, np.newaxis]
    sent = packets * np.log(on) + silent * np.log(1.0 - on)
    left = packets * np.log(stray) + silent * np.log(1.0 - stray)
    return float(np.add.reduce(np.logaddexp(sent, left) - log(2.0), axis=1).max())


def _in_rounds(slot: NDArray[np.int_], length: int) -> bool:
    """Whether single packets come whole rounds apart."""
    whole = int(np.count_nonzero(np.diff(slot) % length == 0))
    return whole * log10(length) >= LEAST_DECADES and whole >= LEAST_IN_ROUNDS * (len(slot) - 1)
