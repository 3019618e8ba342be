"""Modules as they stand in a scene: which there are, that each is itself, what they see, dump1090's text."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from firmware_bridge.contacts import AircraftContact, RadarContact, RemoteIdContact
from firmware_bridge.devices import BY_NAME
from sim.scene import Broadcast, Origin, Scene, SceneModule, load_scene
from sim.serial_devices.host import SimulatedModule
from sim.serial_devices.targets import METRES_PER_DEGREE, Mount, Target, straight
from sim.serial_devices.twins import TWINS, NoTwinError, field_of_view, make_twin, make_twins, modules_of

SCENE = load_scene("demo")
NOW_NS = 1_795_780_800_000_000_000


def heard(twin: SimulatedModule, device: str, seconds: float, start_s: float = 0.0) -> list[object]:
    """Contacts of the real driver."""
    module = BY_NAME[device].settings().make()
    found: list[object] = []
    feed = [twin.boot(), twin.command(module.greeting(), 0.0)]
    feed += [
        twin.report(start_s + step * twin.period_s, step * twin.period_s)
        for step in range(int(seconds / twin.period_s))
    ]
    for number, data in enumerate(feed):
        found += module.feed(data, NOW_NS + number * 10_000_000)
    return found


def test_every_kind_the_node_reads_has_a_twin() -> None:
    assert set(TWINS) == set(BY_NAME)


def test_modules_are_those_of_the_scene_or_stand_beside_its_receiver() -> None:
    assert [module.name for module in modules_of(SCENE)] == ["radar", "camera", "remote-id"]
    assert [module.name for module in modules_of(SCENE, ("sscma",))] == ["camera"]
    (beside,) = modules_of(SCENE, ("ld2450", "ld2450"))
    assert (beside.device, (beside.mount.x_m, beside.mount.y_m, beside.mount.z_m)) == ("ld2450", (0.0, 0.0, 6.0))
    with pytest.raises(NoTwinError, match=r"lidar.*one of ti-mmwave"):
        modules_of(SCENE, ("lidar",))
    with pytest.raises(NoTwinError, match="name kinds"):
        modules_of(replace(SCENE, modules=()))


def test_two_modules_of_a_kind_are_not_copies_and_one_repeats_itself() -> None:
    def said(name: str) -> bytes:
        twin = make_twin(SCENE, replace(SCENE.modules[0], name=name))
        return b"".join(twin.report(step / 10, step / 10) for step in range(100, 130))

    assert said("a") == said("a")
    assert said("a") != said("b")


def test_the_radar_of_the_demonstration_sees_its_drone_where_it_is() -> None:
    contacts = heard(make_twin(SCENE, SCENE.modules[0]), "ti-mmwave", 2.0, start_s=14.0)
    drone = SCENE.targets[0]
    x_m, y_m, z_m = drone.at(15.0)
    range_m = math.hypot(x_m, y_m, z_m - 6.0)
    near = [one for one in contacts if isinstance(one, RadarContact) and abs((one.range_m or 0.0) - range_m) < 15.0]
    assert len(near) > 10


def test_a_claim_that_is_not_there_is_heard_from_where_its_sender_is() -> None:
    ghost = Target("ghost", straight((900.0, 0.0, 80.0), (900.0, 0.0, 80.0), 10.0))
    loud = Broadcast(ghost, sender_m=(30.0, 0.0, 1.0))
    module = SceneModule("rid", "remote-id")

    def level(broadcast: Broadcast) -> float:
        scene = replace(SCENE, targets=(), broadcasts=(broadcast,))
        contacts = [
            one for one in heard(make_twin(scene, module), "remote-id", 9.0) if isinstance(one, RemoteIdContact)
        ]
        levels = [one.rssi_dbm for one in contacts if one.rssi_dbm is not None]
        assert levels
        placed = [one for one in contacts if one.lon_deg is not None]
        along_m = METRES_PER_DEGREE * math.cos(math.radians(scene.origin.lat_deg))
        assert all(abs((one.lon_deg or 0.0) - scene.origin.lon_deg - 900.0 / along_m) < 1e-5 for one in placed)
        return sum(levels) / len(levels)

    assert level(loud) - level(replace(loud, sender_m=None)) == pytest.approx(20 * math.log10(30.0), abs=6.0)


def test_who_is_off_is_not_heard_and_the_route_repeats() -> None:
    flying = Target("late", straight((90.0, 0.0, 80.0), (90.0, 0.0, 80.0), 10.0), repeat_s=20.0)
    scene = replace(SCENE, targets=(), broadcasts=(Broadcast(flying, on_s=((10.0, 20.0),)),))
    twin = make_twin(scene, SceneModule("rid", "remote-id"))
    counts = [len(heard(twin, "remote-id", 9.0, start_s=start_s)) for start_s in (0.0, 10.0, 20.0, 30.0)]
    assert [count > 5 for count in counts] == [False, True, False, True]
    assert counts[0] == counts[2] == 0


def test_a_scene_without_things_lets_what_moves_be_seen_and_heard() -> None:
    bare = replace(SCENE, targets=(), broadcasts=())
    contacts = heard(make_twin(bare, SceneModule("rid", "remote-id")), "remote-id", 9.0)
    assert {one.uas_id for one in contacts if isinstance(one, RemoteIdContact) and one.uas_id}


def test_aircraft_come_as_dump1090_would_tell_them() -> None:
    plane = Target("Cessna 172", straight((-3000.0, 500.0, 400.0), (3000.0, 500.0, 400.0), 100.0), "aircraft")
    origin = Origin(56.95, 24.1, 30.0)
    scene: Scene = replace(SCENE, targets=(*SCENE.targets, plane), origin=origin)
    contacts = heard(make_twin(scene, SceneModule("planes", "sbs")), "sbs", 20.0, start_s=40.0)
    aircraft = [one for one in contacts if isinstance(one, AircraftContact)]
    assert {one.icao_address for one in aircraft if one.icao_address} == {aircraft[0].icao_address}
    last = aircraft[-1]
    assert last.callsign == "CESSNA17"
    assert last.altitude_m == pytest.approx(430.0, abs=8.0)
    assert last.speed_mps == pytest.approx(60.0, abs=1.0)
    assert last.track_deg == pytest.approx(90.0, abs=1.0)
    assert last.lat_deg == pytest.approx(56.95 + 500.0 / METRES_PER_DEGREE, abs=1e-4)


def test_both_ports_of_a_ti_radar_are_of_one_board() -> None:
    modules = modules_of(SCENE, ("ti-mmwave", "ti-mmwave-config"))
    twins = make_twins(SCENE, modules)
    data, commands = twins["radar"], twins["ti-mmwave-config"]
    data.boot()
    commands.boot()
    assert data.report(15.0, 1.0) == b""
    assert b"Done" in commands.command(b"sensorStart\n", 1.0)
    assert data.report(15.0, 1.0) != b""
    elsewhere = SceneModule("cli", "ti-mmwave-config", Mount(99.0, 0.0, 0.0))
    apart = make_twins(replace(SCENE, modules=(SCENE.modules[0], elsewhere)), (SCENE.modules[0], elsewhere))
    assert apart["radar"].report(15.0, 1.0) != b""


def test_an_empty_sky_is_a_heartbeat() -> None:
    twin = make_twin(SCENE, SceneModule("planes", "sbs"))
    assert twin.report(1.0, 1.0) == b"\r\n"


@pytest.mark.parametrize("device", sorted(TWINS))
def test_the_field_of_view_is_that_of_the_model(device: str) -> None:
    azimuth_deg, elevation_deg, reach_m = field_of_view(SceneModule("x", device, Mount()))
    assert 0 < azimuth_deg <= 180
    assert 0 < elevation_deg <= 90
    assert reach_m is None or 1 < reach_m < 100
