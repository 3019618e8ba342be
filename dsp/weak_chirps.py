"""The search for links below the noise: banks of preamble searches that take turns, and the proof of what they find."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.analysis import USABLE_SHARE, Analysed, Slice
from dsp.baseband import Baseband
from dsp.bursts import Burst, ChirpFinding
from dsp.chirp_packets import BEFORE_SYMBOLS, LONGEST_S, ChirpPacket, longest_s, prove
from dsp.chirps import ChirpShape
from dsp.hidden import Hidden, hide
from dsp.preamble_lines import GROUP, STEP
from dsp.preambles import LEAST_RATE_PER_BANDWIDTH, PreambleBank, Trigger
from dsp.protocols import PROTOCOLS
from dsp.protocols.record import ChirpPhy, HopTiming
from dsp.units import to_db

TURN_S = 0.109
"""Least time a shape is searched for before the next one's turn, longer than the dwell of any record's link on one
channel (80 ms); turns change with segments."""
SLOW_S = 0.5e-3
"""Chirps this slow take turns among themselves, the faster ones beside them: links of slow chirps send seldom."""
BUSY_SHARE = 0.3
"""A segment more hidden than this is not searched: its strong emissions are told by the regions."""
QUIET_SHARE = 0.1
"""In a segment less hidden than this slow chirps take no turns: their links are heard seldom, and little else costs."""
BUSY_ROW_SHARE = 0.5
"""Rows more hidden than this are not searched: their strong emissions are told by the regions."""
LEAST_STRETCH = GROUP + STEP
"""Symbols between two such rows that are worth a search: shorter ones hold no whole preamble."""
FOCUS_S = 4.0
"""After two proofs its shape is searched for without a pause for this long."""
FOCUS_WITHIN_S = 3.0
"""Time between the two at most, in which the slowest link comes round."""
PROOFS_PER_S = 13.0
"""Triggers tried a second while none is proved, the most in unison first; the rest are counted. White noise gives about
six; with fewer tries than this, links that are seldom in the slice are missed at their lowest levels."""
PROOF_REWARD = 3.0
"""Tries that each proved packet pays for: a link that is heard is followed."""
MOST_PROOFS = 15
"""Proofs saved up while nothing is heard, for the packets of one dwell."""
SAME_CHANNEL_SHARE = 0.6
"""Packets of one shape that overlap in time and are nearer than this part of their bandwidth are one."""


def hopping_shapes() -> tuple[ChirpShape, ...]:
    """The chirps of every hopping mode of the records, slowest last."""
    shapes = {
        ChirpShape(mode.phy.spreading_factor, mode.phy.bandwidth_hz, not mode.phy.inverted)
        for protocol in PROTOCOLS
        if protocol.family.startswith("drone")
        for mode in protocol.modes
        if isinstance(mode.phy, ChirpPhy) and isinstance(mode.timing, HopTiming)
    }
    return tuple(sorted((s for s in shapes if s.rising), key=lambda s: (s.bandwidth_hz, s.spreading_factor)))


@dataclass(slots=True)
class WeakCounters:
    """What the search did."""

    triggers: int = 0
    over_budget: int = 0
    proved: int = 0


class WeakChirps:
    """Searches consecutive samples of one tuning for packets of chirps below the noise.

    Costs 0.4 bare transform passes of what is searched for each shape, two at a time or three where the slice is
    quiet, and a tenth for proofs.

    Parameters
    ----------
    where
        The slice.
    """

    def __init__(self, where: Slice) -> None:
        self.counters = WeakCounters()
        self._where = where
        rate_hz = where.sample_rate_hz
        self._banks = [
            PreambleBank(shape, rate_hz)
            for shape in hopping_shapes()
            if rate_hz >= LEAST_RATE_PER_BANDWIDTH * shape.bandwidth_hz
        ]
        shapes = [bank.shape for bank in self._banks]
        self._widest_hz = max((shape.bandwidth_hz for shape in shapes), default=0.0)
        fast = tuple(i for i, shape in enumerate(shapes) if shape.symbol_s < SLOW_S)
        slow = tuple(i for i, shape in enumerate(shapes) if shape.symbol_s >= SLOW_S)
        self._groups = (fast, slow)
        self._focus_until_s = [0.0] * len(self._banks)
        self._proved_at_s = [-FOCUS_WITHIN_S] * len(self._banks)
        self._proofs = float(MOST_PROOFS)
        self.keep_samples = int((LONGEST_S + 0.012) * rate_hz) if self._banks else 0
        """Samples before a new segment that must be at hand with it."""
        self._turn, self._turn_end_s = -1, 0.0
        self._free_since = 0
        self._waiting: list[Trigger] = []
        self._recent: list[ChirpPacket] = []

    def feed(
        self, samples: NDArray[np.complex64], first_sample: int, fresh: int, mask: NDArray[np.bool_], *, final: bool
    ) -> list[Analysed]:
        """Take one segment; give the packets that are over.

        Parameters
        ----------
        samples
            (n,) complex64 of the slice: the segment, and ``keep_samples`` or all there were before it.
        first_sample
            Index of ``samples[0]`` in the slice.
        fresh
            Samples of the segment: the last so many of ``samples``.
        mask
            (rows, columns) bool: the segment's cells where energy stands out; row r begins at sample
            ``r * where.points`` of the segment.
        final
            No more samples will come.
        """
        if not self._banks:
            return []
        segment_first = first_sample + len(samples) - fresh
        now_s = segment_first / self._where.sample_rate_hz
        hidden = hide(mask, segment_first, self._where.points, self._widest_hz / self._where.sample_rate_hz)
        if now_s >= self._turn_end_s:
            self._turn += 1
            self._turn_end_s = now_s + TURN_S
        share = 0.0 if hidden is None else np.count_nonzero(hidden.map) / hidden.map.size
        chosen = {group[self._turn % len(group)] for group in self._groups if group}
        chosen.update(self._groups[1] if share < QUIET_SHARE else ())
        free = self._free(hidden, segment_first, segment_first + fresh)
        found: list[Trigger] = []
        for index, bank in enumerate(self._banks):
            if share > BUSY_SHARE or (index not in chosen and self._focus_until_s[index] <= now_s):
                continue
            symbol = bank.shape.symbol_s * self._where.sample_rate_hz
            begin = max(first_sample, segment_first - int(GROUP * symbol))
            stretches = [
                (max(low, begin), high) for low, high in free if high - max(low, begin) >= LEAST_STRETCH * symbol
            ]
            if stretches:
                found += bank.feed(samples[begin - first_sample :], begin, hidden, stretches)
        self.counters.triggers += len(found)
        found.sort(key=lambda t: -t.unison)
        self._proofs = min(MOST_PROOFS, self._proofs + PROOFS_PER_S * fresh / self._where.sample_rate_hz)
        taken = found[: int(self._proofs)]
        self._proofs -= len(taken)
        self.counters.over_budget += len(found) - len(taken)
        self._waiting += taken
        packets = self._prove_due(samples, first_sample, now_s, final=final)
        return [self._analysed(packet) for packet in packets]

    def _free(self, hidden: Hidden | None, first: int, end: int) -> list[tuple[int, int]]:
        """Stretches of a segment in which enough of the slice can be seen; the first may have begun before it."""
        if hidden is None:
            return [(self._free_since, end)]
        free = np.zeros(len(hidden.map) + 2, dtype=np.bool_)
        free[1:-1] = np.add.reduce(hidden.map, axis=1, dtype=np.int32) <= BUSY_ROW_SHARE * hidden.map.shape[1]
        # What begins or ends within a row covers little of it.
        free[1:-2] &= free[2:-1]
        free[2:-1] &= free[1:-2]
        edges = (np.flatnonzero(free[1:] != free[:-1]) * hidden.row_samples + first).tolist()
        stretches = list(zip(edges[::2], edges[1::2], strict=True))
        if stretches and stretches[0][0] == first:
            stretches[0] = (self._free_since, stretches[0][1])
        self._free_since = end
        if stretches and stretches[-1][1] == first + len(hidden.map) * hidden.row_samples:
            stretches[-1] = (stretches[-1][0], end)
            self._free_since = stretches[-1][0]
        return stretches

    def _prove_due(
        self, samples: NDArray[np.complex64], first_sample: int, now_s: float, *, final: bool
    ) -> list[ChirpPacket]:
        rate_hz = self._where.sample_rate_hz
        end = first_sample + len(samples)
        due = [t for t in self._waiting if final or t.first_sample + longest_s(t.shape) * rate_hz <= end]
        self._waiting = [t for t in self._waiting if t not in due]
        packets: list[ChirpPacket] = []
        for trigger in sorted(due, key=lambda t: -t.unison):
            if any(_inside(trigger, other, rate_hz) for other in (*packets, *self._recent)):
                continue
            begin = max(first_sample, int(trigger.first_sample - 2 * BEFORE_SYMBOLS * trigger.shape.symbol_s * rate_hz))
            stop = int(trigger.first_sample + longest_s(trigger.shape) * rate_hz)
            packet = prove(samples[begin - first_sample : stop - first_sample], begin, rate_hz, trigger)
            if packet is None or any(_same(packet, other, rate_hz) for other in (*packets, *self._recent)):
                continue
            packets.append(packet)
            index = next(i for i, bank in enumerate(self._banks) if bank.shape == packet.shape)
            if now_s - self._proved_at_s[index] < FOCUS_WITHIN_S:
                self._focus_until_s[index] = now_s + FOCUS_S
            self._proved_at_s[index] = now_s
        self.counters.proved += len(packets)
        self._proofs = min(MOST_PROOFS, self._proofs + PROOF_REWARD * len(packets))
        self._recent = [p for p in self._recent if p.start_sample > end - 4 * LONGEST_S * rate_hz] + packets
        return sorted(packets, key=lambda p: p.start_sample)

    def _analysed(self, packet: ChirpPacket) -> Analysed:
        where, shape = self._where, packet.shape
        low_hz, high_hz = packet.offset_hz - 0.5 * shape.bandwidth_hz, packet.offset_hz + 0.5 * shape.bandwidth_hz
        usable_hz = USABLE_SHARE * where.sample_rate_hz
        burst = Burst(
            start_ns=where.time_ns(packet.start_sample),
            duration_s=packet.duration_s,
            centre_hz=where.centre_hz + packet.offset_hz,
            bandwidth_hz=shape.bandwidth_hz,
            snr_db=to_db(packet.snr),
            peak_dbfs=to_db(packet.noise_power * (1.0 + packet.snr)),
            finding=ChirpFinding(
                shape.spreading_factor,
                shape.bandwidth_hz,
                shape.symbol_s,
                shape.bandwidth_hz / shape.symbol_s,
                packet.concentration,
            ),
            cut_low=low_hz < -usable_hz,
            cut_high=high_hz > usable_hz,
        )
        # Below the noise a picture shows nothing: no patch is cut of it.
        nothing = Baseband(np.zeros(1, dtype=np.complex64), where.sample_rate_hz, packet.offset_hz)
        share = shape.bandwidth_hz / where.sample_rate_hz
        return Analysed(burst, nothing, packet.noise_power, share, 1.0, patchable=False)


def _inside(trigger: Trigger, packet: ChirpPacket, rate_hz: float) -> bool:
    """Whether a trigger begins within a packet, on its channel: a start that is not known moves the tone by as much."""
    shape = packet.shape
    late = (trigger.first_sample - packet.start_sample) / rate_hz
    near = abs(trigger.tone_hz + 0.5 * shape.bandwidth_hz - packet.offset_hz) < SAME_CHANNEL_SHARE * shape.bandwidth_hz
    return trigger.shape == shape and near and -GROUP * shape.symbol_s < late < packet.duration_s


def _same(one: ChirpPacket, two: ChirpPacket, rate_hz: float) -> bool:
    begin = max(one.start_sample, two.start_sample)
    end = min(one.start_sample + one.duration_s * rate_hz, two.start_sample + two.duration_s * rate_hz)
    near = abs(one.offset_hz - two.offset_hz) < SAME_CHANNEL_SHARE * one.shape.bandwidth_hz
    return one.shape == two.shape and near and begin < end
