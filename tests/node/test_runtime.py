"""The threads of a radio: losses are counted, faults are survived, everything ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from dsp.iq import IqBlock, IqSource, SourceLost, SourceUnavailable
from node import runtime
from node.inbox import ResultInbox
from node.pipeline import BlockResult, Pipeline, PipelineSettings
from node.runtime import RadioRunner
from node.sources.back_off import BackOff
from sim.radio import SimRadio
from sim.scene import Receiver, Scene

TIMEOUT_S = 60.0
RATE_HZ = 250_000.0


def quiet(seconds: float, start_ns: int = 0) -> SimRadio:
    """Noise alone."""
    scene = Scene("quiet", Receiver(868e6, RATE_HZ), duration_s=seconds)
    return SimRadio(scene, start_ns=start_ns, block_samples=8192)


def plain_pipeline() -> Pipeline:
    return Pipeline(PipelineSettings(), None, "a")


def drain(results: ResultInbox, runner: RadioRunner) -> list[BlockResult]:
    """Everything that comes until both threads have ended."""
    got = []
    while runner.alive or results.waiting:
        result = results.get(0.05)
        if result is not None:
            got.append(result)
    assert runner.join() == []
    return got


def test_a_recording_is_worked_through_whole() -> None:
    results = ResultInbox(2)
    runner = RadioRunner("a", lambda: quiet(3.0), plain_pipeline, results, patient=True)
    runner.start()
    got = drain(results, runner)
    status = runner.status
    assert (status.state, status.last_error, status.reopenings) == ("ended", None, 0)
    assert status.counters.samples == got[-1].counters.samples == 3 * RATE_HZ
    assert status.inbox.samples_dropped == status.counters.lost_samples == 0
    assert status.signal_s == pytest.approx(3.0)
    assert got[-1].end_ns == 3_000_000_000


def test_a_live_reader_never_waits_and_every_sample_is_counted() -> None:
    """The pipeline stands still at its first block until the radio has given everything."""
    ended = threading.Event()

    class Slow(Pipeline):
        def process(self, block: IqBlock) -> BlockResult:
            assert ended.wait(TIMEOUT_S)
            return super().process(block)

    class Announcing:
        def __init__(self) -> None:
            self.radio = quiet(6.0)

        def blocks(self) -> Iterator[IqBlock]:
            yield from self.radio.blocks()
            ended.set()

        def stop(self) -> None:
            self.radio.stop()

    results = ResultInbox()
    runner = RadioRunner("a", Announcing, lambda: Slow(PipelineSettings(), None, "a"), results)
    runner.start()
    drain(results, runner)
    status = runner.status
    assert status.inbox.samples_in == 6 * RATE_HZ
    assert status.inbox.samples_dropped > 4 * RATE_HZ  # about a second fits
    assert status.counters.samples + status.inbox.samples_dropped == 6 * RATE_HZ


def test_a_radio_that_goes_away_is_opened_anew() -> None:
    class Lost:
        def __init__(self) -> None:
            self.radio = quiet(1.0)

        def blocks(self) -> Iterator[IqBlock]:
            yield from self.radio.blocks()
            raise SourceLost("a: unplugged; plug it in again")

        def stop(self) -> None:
            self.radio.stop()

    def refuse() -> IqSource:
        raise SourceUnavailable("a: no dongle; plug one in")

    openings: list[Callable[[], IqSource]] = [refuse, Lost, refuse, refuse, lambda: quiet(2.0, start_ns=10**10)]
    seen: list[tuple[str, str | None]] = []

    def open_next() -> IqSource:
        seen.append((runner.status.state, runner.status.last_error))
        return openings.pop(0)()

    results = ResultInbox()
    runner = RadioRunner("a", open_next, plain_pipeline, results, back_off=BackOff(0.001, 0.001))
    runner.start()
    got = drain(results, runner)
    assert seen == [
        ("starting", None),
        ("down", "a: no dongle; plug one in"),
        ("down", "a: unplugged; plug it in again"),
        ("down", "a: no dongle; plug one in"),
        ("down", "a: no dongle; plug one in"),
    ]
    status = runner.status
    assert (status.state, status.reopenings) == ("ended", 1)
    assert status.inbox.samples_in == status.counters.samples + status.inbox.samples_dropped == 3 * RATE_HZ
    assert got[-1].end_ns > 10**10


def test_a_bug_in_a_source_does_not_end_the_radio(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runtime, "FAULT_RETRY_S", 0.001)

    def broken() -> IqSource:
        raise ZeroDivisionError("a fault nobody expected")

    openings: list[Callable[[], IqSource]] = [broken, lambda: quiet(1.0)]

    def open_next() -> IqSource:
        return openings.pop(0)()

    results = ResultInbox()
    runner = RadioRunner("a", open_next, plain_pipeline, results)
    runner.start()
    drain(results, runner)
    assert runner.status.inbox.samples_in == RATE_HZ
    assert runner.status.reopenings == 1
    assert "ZeroDivisionError" in (runner.status.last_error or "")
    assert "please report it" in caplog.text


def test_a_recording_that_cannot_be_read_ends_with_its_fault() -> None:
    def refuse() -> IqSource:
        raise SourceUnavailable("x.cu8: no such file;\nname another")

    results = ResultInbox()
    runner = RadioRunner("a", refuse, plain_pipeline, results, patient=True)
    runner.start()
    drain(results, runner)
    assert (runner.status.state, runner.status.last_error) == ("ended", "x.cu8: no such file; | name another")


def test_a_pipeline_that_fails_is_made_anew(caplog: pytest.LogCaptureFixture) -> None:
    made = 0

    class Fragile(Pipeline):
        def process(self, block: IqBlock) -> BlockResult:
            if made == 1 and block.first_sample >= RATE_HZ:
                raise ZeroDivisionError("a fault nobody expected")
            return super().process(block)

    def make() -> Pipeline:
        nonlocal made
        made += 1
        return Fragile(PipelineSettings(), None, "a")

    results = ResultInbox()
    runner = RadioRunner("a", lambda: quiet(3.0), make, results, patient=True)
    runner.start()
    drain(results, runner)
    status = runner.status
    assert (made, status.pipeline_faults, status.recent_fault, status.samples_failed) == (2, 1, True, 8192)
    assert status.counters.samples + status.samples_failed == 3 * RATE_HZ
    assert "the pipeline starts anew" in caplog.text


def test_stop_ends_an_endless_radio_and_one_that_never_opens() -> None:
    def refuse() -> IqSource:
        raise SourceUnavailable("b: no dongle")

    endless = SimRadio(Scene("endless", Receiver(868e6, RATE_HZ)), pace=1.0, block_samples=8192)
    for open_source in (lambda: endless, refuse):
        results = ResultInbox()
        runner = RadioRunner("a", open_source, plain_pipeline, results)
        runner.start()
        if open_source is not refuse:
            assert results.get(TIMEOUT_S) is not None
        runner.stop()
        runner.stop()
        drain(results, runner)


def test_silence_is_worked_through() -> None:
    """A block of silence (a dongle without its tuner) is worked through like any other."""

    class Silence:
        def blocks(self) -> Iterator[IqBlock]:
            for i in range(20):
                samples = np.zeros(8192, np.complex64)
                yield IqBlock(samples, RATE_HZ, 868e6, 8192 * i, 0, round(8192e9 / RATE_HZ) * i)

        def stop(self) -> None:
            pass

    results = ResultInbox()
    runner = RadioRunner("a", Silence, plain_pipeline, results, patient=True)
    runner.start()
    drain(results, runner)
    assert runner.status.counters.samples == 20 * 8192
    assert runner.status.pipeline_faults == 0
