"""Contacts on their way to the main thread: bounded, the oldest make room, every loss is counted."""

from __future__ import annotations

import pytest

from firmware_bridge.contacts import RadarContact
from node.serial_inbox import ContactCounters, ContactInbox


def contacts(first: int, count: int) -> list[RadarContact]:
    return [RadarContact(number, "radar") for number in range(first, first + count)]


def test_what_goes_in_comes_out_in_order_and_wakes_who_waits() -> None:
    woken: list[int] = []
    inbox = ContactInbox(lambda: woken.append(inbox.counters.waiting), capacity=10)
    inbox.offer(contacts(0, 3))
    inbox.offer(contacts(3, 2))
    assert woken == [3, 5]  # when it is told, the contacts are there
    assert [contact.time_ns for contact in inbox.take()] == [0, 1, 2, 3, 4]
    assert inbox.take() == []
    assert inbox.counters == ContactCounters(5, 5, 0, 0)


@pytest.mark.parametrize("pieces", [[25], [9, 9, 7], [1] * 25])
def test_the_oldest_make_room_and_nothing_is_lost_silently(pieces: list[int]) -> None:
    inbox = ContactInbox(lambda: None, capacity=10)
    done = 0
    for piece in pieces:
        inbox.offer(contacts(done, piece))
        done += piece
        counters = inbox.counters
        assert counters.taken_in == counters.taken_out + counters.dropped + counters.waiting
    assert inbox.counters == ContactCounters(25, 0, 15, 10)
    assert [contact.time_ns for contact in inbox.take()] == list(range(15, 25))


def test_a_capacity_of_none_is_refused() -> None:
    with pytest.raises(ValueError, match="capacity"):
        ContactInbox(lambda: None, capacity=0)
