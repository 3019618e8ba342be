"""Numbering of the blocks of a live radio."""

from __future__ import annotations

from dsp.units import NS_PER_S
from node.sources.live_blocks import LONGEST_BLOCK_S, LiveBlocks, block_samples
from node.sources.live_clock import Moment

RATE_HZ = 1_000_000.0
NOW = Moment(2_000_000_000, 5)


def test_losses_go_before_the_next_block() -> None:
    blocks = LiveBlocks("roof", RATE_HZ, 868e6, start_ns=1_000)
    first = blocks.block(bytes(2000), NOW)
    blocks.lose(300)
    blocks.lose(200)
    blocks.retuned(915e6)
    second = blocks.block(bytes(4000), NOW)
    third = blocks.block(bytes(2000), NOW)
    assert [(b.first_sample, b.lost_before, len(b.samples), b.centre_hz) for b in (first, second, third)] == [
        (0, 0, 1000, 868e6),
        (1500, 500, 2000, 915e6),
        (3500, 0, 1000, 915e6),
    ]
    assert [b.start_ns for b in (first, second, third)] == [1_000, 1_501_000, 3_501_000]
    assert (blocks.counters.samples, blocks.counters.lost_samples, blocks.counters.retunes) == (4000, 500, 1)
    assert first.radio == "roof"


def test_the_first_block_ends_when_it_arrives() -> None:
    blocks = LiveBlocks("roof", RATE_HZ, 868e6, start_ns=None)
    assert blocks.next_ns(NOW) == NOW.unix_ns
    block = blocks.block(bytes(2000), NOW)
    assert block.end_ns == NOW.unix_ns
    assert blocks.next_ns(Moment(7, 7)) == NOW.unix_ns


def test_samples_that_wait_have_arrived_too() -> None:
    """A reader that is behind does not take its own lateness for a loss."""
    blocks = LiveBlocks("roof", RATE_HZ, 868e6, start_ns=None)
    at_ns = 0
    for number in range(4000):
        waiting = min(number * 100, 300_000)  # the reader falls behind by up to 0.3 s
        at_ns = round((10_000 * (number + 1) + waiting) * NS_PER_S / RATE_HZ)
        block = blocks.block(bytes(20_000), Moment(at_ns, at_ns), waiting)
        assert block.lost_before == 0


def test_a_loss_that_the_clock_shows_is_in_the_block() -> None:
    blocks = LiveBlocks("roof", RATE_HZ, 868e6, start_ns=None)
    given, lost = 0, 0
    for number in range(2000):
        at_ns = (number + 1) * 10_000_000 + (400_000_000 if number > 700 else 0)
        block = blocks.block(bytes(20_000), Moment(at_ns, at_ns))
        lost += block.lost_before
        assert block.first_sample == given + lost
        given += len(block.samples)
    assert lost == 400_000
    assert block.end_ns == at_ns
    assert blocks.counters.lost_samples == 400_000


def test_blocks_are_short_at_every_rate() -> None:
    assert block_samples(2_400_000.0) == 32_768
    for rate_hz in (225_001.0, 300_000.0, 1_024_000.0, 2_048_000.0, 3_200_000.0):
        samples = block_samples(rate_hz)
        assert LONGEST_BLOCK_S / 2 < samples / rate_hz <= LONGEST_BLOCK_S
        assert samples % 256 == 0  # librtlsdr takes multiples of 512 bytes
