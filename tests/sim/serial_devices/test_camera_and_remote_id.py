"""The simulated camera and Remote ID receiver, read by the real drivers: what moves is what is reported."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from pathlib import Path

import pytest

from firmware_bridge.camera import sscma
from firmware_bridge.contacts import CameraContact, Contact, RemoteIdContact
from firmware_bridge.link import SerialLink
from firmware_bridge.link_settings import LinkSettings
from firmware_bridge.module import Device
from firmware_bridge.position.node_position import distance_m
from firmware_bridge.remote_id import receiver
from sim.propagation import Route, Waypoint
from sim.scene import load_scene
from sim.serial_devices.camera import CameraModel, CameraView
from sim.serial_devices.host import DeviceHost, SimulatedModule
from sim.serial_devices.mesh_mapper import (
    IDLE_S,
    LINE_BUFFER,
    SLOTS,
    Broadcaster,
    MeshMapperTwin,
    RemoteIdView,
    broadcasters,
)
from sim.serial_devices.port import PtyPort
from sim.serial_devices.radars import scene_targets
from sim.serial_devices.sscma import SscmaTwin
from sim.serial_devices.targets import Mount, Target, places, straight

NOW_NS = 1_767_225_600_000_000_000
DRONE = Target("drone", straight((-2.0, 6.0, 1.5), (2.0, 4.0, 0.5), 10.0))
BIRD = Target("bird", Route((Waypoint(0.0, 1.0, 5.0, -0.5),)), kind="bird", size_m=0.5)
LABELS = CameraModel().classes


def camera(twin: SscmaTwin, settings: sscma.SscmaSettings, seconds: float) -> list[tuple[float, CameraContact]]:
    """Contacts with the time their picture was sent, host and module coupled without a port."""
    module = settings.make()
    module.feed(twin.boot(), NOW_NS)
    module.feed(twin.command(module.greeting(), 0.0), NOW_NS)
    found: list[tuple[float, CameraContact]] = []
    for number in range(round(seconds / twin.period_s)):
        at_s = number * twin.period_s
        for contact in module.feed(twin.report(at_s, at_s), NOW_NS + round(at_s * 1e9)):
            assert isinstance(contact, CameraContact)
            found.append((at_s, contact))
    assert module.counters.malformed == 0
    return found


class TestSscma:
    def test_directions_are_those_of_the_targets(self) -> None:
        mount = Mount(heading_deg=10.0, tilt_deg=5.0)
        twin = SscmaTwin(CameraView((DRONE, BIRD), mount=mount, seed=1))
        contacts = camera(twin, sscma.SscmaSettings(labels=LABELS, hfov_deg=60.0), 8.0)
        seen = [contact for _, contact in contacts if contact.label == "drone"]
        assert len(seen) > 60
        for _, contact in contacts:
            taken_s = (contact.time_ns - NOW_NS) * 1e-9
            target = DRONE if contact.label == "drone" else BIRD
            (place,) = places((target,), mount, max(0.0, taken_s))
            assert contact.azimuth_deg is not None
            assert contact.elevation_deg is not None
            assert contact.azimuth_error_deg is not None
            assert abs(contact.azimuth_deg - place.azimuth_deg) < 4 * contact.azimuth_error_deg
            assert abs(contact.elevation_deg - place.elevation_deg) < 4.0
        assert {contact.label for _, contact in contacts} == {"drone", "bird"}

    def test_the_mounting_turns_directions_into_the_scenes(self) -> None:
        mount = Mount(heading_deg=-170.0, tilt_deg=20.0)
        target = Target("drone", Route((Waypoint(0.0, -0.5, -4.0, 1.5),)))
        twin = SscmaTwin(CameraView((target,), CameraModel(box_error=0.0), mount))
        settings = sscma.SscmaSettings(hfov_deg=60.0, azimuth_deg=-170.0, elevation_deg=20.0)
        _, contact = camera(twin, settings, 1.0)[-1]
        (place,) = places((target,), Mount(), 0.0)
        assert contact.azimuth_deg == pytest.approx(place.azimuth_deg, abs=0.3)
        assert contact.elevation_deg == pytest.approx(place.elevation_deg, abs=0.3)

    def test_small_things_are_not_found_and_others_outside_the_picture(self) -> None:
        far = Target("far", Route((Waypoint(0.0, 0.0, 60.0, 5.0),)))
        behind = Target("behind", Route((Waypoint(0.0, 0.0, -3.0, 0.0),)))
        aside = Target("aside", Route((Waypoint(0.0, 5.0, 1.0, 0.0),)))
        assert camera(SscmaTwin(CameraView((far, behind, aside))), sscma.SscmaSettings(), 3.0) == []

    def test_it_waits_for_its_command_and_obeys_the_number_and_the_break(self) -> None:
        twin = SscmaTwin(CameraView((DRONE,)))
        twin.boot()
        assert twin.report(1.0, 1.0) == b""
        assert b'"name": "a@INVOKE"' in twin.command(b"AT+a@INVOKE=2,0,1\r", 0.0)
        assert [bool(twin.report(at_s, at_s)) for at_s in (1.0, 2.0, 3.0)] == [True, True, False]
        twin.command(b"AT+INVOKE=-1,0,1\rAT+BRE", 0.0)
        assert twin.report(4.0, 4.0) != b""
        assert b'"BREAK"' in twin.command(b"AK\r", 0.0)
        assert twin.report(5.0, 5.0) == b""
        assert b"Unknown command" in twin.command(b"AT+FLY\r", 0.0)

    def test_after_a_reset_it_is_started_again(self) -> None:
        twin = SscmaTwin(CameraView((DRONE,)))
        module = sscma.SscmaSettings().make()
        module.feed(twin.boot(), NOW_NS)
        twin.command(module.greeting(), 0.0)
        assert module.feed(twin.report(1.0, 1.0), NOW_NS)
        module.feed(twin.boot(), NOW_NS)
        assert twin.report(2.0, 0.0) == b""
        assert module.requests(NOW_NS) == b""
        twin.command(module.requests(NOW_NS + sscma.START_AGAIN_NS), 0.0)
        assert module.feed(twin.report(8.0, 6.0), NOW_NS + sscma.START_AGAIN_NS)


FLIGHT = Target("drone", straight((-300.0, 200.0, 60.0), (300.0, 200.0, 60.0), 60.0))


def remote_id(twin: MeshMapperTwin, seconds: float) -> list[tuple[float, RemoteIdContact]]:
    module = receiver.RemoteIdSettings().make()
    module.feed(twin.boot(), NOW_NS)
    found: list[tuple[float, RemoteIdContact]] = []
    for number in range(round(seconds / twin.period_s)):
        at_s = number * twin.period_s
        for contact in module.feed(twin.report(at_s, at_s), NOW_NS + round(at_s * 1e9)):
            assert isinstance(contact, RemoteIdContact)
            found.append((at_s, contact))
    assert module.counters.malformed == 0
    return found


class TestMeshMapper:
    def test_the_drone_is_where_it_says(self) -> None:
        view = RemoteIdView((Broadcaster(FLIGHT, pilot_m=(10.0, -20.0)),), sensitivity_dbm=-120.0)
        contacts = remote_id(MeshMapperTwin(view), 60.0)
        assert len(contacts) == 120
        for at_s, contact in contacts[20:]:
            assert contact.uas_id == "1581F45TB21CP0000XYZ"
            assert contact.lat_deg is not None
            assert contact.lon_deg is not None
            x_m, y_m, _ = FLIGHT.route.at(at_s)
            away_m = distance_m(*view.degrees(x_m, y_m), contact.lat_deg, contact.lon_deg)
            assert away_m < 10.0 * 1.1  # repeats its last position for up to a second
            assert contact.altitude_m == 180.0
            assert contact.operator_lat_deg == pytest.approx(view.degrees(10.0, -20.0)[0], abs=1e-6)

    def test_it_fades_away_with_distance(self) -> None:
        leaving = Target("leaving", straight((0.0, 50.0, 60.0), (0.0, 12_000.0, 60.0), 120.0))
        contacts = remote_id(MeshMapperTwin(RemoteIdView((Broadcaster(leaving),))), 120.0)
        assert len([1 for at_s, _ in contacts if at_s < 9.0]) == 18
        assert len([1 for at_s, _ in contacts if at_s > 100.0]) <= 6
        assert all(contact.rssi_dbm is not None and contact.rssi_dbm >= -97 for _, contact in contacts)

    def test_what_was_not_heard_is_unknown(self) -> None:
        twin = MeshMapperTwin(RemoteIdView((Broadcaster(FLIGHT, pilot_m=None),), sensitivity_dbm=-120.0))
        twin.boot()
        module = receiver.RemoteIdSettings().make()
        (contact,) = module.feed(twin.report(0.25, 0.25), NOW_NS)  # a basic id
        assert isinstance(contact, RemoteIdContact)
        assert (contact.uas_id, contact.lat_deg, contact.altitude_m) == ("1581F45TB21CP0000XYZ", None, None)
        (contact,) = module.feed(twin.report(0.5, 0.5), NOW_NS)
        assert isinstance(contact, RemoteIdContact)
        assert (contact.operator_lat_deg, contact.operator_lon_deg) == (None, None)

    def test_more_drones_than_it_remembers_share_a_slot(self) -> None:
        many = tuple(
            Broadcaster(FLIGHT, f"60:60:1f:00:00:{number:02x}", f"SERIAL{number}") for number in range(SLOTS + 8)
        )
        contacts = remote_id(MeshMapperTwin(RemoteIdView(many, sensitivity_dbm=-120.0)), 6.0)
        assert len({contact.transmitter for _, contact in contacts}) == SLOTS + 8

    def test_the_drones_of_a_scene_broadcast_each_under_its_own_name(self) -> None:
        targets = scene_targets(load_scene("demo"))
        senders = broadcasters((*targets, BIRD))
        assert len(targets) == len(senders) > 0
        contacts = remote_id(MeshMapperTwin(RemoteIdView(senders, sensitivity_dbm=-150.0)), 6.0)
        named = {(contact.transmitter, contact.uas_id) for _, contact in contacts if contact.uas_id}
        assert named == {(sender.address, sender.uas_id) for sender in senders}
        assert all(len(sender.uas_id) == 20 for sender in senders)

    def test_idle_lines_and_ids_that_spoil_the_line(self) -> None:
        odd = Broadcaster(FLIGHT, uas_id='A"B\\C')
        twin = MeshMapperTwin(RemoteIdView((odd,), sensitivity_dbm=-120.0))
        contacts = remote_id(twin, IDLE_S + 2.0)
        assert contacts[-1][1].uas_id == 'A"B\\C'
        assert len(twin.report(IDLE_S + 3.0, IDLE_S + 3.0)) <= LINE_BUFFER + 1


@pytest.mark.parametrize(
    ("twin", "device"),
    [
        (SscmaTwin(CameraView((DRONE, BIRD))), sscma.DEVICE),
        (MeshMapperTwin(RemoteIdView((Broadcaster(FLIGHT),), sensitivity_dbm=-120.0)), receiver.DEVICE),
    ],
    ids=["sscma", "mesh-mapper"],
)
def test_over_a_port_with_a_replug(twin: SimulatedModule, device: Device, tmp_path: Path) -> None:
    contacts: queue.Queue[Contact] = queue.Queue()

    def deliver(found: Sequence[Contact]) -> None:
        for contact in found:
            contacts.put(contact)

    with PtyPort(tmp_path / "port") as port, DeviceHost(twin, port) as host:
        link = SerialLink(
            device.name, device.settings(name="north").make(), LinkSettings(port.path), device.port, deliver
        )
        link.start()
        try:
            assert contacts.get(timeout=20).device == "north"
            host.unplug()
            while not contacts.empty():
                contacts.get()
            host.replug()
            assert contacts.get(timeout=20).device == "north"
        finally:
            assert link.stop()
    assert link.counters.module.crc_errors == 0
