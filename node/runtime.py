"""The threads of a radio: the only place, beside serial links and the MQTT client, where threads live.

The reader takes blocks from the source and never waits for the pipeline; the pipeline turns them into sightings; the
tracker and everything after it belong to the main thread (``node/live.py``). A radio that goes away is opened anew, a
pipeline that fails is made anew, and both are counted: neither ends the node.
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

log = logging.getLogger(__name__)

FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 30.0
"""A radio that cannot be opened is tried again after 1, 2, 4 ... and at most 30 s."""
JOIN_S = 5.0
"""A thread that has not ended so long after it was told to is left behind and named."""
RECENT_S = 60.0
"""A pipeline that was made anew within this time makes the node ``degraded``."""

RadioState = Literal["starting", "running", "down", "ended"]
"""``down`` is tried again; ``ended`` is a recording that is over, or cannot be read."""


@dataclass(frozen=True, slots=True)
class RadioStatus:
    """A radio at one moment.

    ``counters.samples + counters.lost_samples + samples_failed +`` what waits in the inbox is all that was on air since
    the radio first ran.
    """

    name: str
    state: RadioState = "starting"
    last_error: str | None = None
    openings: int = 0
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
        A recording: the reader waits for the pipeline, nothing is dropped, and the end is the end.
    """

    def __init__(
        self,
        name: str,
        open_source: Callable[[], IqSource],
        make_pipeline: Callable[[], Pipeline],
        results: ResultInbox,
        *,
        patient: bool = False,
    ) -> None:
        self.name = name
        self._open_source = open_source
        self._make_pipeline = make_pipeline
        self._results = results
        self._patient = patient
        self._inbox = BlockInbox()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._source: IqSource | None = None
        self._status = RadioStatus(name)
        self._fault_s: float | None = None
        self._ended_counters = PipelineCounters()
        self._threads = (
            threading.Thread(target=self._read, name=f"read-{name}", daemon=True),
            threading.Thread(target=self._work, name=f"pipeline-{name}", daemon=True),
        )

    @property
    def status(self) -> RadioStatus:
        """How it is."""
        with self._lock:
            recent = self._fault_s is not None and time.monotonic() - self._fault_s < RECENT_S
            return replace(self._status, inbox=self._inbox.counters, recent_fault=recent)

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

    def _set(self, state: RadioState, last_error: str | None = None) -> None:
        with self._lock:
            before = self._status
            self._status = replace(before, state=state, last_error=last_error or before.last_error)
        if state != before.state or (last_error and last_error != before.last_error):
            level = logging.WARNING if last_error else logging.INFO
            log.log(level, "radio %s: %s%s", self.name, state, f": {last_error}" if last_error else "")

    # The reader's thread.

    def _read(self) -> None:
        retry_s = FIRST_RETRY_S
        try:
            while not self._stopping.is_set():
                fault: str | None = None
                seen = self._inbox.counters.samples_in
                try:
                    self._read_source()
                except SourceError as error:
                    fault = one_line(str(error))
                except Exception as error:  # the top of a thread
                    log.exception("radio %s: internal fault, please report it", self.name)
                    fault = describe_fault(error)
                if self._patient or (fault is None and not self._stopping.is_set()):
                    self._set("ended", fault)
                    return
                if self._stopping.is_set():
                    return
                self._set("down", fault)
                if self._inbox.counters.samples_in > seen:
                    retry_s = FIRST_RETRY_S
                self._stopping.wait(retry_s)
                retry_s = min(2 * retry_s, LONGEST_RETRY_S)
        finally:
            self._inbox.close()

    def _read_source(self) -> None:
        source = self._open_source()
        with self._lock:
            self._source = source
            self._status = replace(self._status, openings=self._status.openings + 1)
        try:
            if self._stopping.is_set():
                return
            for block in source.blocks():
                if self._status.state != "running":
                    self._set("running")
                if self._patient:
                    self._inbox.put(block)
                elif not self._inbox.offer(block):
                    self._say_dropped()
        finally:
            source.stop()
            with self._lock:
                self._source = None

    def _say_dropped(self) -> None:
        dropped = self._inbox.counters.samples_dropped
        if dropped & (dropped - 1) == 0 or dropped < 1 << 18:  # the first, then ever more rarely
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
