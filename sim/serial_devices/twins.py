"""Every simulated serial module by the name of its device, as it stands in a scene."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from sim.scene import Scene, SceneModule
from sim.serial_devices.camera import CameraModel, CameraView
from sim.serial_devices.host import SimulatedModule
from sim.serial_devices.mesh_mapper import Broadcaster, MeshMapperTwin, RemoteIdView, broadcasters, invented
from sim.serial_devices.radars import RADARS, SimulatedRadar, scene_targets
from sim.serial_devices.sbs import SbsTwin
from sim.serial_devices.sscma import SscmaTwin
from sim.serial_devices.targets import RCS_M2, SMALL_DRONE_M, Mount


@dataclass(frozen=True, slots=True)
class Twin:
    """One kind of simulated module.

    Parameters
    ----------
    device
        Name of its kind, as in ``firmware_bridge.devices``.
    make
        Builds one as it stands in a scene.
    model_keys
        What a scene may say of its model.
    """

    device: str
    make: Callable[[Scene, SceneModule, int], SimulatedModule]
    model_keys: tuple[str, ...] = ()


def _radar(radar: SimulatedRadar) -> Twin:
    def make(scene: Scene, module: SceneModule, seed: int) -> SimulatedModule:
        return radar.looking_at(scene_targets(scene), module.mount, seed, **dict(module.model))

    return Twin(radar.name, make, tuple(one.name for one in fields(radar.model)))


def _sscma(scene: Scene, module: SceneModule, seed: int) -> SimulatedModule:
    changes = dict(module.model)
    usual = CameraModel()
    model = CameraModel(**{key: changes.get(key, getattr(usual, key)) for key in CAMERA_KEYS})
    return SscmaTwin(CameraView(scene_targets(scene), model, module.mount, seed))


CAMERA_KEYS = ("hfov_deg", "needs_px", "step_px", "box_error", "false_per_picture")


def _remote_id(scene: Scene, module: SceneModule, seed: int) -> SimulatedModule:
    where = scene.origin
    view = RemoteIdView(_broadcasters(scene), where.lat_deg, where.lon_deg, where.altitude_m, module.mount, seed=seed)
    return MeshMapperTwin(replace(view, **dict(module.model)))  # type: ignore[arg-type]  # floats all


def _broadcasters(scene: Scene) -> tuple[Broadcaster, ...]:
    """Those of the scene; of one that says nothing of targets and broadcasts, every aircraft."""
    if not scene.broadcasts and not scene.targets:
        return broadcasters(scene_targets(scene))
    found = []
    for one in scene.broadcasts:
        address, uas_id = invented(one.claims.name)
        found.append(
            Broadcaster(
                one.claims,
                one.address or address,
                one.uas_id or uas_id,
                one.pilot_m,
                one.power_dbm,
                one.sender_m,
                one.on_s,
            )
        )
    return tuple(found)


def _sbs(scene: Scene, module: SceneModule, seed: int) -> SimulatedModule:  # noqa: ARG001 - nothing is drawn
    return SbsTwin(scene_targets(scene), scene.origin)


TWINS: dict[str, Twin] = {
    twin.device: twin
    for twin in (
        *(_radar(radar) for radar in RADARS.values()),
        Twin("sscma", _sscma, CAMERA_KEYS),
        Twin("remote-id", _remote_id, ("sensitivity_dbm", "frequency_hz")),
        Twin("sbs", _sbs),
    )
}
"""One line for each kind."""


class NoTwinError(ValueError):
    """A scene has no such module; the text names the cure."""


def modules_of(scene: Scene, devices: tuple[str, ...] = ()) -> tuple[SceneModule, ...]:
    """Modules that stand in a scene, of some kinds or of all.

    A kind that is asked for and does not stand there is put beside the receiver, looking north.

    Raises
    ------
    NoTwinError
        If there is no such kind, or none is asked for and the scene has no module.
    """
    for device in devices:
        if device not in TWINS:
            raise NoTwinError(f"{device!r} cannot be simulated; one of {', '.join(TWINS)}")
    if not devices and not scene.modules:
        raise NoTwinError(f"scene {scene.name} has no [[module]]; name kinds: {', '.join(TWINS)}")
    found = [module for module in scene.modules if not devices or module.device in devices]
    present = {module.device for module in found}
    mount = Mount(*scene.receiver.route.at(0.0))
    found += [SceneModule(device, device, mount) for device in dict.fromkeys(devices) if device not in present]
    return tuple(found)


def field_of_view(module: SceneModule) -> tuple[float, float, float | None]:
    """Half the width and height (degrees) of what a module sees, and how far away it sees a small drone."""
    changes = dict(module.model)
    if module.device in RADARS:
        radar = replace(RADARS[module.device].model, **changes)
        return radar.azimuth_deg, radar.elevation_deg, radar.limit_m(RCS_M2["drone"])
    if module.device == "sscma":
        camera = replace(CameraModel(), **changes)  # type: ignore[arg-type]  # floats all
        half_height_deg = math.degrees(math.atan(camera.height_px / 2 / camera.focal_px))
        return camera.hfov_deg / 2, half_height_deg, camera.focal_px * SMALL_DRONE_M / camera.needs_px
    return 180.0, 90.0, None


def make_twin(scene: Scene, module: SceneModule) -> SimulatedModule:
    """Build a module that stands in a scene; the same scene and module give the same reports."""
    seed = scene.seed * 1000 + sum((place + 1) * ord(letter) for place, letter in enumerate(module.name))
    return TWINS[module.device].make(scene, module, seed % 2**32)
