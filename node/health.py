"""Counters into the messages in which a node speaks of itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from node.commands import CommandInbox
from node.host import ProcessorMeter, give_back, host_state
from node.inbox import LONGEST_STALL_S, RESULTS_HELD
from node.messages import (
    HealthMessage,
    ModuleHealth,
    NodeIdentity,
    PictureHealth,
    PositionHealth,
    QueueHealth,
    RadioHealth,
    ScanHealth,
    SinkHealth,
    StatusMessage,
    StopHealth,
    rfc3339,
)
from node.messages_node import NodeState
from node.modules import ModuleStatus
from node.runtime import RadioStatus
from node.scan_pilot import ScanStatus
from node.serial_desk import DeskStatus
from node.serial_inbox import CONTACTS_HELD
from node.sinks import SinkStatus

NOTHING_READ = DeskStatus()


def node_state(radios: Sequence[RadioStatus], desk: DeskStatus = NOTHING_READ) -> tuple[NodeState, str | None]:
    """``online``, or ``degraded`` with the reasons: which radio, module, place, clock or pipeline is not well."""
    reasons = [
        f"{module.name}: {module.fault or module.state}"
        for module in desk.modules
        if module.fault or not module.working
    ]
    reasons += desk.faults
    for radio in radios:
        if radio.state == "down":
            reasons.append(f"{radio.name}: {radio.last_error or 'gives no samples'}")
        elif radio.state == "ended" and radio.last_error and not radio.counters.samples:
            reasons.append(f"{radio.name}: {radio.last_error}")
        elif radio.state == "starting":
            reasons.append(f"{radio.name}: gives no samples yet")
        elif radio.recent_fault:
            reasons.append(f"{radio.name}: the pipeline failed and was started anew")
    return ("degraded", "; ".join(reasons)) if reasons else ("online", None)


class HealthMeter:
    """Writes status and health messages.

    Parameters
    ----------
    node
        Who speaks.
    boot_id
        Of this run.
    software
        Name and version.
    interval_s
        Time between two health messages.
    folder
        Whose disk is watched.
    """

    def __init__(self, node: NodeIdentity, boot_id: str, software: str, interval_s: float, folder: Path) -> None:
        self._node_id = node.uuid
        self._boot_id = boot_id
        self._software = software
        self._interval_s = interval_s
        self._folder = folder
        self._processor = ProcessorMeter()
        self._worked: dict[str, tuple[float, float]] = {}
        self._started_s = time.monotonic()
        self._since = rfc3339(time.time_ns())

    def status(self, state: NodeState, reason: str | None) -> StatusMessage:
        """The status as of now."""
        return StatusMessage(
            state=state,
            reason=reason,
            node_id=self._node_id,
            boot_id=self._boot_id,
            since=self._since,
            ts=rfc3339(time.time_ns()),
            sw=self._software,
        )

    def will(self) -> StatusMessage:
        """What the broker says when the node goes away without a word."""
        return StatusMessage(
            state="offline",
            reason="the node went away without a word",
            node_id=self._node_id,
            boot_id=self._boot_id,
            since=self._since,
            ts=None,
            sw=self._software,
        )

    def health(
        self,
        node: NodeIdentity,
        radios: Sequence[RadioStatus],
        sinks: Sequence[SinkStatus],
        desk: DeskStatus = NOTHING_READ,
        *,
        results_waiting: int,
        tracks: int,
        latency_ms: float | None,
        commands: CommandInbox | None = None,
    ) -> HealthMessage:
        """How the node feels now; the processor's share is since the last call."""
        give_back()
        host = host_state(self._folder)
        queues = [
            QueueHealth(
                name=f"blocks {radio.name} (ms)",
                depth=round(1e3 * radio.inbox.waiting_s),
                capacity=round(1e3 * LONGEST_STALL_S),
                dropped=radio.inbox.samples_dropped,
            )
            for radio in radios
        ]
        queues += [
            QueueHealth(
                name=f"contacts {module.name}",
                depth=module.inbox.waiting,
                capacity=CONTACTS_HELD,
                dropped=module.inbox.dropped,
            )
            for module in desk.modules
        ]
        queues.append(QueueHealth(name="results", depth=results_waiting, capacity=RESULTS_HELD, dropped=0))
        if commands is not None:
            waiting, capacity = commands.waiting, commands.capacity
            queues.append(QueueHealth(name="commands", depth=waiting, capacity=capacity, dropped=commands.dropped))
        return HealthMessage(
            node_id=self._node_id,
            boot_id=self._boot_id,
            ts=rfc3339(time.time_ns()),
            uptime_s=round(time.monotonic() - self._started_s, 1),
            state=node_state(radios, desk)[0],
            interval_s=self._interval_s,
            tracks=tracks,
            latency_ms=None if latency_ms is None else round(latency_ms, 1),
            time_source=node.time_source,
            time_err_ms=node.time_err_ms,
            cpu_share=min(1.0, round(self._processor.share(), 3)),
            memory_mib=host.memory_mib,
            temperature_c=host.temperature_c,
            throttled=host.throttled,
            disk_free_mib=host.disk_free_mib,
            radios=tuple(self._radio(radio) for radio in radios),
            contact_latency_ms=None if desk.slowest_ms is None else round(desk.slowest_ms, 1),
            position=_position(desk),
            picture=None if desk.picture is None else PictureHealth(**asdict(desk.picture)),
            modules=tuple(_module(module) for module in desk.modules),
            queues=tuple(queues),
            sinks=tuple(
                SinkHealth(
                    name=sink.name,
                    connected=sink.connected,
                    queued=sink.queued,
                    dropped=sink.dropped,
                    last_error=sink.last_error,
                )
                for sink in sinks
            ),
        )

    def _radio(self, radio: RadioStatus) -> RadioHealth:
        counters = radio.counters
        busy_s, signal_s = self._worked.get(radio.name, (0.0, 0.0))
        self._worked[radio.name] = (radio.busy_s, radio.signal_s)
        new_s = radio.signal_s - signal_s
        return RadioHealth(
            name=radio.name,
            state=radio.state,
            center_hz=radio.centre_hz,
            sample_rate_hz=radio.rate_hz,
            samples=counters.samples,
            lost_samples=counters.lost_samples + radio.samples_failed,
            reopenings=radio.reopenings,
            bursts=counters.bursts,
            bursts_over_budget=counters.bursts_over_budget,
            patches=counters.patches,
            patches_over_budget=counters.patches_over_budget,
            busy_share=round((radio.busy_s - busy_s) / new_s, 4) if new_s > 0 else None,
            pipeline_faults=radio.pipeline_faults,
            noise_dbfs=None if radio.noise_dbfs is None else round(radio.noise_dbfs, 2),
            last_error=radio.last_error,
            scan=None if radio.scan is None else _scan(radio.scan),
        )


def _module(module: ModuleStatus) -> ModuleHealth:
    link, read, uart = module.link, module.link.module, module.link.uart
    return ModuleHealth(
        name=module.name,
        state=module.state,
        connected=module.connected,
        contacts=read.contacts,
        bytes=read.bytes,
        frames=read.frames,
        frames_bad=read.crc_errors + read.malformed + read.oversize,
        crc_errors=read.crc_errors,
        refused=read.refused,
        resyncs=read.resyncs,
        gaps=read.gaps,
        reboots=read.reboots,
        contacts_dropped=module.inbox.dropped,
        reopenings=max(0, link.opens - 1),
        losses=link.losses,
        stalls=link.stalls,
        uart_overruns=None if uart is None else uart.overruns,
        uart_buffer_overruns=None if uart is None else uart.buffer_overruns,
        uart_framing_errors=None if uart is None else uart.framing,
        uart_parity_errors=None if uart is None else uart.parity,
        last_bytes=None if link.last_bytes_ns is None else rfc3339(link.last_bytes_ns),
        last_error=module.fault,
    )


def _position(desk: DeskStatus) -> PositionHealth:
    place = desk.place
    return PositionHealth(
        source=None if place is None else place.source,
        age_s=None if place is None or place.age_s is None else round(place.age_s, 1),
        error_m=None if place is None else round(place.error_m, 1),
        satellites=desk.satellites,
        faults=desk.faults,
    )


def _scan(status: ScanStatus) -> ScanHealth:
    stops = tuple(
        StopHealth(name=stop.name, center_hz=stop.centre_hz, visits=visits)
        for stop, visits in zip(status.stops, status.visits, strict=True)
    )
    return ScanHealth(stop=status.stop.name, center_hz=status.stop.centre_hz, held=status.held, stops=stops)
