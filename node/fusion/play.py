"""A scene into the fusion without ports and radio: twins' bytes through our drivers, links as the truth has them.

What the evaluation and the tests share. The radio part is what a tracker would say at best: a link is told half a
second after its first packet and once a second from then on, with its level.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dsp.protocols import BY_LABEL
from firmware_bridge.contacts import Contact
from firmware_bridge.devices import BY_NAME
from firmware_bridge.module import ModuleSettings, SerialModule
from node.fusion.fusion import Fusion
from node.fusion.picture import FusedChange
from node.fusion.settings import NS_PER_S, FusionSettings, SensorMount
from node.ids import track_ulid
from node.tracking.track import Track, TrackChange
from sim.scene import Emitter, Scene, SceneModule
from sim.serial_devices.host import SimulatedModule
from sim.serial_devices.radars import RADARS
from sim.serial_devices.sensor import RadarModel
from sim.serial_devices.targets import RCS_M2
from sim.serial_devices.twins import CAMERAS, camera_model, make_twin

LINE_S = 0.01
"""From the report of a module to its last byte."""
FIRST_S, EVERY_S, LOST_S = 0.5, 1.0, 6.0
"""A link is told after, told again every, and lost after so much time."""
NOISE_DBM_HZ = -174.0
STEP_S = 0.1
KINDS = {**dict.fromkeys(CAMERAS, "camera"), "remote-id": "remote_id", "beast": "aircraft", "sbs": "aircraft"}


@dataclass(slots=True)
class _Module:
    name: str
    kind: str
    twin: SimulatedModule
    driver: SerialModule
    due_s: float = 0.0


def scene_settings(scene: Scene, base: FusionSettings | None = None) -> FusionSettings:
    """Settings for a node that stands in the middle of the scene, its modules mounted as there."""
    mounts = tuple(_mount(module) for module in scene.modules)
    values = (
        {}
        if base is None
        else {key: getattr(base, key) for key in FusionSettings.__dataclass_fields__ if key != "mounts"}
    )
    return FusionSettings(mounts=mounts, **values)


def play(scene: Scene, fusion: Fusion, seconds: float, step_s: float = STEP_S) -> Iterator[list[FusedChange]]:
    """Play a scene into a fusion; give what changed in every step, at the end what ends."""
    modules = [_opened(scene, module) for module in scene.modules]
    for module in modules:
        fusion.receiver_health(module.name, module.kind, healthy=True, time_ns=scene.start_ns)
    for change in radio_changes(scene, seconds):
        fusion.observe_rf(change)
    for step in range(1, round(seconds / step_s) + 1):
        until_s = step * step_s
        for module in modules:
            for contact in _read(module, scene, until_s):
                fusion.observe_contact(contact)
        now_ns = scene.start_ns + round(until_s * NS_PER_S)
        yield fusion.advance(now_ns)
    yield fusion.close(scene.start_ns + round(seconds * NS_PER_S))


def radio_changes(scene: Scene, seconds: float) -> list[TrackChange]:
    """What a tracker would say of the scene's drone links, in order."""
    found = [
        change
        for emitter in scene.emitters
        if BY_LABEL[emitter.label].family.startswith("drone-")
        for change in _link(scene, emitter, seconds)
    ]
    return sorted(found, key=lambda change: (change.time_ns, change.track.track_id))


def _opened(scene: Scene, module: SceneModule) -> _Module:
    twin = make_twin(scene, module)
    if module.device in CAMERAS:
        lens = camera_model(module)
        kind: Callable[..., ModuleSettings] = BY_NAME[module.device].settings
        driver = kind(
            name=module.name, labels=lens.classes, hfov_deg=lens.hfov_deg, azimuth_deg=module.mount.heading_deg,
            elevation_deg=module.mount.tilt_deg,
        ).make()  # fmt: skip
    else:
        driver = BY_NAME[module.device].settings(name=module.name).make()
    driver.feed(twin.boot(), scene.start_ns)
    driver.feed(twin.command(driver.greeting(), 0.0), scene.start_ns)
    return _Module(module.name, KINDS.get(module.device, "radar"), twin, driver)


def _read(module: _Module, scene: Scene, until_s: float) -> list[Contact]:
    contacts: list[Contact] = []
    while module.due_s + LINE_S <= until_s:
        data = module.twin.report(module.due_s, module.due_s)
        now_ns = scene.start_ns + round((module.due_s + LINE_S) * NS_PER_S)
        contacts += module.driver.feed(data, now_ns)
        asked = module.driver.requests(now_ns)
        if asked:
            contacts += module.driver.feed(module.twin.command(asked, module.due_s), now_ns)
        module.due_s += module.twin.period_s
    return contacts


def _mount(module: SceneModule) -> SensorMount:
    place = module.mount
    if module.device in RADARS:
        usual = RADARS[module.device].model
        changes = dict(module.model)
        model = RadarModel(**{key: changes.get(key, getattr(usual, key)) for key in RadarModel.__dataclass_fields__})
        return SensorMount(
            module.name, place.x_m, place.y_m, place.z_m, place.heading_deg, place.tilt_deg,
            model.azimuth_deg, model.elevation_deg, model.limit_m(RCS_M2["drone"]),
            max(0.05, model.range_sigma_m), model.azimuth_sigma_deg, model.elevation_sigma_deg,
            max(0.1, model.speed_sigma_mps),
        )  # fmt: skip
    if module.device in CAMERAS:
        # The driver's lens knows where the camera points, so its directions are against north already.
        return SensorMount(
            module.name, place.x_m, place.y_m, place.z_m, azimuth_half_deg=camera_model(module).hfov_deg / 2
        )
    return SensorMount(module.name, place.x_m, place.y_m, place.z_m)


def _link(scene: Scene, emitter: Emitter, seconds: float) -> Iterator[TrackChange]:
    spans = emitter.on_s or ((0.0, seconds),)
    for start_s, end_s in spans:
        if start_s + FIRST_S >= min(end_s, seconds):
            continue
        time_s = start_s + FIRST_S
        kind = "new"
        last_s = min(end_s, seconds)
        while time_s < last_s:
            yield _change(scene, emitter, "new" if kind == "new" else "update", start_s, time_s)
            kind = "update"
            time_s += EVERY_S
        if end_s + LOST_S < seconds:
            ended = _change(scene, emitter, "update", start_s, end_s)
            time_ns = scene.start_ns + round((end_s + LOST_S) * NS_PER_S)
            yield TrackChange("end", ended.track, time_ns, "lost")


def _change(scene: Scene, emitter: Emitter, kind: str, start_s: float, time_s: float) -> TrackChange:
    record = BY_LABEL[emitter.label]
    centre_hz = emitter.frequency_hz
    if centre_hz is None:
        band = emitter.band
        assert band is not None
        channels = band.channels_hz or ((band.low_hz + band.high_hz) / 2,)
        centre_hz = channels[emitter.channel if isinstance(emitter.channel, int) else len(channels) // 2]
    first_ns = scene.start_ns + round(start_s * NS_PER_S)
    last_ns = scene.start_ns + round(time_s * NS_PER_S)
    snr_db = _snr_db(scene, emitter, centre_hz, time_s)
    track = Track(
        track_id=track_ulid(scene.name, first_ns, emitter.name), state="confirmed", first_ns=first_ns,
        last_ns=last_ns, label=emitter.label, family=record.family, mode=emitter.mode.name, confidence=0.95,
        top=((f"{emitter.label}/{emitter.mode.name}", 0.95),), centre_hz=centre_hz,
        offset_hz=centre_hz - scene.receiver.centre_hz, bandwidth_hz=WIDTH_HZ, snr_db=round(snr_db, 2),
        peak_dbfs=round(snr_db - 60.0, 2), channels_hz=(centre_hz,), hop_rate_hz=None, duty=None,
        bursts=max(1, int((time_s - start_s) * 100)), model=None, radio=("dongle",), evidence=("scene",),
    )  # fmt: skip
    return TrackChange("new" if kind == "new" else "update", track, last_ns)


WIDTH_HZ = 500e3
"""Bandwidth in which the level is stated."""


def _snr_db(scene: Scene, emitter: Emitter, centre_hz: float, time_s: float) -> float:
    transmitter = emitter.transmitter
    if transmitter.snr_db is not None:
        return transmitter.snr_db
    assert transmitter.power_dbm is not None
    away_m = math.dist(transmitter.route.at(time_s), scene.receiver.route.at(time_s))
    noise_dbm = NOISE_DBM_HZ + 10 * math.log10(WIDTH_HZ) + scene.receiver.noise_figure_db
    return transmitter.power_dbm - scene.propagation.loss_db(away_m, centre_hz) - noise_dbm
