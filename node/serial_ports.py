"""Simulated serial ports: ``port = "sim:SCENE"`` puts a module's twin on a pseudo-terminal in the node itself.

The node opens that terminal as it opens any port: everything from the reading on is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.config_tables import SerialSettings

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


def open_simulated(settings: SerialSettings) -> DeviceHost:
    """Make the twin of a module, on a terminal of its own; not yet switched on."""
    from sim.serial_devices.host import DeviceHost
    from sim.serial_devices.port import PtyPort
    from sim.serial_devices.twins import make_twin

    scene, module = scene_module(settings)
    return DeviceHost(make_twin(scene, module), PtyPort())
