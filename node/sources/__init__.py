"""Sources of IQ samples: recordings and radios, all of them ``IqSource``."""

from __future__ import annotations

from node.sources.back_off import BackOff
from node.sources.live_blocks import Retune, SourceCounters
from node.sources.open_radio import open_radio
from node.sources.recording_options import RecordingOptions
from node.sources.recordings import open_recording
from node.sources.reopening import ReopeningSource, SourceState
from node.sources.settings import (
    LiveSettings,
    RadioSettings,
    RecordingSettings,
    RtlSdrSettings,
    RtlTcpSettings,
    SimulatorSettings,
)

__all__ = [
    "BackOff",
    "LiveSettings",
    "RadioSettings",
    "RecordingOptions",
    "RecordingSettings",
    "ReopeningSource",
    "Retune",
    "RtlSdrSettings",
    "RtlTcpSettings",
    "SimulatorSettings",
    "SourceCounters",
    "SourceState",
    "open_radio",
    "open_recording",
]
