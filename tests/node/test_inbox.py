"""Hand-over between threads: nothing is lost silently, whatever the order of events."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.iq import IqBlock
from node.inbox import BlockInbox, ResultInbox
from node.pipeline import BlockResult, PipelineCounters

RATE_HZ = 1000.0


def block(first: int, samples: int = 100, lost_before: int = 0) -> IqBlock:
    """100 samples at 1 kS/s last 0.1 s."""
    start_ns = round(first / RATE_HZ * 1e9)
    return IqBlock(np.zeros(samples, np.complex64), RATE_HZ, 1e6, first, lost_before, start_ns)


def result(end_ns: int) -> BlockResult:
    return BlockResult((), end_ns, "radio", PipelineCounters())


def test_drops_new_blocks_until_half_empty_and_says_so_in_the_next() -> None:
    inbox = BlockInbox(capacity_s=0.4)
    taken = [inbox.offer(block(100 * i)) for i in range(4)]
    assert taken == [True] * 4
    assert not inbox.offer(block(400, lost_before=7))  # full
    assert inbox.get() is not None
    assert not inbox.offer(block(500))  # 3 of 4 wait: not half empty yet
    assert inbox.get() is not None
    assert inbox.offer(block(600))  # half empty
    waiting = [inbox.get() for _ in range(3)]
    assert [each and (each.first_sample, each.lost_before) for each in waiting] == [(200, 0), (300, 0), (600, 207)]
    counters = inbox.counters
    assert (counters.samples_in, counters.samples_out, counters.samples_dropped) == (700, 500, 200)
    assert counters.most_waiting_s == pytest.approx(0.4)


def test_a_block_longer_than_the_inbox_still_passes() -> None:
    inbox = BlockInbox(capacity_s=0.05)
    assert inbox.offer(block(0))
    assert not inbox.offer(block(100))
    assert inbox.get() is not None
    assert inbox.offer(block(200))


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 300), st.integers(0, 50)), max_size=80))
def test_every_sample_is_accounted_for(steps: list[tuple[bool, int, int]]) -> None:
    """Offers and takes in any order: what comes out, with its losses, tiles the stream without a hole."""
    inbox = BlockInbox(capacity_s=0.5)
    position = next_out = 0
    waiting = 0
    for offer, samples, lost in steps:
        if offer:
            position += lost
            waiting += inbox.offer(block(position, samples, lost))
            position += samples
        elif waiting:
            taken = inbox.get()
            assert taken is not None
            waiting -= 1
            assert taken.first_sample == next_out + taken.lost_before
            next_out = taken.first_sample + len(taken.samples)
    counters = inbox.counters
    assert counters.waiting_blocks == waiting
    assert counters.waiting_s <= 0.5 + 0.3
    inbox.close()
    while (taken := inbox.get()) is not None:
        assert taken.first_sample == next_out + taken.lost_before
        next_out = taken.first_sample + len(taken.samples)
    end = inbox.counters
    assert end.samples_in == end.samples_out + end.samples_dropped


def test_put_waits_and_loses_nothing() -> None:
    inbox = BlockInbox(capacity_s=0.2)
    got: list[int] = []

    def take() -> None:
        while (taken := inbox.get()) is not None:
            got.append(taken.first_sample)
            assert not taken.lost_before

    taker = threading.Thread(target=take)
    taker.start()
    assert all(inbox.put(block(100 * i)) for i in range(50))
    inbox.close()
    taker.join(20)
    assert got == [100 * i for i in range(50)]


def test_closing_frees_who_waits() -> None:
    blocks, results = BlockInbox(0.1), ResultInbox(1)
    blocks.put(block(0))
    results.put(result(1))
    answers: list[bool] = []
    waiters = [
        threading.Thread(target=lambda: answers.append(blocks.put(block(100)))),
        threading.Thread(target=lambda: answers.append(results.put(result(2)))),
    ]
    for waiter in waiters:
        waiter.start()
    blocks.close()
    results.close()
    for waiter in waiters:
        waiter.join(20)
    assert answers == [False, False]
    assert blocks.get() is not None
    assert blocks.get() is None
    first = results.get(20)
    assert first is not None
    assert first.end_ns == 1
    assert results.get(20) is None


def test_results_come_in_order_and_none_in_time_is_none() -> None:
    results = ResultInbox(3)
    assert results.get(0.0) is None
    for end_ns in (3, 1, 2):
        results.put(result(end_ns))
    assert results.waiting == 3
    assert [each.end_ns for _ in range(3) if (each := results.get(0.0))] == [3, 1, 2]


def test_refuses_no_capacity() -> None:
    with pytest.raises(ValueError, match="capacity_s"):
        BlockInbox(0.0)
    with pytest.raises(ValueError, match="capacity"):
        ResultInbox(0)
