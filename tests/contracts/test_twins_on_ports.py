"""Simulated modules on real ports under real links, for every registered device: the same code as with hardware."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from firmware_bridge.contacts import Contact, PositionFix
from firmware_bridge.devices import DEVICES
from firmware_bridge.link import SerialLink
from firmware_bridge.link_settings import LinkSettings, LinkState
from firmware_bridge.module import Device
from firmware_bridge.radar.ti_config import TiConfigSettings
from sim.scene import Broadcast, Scene, SceneModule, load_scene
from sim.serial_devices.host import DeviceHost
from sim.serial_devices.targets import Target, straight
from sim.serial_devices.twins import field_of_view, make_port, make_twin

PATIENCE_S = 30.0
SPEED = 8.0
"""Seconds of the module in one of ours; the line is as much faster."""
SILENCE_S = 0.7
"""Wall time after which a module that always talks has stalled."""
CHATTERS = {"ti-mmwave", "ld2450", "maix", "sscma", "k-ld7", "json-lines", "gpsd", "sbs"}
"""Those that say something in every second whatever they see."""

every_device = pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)


def stage(device: str) -> tuple[Scene, SceneModule]:
    """A drone that hovers to and fro in front of the module, and an aeroplane that circles a field."""
    module = SceneModule(device, device)
    reach_m = field_of_view(module)[2] or 60.0
    drone = Target("drone", straight((0.0, 0.6 * reach_m, 0.1), (0.0, 0.3 * reach_m, 0.1), 8.0), repeat_s=8.0)
    plane = Target("plane", straight((-900.0, 500.0, 400.0), (-300.0, 500.0, 400.0), 1000.0), "aircraft")
    scene = replace(load_scene("quiet"), targets=(drone, plane), broadcasts=(Broadcast(drone),), modules=(module,))
    return scene, module


class Bench:
    """A twin, its port and the link that reads it."""

    def __init__(self, device: Device, folder: Path, silence_s: float | None) -> None:
        scene, module = stage(device.name)
        self.host = DeviceHost(make_twin(scene, module), make_port(module, folder / "port"), speed=SPEED)
        settings = device.settings()
        driver = settings.make()
        if device.name == "ti-mmwave-config":
            driver = TiConfigSettings(lines=("sensorStop", "flushCfg", "sensorStart")).make()
        self._without_contacts = device.name == "ti-mmwave-config"
        self._heard = threading.Condition()
        self._count = 0
        self.link = SerialLink(
            device.name, driver, LinkSettings(self.host.port.path, silence_s=silence_s), device.port, self._take
        )

    def _take(self, contacts: Sequence[Contact]) -> None:
        with self._heard:
            self._count += sum(not isinstance(one, PositionFix) or one.lat_deg is not None for one in contacts)
            self._heard.notify_all()

    def wait(self, meets: Callable[[], bool]) -> None:
        """Wait until something is so."""
        end_s = time.monotonic() + PATIENCE_S
        with self._heard:
            while not meets():
                assert time.monotonic() < end_s, self.link.counters
                self._heard.wait(0.02)

    def wait_read(self, act: Callable[[], None] = lambda: None) -> None:
        """Do something, then wait until the module is read: two more contacts, or frames of one that gives none."""
        contacts, frames = self._count, self.link.counters.module.frames
        act()
        if self._without_contacts:
            self.wait(lambda: self.link.counters.module.frames >= frames + 3)
        else:
            self.wait(lambda: self._count >= contacts + 2)
        self.wait(lambda: self.link.counters.state is LinkState.READING)


@contextmanager
def bench(device: Device, folder: Path, silence_s: float | None = None) -> Iterator[Bench]:
    made = Bench(device, folder, silence_s)
    with made.host:
        made.link.start()
        try:
            yield made
        finally:
            assert made.link.stop()


@every_device
def test_it_is_read_and_comes_back_after_being_pulled_out(device: Device, tmp_path: Path) -> None:
    with bench(device, tmp_path) as made:
        made.wait_read()
        made.host.unplug()
        made.wait(lambda: made.link.counters.state in {LinkState.LOST, LinkState.UNAVAILABLE})
        assert made.link.counters.fault is not None
        made.wait_read(made.host.replug)
        assert made.link.counters.uart is None  # neither a terminal nor a network feed counts errors
        assert made.link.counters.losses >= 1


@every_device
def test_it_is_read_again_after_garbage_and_a_restart(device: Device, tmp_path: Path) -> None:
    with bench(device, tmp_path) as made:
        made.wait_read()
        made.host.faults.garbage(3000)
        made.host.faults.errors(0.02)
        made.host.faults.drops(0.02)
        made.host.reboot()
        made.wait(lambda: made.host.faults.damaged > 0)
        made.host.faults.errors(0.0)
        made.host.faults.drops(0.0)
        made.wait_read(made.host.reboot)


@pytest.mark.parametrize("device", [one for one in DEVICES if one.name in CHATTERS], ids=lambda device: device.name)
def test_a_stall_is_told_and_ends(device: Device, tmp_path: Path) -> None:
    with bench(device, tmp_path, SILENCE_S) as made:
        made.wait_read()
        made.host.stall()
        made.wait(lambda: made.link.counters.stalls >= 1)
        made.wait_read(made.host.resume)
