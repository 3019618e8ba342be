"""Puts a node together from its configuration and runs it."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from dsp.iq import IqSource
from dsp.protocols import LABELS
from models.classifier import UNKNOWN
from models.onnx import OnnxClassifier, load_classifier
from node.alerts import AlertBook
from node.cli import version
from node.commands import CommandInbox
from node.config import NodeConfig
from node.fusion.friends import verified_list
from node.fusion.fusion import Fusion
from node.health import HealthMeter
from node.heap import keep_for_good
from node.inbox import ResultInbox
from node.live import LiveNode
from node.messages import SCHEMAS, InfoMessage, MessageMaker, ModelInfo, SensorInfo, rfc3339
from node.messages_track import TimeSource
from node.modules import ModuleRunner
from node.pipeline import Pipeline
from node.runtime import RadioRunner
from node.scan_pilot import ScanPilot
from node.scanning import make_pilots
from node.serial_desk import ContactDesk
from node.serial_ports import is_simulated, mount_of, scene_module
from node.service import ServiceNotifier
from node.sinks.registry import SinkStart, open_sinks
from node.sources import (
    RadioSettings,
    RecordingSettings,
    RtlSdrSettings,
    RtlTcpSettings,
    SimulatorSettings,
    open_radio,
)
from node.tracking.labels import UNKNOWN_HOPPER
from node.tracking.tracker import Tracker


def run_node(config: NodeConfig, stop: threading.Event) -> int:
    """Run the node until told to stop or until every radio has ended; give the exit code.

    In this order: the model is loaded and checked, the scenes of simulated radios are read, sinks are opened, radios
    are started. A radio that is not there is tried for ever.

    Raises
    ------
    ModelError
        If the model cannot be used.
    SceneError
        If a scene cannot be used.
    SinkError
        If a sink cannot be opened.
    """
    classifiers = [load_classifier(config.model_path) for _ in config.radios]  # one each: they are not thread-safe
    check_scenes(config)
    pilots = make_pilots(config)
    fusion = partial(make_fusion, config) if config.serials else None
    software = f"skypicket {version()}"
    identity = replace(config.identity, time_source=_time_source(config))
    maker = MessageMaker(identity, str(uuid.uuid4()))
    interval_s = config.live.health_interval_s
    meter = HealthMeter(identity, maker.boot_id, software, interval_s, config.data_folders[0])
    settings = [one for one in (config.mqtt, config.jsonl, config.console) if one is not None]
    results = ResultInbox()
    commands = CommandInbox(results.wake) if config.mqtt is not None and config.mqtt.commands else None
    sinks = open_sinks(settings, SinkStart(identity, meter.will(), commands))
    radios = [
        RadioRunner(
            radio.name,
            partial(_open, radio, pilots.get(radio.name)),
            partial(Pipeline, config.pipeline, classifier, radio.name),
            results,
            patient=_is_patient(radio),
            host_time=_has_host_time(radio),
            pilot=pilots.get(radio.name),
        )
        for radio, classifier in zip(config.radios, classifiers, strict=True)
    ]
    info = partial(_info, config, maker, software, classifiers)
    modules = [ModuleRunner(settings, results.wake) for settings in config.serials]
    desk = ContactDesk(modules, maker, info, fusion, gnss=config.gnss)
    for sink in sinks:
        sink.publish(info())
    make_tracker = partial(Tracker, config.tracker, identity.name)
    node = LiveNode(
        maker, make_tracker(), radios, results, sinks, meter, config.live, ServiceNotifier(), desk, commands,
        AlertBook(config.alerts), make_tracker,
    )  # fmt: skip
    keep_for_good()
    return node.run(stop)


def make_fusion(config: NodeConfig) -> Fusion:
    """What makes one picture of modules and radios.

    Raises
    ------
    FriendlyListError
        If the friendly list cannot be used.
    SceneError
        If the scene of a simulated module cannot be used.
    """
    mounts = tuple(mount for one in config.serials if (mount := mount_of(one)) is not None)
    node, friends = config.identity, None
    if config.friends is not None:
        files = (config.friends.list, config.friends.signature, config.friends.public_key)
        friends = verified_list(*(Path(name).read_bytes() for name in files))
    place = None if node.lat is None or node.lon is None else (node.lat, node.lon, node.alt_m)
    return Fusion(replace(config.fusion, mounts=mounts), place, node.name, friends)


def check_scenes(config: NodeConfig) -> None:
    """Read the scenes of simulated radios and modules: a fault in one is a fault of the configuration."""
    for radio in config.radios:
        if isinstance(radio, SimulatorSettings):
            from sim.scene import load_scene

            load_scene(radio.scene)
    for serial in config.serials:
        if is_simulated(serial.link.port):
            scene_module(serial)


def _open(settings: RadioSettings, pilot: ScanPilot | None) -> IqSource:
    return open_radio(settings, retune=None if pilot is None else pilot.next_centre_hz)


def _is_patient(radio: RadioSettings) -> bool:
    """Whether samples come when we ask for them: on a busy machine a scene goes slower, but nothing is lost."""
    return isinstance(radio, RecordingSettings | SimulatorSettings)


def _has_host_time(radio: RadioSettings) -> bool:
    """Whether its blocks carry the host's time."""
    return not isinstance(radio, RecordingSettings) and not (isinstance(radio, SimulatorSettings) and not radio.pace)


def _time_source(config: NodeConfig) -> TimeSource:
    """What stamps the samples: the host's clock as soon as anything is real."""
    kinds = {type(radio) for radio in config.radios}
    if any(not is_simulated(serial.link.port) for serial in config.serials) or not (kinds or config.serials):
        return "system"
    if kinds == {RecordingSettings}:
        return "recording"
    return "simulated" if kinds <= {SimulatorSettings, RecordingSettings} else "system"


def _info(config: NodeConfig, maker: MessageMaker, software: str, classifiers: Sequence[OnnxClassifier]) -> InfoMessage:
    model = classifiers[0].model if classifiers else None
    return InfoMessage(
        node_id=maker.node.uuid,
        boot_id=maker.boot_id,
        ts=rfc3339(time.time_ns()),
        sw=software,
        node=maker.node.info(),
        sensors=(
            *(_sensor(radio) for radio in config.radios),
            *(SensorInfo(name=one.name, type=one.type, device=one.link.port) for one in config.serials),
        ),
        labels=(*LABELS, UNKNOWN_HOPPER, UNKNOWN),
        model=None if model is None else ModelInfo(name=model.name, version=model.version, sha256=model.sha256),
        schemas=tuple(SCHEMAS),
        commands=() if config.mqtt is None else config.mqtt.commands,
    )


def _sensor(radio: RadioSettings) -> SensorInfo:
    match radio:
        case RtlSdrSettings():
            device = radio.serial
        case RtlTcpSettings():
            device = f"{radio.host}:{radio.port}"
        case SimulatorSettings():
            device = radio.scene
        case RecordingSettings():
            device = radio.path
    return SensorInfo(
        name=radio.name,
        type=radio.type,
        center_hz=radio.centre_hz,
        sample_rate_hz=radio.sample_rate_hz,
        device=device,
    )
