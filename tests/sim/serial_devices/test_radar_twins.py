"""Simulated radars: what they say is what moves, in the exact protocol, as far as they can see."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from firmware_bridge.contacts import Contact, RadarContact
from firmware_bridge.devices import BY_NAME
from firmware_bridge.module import SerialModule
from firmware_bridge.radar.ti_config import TiConfigSettings, TiConfigState
from sim.propagation import Route, Waypoint
from sim.scene import load_scene
from sim.serial_devices.hilink import LD2450_MODEL, LD2451_MODEL, Ld2450Twin, Ld2451Twin
from sim.serial_devices.host import SimulatedModule
from sim.serial_devices.k_ld7 import MODEL as K_LD7_MODEL
from sim.serial_devices.k_ld7 import KLd7Twin
from sim.serial_devices.ops243 import MODEL as OPS243_MODEL
from sim.serial_devices.ops243 import Ops243Twin
from sim.serial_devices.radars import RADARS, scene_targets
from sim.serial_devices.sensor import RadarModel, RadarView
from sim.serial_devices.targets import Mount, Target, straight, wandering
from sim.serial_devices.ti_mmwave import MODEL as TI_MODEL
from sim.serial_devices.ti_mmwave import TiBoard

START_NS = 1_767_225_600_000_000_000
DRONE = Target("drone", straight((1.0, 8.0, 1.0), (0.5, 2.0, 0.5), 4.0))
PERSON = Target("person", straight((-1.5, 5.0, 0.0), (0.5, 2.0, 0.0), 4.0), kind="person")


def converse(twin: SimulatedModule, module: SerialModule, duration_s: float = 4.0) -> list[tuple[float, RadarContact]]:
    """Twin and driver hand in hand, without a port; the contacts with the time they were made at."""
    found: list[tuple[float, RadarContact]] = []

    def heard(data: bytes, at_s: float) -> None:
        time_ns = START_NS + round(at_s * 1e9)
        contacts: list[Contact] = module.feed(data, time_ns)
        found.extend((at_s, one) for one in contacts if isinstance(one, RadarContact))
        request = module.requests(time_ns)
        if request:
            heard(twin.command(request, at_s), at_s)

    heard(twin.boot(), 0.0)
    heard(twin.command(module.greeting(), 0.0), 0.0)
    for number in range(round(duration_s / twin.period_s)):
        heard(twin.report(number * twin.period_s, number * twin.period_s), number * twin.period_s)
    found.extend((duration_s, one) for one in module.finish(START_NS) if isinstance(one, RadarContact))
    return found


def board(view: RadarView) -> SimulatedModule:
    return TiBoard(view, running=True).data


TWINS: dict[str, tuple[Callable[[RadarView], SimulatedModule], RadarModel, Target]] = {
    "ld2450": (Ld2450Twin, LD2450_MODEL, PERSON),
    "ld2451": (Ld2451Twin, LD2451_MODEL, DRONE),
    "ops243": (Ops243Twin, OPS243_MODEL, PERSON),
    "k-ld7": (KLd7Twin, K_LD7_MODEL, DRONE),
    "ti-mmwave": (board, TI_MODEL, DRONE),
}
TOLERANCE_M = {"ld2450": 0.3, "ld2451": 1.5, "ops243": 0.5, "k-ld7": 0.3, "ti-mmwave": 0.2}
every_twin = pytest.mark.parametrize("name", TWINS)


def true_range_m(target: Target, time_s: float, *, flat: bool) -> float:
    x_m, y_m, z_m = target.route.at(time_s)
    return math.hypot(x_m, y_m, 0.0 if flat else z_m)


class TestProtocols:
    @every_twin
    def test_the_driver_reads_what_moves(self, name: str) -> None:
        make, model, target = TWINS[name]
        module = BY_NAME[name].settings().make()
        found = converse(make(RadarView((target,), model, seed=3)), module)
        ranged = [(at_s, one) for at_s, one in found if one.range_m is not None]
        near = [
            one
            for at_s, one in ranged
            if abs((one.range_m or 0) - true_range_m(target, at_s, flat=name == "ld2450")) < TOLERANCE_M[name]
        ]
        moving = [one for _, one in found if one.radial_speed_mps]
        assert len(near) >= 20
        assert len(near) >= len(ranged) * (0.2 if name == "ti-mmwave" else 0.9)  # TI shows clutter too
        assert all((one.radial_speed_mps or 0) < 0 for one in moving)  # it comes nearer all the time
        assert module.counters.malformed == 0
        assert module.counters.skipped_bytes == 0
        assert module.counters.refused == 0

    @every_twin
    def test_the_same_scene_gives_the_same_bytes(self, name: str) -> None:
        make, model, target = TWINS[name]
        both = []
        for _ in range(2):
            module = BY_NAME[name].settings().make()
            both.append([one for _, one in converse(make(RadarView((target,), model, seed=3)), module)])
        assert both[0] == both[1]

    @every_twin
    def test_nothing_there_gives_no_contact(self, name: str) -> None:
        make, model, _ = TWINS[name]
        quiet = RadarModel(model.range_m, model.for_rcs_m2)
        module = BY_NAME[name].settings().make()
        assert converse(make(RadarView((), quiet)), module, 2.0) == []

    def test_the_ld2450_keeps_each_in_its_slot_and_knows_three(self) -> None:
        crowd = tuple(
            Target(f"p{number}", straight((number - 1.5, 3.0, 0.0), (number - 1.5, 2.0, 0.0), 4.0), kind="person")
            for number in range(4)
        )
        module = BY_NAME["ld2450"].settings().make()
        found = converse(Ld2450Twin(RadarView(crowd, LD2450_MODEL)), module)
        assert {one.track_no for _, one in found} == {1, 2, 3}
        by_time: dict[float, int] = {}
        for at_s, _ in found:
            by_time[at_s] = by_time.get(at_s, 0) + 1
        assert max(by_time.values()) == 3

    def test_the_ops243_talks_plainly_until_it_is_told_otherwise(self) -> None:
        twin = Ops243Twin(RadarView((PERSON,), OPS243_MODEL))
        assert json.loads(twin.boot()) == {"PowerMode": "Active Continuously"}
        assert twin.report(3.5, 1.0).startswith(b'"m",')
        assert twin.command(b"OJOTOM", 1.0).count(b"SpeedOutputFeature") == 3
        first, second = twin.report(3.5, 2.0).splitlines()
        assert set(json.loads(first)) == {"time", "unit", "magnitude", "range"}
        assert float(json.loads(second)["speed"]) > 0  # approaching is positive there
        assert b"ERROR" in twin.command(b"OX", 2.0)

    def test_the_k_ld7_is_silent_until_asked(self) -> None:
        twin = KLd7Twin(RadarView((DRONE,), K_LD7_MODEL))
        twin.boot()
        assert twin.report(1.0, 1.0) == b""
        assert twin.command(b"GNFD\x04\0\0\0\x04\0\0\0", 1.0)[-1] == 1  # not before INIT
        assert twin.command(b"INIT\x04\0\0\0\0\0\0\0", 1.0) == b"RESP\x01\0\0\0\0"
        assert twin.command(b"GRPS\0\0\0\0", 1.0).startswith(b"RESP\x01\0\0\0\0RPST\x2a\0\0\0K-LD7")
        assert twin.command(b"GBYE\0\0\0\0", 1.0)[-1] == 0
        assert twin.command(b"GBYE\0\0\0\0", 1.0)[-1] == 1

    def test_the_ti_runs_when_its_command_port_started_it(self) -> None:
        whole = TiBoard(RadarView((DRONE,), TI_MODEL))
        assert whole.data.report(1.0, 1.0) == b""
        lines = ("% comment", "sensorStop", "flushCfg", "profileCfg 0 77 7 7 58", "sensorStart")
        module = TiConfigSettings(lines=lines).make()
        converse(whole.commands, module, 1.0)
        assert module.state is TiConfigState.STARTED
        assert whole.commands.lines == list(lines[1:])
        assert whole.data.report(1.0, 1.0) != b""
        wrong = TiConfigSettings(lines=("sensorStop", "fancyCfg 1")).make()
        converse(whole.commands, wrong, 1.0)
        assert wrong.state is TiConfigState.FAILED
        assert "fancyCfg" in str(wrong.fault)

    def test_the_ti_with_people_counting_tracks(self) -> None:
        module = BY_NAME["ti-mmwave"].settings().make()
        twin = TiBoard(RadarView((DRONE,), TI_MODEL), firmware="people-3d", running=True).data
        tracks = [one for _, one in converse(twin, module) if one.track_no is not None]
        assert len(tracks) > 20
        assert {one.track_no for one in tracks} == {0}
        assert all(one.vy_mps == pytest.approx(-1.5, abs=0.01) for one in tracks)
        assert module.counters.malformed == 0


class TestSight:
    """What a radar sees follows from physics, not from its protocol."""

    MODEL = RadarModel(range_m=40.0, for_rcs_m2=0.02, azimuth_deg=50.0, elevation_deg=20.0)

    def share(self, target: Target, model: RadarModel | None = None, mount: Mount | None = None) -> float:
        view = RadarView((target,), model or self.MODEL, mount or Mount(), seed=9)
        return sum(bool(view.detections(number / 10)) for number in range(400)) / 400

    def still(self, x_m: float, y_m: float, z_m: float = 0.0, **more: float) -> Target:
        return Target("t", Route((Waypoint(0.0, x_m, y_m, z_m),)), rcs_m2=more.get("rcs_m2", 0.02))

    def test_half_of_the_time_at_its_range(self) -> None:
        assert 0.4 < self.share(self.still(0, 40)) < 0.6
        assert self.share(self.still(0, 25)) > 0.98
        assert self.share(self.still(0, 70)) < 0.02

    def test_range_grows_with_the_fourth_root_of_the_cross_section(self) -> None:
        assert self.MODEL.limit_m(0.02 * 16) == pytest.approx(80.0)
        assert 0.4 < self.share(self.still(0, 80, rcs_m2=0.32)) < 0.6
        assert 0.4 < self.share(self.still(0, 20, rcs_m2=0.02 / 16)) < 0.6

    def test_only_in_its_field_of_view(self) -> None:
        assert self.share(self.still(10, 10)) > 0.98  # 45 degrees
        assert self.share(self.still(14, 10)) == 0.0  # 54 degrees
        assert self.share(self.still(0, 10, 5.0)) == 0.0  # 27 degrees up
        assert self.share(self.still(0, -10)) == 0.0

    def test_the_mount_turns_and_tilts(self) -> None:
        assert self.share(self.still(10, 0), mount=Mount(heading_deg=90.0)) > 0.98
        assert self.share(self.still(0, 10, 10.0), mount=Mount(tilt_deg=45.0)) > 0.98
        east = RadarView((self.still(10, 1),), self.MODEL, Mount(heading_deg=90.0)).detections(0.0)[0]
        assert east.azimuth_deg == pytest.approx(-5.7, abs=2.5)  # north of east is to the left of someone facing east

    def test_misses_clutter_and_false_reports(self) -> None:
        often = RadarModel(40.0, 0.02, miss_rate=0.3)
        assert 0.6 < self.share(self.still(0, 20), often) < 0.8
        noisy = RadarView((), RadarModel(40.0, 0.02, clutter_per_frame=2.0, false_per_frame=0.5), seed=4)
        frames = [noisy.detections(number / 10) for number in range(400)]
        still = [one for frame in frames for one in frame if one.radial_speed_mps == 0.0]
        assert len(still) == pytest.approx(800, abs=120)
        assert sum(map(len, frames)) - len(still) == pytest.approx(200, abs=60)
        assert len({(one.x_m, one.y_m) for one in still}) <= 8  # clutter stays where it is

    def test_a_bird_is_seen_less_far_and_turns(self) -> None:
        route = wandering((0.0, 25.0, 5.0), speed_mps=6.0, duration_s=60.0, seed=3)
        bird, drone = Target("bird", route, "bird"), Target("drone", route)
        assert 0.02 < self.share(bird) < self.share(drone)
        assert route == wandering((0.0, 25.0, 5.0), speed_mps=6.0, duration_s=60.0, seed=3)
        speeds = [math.dist(route.at(number / 10), route.at(number / 10 + 0.1)) * 10 for number in range(500)]
        assert max(speeds) < 12.0
        assert all(math.dist(route.at(float(number))[:2], (0.0, 25.0)) < 120.0 for number in range(60))
        view = RadarView((drone,), self.MODEL, seed=1)
        signs = {one.radial_speed_mps > 0 for number in range(300) for one in view.detections(number / 10)}
        assert signs == {True, False}

    def test_speed_is_negative_towards_the_radar(self) -> None:
        view = RadarView((DRONE,), self.MODEL)
        assert all(one.radial_speed_mps < 0 for number in range(30) for one in view.detections(number / 10))


class TestRegistry:
    def test_every_radar_driver_has_a_twin(self) -> None:
        drivers = {name for name, device in BY_NAME.items() if ".radar." in device.settings.__module__}
        # The command port belongs to the board of another; a board of our own has a radar behind it.
        assert set(RADARS) == drivers - {"ti-mmwave-config"} | {"skypicket-mcu"}

    def test_its_model_can_be_bettered(self) -> None:
        twin = RADARS["ti-mmwave"].looking_at((DRONE,), range_m=500.0, clutter_per_frame=0.0)
        module = BY_NAME["ti-mmwave"].settings().make()
        assert len(converse(twin, module)) == 40

    def test_the_aircraft_of_a_scene_are_targets(self) -> None:
        scene = load_scene("demo")
        assert scene_targets(scene) == scene.targets
        moving = [one for one in scene.emitters if len(one.transmitter.route.waypoints) > 1]
        targets = scene_targets(replace(scene, targets=()))
        assert [target.name for target in targets] == [one.name for one in moving]
        assert all(target.kind == "drone" for target in targets)
        (pilot,) = moving  # he walks; what answers him flies
        assert pilot.telemetry is not None
        assert targets[0].route == pilot.telemetry.transmitter.route
