"""Objects of contacts: what begins, what is confirmed, what is lost, whatever the sensors leave out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from firmware_bridge.contacts import RadarContact
from node.fusion.fusion import Fusion
from node.fusion.settings import FusionSettings

NEAR = ((-40.0, 90.0, 30.0), (6.0, -3.0, 0.5))


def test_one_mover_is_one_track_near_the_truth(stage: Any, straight: Any) -> None:
    way = straight(*NEAR)
    stage.play(10.0, lambda t: [stage.radar(way, t)])
    track = stage.only()
    east, north, up = stage.frame.local(track.lat_deg, track.lon_deg, track.altitude_m)
    assert math.dist((east, north, up), way(stage.now_s)) < 5.0
    assert track.speed_mps == pytest.approx(math.hypot(6, 3), abs=1.5)
    assert track.heading_deg == pytest.approx(math.degrees(math.atan2(6, -3)), abs=15.0)
    assert track.kind == "air_object"
    assert track.ce_m is not None
    assert track.ce_m < 15.0


def test_told_once_confirmed_and_moving_within_a_second(stage: Any, straight: Any) -> None:
    way = straight(*NEAR)
    changes = stage.play(1.0, lambda t: [stage.radar(way, t)])
    assert [change.kind for change in changes][:1] == ["new"]


def test_still_reflections_are_never_told(stage: Any, straight: Any) -> None:
    spots = [straight((x, 60.0, 5.0), (0.0, 0.0, 0.0)) for x in (-30.0, 0.0, 30.0)]
    assert stage.play(30.0, lambda t: [stage.radar(spot, t, radial_speed_mps=0.0) for spot in spots]) == []
    assert stage.fusion.counters.objects == 3


def test_what_hovers_after_it_moved_stays(stage: Any) -> None:
    def way(t: float) -> tuple[float, float, float]:
        return (0.0, 100.0 - 8.0 * min(t, 4.0), 20.0)

    stage.play(15.0, lambda t: [stage.radar(way, t)])
    assert stage.only().speed_mps < 1.5


def test_slow_across_and_far_is_told_all_the_same(stage: Any, straight: Any) -> None:
    way = straight((-20.0, 220.0, 30.0), (5.0, 0.0, 0.0))
    stage.play(12.0, lambda t: [stage.radar(way, t)])
    assert stage.only().kind == "air_object"


def test_lone_false_reports_begin_nothing(stage: Any) -> None:
    rng = np.random.default_rng(8)

    def report(t: float) -> list[object]:
        if rng.random() > 0.3:
            return []
        return [
            RadarContact(
                round((1_800_000_000 + t) * 1e9), "radar", range_m=float(rng.uniform(10, 250)),
                azimuth_deg=float(rng.uniform(-60, 60)), elevation_deg=float(rng.uniform(-20, 30)),
                radial_speed_mps=float(rng.uniform(-10, 10)),
            )
        ]  # fmt: skip

    assert stage.play(120.0, report) == []


def test_missed_frames_do_not_break_a_track_and_silence_ends_it(stage: Any, straight: Any) -> None:
    way = straight(*NEAR)
    stage.play(12.0, lambda t: [stage.radar(way, t)] if stage.rng.random() < 0.6 else [])
    assert len({change.track.track_id for change in stage.changes}) == 1
    changes = stage.play(5.0, lambda _: [])
    assert [(change.kind, change.end_reason) for change in changes if change.kind == "end"] == [("end", "lost")]
    assert stage.alive() == []


def test_a_hard_turn_keeps_the_track(stage: Any) -> None:
    def way(t: float) -> tuple[float, float, float]:
        turned = max(0.0, t - 5.0)
        return (-60.0 + 15.0 * min(t, 5.0) - 3.0 * turned, 80.0 + 14.0 * turned, 30.0)

    stage.play(10.0, lambda t: [stage.radar(way, t)])
    assert len({change.track.track_id for change in stage.changes}) == 1


def test_two_that_cross_keep_their_names(stage: Any, straight: Any) -> None:
    first, second = straight((-60.0, 90.0, 30.0), (12.0, 0.5, 0.0)), straight((60.0, 100.0, 34.0), (-12.0, -0.5, 0.0))
    stage.play(10.0, lambda t: [stage.radar(first, t), stage.radar(second, t)])
    tracks = stage.alive()
    assert len({change.track.track_id for change in stage.changes}) == 2
    assert sorted(round(track.heading_deg / 90) for track in tracks) == [1, 3]
    east = {track.track_id: stage.frame.local(track.lat_deg, track.lon_deg, None)[0] for track in tracks}
    headings = {track.track_id: track.heading_deg for track in tracks}
    assert all((east[name] > 0) == (headings[name] < 180) for name in east)


def test_flat_radar_without_height(stage: Any, straight: Any) -> None:
    way = straight((-20.0, 60.0, 3.0), (5.0, -2.0, 0.0))
    stage.play(6.0, lambda t: [stage.radar(way, t, elevation_deg=None)])
    track = stage.only()
    east, north, _ = stage.frame.local(track.lat_deg, track.lon_deg, None)
    assert math.dist((east, north), way(stage.now_s)[:2]) < 8.0


def test_range_and_speed_alone_tell_a_range_and_no_place(stage: Any, straight: Any) -> None:
    way = straight((0.0, 60.0, 0.0), (0.0, -4.0, 0.0))
    stage.play(4.0, lambda t: [stage.radar(way, t, azimuth_deg=None, elevation_deg=None)])
    track = stage.only()
    assert track.range_m == pytest.approx(60.0 - 4.0 * stage.now_s, abs=3.0)
    assert track.bearing_deg is None


def test_speed_alone_places_nothing(stage: Any, straight: Any) -> None:
    way = straight((0.0, 60.0, 0.0), (0.0, -4.0, 0.0))
    gone = {"range_m": None, "azimuth_deg": None, "elevation_deg": None}
    assert stage.play(4.0, lambda t: [stage.radar(way, t, **gone)]) == []
    assert stage.fusion.counters.objects == 0


def test_camera_alone_tells_a_bearing_and_no_range(stage: Any, straight: Any) -> None:
    way = straight((30.0, 60.0, 20.0), (1.0, 0.0, 0.0))
    stage.play(4.0, lambda t: [stage.camera(way, t)])
    track = stage.only()
    assert track.object_type == "drone"
    assert track.bearing_deg == pytest.approx(math.degrees(math.atan2(way(4.0)[0], 60.0)), abs=3.0)
    assert (track.range_m, track.lat_deg, track.speed_mps) == (None, None, None)


def test_radar_and_camera_are_one(stage: Any, straight: Any) -> None:
    way = straight(*NEAR)
    stage.play(6.0, lambda t: [stage.radar(way, t), stage.camera(way, t)])
    track = stage.only()
    assert track.kind == "fused"
    assert {source.kind for source in track.sources} == {"radar", "camera"}
    assert all(source.age_s < 1.0 for source in track.sources)


def test_camera_first_then_radar_is_still_one(stage: Any, straight: Any) -> None:
    way = straight(*NEAR)
    stage.play(6.0, lambda t: [stage.camera(way, t), *([stage.radar(way, t)] if t > 3.0 else [])])
    assert stage.only().kind == "fused"
    assert stage.only().range_m is not None


@pytest.mark.parametrize("label", ["person", "vehicle"])
def test_people_and_vehicles_are_not_in_the_air(stage: Any, straight: Any, label: str) -> None:
    way = straight((5.0, 30.0, 0.0), (1.0, 0.2, 0.0))
    assert stage.play(5.0, lambda t: [stage.camera(way, t, label)]) == []


def test_an_extended_target_is_one(stage: Any, straight: Any) -> None:
    ways = [straight((-40.0 + dx, 90.0, 30.0 + dz), (6.0, -3.0, 0.0)) for dx, dz in ((0, 0), (0.6, 0.2), (-0.5, 0.3))]
    stage.play(8.0, lambda t: [stage.radar(way, t) for way in ways])
    assert len(stage.alive()) == 1


def test_memory_is_bounded() -> None:
    settings = FusionSettings(objects_at_most=16, contacts_at_most=500)
    fusion = Fusion(settings, None, "test")
    rng = np.random.default_rng(4)
    for step in range(60):
        for _ in range(100):
            fusion.observe_contact(
                RadarContact(
                    step * 100_000_000, "radar", range_m=float(rng.uniform(5, 300)), radial_speed_mps=5.0,
                    azimuth_deg=float(rng.uniform(-90, 90)), elevation_deg=float(rng.uniform(-30, 30)),
                )
            )  # fmt: skip
        fusion.advance(step * 100_000_000)
    assert len(fusion._tracker.objects) <= 16
    for _ in range(1000):
        fusion.observe_contact(RadarContact(10**18, "radar", range_m=5.0))
    assert fusion.counters.overflow == 500
    assert fusion.counters.refused > 0


@pytest.mark.parametrize("step", [1, 3, 10])
def test_it_does_not_matter_how_often_it_is_asked(
    make_stage: Callable[..., Any], straight: Any, each_second: Any, step: int
) -> None:
    way = straight(*NEAR)

    def run(every: int) -> list[Any]:
        stage = make_stage()
        stage.healthy("rid", "remote_id")
        found = []
        for tick in range(1, 91):
            t = tick / 10
            stage.fusion.observe_contact(stage.radar(way, t))
            if each_second(t):
                stage.fusion.observe_contact(stage.remote_id(way, t))
                stage.fusion.observe_rf(stage.link("new" if tick == 10 else "update", t))
            if tick % every == 0:
                found += stage.fusion.advance(1_800_000_000 * 10**9 + round(t * 1e9))
        return found

    assert run(step) == run(1)


def test_late_contacts_of_a_lagging_port_are_used(make_stage: Callable[..., Any], straight: Any) -> None:
    stage = make_stage()
    way = straight(*NEAR)
    stage.play(5.0, lambda t: [stage.radar(way, t), *([stage.camera(way, t - 0.2)] if t > 0.3 else [])])
    assert {source.kind for source in stage.only().sources} == {"radar", "camera"}
