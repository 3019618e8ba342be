"""The node about itself: status, info and health."""

from __future__ import annotations

from typing import Final, Literal

from node.checked import Field
from node.messages_base import Share, Timestamp, Uuid, Wire
from node.messages_track import ModelInfo, NodeInfo, TimeSource

STATUS_SCHEMA: Final = "skypicket.status/1"
INFO_SCHEMA: Final = "skypicket.info/1"
HEALTH_SCHEMA: Final = "skypicket.health/1"

NodeState = Literal["online", "degraded", "stopped", "offline"]
"""``stopped`` is said on purpose, ``offline`` by the broker when the node went away without a word."""


class StatusMessage(Wire):
    """Whether the node works; retained, and the broker's last will says ``offline``."""

    schema_name: Literal["skypicket.status/1"] = Field(default=STATUS_SCHEMA, alias="schema")
    state: NodeState
    reason: str | None = Field(description="why it is not online")
    node_id: Uuid
    boot_id: Uuid
    since: Timestamp = Field(description="start of this boot")
    ts: Timestamp | None = Field(description="null when the broker speaks for the node")
    sw: str = Field(description="software and version")


class SensorInfo(Wire):
    """One radio or module."""

    name: str
    type: str
    center_hz: float | None = None
    sample_rate_hz: float | None = None
    device: str | None = Field(default=None, description="serial number, address or file")


class InfoMessage(Wire):
    """What the node is: retained."""

    schema_name: Literal["skypicket.info/1"] = Field(default=INFO_SCHEMA, alias="schema")
    node_id: Uuid
    boot_id: Uuid
    ts: Timestamp
    sw: str
    node: NodeInfo
    sensors: tuple[SensorInfo, ...]
    labels: tuple[str, ...] = Field(description="what it can tell apart")
    model: ModelInfo | None
    schemas: tuple[str, ...] = Field(description="messages it sends")
    commands: tuple[str, ...] = Field(default=(), description="verbs it takes over MQTT")


class StopHealth(Wire):
    """One stop of a scan, and how often it was visited."""

    name: str
    center_hz: float
    visits: int


class ScanHealth(Wire):
    """Where a scanning radio is."""

    stop: str
    center_hz: float
    held: bool = Field(description="whether something suspicious keeps it there")
    stops: tuple[StopHealth, ...]


class RadioHealth(Wire):
    """State of one radio."""

    name: str
    state: str
    center_hz: float | None = None
    sample_rate_hz: float | None = None
    samples: int = 0
    lost_samples: int = 0
    reopenings: int = 0
    bursts: int = 0
    bursts_over_budget: int = 0
    patches: int = 0
    patches_over_budget: int = 0
    busy_share: float | None = Field(
        default=None, description="processor time of the pipeline over the signal it took in, since the last message"
    )
    pipeline_faults: int = Field(default=0, description="how often the pipeline failed and was started anew")
    noise_dbfs: float | None = None
    last_error: str | None = None
    scan: ScanHealth | None = Field(default=None, description="null for a radio that stays where it is tuned")


class ModuleHealth(Wire):
    """State of one serial module, and what was read since the start."""

    name: str
    state: str
    connected: bool = Field(default=False, description="whether its port is open")
    contacts: int = 0
    bytes: int = 0
    frames: int = 0
    frames_bad: int = Field(default=0, description="wrong checksum, malformed or too long")
    crc_errors: int = 0
    refused: int = Field(default=0, description="implausible contacts")
    resyncs: int = Field(default=0, description="times the beginning of a frame had to be searched")
    gaps: int = Field(default=0, description="frames missing by the module's own numbering")
    reboots: int = 0
    contacts_dropped: int = Field(default=0, description="overruns: contacts for which the node was too slow")
    reopenings: int = 0
    losses: int = Field(default=0, description="times the port was lost while open")
    stalls: int = Field(default=0, description="times it was opened anew because nothing came")
    uart_overruns: int | None = Field(
        default=None, description="bytes the chip lost; null where the port's driver does not count: a feed, a terminal"
    )
    uart_buffer_overruns: int | None = Field(default=None, description="bytes the kernel lost: the node was too slow")
    uart_framing_errors: int | None = Field(default=None, description="bytes without a stop bit: wrong rate, noise")
    uart_parity_errors: int | None = None
    last_bytes: Timestamp | None = None
    last_error: str | None = None


class PositionHealth(Wire):
    """How the node knows where it is."""

    source: str | None = Field(description="gnss, static, last (an old fix) or null")
    age_s: float | None
    error_m: float | None = Field(description="one standard deviation")
    satellites: int | None
    faults: tuple[str, ...] = Field(description="what is wrong with place or time")


class PictureHealth(Wire):
    """What the fusion holds, and what it had to leave out."""

    contacts: int
    unusable: int = Field(description="contacts that tell neither place nor direction")
    late: int
    refused: int = Field(description="objects, claims and links beyond the bounds")
    overflow: int = Field(description="contacts beyond the bound")
    objects: int
    claims: int
    aircraft: int
    links: int
    tracks: int


class QueueHealth(Wire):
    """A bounded queue and what it had to drop."""

    name: str
    depth: int
    capacity: int
    dropped: int


class SinkHealth(Wire):
    """State of one sink."""

    name: str
    connected: bool
    queued: int
    dropped: int
    last_error: str | None


class HealthMessage(Wire):
    """How the node feels; sent every interval, retained."""

    schema_name: Literal["skypicket.health/1"] = Field(default=HEALTH_SCHEMA, alias="schema")
    node_id: Uuid
    boot_id: Uuid
    ts: Timestamp
    uptime_s: float
    state: NodeState
    interval_s: float = Field(description="the next is due after this long")
    tracks: int
    latency_ms: float | None = Field(default=None, description="of the last track message")
    contact_latency_ms: float | None = Field(
        default=None, description="longest from the reception of a contact to its messages, since the last message"
    )
    time_source: TimeSource | None = None
    time_err_ms: float | None = None
    position: PositionHealth | None = None
    cpu_share: Share | None = Field(default=None, description="of one core")
    memory_mib: float | None = None
    temperature_c: float | None = None
    throttled: bool | None = None
    disk_free_mib: float | None = None
    radios: tuple[RadioHealth, ...] = ()
    picture: PictureHealth | None = Field(default=None, description="null where no modules are fused")
    modules: tuple[ModuleHealth, ...] = ()
    queues: tuple[QueueHealth, ...] = ()
    sinks: tuple[SinkHealth, ...] = ()
