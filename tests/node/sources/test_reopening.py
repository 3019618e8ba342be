"""A source that comes back by itself: outages, waits, numbers that go on. No real waiting: time is the test's."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from dsp.iq import IqBlock, IqSource, SourceError, SourceLost, SourceUnavailable
from dsp.units import NS_PER_S
from node.sources import BackOff, ReopeningSource, RtlTcpSettings, open_radio
from node.sources.live_clock import HostClock
from sim.rtl_tcp import RtlTcpServer

RATE_HZ = 100_000.0
BLOCK = 1000
BLOCK_NS = 10_000_000
START_NS = 1_777_000_000_000_000_000
TIMEOUT_S = 60.0


class World:
    """Clocks that go on by waiting and by blocks alone."""

    def __init__(self) -> None:
        self.since_start_ns = 0
        self.set_by_ns = 0
        self.waits_s: list[float] = []
        self.clock = HostClock(lambda: START_NS + self.since_start_ns + self.set_by_ns, lambda: self.since_start_ns)

    def wait(self, seconds: float) -> bool:
        self.waits_s.append(seconds)
        self.since_start_ns += round(seconds * NS_PER_S)
        return False


class Radio:
    """Gives some blocks and then fails, as a live source does: its numbers start at 0 each time."""

    def __init__(self, world: World, blocks: int, error: SourceError | None, lost_first: int = 0) -> None:
        self._world, self._blocks, self._error, self._lost = world, blocks, error, lost_first
        self.stopped = False

    def blocks(self) -> Iterator[IqBlock]:
        start_ns = self._world.clock.unix_ns()
        for number in range(self._blocks):
            if self.stopped:
                return
            self._world.since_start_ns += BLOCK_NS
            lost = self._lost if number == 0 else 0
            first = number * BLOCK + self._lost
            samples = np.zeros(BLOCK, np.complex64)
            yield IqBlock(samples, RATE_HZ, 868e6, first, lost, start_ns + number * BLOCK_NS, "roof")
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        self.stopped = True


def reopening(world: World, make: Callable[[], IqSource], back_off: BackOff | None = None) -> ReopeningSource:
    return ReopeningSource(
        make, back_off=back_off or BackOff(jitter=0.0), clock=world.clock, wait=world.wait, rng=random.Random(1)
    )


def scripted(*openings: Radio | SourceError) -> Callable[[], IqSource]:
    """Give these one after the other; an error is raised."""
    left = list(openings)

    def make() -> IqSource:
        opening = left.pop(0)
        if isinstance(opening, SourceError):
            raise opening
        return opening

    return make


def check_numbers(blocks: list[IqBlock]) -> None:
    """The contract of an IqSource, over outages too."""
    for before, block in zip(blocks, blocks[1:], strict=False):  # noqa: RUF007 - pairs read better so
        assert block.first_sample == before.first_sample + len(before.samples) + block.lost_before
        assert block.start_ns == before.end_ns + round(block.lost_before * NS_PER_S / RATE_HZ)


def test_an_outage_becomes_lost_samples() -> None:
    world = World()
    source = reopening(world, scripted(Radio(world, 3, SourceLost("unplugged")), Radio(world, 2, None)))
    blocks = list(source.blocks())
    assert [block.lost_before for block in blocks] == [0, 0, 0, round(0.5 * RATE_HZ), 0]
    check_numbers(blocks)
    assert blocks[-1].end_ns == world.clock.unix_ns()
    state = source.state
    assert (state.reopenings, state.failures, state.last_error) == (1, 1, "unplugged")
    assert state.last_error_ns == START_NS + 3 * BLOCK_NS
    assert (state.samples, state.lost_samples, state.connected) == (5 * BLOCK, 50_000, False)


def test_losses_of_the_new_opening_count_once() -> None:
    world = World()
    source = reopening(world, scripted(Radio(world, 1, SourceLost("x")), Radio(world, 2, None, lost_first=70)))
    blocks = list(source.blocks())
    assert blocks[1].lost_before == 50_000
    check_numbers(blocks)


def test_waits_grow_while_nothing_works_and_start_anew_after_steady_signal() -> None:
    world = World()
    gone = SourceUnavailable("no dongle")
    makes = scripted(gone, gone, gone, Radio(world, 10, gone), Radio(world, 1001, gone), gone, Radio(world, 1, None))
    source = reopening(world, makes, BackOff(1.0, 5.0, jitter=0.0))
    assert len(list(source.blocks())) == 1012
    assert world.waits_s == [1.0, 2.0, 4.0, 5.0, 1.0, 2.0]
    assert source.state.reopenings == 2


def test_no_outage_is_counted_before_the_first_block() -> None:
    world = World()
    source = reopening(world, scripted(SourceUnavailable("x"), SourceUnavailable("x"), Radio(world, 1, None)))
    (block,) = source.blocks()
    assert (block.first_sample, block.lost_before) == (0, 0)


@pytest.mark.parametrize("set_by_s", [-7200, 86_400 * 400])
def test_a_host_clock_set_during_an_outage_loses_nothing_extra(set_by_s: int) -> None:
    world = World()
    radios = iter([Radio(world, 1, SourceLost("x")), Radio(world, 1, None)])

    def make() -> IqSource:
        world.set_by_ns = set_by_s * NS_PER_S if world.waits_s else 0
        return next(radios)

    blocks = list(reopening(world, make).blocks())
    assert blocks[1].lost_before == round(0.5 * RATE_HZ)
    assert blocks[1].end_ns == world.clock.unix_ns()


def test_stop_ends_the_wait() -> None:
    """With the real wait: an hour of it would time out."""
    calls: list[int] = []

    def make() -> IqSource:
        calls.append(1)
        source.stop()
        raise SourceUnavailable("never")

    source = ReopeningSource(make, back_off=BackOff(3600.0, 3600.0))
    assert list(source.blocks()) == []
    assert calls == [1]


def test_stop_reaches_the_present_source() -> None:
    world = World()
    radio = Radio(world, 1000, None)
    source = reopening(world, scripted(radio))
    blocks = source.blocks()
    next(blocks)
    assert source.state.connected
    source.stop()
    assert list(blocks) == []
    assert radio.stopped
    assert not source.state.connected


def test_what_is_no_source_error_is_not_hidden() -> None:
    def make() -> IqSource:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(reopening(World(), make).blocks())


class Ramp:
    """A radio for the simulated server."""

    def configure(
        self,
        centre_hz: float | None = None,
        sample_rate_hz: float | None = None,
        gain_db: float | None = None,
        agc: bool | None = None,
        ppm: float | None = None,
    ) -> None:
        pass

    def read_u8(self, n_samples: int) -> bytes:
        return bytes(2 * n_samples)


def test_a_server_that_goes_and_comes_back() -> None:
    """Dropped, then refusing, then back: the node needs nobody."""
    with RtlTcpServer(Ramp, paced=False) as server:
        settings = RtlTcpSettings(
            name="mast", host="127.0.0.1", port=server.port, centre_hz=868e6, sample_rate_hz=250e3
        )
        tries: list[float] = []

        def wait(seconds: float) -> bool:
            tries.append(seconds)
            if len(tries) == 3:
                server.refuse(refuse=False)
            return len(tries) > 10

        source = ReopeningSource(lambda: open_radio(settings), wait=wait, rng=random.Random(1))
        blocks = source.blocks()
        last = next(blocks)
        server.refuse()
        server.faults.drop()
        for after in blocks:
            if source.state.reopenings:
                break
            last = after
        assert source.state.connected
        assert "refused" in (source.state.last_error or "")
        assert source.state.reopenings == 1
        assert len(tries) == 3
        assert after.first_sample == last.first_sample + len(last.samples) + after.lost_before
        source.stop()
        assert list(blocks) == []
