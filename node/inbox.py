"""Bounded hand-over between threads, with every loss counted.

A live radio cannot wait, so its reader never blocks: when the inbox of its pipeline is full, *new* blocks are dropped
until it is half empty [1]: few long gaps instead of many short ones, so that bursts survive whole. The dropped samples
are attached to the next block that gets through. A recording can wait, and loses nothing.

[1] the rule of readsb, ``sdr_rtlsdr.c``
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace

from dsp.iq import IqBlock
from dsp.units import to_ns
from node.pipeline import BlockResult

LONGEST_STALL_S = 1.0
"""Signal a block inbox holds: a pipeline may be held up this long (a page of memory, another program) without a loss.

8 bytes a sample: 19 MiB at 2.4 MS/s.
"""
RESULTS_HELD = 64
"""Block results waiting for the tracker: about two seconds at 32768 samples a block and 1 MS/s."""


@dataclass(frozen=True, slots=True)
class InboxCounters:
    """What has gone through, and what has not.

    ``samples_in = samples_out + samples_dropped +`` what waits.
    """

    samples_in: int = 0
    samples_out: int = 0
    samples_dropped: int = 0
    waiting_blocks: int = 0
    waiting_s: float = 0.0
    """Signal that waits."""
    most_waiting_s: float = 0.0
    """Most that ever waited."""


class BlockInbox:
    """Blocks of one radio on their way to its pipeline; one thread puts in, one takes out.

    Parameters
    ----------
    capacity_s
        Seconds of signal it holds; one block always fits.
    """

    def __init__(self, capacity_s: float = LONGEST_STALL_S) -> None:
        if not capacity_s > 0:
            raise ValueError(f"capacity_s must be above 0, not {capacity_s}")
        self._capacity_ns = to_ns(capacity_s)
        self._changed = threading.Condition()
        self._blocks: deque[IqBlock] = deque()
        self._waiting_ns = 0
        self._most_waiting_ns = 0
        self._dropping = False
        self._closed = False
        self._lost_before = 0
        self._in = self._out = self._dropped = 0

    def offer(self, block: IqBlock) -> bool:
        """Hand over without ever waiting; false when the block was dropped (or the inbox is closed)."""
        with self._changed:
            if self._dropping and 2 * self._waiting_ns <= self._capacity_ns:
                self._dropping = False
            if not self._dropping and not self._fits(block):
                self._dropping = True
            self._in += len(block.samples)
            if self._dropping or self._closed:
                self._dropped += len(block.samples)
                self._lost_before += len(block.samples) + block.lost_before
                return False
            self._append(block)
            return True

    def put(self, block: IqBlock) -> bool:
        """Hand over as soon as there is room; false when the inbox is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._fits(block))
            self._in += len(block.samples)
            if self._closed:
                self._dropped += len(block.samples)
                return False
            self._append(block)
            return True

    def get(self) -> IqBlock | None:
        """The next block; waits for one; None when the inbox is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._blocks))
            if not self._blocks:
                return None
            block = self._blocks.popleft()
            self._waiting_ns -= block.end_ns - block.start_ns
            self._out += len(block.samples)
            self._changed.notify_all()
            return block

    def close(self) -> None:
        """Take nothing more in; what waits can still be taken out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def counters(self) -> InboxCounters:
        """What has gone through so far."""
        with self._changed:
            return InboxCounters(
                self._in,
                self._out,
                self._dropped,
                len(self._blocks),
                self._waiting_ns * 1e-9,
                self._most_waiting_ns * 1e-9,
            )

    def _fits(self, block: IqBlock) -> bool:
        return not self._blocks or self._waiting_ns + (block.end_ns - block.start_ns) <= self._capacity_ns

    def _append(self, block: IqBlock) -> None:
        if self._lost_before:
            block = replace(block, lost_before=block.lost_before + self._lost_before)
            self._lost_before = 0
        self._blocks.append(block)
        self._waiting_ns += block.end_ns - block.start_ns
        self._most_waiting_ns = max(self._most_waiting_ns, self._waiting_ns)
        self._changed.notify_all()


class ResultInbox:
    """What the pipelines found, on its way to the tracker; any thread puts in, one takes out.

    Putting in waits for room: a slow tracker makes the pipelines wait, so that the block inboxes are the only place
    where anything is dropped.
    """

    def __init__(self, capacity: int = RESULTS_HELD) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be 1 or more, not {capacity}")
        self._capacity = capacity
        self._changed = threading.Condition()
        self._results: deque[BlockResult] = deque()
        self._closed = self._woken = False

    def put(self, result: BlockResult) -> bool:
        """Hand over as soon as there is room; false when the inbox is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._results) < self._capacity)
            if self._closed:
                return False
            self._results.append(result)
            self._changed.notify_all()
            return True

    def get(self, timeout_s: float) -> BlockResult | None:
        """The next result; None when none comes in time or the inbox was woken."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._woken or bool(self._results), timeout_s)
            self._woken = False
            if not self._results:
                return None
            result = self._results.popleft()
            self._changed.notify_all()
            return result

    def wake(self) -> None:
        """End the wait of who takes out: something has come another way."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def close(self) -> None:
        """Take nothing more in; what waits can still be taken out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """Results that wait."""
        with self._changed:
            return len(self._results)
