"""Turns: the bursts that one end of a time-division link sends on one channel while it has the word."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from dsp.bursts import Burst, EnergyFinding, KeyingFinding
from dsp.protocols.match import BAND_MARGIN_HZ
from dsp.protocols.record import FskPhy, HopTiming, Mode, RfProtocol, TdmTiming

BANDWIDTH_RANGE = (0.3, 1.3)
"""Width of a burst over that of the record: the pieces of a weak packet are narrower."""
BANDWIDTH_ROOM_HZ = 15e3
"""A narrow signal takes some bins of 2.3 kHz more than it is wide."""
FULL_BANDWIDTH = 0.6
"""From this part of the record's width on a burst shows the whole signal."""
FULL_BANDWIDTH_KEYED = 0.5
"""The same where both tones were found."""
DEVIATION_RANGE = (0.45, 1.4)
"""Measured over the record's: pulse shaping and smoothing take off a third."""
CHANNEL_SHARE = 0.5
"""Bursts closer than this part of the bandwidth are on one channel."""
CHANNEL_ROOM_HZ = 8e3
WINDOW_SLACK_S = 3e-3
WINDOW_SLACK = 0.8
"""A turn may seem so much longer than its window, and not by more than this part of the silence: noise at its ends, but
never the next turn, which may be on the next channel."""
START_TOLERANCE = 0.012
"""Error of a turn's start, as part of the clock's interval, and its limits: a slow end, an edge in the noise."""
START_TOLERANCE_S = (0.6e-3, 1.6e-3)
START_TOLERANCE_BITS = 6.0
"""The same in bits: the edge of a slow signal in the noise is found no better (2 kb/s: 3 ms)."""
LEAST_TURNS = 3
"""Two turns keep any clock."""
RATE_TOLERANCE = 0.04
SHORTEST_SHARE = 0.6
"""Of the shortest packet: what is on air for less is a piece of noise."""
TINY_SHARE = 0.1
"""Of the shortest packet: bursts shorter than this are an overload's, or noise; many of them begin no turns."""
TURNS_KEPT = 64
OPEN_TURNS = 8
"""Turns looked back at for the one that a burst goes on with."""


@dataclass(slots=True)
class Turn:
    """Bursts on one channel, no further apart than a window lasts."""

    start_ns: int
    end_ns: int
    centre_hz: float
    bursts: list[Burst] = field(default_factory=list)
    full_s: float = 0.0
    """Time on air of the bursts that show the whole signal."""
    keyed: int = 0
    """Bursts keyed as the record says."""
    timed: int = 0
    """Bursts keyed at the record's rate."""
    wide_hz: float = 0.0
    """Width of the bursts that show the whole signal, weighed by their length."""
    cut: bool = False
    """Runs out of the slice."""

    @property
    def keys(self) -> set[tuple[int, float]]:
        """What tells its bursts from others."""
        return {(burst.start_ns, burst.centre_hz) for burst in self.bursts}

    def has_any(self, keys: set[tuple[int, float]]) -> bool:
        """Whether one of its bursts is among those."""
        return any((burst.start_ns, burst.centre_hz) in keys for burst in self.bursts)


class TurnCollector:
    """Turns that one mode of a time-division link may have sent.

    Parameters
    ----------
    protocol, mode
        The record; its two ends send on one channel before they hop, and its signal is frequency keyed.
    """

    def __init__(self, protocol: RfProtocol, mode: Mode) -> None:
        assert isinstance(mode.phy, FskPhy)
        self.protocol = protocol
        self.mode = mode
        self.timing = _in_turn(mode)
        self.phy = mode.phy
        self.bands = protocol.bands_of(mode)
        self.spans_hz = [(band.low_hz - BAND_MARGIN_HZ, band.high_hz + BAND_MARGIN_HZ) for band in self.bands]
        self.turns: deque[Turn] = deque(maxlen=TURNS_KEPT)
        self.news = 0
        """Bursts since the last judgement."""
        self.due = False
        """Whether a turn has come or grown since then that keeps a clock with ``LEAST_TURNS`` less one others."""
        self.start_tolerance_s = _start_tolerance_s(self.timing, self.phy)
        """How far from its window's beginning a turn may be found to begin."""
        self._least_hz = BANDWIDTH_RANGE[0] * self.phy.bandwidth_hz
        self._most_hz = BANDWIDTH_RANGE[1] * self.phy.bandwidth_hz + BANDWIDTH_ROOM_HZ
        """Bursts narrower or wider than these are of something else."""
        self._full_hz = FULL_BANDWIDTH * self.phy.bandwidth_hz
        self._full_keyed_hz = FULL_BANDWIDTH_KEYED * self.phy.bandwidth_hz
        self._least_deviation_hz, self._most_deviation_hz = (part * self.phy.deviation_hz for part in DEVIATION_RANGE)
        self._open: list[Turn] = []
        self._reach_hz = CHANNEL_SHARE * self.phy.bandwidth_hz + CHANNEL_ROOM_HZ
        self._least_s = SHORTEST_SHARE * self.timing.shortest_s
        self._tiny_ns = TINY_SHARE * self.timing.shortest_s * 1e9
        self._interval_ns = self.timing.dwell_s * 1e9
        self._apart_ns = 2e9 * self.start_tolerance_s
        self._window_ns = (self.timing.window_s + min(WINDOW_SLACK_S, WINDOW_SLACK * self.timing.silence_s)) * 1e9

    def add(self, bursts: list[tuple[float, int, Burst]]) -> None:
        """Put bursts to the turns they go on with, or begin some.

        Parameters
        ----------
        bursts
            Width, end, and the burst itself, in about the order of time.
        """
        least_hz, most_hz, tiny_ns, window_ns = self._least_hz, self._most_hz, self._tiny_ns, self._window_ns
        for width_hz, end_ns, burst in bursts:
            # What is longer is no one end's word, what is shorter no part of one.
            if least_hz <= width_hz <= most_hz and tiny_ns < end_ns - burst.start_ns < window_ns:
                self._add(burst, end_ns)

    def _add(self, burst: Burst, end_ns: int) -> None:
        self.news += 1
        start_ns, centre_hz = burst.start_ns, burst.centre_hz
        reach_hz, window_ns = self._reach_hz, self._window_ns
        for turn in self._open:
            if abs(centre_hz - turn.centre_hz) >= reach_hz:
                continue
            begin_ns = min(turn.start_ns, start_ns)
            over_ns = max(turn.end_ns, end_ns)
            if over_ns - begin_ns < window_ns:
                turn.start_ns, turn.end_ns = begin_ns, over_ns
                self._put(turn, burst)
                self.due = self.due or self._keeps_a_clock(turn)
                return
        turn = Turn(start_ns, end_ns, centre_hz)
        self._put(turn, burst)
        self.due = self.due or self._keeps_a_clock(turn)
        if len(self.turns) == TURNS_KEPT:
            self._make_room(end_ns)
        self.turns.append(turn)
        self._open = [turn, *self._open[: OPEN_TURNS - 1]]

    def _keeps_a_clock(self, turn: Turn) -> bool:
        """Whether a turn begins as two others do, whole intervals apart; costs a tenth of a judgement."""
        if turn.full_s < self._least_s:
            return False
        start_ns, interval_ns, apart_ns = turn.start_ns, self._interval_ns, self._apart_ns
        missing, least_s = LEAST_TURNS - 1, self._least_s
        for other in self.turns:
            if other.full_s >= least_s and other is not turn:
                late_ns = (start_ns - other.start_ns) % interval_ns
                if late_ns < apart_ns or interval_ns - late_ns < apart_ns:
                    missing -= 1
                    if not missing:
                        return True
        return False

    def _make_room(self, now_ns: int) -> None:
        """Forget the oldest turn that is over and too short, else the oldest without keying, else the oldest."""
        turns = list(enumerate(self.turns))
        over_ns = now_ns - self._window_ns
        short = next((i for i, turn in turns if turn.full_s < self._least_s and turn.start_ns < over_ns), None)
        plain = next((i for i, turn in turns if not turn.keyed), 0)
        del self.turns[plain if short is None else short]

    def _put(self, turn: Turn, burst: Burst) -> None:
        turn.bursts.append(burst)
        turn.cut |= burst.cut_low or burst.cut_high
        keyed = self._keying(burst)
        if burst.bandwidth_hz < (self._full_keyed_hz if keyed else self._full_hz):
            return
        total_s = turn.full_s + burst.duration_s
        if turn.full_s:
            part = burst.duration_s / total_s
            turn.centre_hz += part * (burst.centre_hz - turn.centre_hz)
            turn.wide_hz += part * (burst.bandwidth_hz - turn.wide_hz)
        else:
            turn.centre_hz, turn.wide_hz = burst.centre_hz, burst.bandwidth_hz
        turn.full_s = total_s
        if keyed:
            turn.keyed += 1
            rate_hz = keyed.symbol_rate_hz or 0.0
            turn.timed += abs(rate_hz / self.phy.bit_rate_bps - 1.0) < RATE_TOLERANCE

    def _keying(self, burst: Burst) -> KeyingFinding | None:
        """How a burst is keyed, if as the record says."""
        finding = burst.finding
        if not isinstance(finding, KeyingFinding):
            return None
        return finding if self._least_deviation_hz < finding.deviation_hz < self._most_deviation_hz else None

    def worthy(self, begin_ns: int) -> list[Turn]:
        """Turns since a moment that show the whole signal for long enough, in order of time."""
        worthy = (turn for turn in self.turns if turn.full_s >= self._least_s and turn.start_ns >= begin_ns)
        return sorted(worthy, key=lambda turn: turn.start_ns)


def _start_tolerance_s(timing: TdmTiming, phy: FskPhy) -> float:
    least_s, most_s = START_TOLERANCE_S
    by_interval_s = min(max(START_TOLERANCE * timing.dwell_s, least_s), most_s)
    return max(by_interval_s, START_TOLERANCE_BITS / phy.bit_rate_bps)


def _in_turn(mode: Mode) -> TdmTiming:
    """A mode's timing as turns; of packet and answer on one channel a turn is both."""
    if isinstance(mode.timing, TdmTiming):
        return mode.timing
    assert isinstance(mode.timing, HopTiming)
    assert mode.timing.answer is not None
    window_s, packet_s = mode.timing.answer.delay_s + mode.timing.answer.airtime_s, mode.timing.airtime_s
    return TdmTiming(window_s, mode.timing.interval_s - window_s, packet_s, packet_s)


def may_take_a_turn(burst: Burst) -> bool:
    """Whether a burst may be one end's word, or a piece of it: keyed or mere energy, with a beginning or an end."""
    return isinstance(burst.finding, (KeyingFinding, EnergyFinding)) and not (burst.cut_start and burst.cut_end)
