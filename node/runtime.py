"""The threads of a radio: the only place, beside serial links and the MQTT client, where threads live.

The reader takes blocks from the source and never waits for the pipeline; the pipeline turns them into sightings; the
tracker and everything after it belong to the main thread (``node/live.py``). A radio that goes away is opened anew
(``ReopeningSource``), a pipeline that fails is made anew, and both are counted: neither ends the node.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from dsp.iq import IqBlock, IqSource, SourceError
from node.inbox import BlockInbox, InboxCounters, ResultInbox
from node.logs import describe_fault, one_line
from node.pipeline import Pipeline, PipelineCounters
from node.scan_pilot import ScanPilot, ScanStatus
from node.sources.back_off import BackOff
from node.sources.reopening import ReopeningSource

log = logging.getLogger(__name__)

FAULT_RETRY_S = 5.0
"""After a fault in a source that is not a ``SourceError``, and so a bug, it is opened again after this long."""
JOIN_S = 5.0
"""A thread that has not ended so long after it was told to is left behind and named."""
RECENT_S = 60.0
"""A pipeline that was made anew within this time makes the node ``degraded``."""

RadioState = Literal["starting", "running", "down", "ended"]
"""``down`` is tried again; ``ended`` is a recording that is over, or cannot be read."""


@dataclass(frozen=True, slots=True)
class RadioStatus:
    """A radio at one moment.

    ``counters.samples + counters.lost_samples + samples_failed`` and what waits in the inbox is all that was on air
    since the radio first ran, but for losses noted in blocks that failed.
    """

    name: str
    state: RadioState = "starting"
    last_error: str | None = None
    """Kept after recovery."""
    reopenings: int = 0
    outage_samples: int = 0
    """Lost while the radio was away or before its samples came here."""
    centre_hz: float | None = None
    rate_hz: float | None = None
    counters: PipelineCounters = field(default_factory=PipelineCounters)
    inbox: InboxCounters = field(default_factory=InboxCounters)
    noise_dbfs: float | None = None
    samples_failed: int = 0
    """Samples of blocks that a pipeline failed on."""
    pipeline_faults: int = 0
    recent_fault: bool = False
    busy_s: float = 0.0
    """Processor time of the pipeline."""
    signal_s: float = 0.0
    """Signal it worked through in that time."""
    scan: ScanStatus | None = None
    """Where it is, of one that scans."""


class RadioRunner:
    """One radio: a thread that reads it and a thread that works through what it gives.

    Parameters
    ----------
    name
        Of the radio.
    open_source
        Opens it; called again, from the reader's thread, whenever it went away.
    make_pipeline
        Called at the start and after a failure.
    results
        Where the results go.
    patient
        Samples come when they are asked for (a recording, a simulator): the reader waits for the pipeline, nothing is
        dropped, and a fault is the end.
    host_time
        The times of its blocks are the host's: latency can be told.
    pilot
        Of a scanning radio: hears every result in the pipeline's thread, before the tracker does.
    back_off
        How long to wait before a radio is opened again.
    """

    def __init__(
        self,
        name: str,
        open_source: Callable[[], IqSource],
        make_pipeline: Callable[[], Pipeline],
        results: ResultInbox,
        *,
        patient: bool = False,
        host_time: bool = True,
        pilot: ScanPilot | None = None,
        back_off: BackOff | None = None,
    ) -> None:
        self.name = name
        self._open_source = open_source
        self._make_pipeline = make_pipeline
        self._results = results
        self.host_time = host_time
        self._patient = patient
        self._pilot = pilot
        self._back_off = back_off
        self._inbox = BlockInbox()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._source: IqSource | None = None
        self._status = RadioStatus(name)
        self._fault_s: float | None = None
        self._say_at = 1
        self._ended_counters = PipelineCounters()
        self._threads = (
            threading.Thread(target=self._read, name=f"read-{name}", daemon=True),
            threading.Thread(target=self._work, name=f"pipeline-{name}", daemon=True),
        )

    @property
    def status(self) -> RadioStatus:
        """How it is."""
        with self._lock:
            status, source = self._status, self._source
            recent = self._fault_s is not None and time.monotonic() - self._fault_s < RECENT_S
        scan = None if self._pilot is None else self._pilot.status
        status = replace(status, inbox=self._inbox.counters, recent_fault=recent, scan=scan)
        if not isinstance(source, ReopeningSource):
            return status
        of_source = source.state
        state: RadioState = status.state
        if state != "ended":
            state = "running" if of_source.connected else "down" if of_source.last_error else "starting"
        return replace(
            status,
            state=state,
            last_error=of_source.last_error or status.last_error,
            reopenings=status.reopenings + of_source.reopenings,
            outage_samples=of_source.lost_samples,
        )

    @property
    def alive(self) -> bool:
        """Whether a result may still come."""
        return any(thread.is_alive() for thread in self._threads)

    def start(self) -> None:
        """Start both threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End soon: the source first, then what waits is worked through."""
        self._stopping.set()
        with self._lock:
            source = self._source
        if source is not None:
            source.stop()

    def join(self) -> list[str]:
        """Wait for both threads; the names of those that did not end in time."""
        deadline_s = time.monotonic() + JOIN_S
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        return [thread.name for thread in self._threads if thread.is_alive()]

    # The reader's thread.

    def _read(self) -> None:
        fault: str | None = None
        try:
            while not self._stopping.is_set():
                try:
                    self._read_source()
                    break
                except SourceError as error:  # a recording that cannot be read
                    fault = one_line(str(error))
                    log.warning("%s", fault)
                    break
                except Exception as error:  # the top of a thread
                    log.exception("radio %s: internal fault, please report it", self.name)
                    fault = describe_fault(error)
                    self._note("down", fault)
                    if self._patient:
                        break
                    self._stopping.wait(FAULT_RETRY_S)
        finally:
            self._note("ended", fault)
            self._inbox.close()

    def _read_source(self) -> None:
        source = self._open_source() if self._patient else ReopeningSource(self._open_source, back_off=self._back_off)
        with self._lock:
            again = self._source is not None
            self._source = source
            self._status = replace(self._status, reopenings=self._status.reopenings + again)
        try:
            if self._stopping.is_set():
                return
            for block in source.blocks():
                if self._patient:
                    self._note("running")
                    self._inbox.put(block)
                elif not self._inbox.offer(block):
                    self._say_dropped()
        finally:
            source.stop()

    def _note(self, state: RadioState, last_error: str | None = None) -> None:
        with self._lock:
            self._status = replace(self._status, state=state, last_error=last_error or self._status.last_error)

    def _say_dropped(self) -> None:
        """At the first loss, then each time it has doubled: health has the figure at any time."""
        dropped = self._inbox.counters.samples_dropped
        if dropped >= self._say_at:
            self._say_at = 2 * dropped
            log.warning("radio %s: the pipeline does not keep up, %d samples dropped so far", self.name, dropped)

    # The pipeline's thread.

    def _work(self) -> None:
        pipeline = self._make_pipeline()
        while (block := self._inbox.get()) is not None:
            try:
                pipeline = self._work_through(pipeline, block)
            except Exception:  # the top of a thread
                log.exception("radio %s: internal fault, please report it; the pipeline starts anew", self.name)
                with self._lock:
                    status = self._status
                    self._ended_counters = status.counters
                    self._fault_s = time.monotonic()
                    self._status = replace(
                        status,
                        pipeline_faults=status.pipeline_faults + 1,
                        samples_failed=status.samples_failed + len(block.samples),
                    )
                pipeline = self._make_pipeline()
        try:
            self._results.put(pipeline.flush())
        except Exception:  # the top of a thread
            log.exception("radio %s: internal fault at the end of the signal, please report it", self.name)

    def _work_through(self, pipeline: Pipeline, block: IqBlock) -> Pipeline:
        begin_s = time.thread_time()
        result = pipeline.process(block)
        busy_s = time.thread_time() - begin_s
        with self._lock:
            status = self._status
            self._status = replace(
                status,
                centre_hz=block.centre_hz if block.centre_known else None,
                rate_hz=block.sample_rate_hz,
                counters=_sum(self._ended_counters, result.counters),
                noise_dbfs=result.noise_dbfs,
                busy_s=status.busy_s + busy_s,
                signal_s=status.signal_s + block.duration_s,
            )
        if self._pilot is not None:
            self._pilot.hear(result)
        self._results.put(result)
        return pipeline


def _sum(one: PipelineCounters, other: PipelineCounters) -> PipelineCounters:
    return PipelineCounters(
        one.samples + other.samples,
        one.lost_samples + other.lost_samples,
        one.bursts + other.bursts,
        one.bursts_over_budget + other.bursts_over_budget,
        one.patches + other.patches,
        one.patches_over_budget + other.patches_over_budget,
    )
