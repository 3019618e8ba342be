"""Recordings through the same pipeline as live signals, to the same messages: no threads, no clock but theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from dsp.iq import IqSource
from models.classifier import Classifier
from node.alerts import AlertBook, AlertSettings
from node.explain import burst_line, change_lines
from node.ids import boot_uuid
from node.messages import MessageMaker, NodeIdentity
from node.pipeline import BlockResult, Pipeline, PipelineSettings
from node.sinks import Sink
from node.tracking.track import TrackChange
from node.tracking.tracker import Tracker, TrackerSettings


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """How to replay: as the node of a configuration would have worked.

    Parameters
    ----------
    identity, pipeline, tracker
        Of the node.
    alerts
        Whether alerts are told too, each after the track message it follows from.
    alert_rules
        Of the node: which tracks have alerts.
    """

    identity: NodeIdentity = field(default_factory=lambda: NodeIdentity("local", "replay"))
    pipeline: PipelineSettings = field(default_factory=PipelineSettings)
    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    alerts: bool = False
    alert_rules: AlertSettings = field(default_factory=AlertSettings)


@dataclass(slots=True)
class ReplayCounts:
    """What a replay gave."""

    signal_s: float = 0.0
    lost_samples: int = 0
    bursts: int = 0
    tracks: int = 0
    messages: int = 0


def replay(
    source: IqSource,
    seed: str,
    settings: ReplaySettings,
    classifier: Classifier | None,
    sink: Sink,
    explain: Callable[[str], None] | None = None,
) -> ReplayCounts:
    """Work through one recording.

    Every replay of a recording gives the same messages, byte for byte: time is the recording's, identifiers follow
    from the node, from time and from ``seed``, and ``latency_ms`` is null.

    Parameters
    ----------
    source
        The recording, just opened.
    seed
        What tells this recording from others, for the boot identifier.
    settings
        How the node works.
    classifier
        Names the bursts; None: rules alone.
    sink
        Takes the messages.
    explain
        Told every burst and every reason, one line each.

    Raises
    ------
    SourceError
        If the recording cannot be read.
    """
    identity = replace(settings.identity, time_source="recording", time_err_ms=None)
    maker = MessageMaker(identity, boot_uuid(identity.uuid, seed))
    tracker = Tracker(settings.tracker, identity.name)
    alerts = AlertBook(settings.alert_rules) if settings.alerts else None
    counts = ReplayCounts()
    pipeline: Pipeline | None = None

    def publish(changes: list[TrackChange]) -> None:
        for change in changes:
            counts.messages += 1
            counts.tracks += change.kind == "new"
            for line in change_lines(change) if explain else ():
                explain(line)  # type: ignore[misc]  # there are lines only if it is given
            message = maker.track(change)
            sink.publish(message)
            for alert in () if alerts is None else alerts.hear(message):
                counts.messages += 1
                sink.publish(alert)

    def take(result: BlockResult) -> None:
        for sighting in result.sightings if explain else ():
            explain(burst_line(sighting))  # type: ignore[misc]  # as above
        publish(tracker.observe(result))

    for block in source.blocks():
        if pipeline is None:
            pipeline = Pipeline(settings.pipeline, classifier, block.radio)
        take(pipeline.process(block))
        counts.signal_s += block.duration_s
        counts.lost_samples += block.lost_before
    if pipeline is not None:
        last = pipeline.flush()
        take(last)
        publish(tracker.close(last.end_ns))
        counts.bursts = last.counters.bursts
    return counts
