"""Simulated ports: ``port = "sim:SCENE"`` puts a module's twin on a pseudo-terminal in the node itself.

Feeds of programs (gpsd, readsb) are on a TCP port of this machine. The node opens either as it opens any port:
everything from the reading on is the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from node.config_tables import SerialSettings
from node.fusion.settings import SensorMount

if TYPE_CHECKING:
    from sim.scene import Scene, SceneModule
    from sim.serial_devices.host import DeviceHost

SIMULATED = "sim:"


def is_simulated(port: str) -> bool:
    """Whether a port is one of a scene."""
    return port.startswith(SIMULATED)


def scene_module(settings: SerialSettings) -> tuple[Scene, SceneModule]:
    """Scene and module a simulated port stands for.

    It is the module of the scene with the configuration's name, else the first of its kind, else one beside the
    scene's receiver.

    Raises
    ------
    SceneError
        If the scene cannot be used, or there is no twin of such a module.
    """
    from sim.scene import SceneError, load_scene
    from sim.serial_devices.twins import NoTwinError, modules_of

    scene = load_scene(settings.link.port.removeprefix(SIMULATED))
    try:
        modules = modules_of(scene, (settings.type,))
    except NoTwinError as fault:
        raise SceneError(scene.name, ((f"serial {settings.name}", str(fault)),)) from fault
    return scene, next((module for module in modules if module.name == settings.name), modules[0])


def mount_of(settings: SerialSettings) -> SensorMount | None:
    """Where a module stands and looks: as configured, else as its scene says; None: nothing is known.

    Raises
    ------
    SceneError
        If the scene of a simulated port cannot be used.
    """
    if settings.mount is not None:
        return replace(settings.mount, device=settings.name)
    if not is_simulated(settings.link.port):
        return None
    from sim.serial_devices.twins import field_of_view

    _, module = scene_module(settings)
    azimuth_deg, elevation_deg, reach_m = field_of_view(module)
    where = module.mount
    return SensorMount(
        settings.name,
        where.x_m,
        where.y_m,
        where.z_m,
        where.heading_deg,
        where.tilt_deg,
        azimuth_deg,
        elevation_deg,
        reach_m,
    )


def open_simulated(settings: SerialSettings) -> DeviceHost:
    """Make the twin of a module, on a port of its own; not yet switched on."""
    from sim.serial_devices.host import DeviceHost
    from sim.serial_devices.twins import make_port, make_twin

    scene, module = scene_module(settings)
    return DeviceHost(make_twin(scene, module), make_port(module))
