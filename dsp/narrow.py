"""The look for narrow signals below the energy mask: power added up over tens of milliseconds in two columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dsp.analysis import USABLE_SHARE, Analysed, Slice
from dsp.baseband import Baseband
from dsp.bursts import Burst, EnergyFinding
from dsp.tape import Tape
from dsp.units import to_db

STEP_ROWS = 2
"""Rows added up and kept: 0.43 ms at 2.4 MS/s."""
BLOCK_STEPS = 8
"""Steps of a block: 3.4 ms."""
WINDOWS = ((6, 0.55), (16, 0.36))
LEAST_S = {6: 5e-3, 16: 30e-3}
"""Blocks of a look, and the sum over two columns of the power over the floor, less the noise, that makes a candidate;
and how long it is at least.

20 ms are a little more than the shortest packet at 8 kb/s, 55 ms a little less than that at 2 kb/s. Noise has standard
deviations of 0.10 and 0.06; 0 dB in 6 kHz gives 0.6, in 24 kHz 1.8.
"""
LONGEST_WINDOW = max(blocks for blocks, _ in WINDOWS)
BLOCK_LIMIT = 1.0
"""Excess over the floor that a block counts with at most: what is short does not fill a window, however strong."""
BASE_LIMIT = 0.3
BASE_MEMORY = 256
"""Blocks over which a column's own mean is taken: the floor is a few hundredths off."""
BESIDE_COLUMNS = 6
"""The columns this far off on both sides must be quieter: what is wide shows in them as well."""
BESIDE_SHARE = 0.6
WIDEST_HZ = 85e3
"""What is wider is left to the regions, which find it at 0 dB (24 kb/s is 72 kHz wide)."""
LONGEST_S = 0.145
"""A turn at the slowest rates, with noise at its ends."""
PROFILE_SHARE = 0.25
"""Columns with less than this part of the strongest one's excess are noise."""
PROFILE_REACH = 4
SURE = 7.0
"""Standard deviations of the noise that a burst has at least, all of it added up."""
STEP_DEVIATION = 0.35
"""Of a step's mean over two columns of noise."""
EDGE_LEVEL = 0.45
"""Part of the burst's mean that divides it from noise: half would be likeliest, but the mean is that of a maximum."""
STEP_LIMIT = 3.0
"""A step counts with so many times the burst's mean at most: a neighbour's click moves no edge."""
REMEMBERED = 64
"""Bursts told before that a new one is compared with."""
EDGE_NS = 1e6
SHOWN_SHARE = 0.8
MEASURED_AT_MOST = 6
"""Candidates measured a segment, strongest first."""


def _window_sums(rows: NDArray[np.float32], window: int) -> NDArray[np.float32]:
    """(rows - window + 1, columns): sums of all windows of rows, put together from those of 2, 4, 8 ... rows."""
    total, part, reach, size = rows, rows, 0, 1
    while True:
        if window & size:
            total = total[: len(total) - size] + part[reach:] if reach else part
            reach += size
        if reach == window:
            return total
        part = part[:-size] + part[size:]
        size *= 2


@dataclass(slots=True)
class _Candidate:
    """A column that stands out of its neighbours; blocks are counted from the beginning, the last of a window."""

    column: int
    first_block: int
    last_block: int
    best_block: int
    window: int
    excess: float


class NarrowLook:
    """Finds packets of slow keying that the energy mask does not show, from 0 dB in 6 kHz on.

    A signal of 6 kHz at 0 dB gives a column of 9 kHz 2 dB less than the noise, and the mask looks at 0.6 ms and three
    columns at a time. A packet at 2 to 8 kb/s is 17 ms and longer. Costs 0.14 bare transform passes.

    Parameters
    ----------
    where
        The slice.
    """

    def __init__(self, where: Slice) -> None:
        self._where = where
        self._step_s = STEP_ROWS * where.points / where.sample_rate_hz
        self._column_hz = 2.0 * where.sample_rate_hz / where.points
        columns = where.points // 2
        self._usable = columns >= 4 * BESIDE_COLUMNS
        self._longest_steps = int(LONGEST_S / self._step_s)
        self._keep_steps = self._longest_steps + 4 * LONGEST_WINDOW * BLOCK_STEPS
        self._steps = Tape(columns, np.float32, 3 * self._keep_steps)  # so that they are seldom moved
        self._first_step = 0
        self._blocks = np.zeros((0, columns), dtype=np.float32)
        self._fresh: list[NDArray[np.float32]] = []
        """Sums over blocks that have not been looked at."""
        self._done_blocks = 0
        self._base = np.zeros(columns, dtype=np.float32)
        self._open: list[_Candidate] = []
        self._told: list[Burst] = []

    def add(self, power: NDArray[np.float32]) -> None:
        """Take the next rows, (rows, columns) float32; whole blocks of them but at the end."""
        blocks = len(power) // (STEP_ROWS * BLOCK_STEPS)
        if not self._usable or not blocks:
            return
        used = power[: blocks * BLOCK_STEPS * STEP_ROWS]
        steps = self._steps.extend(blocks * BLOCK_STEPS)
        np.add(used[0::STEP_ROWS], used[1::STEP_ROWS], out=steps)
        self._fresh.append(np.add.reduce(steps.reshape(blocks, BLOCK_STEPS, -1), axis=1))

    def feed(self, floor: NDArray[np.float32], told: Iterable[Burst] = (), *, final: bool) -> list[Analysed]:
        """Look at the rows added since the last call; give the bursts that are over.

        Parameters
        ----------
        floor
            (columns,) float32.
        told
            Bursts found in regions of these rows and before: what they show whole is not told again.
        final
            No more rows will come.
        """
        if not self._usable:
            return []
        self._told += [burst for burst in told if burst.bandwidth_hz < WIDEST_HZ]
        del self._told[:-REMEMBERED]
        if self._fresh:
            fresh = np.concatenate(self._fresh)
            self._fresh.clear()
            blocks = len(fresh)
            fresh *= np.float32(1.0 / (BLOCK_STEPS * STEP_ROWS)) / floor
            fresh -= 1.0
            np.minimum(fresh, np.float32(BLOCK_LIMIT), out=fresh)
            self._done_blocks += blocks
            share = np.float32(blocks / min(BASE_MEMORY, self._done_blocks))
            mean = np.add.reduce(np.minimum(fresh, np.float32(BASE_LIMIT))) * np.float32(1.0 / blocks)
            self._base += share * (mean - self._base)
            fresh -= self._base
            kept = np.concatenate((self._blocks, fresh))
            self._blocks = kept[-LONGEST_WINDOW:]
            self._watch(kept, blocks)
        over = [c for c in self._open if final or self._done_blocks - c.last_block > c.window // 2]
        found: list[Analysed] = []
        if over:
            self._open = [c for c in self._open if c not in over]
            over = sorted(over, key=lambda c: (-c.excess, c.column))[:MEASURED_AT_MOST]
            for candidate in over:
                analysed = self._measure(candidate, floor)
                if analysed is not None and not self._known(analysed.burst):
                    found.append(analysed)
                    self._told.append(analysed.burst)
        surplus = len(self._steps) - self._keep_steps
        if surplus > 0:
            self._steps.drop(surplus)
            self._first_step += surplus
        return found

    def _known(self, burst: Burst) -> bool:
        """Whether others told show it from its beginning and nearly all of it."""
        over = [
            other
            for other in self._told
            if other.start_ns < burst.end_ns
            and burst.start_ns < other.end_ns
            and abs(burst.centre_hz - other.centre_hz) < max(2.0 * self._column_hz, 0.5 * other.bandwidth_hz)
        ]
        if not over or min(other.start_ns for other in over) > burst.start_ns + EDGE_NS:
            return False
        shown_ns = sum(min(other.end_ns, burst.end_ns) - max(other.start_ns, burst.start_ns) for other in over)
        return shown_ns > SHOWN_SHARE * (burst.end_ns - burst.start_ns)

    def _watch(self, blocks: NDArray[np.float32], fresh: int) -> None:
        """Open candidates, or go on with them, where a window that ends with one of the fresh blocks stands out."""
        if len(blocks) < LONGEST_WINDOW + fresh:
            return
        pairs = blocks[:, 1:] + blocks[:, :-1]
        for window, least in WINDOWS:
            excess = _window_sums(pairs[1 - window - fresh :], window)
            peak = np.maximum.reduce(excess)
            high = np.flatnonzero(peak[BESIDE_COLUMNS:-BESIDE_COLUMNS] > np.float32(least * window)) + BESIDE_COLUMNS
            if len(high):
                self._group(excess, peak, high, window)

    def _group(
        self, excess: NDArray[np.float32], peak: NDArray[np.float32], high: NDArray[np.intp], window: int
    ) -> None:
        """One candidate for each group of neighbouring columns that is stronger than what is beside it."""
        heights = peak[high]
        bounds = [0, *(np.flatnonzero(high[1:] - high[:-1] > 2) + 1).tolist(), len(high)]
        strongest = [begin + int(heights[begin:end].argmax()) for begin, end in pairwise(bounds)]
        columns = high[strongest]
        best = excess[:, columns].argmax(axis=0)
        beside = np.maximum(excess[best, columns - BESIDE_COLUMNS], excess[best, columns + BESIDE_COLUMNS])
        first = self._done_blocks - len(excess)
        for group in np.flatnonzero(beside <= BESIDE_SHARE * heights[strongest]).tolist():
            column = int(columns[group])
            height = float(peak[column])
            when = np.flatnonzero(excess[:, column] > 0.7 * height).tolist()
            self._take(
                _Candidate(column, first + when[0], first + when[-1], first + int(best[group]), window, height / window)
            )

    def _take(self, new: _Candidate) -> None:
        for old in self._open:
            if (
                old.window == new.window
                and abs(old.column - new.column) <= 2
                and new.first_block - old.last_block <= old.window // 2
            ):
                old.last_block = new.last_block
                if new.excess > old.excess:
                    old.column, old.best_block, old.excess = new.column, new.best_block, new.excess
                return
        self._open.append(new)

    def _measure(self, candidate: _Candidate, floor: NDArray[np.float32]) -> Analysed | None:
        """Where a candidate begins and ends in time and frequency; None if it is too wide, short, long or weak."""
        # Its strongest window is full of it; it may begin as much as a longest burst before that and end after it.
        window = candidate.window * BLOCK_STEPS
        best_end = (candidate.best_block + 1) * BLOCK_STEPS - self._first_step
        begin = max(0, (candidate.first_block - 2 * candidate.window) * BLOCK_STEPS - self._first_step)
        end = min(len(self._steps), (candidate.last_block + candidate.window) * BLOCK_STEPS - self._first_step)
        if candidate.last_block - candidate.first_block > self._longest_steps // BLOCK_STEPS + candidate.window:
            return None
        # Windows that stand out hold it for half of their length at least.
        half = candidate.window // 2
        first = min(best_end - window, (candidate.first_block - half) * BLOCK_STEPS - self._first_step)
        last = max(best_end, (candidate.last_block - half) * BLOCK_STEPS - self._first_step)
        first, last = max(0, first - begin), last - begin
        if first >= last:
            return None
        low = max(0, candidate.column - BESIDE_COLUMNS)
        high = min(len(floor), candidate.column + BESIDE_COLUMNS + 2)
        local = floor[low:high]
        excess = self._steps.rows[begin:end, low:high] / (np.float32(STEP_ROWS) * local)
        excess -= np.float32(1.0) + self._base[low:high]
        middle = candidate.column - low
        for _ in range(2):
            profile = np.add.reduce(excess[first:last]) * np.float32(1.0 / (last - first))
            peak = middle - 1 + int(profile[middle - 1 : middle + 3].argmax())
            core = np.where(profile > PROFILE_SHARE * profile[peak], profile, np.float32(0.0))
            core[: max(0, peak - PROFILE_REACH)] = 0.0
            core[peak + PROFILE_REACH + 1 :] = 0.0
            weight = float(np.add.reduce(core))
            if weight <= 0.0:
                return None
            series = excess @ (core / np.float32(weight))
            level = float(np.add.reduce(series[first:last])) / (last - first)
            # The stretch whose sum over a part of the level is greatest: its ends are the likeliest edges.
            total = np.zeros(len(series) + 1)
            np.cumsum(np.minimum(series, STEP_LIMIT * level + 1.0) - EDGE_LEVEL * level, out=total[1:])
            last = int(np.argmax(total - np.minimum.accumulate(total)))
            first = int(np.argmin(total[: last + 1]))
            if last <= first:
                return None
        steps = last - first
        sure = level * np.sqrt(steps) / STEP_DEVIATION
        if not LEAST_S[candidate.window] / self._step_s <= steps <= self._longest_steps or sure < SURE:
            return None
        width = weight * weight / float((core * core).sum())
        if width * self._column_hz > WIDEST_HZ:
            return None
        column = low + float((core * (np.arange(len(core)) + 0.5)).sum()) / weight
        noise = float(local.mean()) * max(width, 1.0)
        return self._burst(self._first_step + begin + first, steps, column, width, float((core * local).sum()), noise)

    def _burst(self, first_step: int, steps: int, column: float, width: float, signal: float, noise: float) -> Analysed:
        where = self._where
        middle_hz, bandwidth_hz = where.edge_hz(column), width * self._column_hz
        usable_hz = USABLE_SHARE * where.sample_rate_hz
        burst = Burst(
            start_ns=where.time_ns((first_step * STEP_ROWS + 0.25) * where.points),
            duration_s=steps * self._step_s,
            centre_hz=where.centre_hz + middle_hz,
            bandwidth_hz=bandwidth_hz,
            snr_db=to_db(signal / noise),
            peak_dbfs=to_db(signal + noise),
            finding=EnergyFinding(1.0, integrated=True),
            cut_low=middle_hz - 0.5 * bandwidth_hz < -usable_hz,
            cut_high=middle_hz + 0.5 * bandwidth_hz > usable_hz,
        )
        nothing = Baseband(np.zeros(1, dtype=np.complex64), where.sample_rate_hz, middle_hz)
        return Analysed(burst, nothing, noise, bandwidth_hz / where.sample_rate_hz, 1.0, patchable=False)
