"""Every table a configuration may have: one line each."""

from __future__ import annotations

from typing import Any

from dsp.detector import DetectorSettings
from firmware_bridge.position.node_position import GnssSettings
from node.alerts import AlertSettings
from node.config_tables import FriendsTable, ModelTable, NodeSettings
from node.fusion.settings import FusionSettings
from node.live import LiveSettings
from node.pipeline import PipelineSettings
from node.scan import ScanSettings
from node.sinks.console import ConsoleSettings
from node.sinks.jsonl import JsonLinesSettings
from node.sinks.mqtt_settings import MqttSettings
from node.sources.settings import RadioSettings, RecordingSettings, RtlSdrSettings, RtlTcpSettings, SimulatorSettings
from node.tracking.tracker import TrackerSettings

RADIOS: dict[str, type[RadioSettings]] = {
    "rtl-sdr": RtlSdrSettings,
    "rtl-tcp": RtlTcpSettings,
    "simulator": SimulatorSettings,
    "recording": RecordingSettings,
}
"""Settings of each ``type`` of a ``[[radio]]``: one line each."""
TABLES: dict[str, type[Any]] = {
    "node": NodeSettings,
    "mqtt": MqttSettings,
    "jsonl": JsonLinesSettings,
    "console": ConsoleSettings,
    "model": ModelTable,
    "pipeline": PipelineSettings,
    "detector": DetectorSettings,
    "tracker": TrackerSettings,
    "scan": ScanSettings,
    "fusion": FusionSettings,
    "friends": FriendsTable,
    "alerts": AlertSettings,
    "gnss": GnssSettings,
    "live": LiveSettings,
}
"""Settings of each table: one line each, and a field of ``NodeConfig``."""
LISTS = ("radio", "serial")
"""Tables that may come several times."""
OPTIONAL = frozenset({"mqtt", "jsonl", "console", "friends"})
"""Tables that switch something on; without them there is none."""
