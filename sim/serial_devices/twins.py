"""Every simulated serial module by the name of its device, as it stands in a scene."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

from sim.scene import Scene, SceneModule
from sim.serial_devices import gpsd, ti_mmwave
from sim.serial_devices.beast import BeastTwin
from sim.serial_devices.camera import CameraModel, CameraView
from sim.serial_devices.host import SimulatedModule
from sim.serial_devices.json_lines import JsonLinesTwin
from sim.serial_devices.maix import MaixTwin
from sim.serial_devices.mesh_mapper import Broadcaster, MeshMapperTwin, RemoteIdView, broadcasters, invented
from sim.serial_devices.port import PtyPort
from sim.serial_devices.radars import RADARS, SimulatedRadar, scene_targets
from sim.serial_devices.sbs import SbsTwin
from sim.serial_devices.sensor import RadarView
from sim.serial_devices.sscma import SscmaTwin
from sim.serial_devices.targets import RCS_M2, SMALL_DRONE_M, Mount
from sim.serial_devices.tcp_port import TcpPort


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
    tcp_port
        Of a program that serves its feed over the network: the port it listens on usually. None: a serial port.
    banner
        What such a program says to everyone who connects.
    """

    device: str
    make: Callable[[Scene, SceneModule, int], SimulatedModule]
    model_keys: tuple[str, ...] = ()
    tcp_port: int | None = None
    banner: bytes = b""


def _radar(radar: SimulatedRadar) -> Twin:
    def make(scene: Scene, module: SceneModule, seed: int) -> SimulatedModule:
        return radar.looking_at(scene_targets(scene), module.mount, seed, **dict(module.model))

    return Twin(radar.name, make, tuple(one.name for one in fields(radar.model)))


CAMERA_KEYS = ("hfov_deg", "needs_px", "step_px", "box_error", "false_per_picture")
CAMERAS: dict[str, tuple[Callable[[CameraView], SimulatedModule], CameraModel]] = {
    "sscma": (SscmaTwin, CameraModel()),
    "maix": (MaixTwin, CameraModel(width_px=320, height_px=224)),
    "json-lines": (JsonLinesTwin, CameraModel(width_px=320, height_px=240)),
}
"""How a simulated camera of each kind is built, and what it can do."""


def camera_model(module: SceneModule) -> CameraModel:
    """What a camera that stands in a scene can do."""
    return replace(CAMERAS[module.device][1], **dict(module.model))  # type: ignore[arg-type]  # floats all


def _camera(device: str) -> Twin:
    def make(scene: Scene, module: SceneModule, seed: int) -> SimulatedModule:
        return CAMERAS[device][0](CameraView(scene_targets(scene), camera_model(module), module.mount, seed))

    return Twin(device, make, CAMERA_KEYS)


def _ti_config(scene: Scene, module: SceneModule, seed: int) -> SimulatedModule:
    view = RadarView(scene_targets(scene), ti_mmwave.MODEL, module.mount, seed)
    return ti_mmwave.TiBoard(view).commands


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


def _beast(scene: Scene, module: SceneModule, seed: int) -> SimulatedModule:  # noqa: ARG001 - nothing is drawn
    return BeastTwin(scene_targets(scene), scene.origin)


def _gpsd(scene: Scene, module: SceneModule, seed: int) -> SimulatedModule:
    return gpsd.GpsdTwin(gpsd.GpsdView(scene.origin, module.mount, seed))


TWINS: dict[str, Twin] = {
    twin.device: twin
    for twin in (
        *(_radar(radar) for radar in RADARS.values()),
        Twin("ti-mmwave-config", _ti_config),
        *(_camera(device) for device in CAMERAS),
        Twin("remote-id", _remote_id, ("sensitivity_dbm", "frequency_hz")),
        Twin("gpsd", _gpsd, tcp_port=2947, banner=gpsd.BANNER),
        Twin("beast", _beast, tcp_port=30_005),
        Twin("sbs", _sbs, tcp_port=30_003),
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
    if module.device in CAMERAS:
        camera = camera_model(module)
        half_height_deg = math.degrees(math.atan(camera.height_px / 2 / camera.focal_px))
        return camera.hfov_deg / 2, half_height_deg, camera.focal_px * SMALL_DRONE_M / camera.needs_px
    return 180.0, 90.0, None


def make_twin(scene: Scene, module: SceneModule) -> SimulatedModule:
    """Build a module that stands in a scene; the same scene and module give the same reports."""
    return TWINS[module.device].make(scene, module, _seed(scene, module))


def make_twins(scene: Scene, modules: tuple[SceneModule, ...]) -> dict[str, SimulatedModule]:
    """Build modules together, by name.

    The two ports of a TI radar are of one board then, which reports nothing before its command port has started it: a
    command port belongs to the radar at its place, one that does not stand in the scene to the first.
    """
    made = {module.name: make_twin(scene, module) for module in modules}
    radars = [module for module in modules if module.device == "ti-mmwave"]
    for port in modules:
        if port.device == "ti-mmwave-config":
            anywhere = port not in scene.modules
            radar = next((one for one in radars if anywhere or one.mount == port.mount), None)
            if radar is not None:
                radars.remove(radar)
                targets, seed = scene_targets(scene), _seed(scene, radar)
                view = RADARS[radar.device].view(targets, radar.mount, seed, **dict(radar.model))
                board = ti_mmwave.TiBoard(view)
                made[radar.name], made[port.name] = board.data, board.commands
    return made


def _seed(scene: Scene, module: SceneModule) -> int:
    mixed = scene.seed * 1000 + sum((place + 1) * ord(letter) for place, letter in enumerate(module.name))
    return mixed % 2**32


def make_port(module: SceneModule, link: Path | None = None, *, usual: bool = False) -> PtyPort | TcpPort:
    """Open the port a module is reached by: a terminal, or a TCP port on this machine.

    Parameters
    ----------
    module
        The module.
    link
        Symbolic link to keep at a terminal.
    usual
        Listen on the TCP port such programs use usually; otherwise on a free one.

    Raises
    ------
    OSError
        It cannot be opened; in use.
    """
    twin = TWINS[module.device]
    if twin.tcp_port is None:
        return PtyPort(link)
    return TcpPort(twin.tcp_port if usual else 0, twin.banner)
