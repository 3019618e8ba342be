"""The inbox between a driver's callback and the reader: bounded, never waiting, every loss counted."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from node.sources.byte_inbox import ByteInbox
from node.sources.live_clock import Moment

NOW = Moment(0, 0)


def test_drops_new_blocks_until_half_empty_and_tells_the_next() -> None:
    inbox = ByteInbox(400)
    assert [inbox.offer(bytes([n]) * 100, NOW) for n in range(6)] == [True] * 4 + [False] * 2
    assert inbox.take(0.0).raw[0] == 0  # type: ignore[union-attr]
    assert not inbox.offer(b"f" * 100, NOW)  # three of four wait: more than half
    assert inbox.take(0.0).raw[0] == 1  # type: ignore[union-attr]
    assert inbox.offer(b"g" * 100, NOW)
    rest = [inbox.take(0.0) for _ in range(3)]
    assert [(each.raw[0], each.lost_bytes) for each in rest if each] == [(2, 0), (3, 0), (ord("g"), 300)]


def test_one_block_always_fits() -> None:
    inbox = ByteInbox(10)
    assert inbox.offer(bytes(1000), NOW)
    assert not inbox.offer(bytes(1000), NOW)


def test_clear_counts_what_it_forgets() -> None:
    inbox = ByteInbox(200)
    for _ in range(5):
        inbox.offer(bytes(100), NOW)
    assert inbox.clear() == 500
    assert inbox.clear() == 0
    assert inbox.offer(bytes(100), NOW)


def test_what_waits_can_be_taken_after_the_end() -> None:
    inbox = ByteInbox(200)
    inbox.offer(b"x", NOW)
    inbox.end()
    assert inbox.ended
    assert inbox.take(0.0) is not None
    assert inbox.take(60.0) is None  # does not wait


def test_the_end_wakes_the_reader() -> None:
    inbox = ByteInbox(200)
    taken: list[object] = []
    reader = threading.Thread(target=lambda: taken.append(inbox.take(60.0)))
    reader.start()
    inbox.end()
    reader.join(60.0)
    assert taken == [None]


@given(st.lists(st.one_of(st.just("take"), st.just("clear"), st.integers(1, 300)), max_size=60))
def test_nothing_is_lost_silently(events: list[str | int]) -> None:
    inbox = ByteInbox(500)
    offered = accounted = 0
    for event in events:
        if event == "take":
            delivery = inbox.take(0.0)
            accounted += len(delivery.raw) + delivery.lost_bytes if delivery else 0
        elif event == "clear":
            accounted += inbox.clear()
        else:
            inbox.offer(bytes(int(event)), NOW)
            offered += int(event)
    assert accounted + inbox.clear() == offered
