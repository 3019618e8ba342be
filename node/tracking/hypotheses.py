"""Which mode of which record a set of bursts may be: clock, hops, air time and grid against the records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.match import in_band
from dsp.protocols.record import FskPhy, HopTiming, Mode, RfProtocol
from dsp.quantile import median
from node.tracking.agreement import airtime_agreement, stay_score, steps_agree
from node.tracking.candidates import (
    AIRTIME_RANGE,
    FSK_AIRTIME_RANGE,
    WEAK_AIRTIME_RANGE,
    Candidate,
    Candidates,
    answer_airtime_s,
    answer_offsets_s,
    weak_least_s,
)
from node.tracking.grid_fit import (
    GRID_TOLERANCE_HZ,
    WEAK_GRID_TOLERANCE_HZ,
    Grid,
    clearly_off_hz,
    grid_distance_hz,
    off_grid_hz,
    without_wild,
)
from node.tracking.grids import channel_tolerance_hz, on_grid
from node.tracking.hops import (
    ClockFit,
    Phase,
    best_phase,
    chance_share,
    clock_tolerance_s,
    fit_clock,
    folded_s,
    significance,
)
from node.tracking.keyhole import comes_and_goes, on_one_channel, rounds_to
from node.tracking.packets import Columns, Packets

LEAST_PACKETS = 6
"""A drone track never rests on one burst; six packets give five steps of the clock."""
LEAST_PACKETS_TIGHT = 5
TIGHT_SHARE = 0.25
"""Of the clock's tolerance: so little jitter of weak packets makes up for one of them."""
LEAST_PACKETS_FSK = 24
"""Stricter without a chirp: bursts of keying are common, and a tenth of a millisecond fits by chance more often."""
LEAST_PACKETS_BOTH_ENDS = 12
"""Of one end without a chirp, where the answers of the other make up what is missing."""
LEAST_PACKETS_IN_ROUNDS = 8
"""The same on a single channel, where packets must come whole rounds apart besides."""
LEAST_SIGNIFICANCE = 4.0
"""Unrelated bursts keep a clock this well once in ten thousand sets; hops and air time must agree besides."""
SIGNIFICANCE_PER_STRAY = 0.05
"""In a crowd of like bursts the best of many phases is tried again and again: more is asked of it."""
DEVIATION_RANGE = (0.55, 1.6)
KEYED_SHARE = 0.5
LEAST_KEYED = 0.2
UNKEYED_SIGNIFICANCE = 15.0
"""A surer clock is asked for where the keying shows in fewer of the bursts than ``KEYED_SHARE``: they are weak."""
UNCONFIRMED_WEIGHT = 0.4
"""A mode that is a guess gives way to any other that explains half as much."""
LONGER_DWELL = 2.0
"""Keyed packets that stay twice as long as the record's hop are pulses on a round clock, or what those splatter: pieces
that change place when they like."""
LEAST_GRID = 0.5
"""Half of the channels heard must lie on the record's grid."""


@dataclass(frozen=True, slots=True)
class LinkHypothesis:
    """A named link and how well the bursts support it.

    Parameters
    ----------
    protocol, mode
        The record; None for a hopper that no record describes.
    timing
        The record's, or what was measured.
    packets, clock, phase
        The evidence; ``phase.members`` counts in the bursts that were judged, ``phase.origin_s`` from the first of
        ``packets``.
    score
        0 to 1: what remains of the best possible agreement.
    grid_share
        Share of the channels heard that lie on the record's grid.
    answers
        (n,) bool: of the bursts that were judged, those of the other end, at the record's delay from the clock.
    off_s
        How far the packets' length is from the record's; of both ends the worse.
    replies
        Packets of the other end whose lengths are known.
    grid
        Of keyed packets where it is known and coarse enough to tell others' bursts by.
    """

    protocol: RfProtocol | None
    mode: Mode | None
    timing: HopTiming
    packets: Packets
    clock: ClockFit
    phase: Phase
    score: float
    grid_share: float
    answers: NDArray[np.bool_]
    off_s: float = 0.0
    replies: int = 0
    grid: Grid | None = None

    @property
    def setting(self) -> tuple[Candidate, ...]:
        """What it was weighed as, where that is a mode with other settings than it is delivered with."""
        if self.protocol is None or self.mode is None or self.timing is self.mode.timing:
            return ()
        return (Candidate(self.protocol, self.mode, self.timing),)

    @property
    def weight(self) -> float:
        """What hypotheses on the same bursts are ranked by: agreement times how much is explained."""
        trust = UNCONFIRMED_WEIGHT if self.mode is not None and not self.mode.confirmed else 1.0
        return trust * self.score * (self.clock.packets + int(np.count_nonzero(self.answers)))


def judge(
    packets: Columns, candidates: Candidates, *, tuning_known: bool, replies_s: Iterable[float] = ()
) -> list[LinkHypothesis]:
    """Weigh every candidate on the bursts; those that none of clock, hops, air time rules out, best first.

    Parameters
    ----------
    packets
        The bursts.
    candidates
        The modes that they may be.
    tuning_known
        Whether frequencies are on air.
    replies_s
        Lengths of the other end's packets that are known already and not among the bursts.
    """
    kin = candidates.kin(packets)
    of_kind = np.add.reduce(kin, axis=1).tolist()
    known_s = np.fromiter(replies_s, np.float64)
    phases: dict[tuple[float, bytes], Phase] = {}
    found = []
    for mode, is_kin, count in zip(candidates.modes, kin, of_kind, strict=True):
        if count >= (LEAST_PACKETS_BOTH_ENDS if isinstance(mode.mode.phy, FskPhy) else LEAST_PACKETS_TIGHT):
            hypothesis = _judge_one(mode, packets, is_kin, count, known_s, phases, tuning_known=tuning_known)
            if hypothesis is not None:
                found.append(hypothesis)
    if tuning_known and len(found) > 1:
        errors_hz = [grid_distance_hz(each.packets, each.protocol, each.mode) for each in found]
        least_hz = clearly_off_hz(min(errors_hz), faint=packets.faint)
        found = [each for each, error_hz in zip(found, errors_hz, strict=True) if not least_hz < error_hz < np.inf]
    return sorted(found, key=lambda h: -h.weight)


def _judge_one(
    candidate: Candidate,
    packets: Columns,
    kin: NDArray[np.bool_],
    of_kind: int,
    replies_s: NDArray[np.float64],
    phases: dict[tuple[float, bytes], Phase],
    *,
    tuning_known: bool,
) -> LinkHypothesis | None:
    """Weigh one candidate on the bursts that are of its kind.

    ``phases`` are those found for the candidates before it, by interval and bursts: some modes have both in common.
    """
    protocol, mode, timing = candidate.protocol, candidate.mode, candidate.timing
    fsk = isinstance(mode.phy, FskPhy)
    least_significance = LEAST_SIGNIFICANCE
    if isinstance(mode.phy, FskPhy):
        low, high = (mode.phy.deviation_hz * part for part in DEVIATION_RANGE)
        keyed = packets.deviation_hz[kin]
        # The edge of the slice takes a tone away: of what it cuts the deviation is at least what was measured.
        right = int(np.count_nonzero((keyed > np.where(packets.whole[kin], low, 0.0)) & (keyed < high)))
        if right < LEAST_KEYED * of_kind or right < KEYED_SHARE * np.count_nonzero(keyed):
            return None
        if right < KEYED_SHARE * of_kind:
            least_significance = UNKEYED_SIGNIFICANCE
    bands = protocol.bands_of(mode)
    if tuning_known:
        middle_hz = median(packets.centre_hz[kin])
        bands = tuple(band for band in bands if in_band(band, middle_hz))
        if not bands:
            return None
    clock_of = (timing.interval_s, kin.tobytes())
    of_kin = phases.get(clock_of)
    if of_kin is None:
        of_kin = phases[clock_of] = best_phase(packets.start_s[kin], timing.interval_s)
    members = np.zeros(packets.count, dtype=np.bool_)
    members[kin] = of_kin.members
    on_clock, grid = int(np.count_nonzero(members)), None
    if fsk and tuning_known:
        members, grid = without_wild(packets, members, bands)
    answers = _answers(packets, of_kin, mode, timing) & ~members
    sent, answered = int(np.count_nonzero(members)), int(np.count_nonzero(answers))
    if not _enough(sent, answered, LEAST_PACKETS_IN_ROUNDS, fsk=fsk):
        return None
    chosen = packets.pick(members, min(channel_tolerance_hz(band.channels_hz) for band in bands))
    if chosen.faint and tuning_known and all(band.channels_hz and not band.first_assumed for band in bands):
        # Weak centres stray between the channels: each is put to the nearest of the grid that fits best.
        grid_hz = min((band.channels_hz for band in bands), key=lambda grid_hz: off_grid_hz(chosen, grid_hz))
        chosen = packets.pick_on(members, grid_hz)
    first_s = float(packets.start_s[members][0])
    phase = Phase(of_kin.interval_s, of_kin.origin_s - first_s, members)
    near = on_one_channel(chosen, bands, timing.packets_per_hop)
    if near is None and not _enough(sent, answered, LEAST_PACKETS_BOTH_ENDS, fsk=fsk):
        return None
    strays = _strays(packets, kin & ~members & ~answers, chosen, first_s) + on_clock - sent
    least_significance += SIGNIFICANCE_PER_STRAY * strays
    if significance(sent - 1, sent + strays - 1, chance_share(phase.interval_s)) < least_significance:
        return None
    clock = fit_clock(chosen, phase, timing, strays)
    tight = chosen.faint and clock.jitter_s < TIGHT_SHARE * clock_tolerance_s(timing.interval_s)
    if clock.packets < LEAST_PACKETS and not tight:
        return None
    if not steps_agree(clock, timing.packets_per_hop, weak=chosen.faint):
        return None
    low, high = WEAK_AIRTIME_RANGE if chosen.faint else FSK_AIRTIME_RANGE if fsk else AIRTIME_RANGE
    if not low < clock.airtime_ratio < high:
        return None
    tolerance_hz = WEAK_GRID_TOLERANCE_HZ if chosen.faint else GRID_TOLERANCE_HZ
    known_hz = chosen.known_hz
    grid_share = max(
        (on_grid(known_hz, each.channels_hz, tolerance_hz, any_offset=each.first_assumed) for each in bands),
        default=0.0,
    )
    if tuning_known and grid_share < LEAST_GRID and any(band.channels_hz for band in bands):
        return None
    if fsk and 1 < timing.packets_per_hop <= clock.dwell / LONGER_DWELL:
        return None
    if near is not None:
        rounds = rounds_to(bands, median(chosen.centre_hz[near]) if tuning_known else None)
        if not comes_and_goes(chosen.start_s[near], phase, timing.packets_per_hop, rounds, answered / sent):
            return None
    stay = stay_score(clock, timing.packets_per_hop, weak=chosen.faint)
    replies_s = np.concatenate((packets.duration_s[answers], replies_s))
    lengths_s = folded_s(chosen.duration_s, timing)
    airtime, off_s = airtime_agreement(clock.length_s, lengths_s, replies_s, timing, weak=chosen.faint)
    score = 0.35 + 0.25 * stay + 0.2 * airtime + 0.2 * (grid_share if tuning_known else 1.0)
    return LinkHypothesis(
        protocol, mode, timing, chosen, clock, phase, float(score), grid_share, answers, off_s, len(replies_s), grid
    )


def _enough(packets: int, answers: int, both_ends: int, *, fsk: bool) -> bool:
    """Whether there are packets enough of one end, or of both together."""
    if not fsk:
        return packets >= LEAST_PACKETS_TIGHT
    return packets >= LEAST_PACKETS_FSK or (packets >= both_ends and packets + answers >= 2 * both_ends)


def _answers(packets: Columns, phase: Phase, mode: Mode, timing: HopTiming) -> NDArray[np.bool_]:
    """Bursts at the delay of the record's answer from the clock, as long as one end's packets."""
    found = np.zeros(packets.count, dtype=np.bool_)
    if timing.answer is None:
        return found
    low_s, high_s = answer_airtime_s(timing)
    fits = (packets.duration_s > low_s) & (packets.duration_s < high_s)
    fits |= packets.weak & (packets.duration_s > weak_least_s(mode, low_s))
    for offset_s in answer_offsets_s(timing):
        turn_s = packets.start_s - phase.origin_s - offset_s
        error_s = turn_s - np.rint(turn_s / phase.interval_s) * phase.interval_s
        found |= fits & (np.abs(error_s) < clock_tolerance_s(phase.interval_s))
    return found


def _strays(packets: Columns, others: NDArray[np.bool_], chosen: Packets, first_s: float) -> int:
    """Bursts of the same kind on the link's channels, while it is heard, that do not keep its clock."""
    if not others.any():
        return 0
    start_s = packets.start_s[others] - first_s
    inside = (start_s > 0) & (start_s < chosen.span_s)
    channels_hz = np.asarray(chosen.channels_hz)
    near = np.abs(packets.centre_hz[others][:, np.newaxis] - channels_hz).min(axis=1) < GRID_TOLERANCE_HZ
    return int(np.count_nonzero(inside & near))


def link_confidence(hypothesis: LinkHypothesis) -> float:
    """How far the link agrees with what it is called, 0 to 1; ``calibration`` makes a probability of it.

    ``(k + 1) / (k + s + 3) * (0.5 + 0.5 a)`` with k packets on the clock, s strays, and the agreement ``a`` of hops,
    air time and grid with the record.
    """
    clock = hypothesis.clock
    share = (clock.packets + 1.0) / (clock.packets + clock.strays + 3.0)
    return float(min(0.99, share * (0.5 + 0.5 * hypothesis.score)))
