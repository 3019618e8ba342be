"""The contract of simulated modules, for every registered device: its driver finds what is really there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from firmware_bridge.contacts import AircraftContact, CameraContact, Contact, PositionFix, RadarContact, RemoteIdContact
from firmware_bridge.devices import BY_NAME, DEVICES
from firmware_bridge.module import Device, SerialModule
from firmware_bridge.position.node_position import distance_m
from firmware_bridge.radar.ti_config import TiConfig, TiConfigSettings, TiConfigState
from sim.scene import Broadcast, Origin, Scene, SceneModule, load_scene
from sim.serial_devices.gpsd import EPH_M, GpsdTwin, GpsdView
from sim.serial_devices.host import SimulatedModule, next_report_s
from sim.serial_devices.line import BITS_PER_BYTE
from sim.serial_devices.radars import RADARS
from sim.serial_devices.targets import Mount, Place, Target, degrees_of, places, straight
from sim.serial_devices.twins import CAMERAS, camera_model, field_of_view, make_twin

START_NS = 1_767_225_600_000_000_000
SECONDS = 12.0
SIGMAS = 5.0
"""One in 1.7 million of a normal error lies beyond."""
STEPS: dict[str, tuple[float, float, float]] = {
    "ti-mmwave": (0.001, 0.01, 0.01),
    "ops243": (0.05, 0.0, 0.05),
    "ld2450": (0.02, 0.05, 0.01),
    "ld2451": (0.6, 0.5, 0.14),
    "k-ld7": (0.01, 0.01, 0.01),
    "skypicket-mcu": (0.001, 0.01, 0.01),
}
"""Half a step of range in metres, azimuth in degrees and speed in m/s as each protocol tells it, and what the range of
a flat radar lacks of a slant one at three degrees."""
ORIGIN = Origin(56.95, 24.1, 30.0)
PLANE = Target("Cessna 172", straight((-3000.0, 500.0, 400.0), (3000.0, 500.0, 400.0), 100.0), "aircraft")
HEADING_DEG = 35.0

every_device = pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)


def stage(device: str) -> tuple[Scene, SceneModule]:
    """A drone that comes nearer in front of a module, and a light aircraft above."""
    clean = (("clutter_per_frame", 0.0),) if device == "ti-mmwave" else ()
    module = SceneModule(device, device, Mount(4.0, -3.0, 2.0, HEADING_DEG), clean)
    reach_m = field_of_view(module)[2] or 60.0

    def at(range_m: float, azimuth_deg: float) -> tuple[float, float, float]:
        bearing, up = math.radians(HEADING_DEG + azimuth_deg), math.radians(3.0)
        ground_m = range_m * math.cos(up)
        return (
            4.0 + ground_m * math.sin(bearing),
            -3.0 + ground_m * math.cos(bearing),
            2.0 + range_m * math.sin(up),
        )

    drone = Target("drone", straight(at(0.75 * reach_m, 7.0), at(0.4 * reach_m, -4.0), SECONDS))
    scene = replace(
        load_scene("quiet"), targets=(drone, PLANE), broadcasts=(Broadcast(drone),), modules=(module,), origin=ORIGIN
    )
    return scene, module


def driver_of(device: Device) -> SerialModule:
    """Driver of a module that the scene's truth can be compared with."""
    if device.name in CAMERAS:
        _, module = stage(device.name)
        model = camera_model(module)
        kinds: Callable[..., object] = device.settings
        settings = kinds(labels=model.classes, hfov_deg=model.hfov_deg)
        return settings.make()  # type: ignore[attr-defined,no-any-return]  # a settings class, by its contract
    if device.name == "ti-mmwave-config":
        return TiConfigSettings(lines=("sensorStop", "flushCfg", "sensorStart")).make()
    return device.settings().make()


def twin_of(device: str) -> SimulatedModule:
    """Twin of a module on that stage; satellites keep the stage's time."""
    scene, module = stage(device)
    if device == "gpsd":
        return GpsdTwin(GpsdView(scene.origin, module.mount, 5, lambda: START_NS))
    return make_twin(scene, module)


def converse(twin: SimulatedModule, driver: SerialModule) -> Iterator[Contact]:
    """Twin and driver hand in hand; bytes arrive when the line has carried them."""
    free_s = 0.0

    def carry(data: bytes, at_s: float) -> Iterator[Contact]:
        nonlocal free_s
        free_s = max(free_s, at_s) + len(data) * BITS_PER_BYTE / twin.baud
        now_ns = START_NS + round(free_s * 1e9)
        yield from driver.feed(data, now_ns)
        asked = driver.requests(now_ns)
        if asked:
            yield from carry(twin.command(asked, free_s), free_s)

    yield from carry(twin.boot(), 0.0)
    yield from carry(twin.command(driver.greeting(), 0.0), 0.0)
    due_s = 0.0
    while due_s < SECONDS:
        yield from carry(twin.report(due_s, due_s), due_s)
        due_s = next_report_s(due_s, twin.period_s, free_s)


def truth(device: str, time_ns: int) -> Place:
    """Where the drone is in the module's frame."""
    scene, module = stage(device)
    return places(scene.targets[:1], module.mount, (time_ns - START_NS) * 1e-9)[0]


def check_radar(device: str, contact: RadarContact) -> None:
    """Within the errors its model allows at its limit, and the steps of the protocol."""
    model, there = RADARS[device].model, truth(device, contact.time_ns)
    step_m, step_deg, step_mps = STEPS[device]
    late_m = abs(there.radial_speed_mps) * 0.02  # undated reports are stamped with their arrival
    if contact.range_m is not None:
        assert abs(contact.range_m - there.range_m) < SIGMAS * model.range_sigma_m + step_m + late_m
    if contact.azimuth_deg is not None:
        assert abs(contact.azimuth_deg - there.azimuth_deg) < SIGMAS * model.azimuth_sigma_deg + step_deg
    if contact.elevation_deg is not None:
        assert abs(contact.elevation_deg - there.elevation_deg) < SIGMAS * model.elevation_sigma_deg + step_deg
    if contact.radial_speed_mps is not None:
        assert abs(contact.radial_speed_mps - there.radial_speed_mps) < SIGMAS * model.speed_sigma_mps + step_mps


def check_camera(device: str, contact: CameraContact) -> None:
    """Within the error of a box, and a pixel."""
    _, module = stage(device)
    model, there = camera_model(module), truth(device, contact.time_ns)
    width_deg = math.degrees(there.target.size_m / there.range_m)
    pixel_deg = model.hfov_deg / model.width_px
    assert contact.label == "drone"
    assert contact.azimuth_deg is not None
    assert contact.elevation_deg is not None
    allowed_deg = SIGMAS * model.box_error * width_deg + 1.5 * pixel_deg
    assert abs(contact.azimuth_deg - there.azimuth_deg) < allowed_deg
    assert abs(contact.elevation_deg - there.elevation_deg) < allowed_deg


def check_remote_id(device: str, contact: RemoteIdContact) -> None:
    """Its place of at most three seconds ago: one message of each kind goes round."""
    scene, _ = stage(device)
    if contact.lat_deg is None or contact.lon_deg is None:
        return
    now_s = (contact.time_ns - START_NS) * 1e-9
    away_m = [
        distance_m(contact.lat_deg, contact.lon_deg, *degrees_of(ORIGIN.lat_deg, ORIGIN.lon_deg, *place[:2]))
        for place in (scene.targets[0].at(max(0.0, now_s - late_s / 10)) for late_s in range(31))
    ]
    assert min(away_m) < 1.0


def check_aircraft(contact: AircraftContact) -> None:
    """Where the aeroplane is, to a few metres and 25 feet."""
    now_s = (contact.time_ns - START_NS) * 1e-9
    x_m, y_m, z_m = PLANE.at(now_s)
    if contact.lat_deg is not None and contact.lon_deg is not None:
        there = degrees_of(ORIGIN.lat_deg, ORIGIN.lon_deg, x_m, y_m)
        assert distance_m(contact.lat_deg, contact.lon_deg, *there) < 10.0
    if contact.altitude_m is not None:
        assert abs(contact.altitude_m - (ORIGIN.altitude_m + z_m)) < 4.0
    if contact.speed_mps is not None and contact.track_deg is not None and now_s > 1.0:
        assert abs(contact.speed_mps - 60.0) < 0.8
        assert abs(contact.track_deg - 90.0) < 1.0


def check_position(contact: PositionFix) -> None:
    """Where the mast is."""
    if contact.fix == "none":
        return
    there = degrees_of(ORIGIN.lat_deg, ORIGIN.lon_deg, 4.0, -3.0)
    assert contact.lat_deg is not None
    assert contact.lon_deg is not None
    assert distance_m(contact.lat_deg, contact.lon_deg, *there) < 2.5 * EPH_M
    assert contact.gnss_time_ns == START_NS


@every_device
def test_the_driver_finds_what_is_there_within_the_sensors_accuracy(device: Device) -> None:
    driver = driver_of(device)
    contacts = list(converse(twin_of(device.name), driver))
    for contact in contacts:
        assert contact.time_ns <= START_NS + round((SECONDS + 1) * 1e9)
        if isinstance(contact, RadarContact):
            check_radar(device.name, contact)
        elif isinstance(contact, CameraContact):
            check_camera(device.name, contact)
        elif isinstance(contact, RemoteIdContact):
            check_remote_id(device.name, contact)
        elif isinstance(contact, AircraftContact):
            check_aircraft(contact)
        else:
            check_position(contact)
    counters = driver.counters
    assert counters.crc_errors == counters.oversize == counters.gaps == counters.refused == 0
    if isinstance(driver, TiConfig):
        assert driver.state is TiConfigState.STARTED
    else:
        assert len(contacts) >= 9
        assert counters.malformed <= 1  # what firmware prints at its start


@every_device
def test_the_same_stage_gives_the_same_contacts(device: Device) -> None:
    first, again = (list(converse(twin_of(device.name), driver_of(device))) for _ in range(2))
    assert first == again


def test_what_twins_exist_for() -> None:
    assert set(STEPS) == set(RADARS)
    assert set(CAMERAS) | set(RADARS) <= set(BY_NAME)
