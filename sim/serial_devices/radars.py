"""Every simulated radar by the name of its device, and the things of a scene as its targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sim.scene import Scene
from sim.serial_devices import hilink, k_ld7, ops243, skypicket_mcu, ti_mmwave
from sim.serial_devices.host import SimulatedModule
from sim.serial_devices.sensor import RadarModel, RadarView
from sim.serial_devices.targets import Mount, Target


@dataclass(frozen=True, slots=True)
class SimulatedRadar:
    """One kind of simulated radar.

    Parameters
    ----------
    name
        As in ``firmware_bridge.devices``.
    model
        What it can do.
    make
        Builds it.
    """

    name: str
    model: RadarModel
    make: Callable[[RadarView], SimulatedModule]

    def looking_at(
        self, targets: tuple[Target, ...], mount: Mount | None = None, seed: int = 0, **better: float
    ) -> SimulatedModule:
        """One of these in a scene; keywords replace what its model can do (``range_m=80.0``)."""
        return self.make(self.view(targets, mount, seed, **better))

    def view(
        self, targets: tuple[Target, ...], mount: Mount | None = None, seed: int = 0, **better: float
    ) -> RadarView:
        """What one of these sees in a scene."""
        return RadarView(targets, replace(self.model, **better), mount or Mount(), seed)


def _started_board(view: RadarView) -> SimulatedModule:
    return ti_mmwave.TiBoard(view, running=True).data


RADARS: dict[str, SimulatedRadar] = {
    radar.name: radar
    for radar in (
        SimulatedRadar("ti-mmwave", ti_mmwave.MODEL, _started_board),
        SimulatedRadar("ops243", ops243.MODEL, ops243.Ops243Twin),
        SimulatedRadar("ld2450", hilink.LD2450_MODEL, hilink.Ld2450Twin),
        SimulatedRadar("ld2451", hilink.LD2451_MODEL, hilink.Ld2451Twin),
        SimulatedRadar("k-ld7", k_ld7.MODEL, k_ld7.KLd7Twin),
        SimulatedRadar("skypicket-mcu", skypicket_mcu.MODEL, skypicket_mcu.SkypicketMcuTwin),
    )
}
"""One line for each simulated radar."""


def scene_targets(scene: Scene, kind: str = "drone") -> tuple[Target, ...]:
    """Give the aircraft of a scene as radar targets: its targets, and without any what moves while it transmits.

    Of a link with telemetry the end that answers is the one that flies.
    """
    if scene.targets:
        return scene.targets
    flying = [
        (emitter, (emitter.telemetry.transmitter if emitter.telemetry else emitter.transmitter).route)
        for emitter in scene.emitters
    ]
    return tuple(
        Target(emitter.name, route, kind, repeat_s=emitter.repeat_s)
        for emitter, route in flying
        if len(route.waypoints) > 1
    )
