"""Sources that become one track, and what is thought of it."""

# Longer than 300 lines: one picture, and every way in which sources become one track or part again.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from node.fusion.picture import LEVELS

NEAR = ((-40.0, 90.0, 30.0), (6.0, -2.0, 0.0))
AWAY = ((-90.0, 200.0, 30.0), (9.0, 0.5, 0.0))
"""Not within the critical circle and not on its way there."""


def kinds(changes: list[Any]) -> list[tuple[str, str]]:
    return [(change.kind, change.track.kind) for change in changes if change.track.kind != "rf_emission"]


def test_claim_and_object_of_one_drone_are_one_track_with_its_score(
    stage: Any, straight: Any, each_second: Any
) -> None:
    way = straight(*AWAY)
    stage.play(8.0, lambda t: [stage.radar(way, t), *([stage.remote_id(way, t)] if each_second(t) else [])])
    track = stage.only()
    assert track.kind == "fused"
    assert {source.kind for source in track.sources} == {"radar", "remote_id"}
    (claim,) = [source for source in track.sources if source.kind == "remote_id"]
    assert claim.score is not None
    assert claim.score > 0.9
    assert "position" in claim.reason
    assert track.score == claim.score
    assert not track.claimed
    assert (track.identity.cooperative, track.identity.consistency) == (True, 1.0)


def test_claim_first_then_radar_keeps_the_track(stage: Any, straight: Any, each_second: Any) -> None:
    way = straight(*AWAY)

    def each(t: float) -> list[object]:
        return [*([stage.radar(way, t)] if t > 4 else []), *([stage.remote_id(way, t)] if each_second(t) else [])]

    stage.play(10.0, each)
    assert len({change.track.track_id for change in stage.changes}) == 1
    assert stage.only().kind == "fused"


def test_two_tracks_that_turn_out_to_be_one_are_merged(stage: Any, straight: Any, each_second: Any) -> None:
    """The radar has it first; the claim begins far off and comes together with it."""
    way = straight(*AWAY)

    def claims(t: float) -> tuple[float, float, float]:
        off = max(0.0, 120.0 - 30.0 * max(0.0, t - 4.0))
        x, y, z = way(t)
        return x + off, y, z

    stage.play(20.0, lambda t: [stage.radar(way, t), *([stage.remote_id(claims, t)] if each_second(t) else [])])
    ends = [change for change in stage.changes if change.kind == "end"]
    assert [change.end_reason for change in ends] == ["merged"]
    track = stage.only()
    assert ends[0].track.merged_into == track.track_id
    assert track.merged_from == (ends[0].track.track_id,)
    assert track.kind == "fused"


def test_a_claim_that_leaves_its_object_is_split_off(stage: Any, straight: Any, each_second: Any) -> None:
    way = straight(*AWAY)

    def claims(t: float) -> tuple[float, float, float]:
        x, y, z = way(t)
        return x, y + 40.0 * max(0.0, t - 8.0), z

    stage.play(18.0, lambda t: [stage.radar(way, t), *([stage.remote_id(claims, t)] if each_second(t) else [])])
    first, second = sorted(stage.alive(), key=lambda track: track.track_id)
    split = next(track for track in (first, second) if track.split_from is not None)
    kept = next(track for track in (first, second) if track is not split)
    assert split.split_from == kept.track_id
    assert split.kind == "remote_id"
    assert kept.kind == "air_object"


def test_a_claim_elsewhere_is_not_the_object(stage: Any, straight: Any, each_second: Any) -> None:
    way, other = straight(*AWAY), straight((100.0, 150.0, 40.0), (-3.0, 0.0, 0.0))
    stage.play(8.0, lambda t: [stage.radar(way, t), *([stage.remote_id(other, t)] if each_second(t) else [])])
    assert {track.kind for track in stage.alive()} == {"air_object", "remote_id"}


def test_two_drones_two_claims_are_not_mixed_up(stage: Any, straight: Any, each_second: Any) -> None:
    ways = {"1581F45TB21CP0000AAA": straight((-60.0, 150.0, 40.0), (8.0, 0.0, 0.0)),
            "1581F45TB21CP0000BBB": straight((60.0, 165.0, 40.0), (-8.0, 0.0, 0.0))}  # fmt: skip

    def each(t: float) -> list[object]:
        things: list[object] = [stage.radar(way, t) for way in ways.values()]
        if each_second(t):
            for number, (name, way) in enumerate(ways.items()):
                things.append(stage.remote_id(way, t, name, transmitter=f"02:00:00:00:00:0{number}"))
        return things

    stage.play(15.0, each)
    tracks = stage.alive()
    assert {track.kind for track in tracks} == {"fused"}
    for track in tracks:
        x, _, _ = ways[track.identity.remote_id](stage.now_s)
        assert stage.frame.local(track.lat_deg, track.lon_deg, None)[0] == pytest.approx(x, abs=15.0)


def test_dark_after_the_time_and_only_with_a_healthy_receiver(make_stage: Callable[..., Any], straight: Any) -> None:
    for healthy, dark, level in ((True, True, "warning"), (False, None, "advisory")):
        stage = make_stage()
        stage.healthy("rid", "remote_id", healthy=healthy)
        way = straight(*AWAY)
        stage.play(4.0, lambda t, s=stage, w=way: [s.radar(w, t)])
        assert stage.only().identity.dark is None
        stage.play(5.0, lambda t, s=stage, w=way: [s.radar(w, t)])
        assert stage.only().identity.dark is dark
        assert stage.only().level == level


def test_a_receiver_that_has_just_come_back_proves_nothing_yet(stage: Any, straight: Any) -> None:
    stage.healthy("rid", "remote_id", healthy=False)
    way = straight(*AWAY)
    stage.play(8.0, lambda t: [stage.radar(way, t)])
    stage.healthy("rid", "remote_id")
    stage.play(3.0, lambda t: [stage.radar(way, t)])
    assert stage.only().identity.dark is None
    stage.play(4.0, lambda t: [stage.radar(way, t)])
    assert stage.only().identity.dark is True


def test_a_late_remote_id_takes_the_dark_away(stage: Any, straight: Any, each_second: Any) -> None:
    stage.healthy("rid", "remote_id")
    way = straight(*AWAY)
    stage.play(10.0, lambda t: [stage.radar(way, t)])
    assert stage.only().identity.dark is True
    stage.play(10.0, lambda t: [stage.radar(way, t), *([stage.remote_id(way, t)] if each_second(t) else [])])
    assert stage.only().identity.dark is False
    assert stage.only().level == "advisory"


def test_link_and_object_are_one_drone_at_once(stage: Any, straight: Any, each_second: Any) -> None:
    way = straight(*AWAY)

    def each(t: float) -> list[object]:
        kind = "new" if t == 1.0 else "update"
        return [stage.radar(way, t), *([stage.link(kind, t)] if each_second(t) else [])]

    stage.play(6.0, each)
    track = stage.only()
    assert (track.kind, track.object_type, track.level) == ("fused", "drone", "warning")
    assert [link.label for link in track.links] == ["analog-video"]
    (source,) = [source for source in track.sources if source.kind == "rf"]
    assert source.score is not None
    assert source.score >= 0.8
    assessment = stage.fusion.assess_rf(track.links[0].track_id)
    assert assessment.fused_track_id == track.track_id


def test_links_of_sensors_are_none_of_it(stage: Any, straight: Any, each_second: Any) -> None:
    way = straight(*AWAY)
    stage.play(
        6.0,
        lambda t: [stage.radar(way, t), *([stage.link("update", t, family="non-drone")] if each_second(t) else [])],
    )
    assert stage.only().links == ()
    assert stage.fusion.counters.links == 0


def test_of_two_objects_the_link_belongs_to_the_one_whose_range_its_level_follows(
    stage: Any, straight: Any, each_second: Any
) -> None:
    import math

    coming, going = straight((0.0, 240.0, 30.0), (0.0, -14.0, 0.0)), straight((60.0, 60.0, 30.0), (8.0, 8.0, 0.0))

    def each(t: float) -> list[object]:
        things: list[object] = [stage.radar(coming, t), stage.radar(going, t)]
        if each_second(t):
            level = 70.0 - 20 * math.log10(math.dist(coming(t), (0, 0, 0)))
            things.append(stage.link("new" if t == 1.0 else "update", t, snr_db=level))
        return things

    stage.play(12.0, each)
    (track,) = [track for track in stage.alive() if track.links]
    assert track.heading_deg == pytest.approx(180.0, abs=25.0)
    (source,) = [source for source in track.sources if source.kind == "rf"]
    assert "level over range +" in source.reason


def test_near_drone_of_two_kinds_of_sensors_is_critical_and_radar_alone_is_not(
    make_stage: Callable[..., Any], straight: Any, each_second: Any
) -> None:
    way = straight((0.0, 140.0, 20.0), (0.0, -8.0, 0.0))
    for heard, level in ((True, "critical"), (False, "warning")):
        stage = make_stage()
        stage.healthy("rid", "remote_id")

        def each(t: float, stage: Any = stage, heard: bool = heard) -> list[object]:
            return [stage.radar(way, t), *([stage.link("update", t)] if heard and each_second(t) else [])]

        stage.play(9.0, each)
        assert stage.only().level == level


def test_severity_rises_at_once_and_falls_after_its_time(stage: Any, straight: Any, each_second: Any) -> None:
    way = straight((-70.0, 220.0, 30.0), (6.0, 0.0, 0.0))
    stage.play(6.0, lambda t: [stage.radar(way, t), *([stage.link("update", t)] if each_second(t) else [])])
    assert stage.only().level == "warning"
    gone_s = stage.now_s
    changes = stage.play(
        9.0, lambda t: [stage.radar(way, t), *([stage.link("end", t)] if t == pytest.approx(gone_s + 0.1) else [])]
    )
    falls = [c for c in changes if c.track.kind != "rf_emission" and c.track.level == "advisory"]
    fell_s = (falls[0].time_ns - 1_800_000_000 * 10**9) * 1e-9
    assert fell_s - gone_s >= 5.0
    changes = stage.play(2.0, lambda t: [stage.radar(way, t), stage.link("update", t)])
    rises = [c for c in changes if c.track.kind != "rf_emission" and c.track.level == "warning"]
    assert (rises[0].time_ns - 1_800_000_000 * 10**9) * 1e-9 - (gone_s + 9.0) <= 0.6


def test_a_new_object_is_never_held_back_by_another(stage: Any, straight: Any, each_second: Any) -> None:
    first, second = straight(*AWAY), straight((80.0, 200.0, 40.0), (-6.0, -12.0, 0.0))
    stage.play(6.0, lambda t: [stage.radar(first, t), *([stage.link("update", t)] if each_second(t) else [])])
    changes = stage.play(1.0, lambda t: [stage.radar(first, t), stage.radar(second, t)])
    assert "new" in {change.kind for change in changes}


def test_aircraft_with_adsb_is_named_and_raises_no_alarm(stage: Any, straight: Any) -> None:
    stage.healthy("rid", "remote_id")
    way = straight((-300.0, 180.0, 90.0), (50.0, 0.0, 0.0))

    def each(t: float) -> list[object]:
        seen = [stage.radar(way, t)] if abs(way(t)[0]) < 170.0 else []
        return [*seen, *([stage.aircraft(way, t)] if round(10 * t) % 5 == 0 else [])]

    stage.play(12.0, each)
    assert {change.track.level for change in stage.changes} == {"info"}
    assert {change.track.object_type for change in stage.changes} == {"aircraft"}
    assert len({change.track.track_id for change in stage.changes}) == 1
    assert any("DEABC" in reason for reason in stage.changes[-1].track.level_reasons)
    assert "fused" in {change.track.kind for change in stage.changes}


def test_far_aircraft_are_not_told(stage: Any, straight: Any) -> None:
    way = straight((-20_000.0, 9_000.0, 3000.0), (100.0, 0.0, 0.0))
    assert stage.play(5.0, lambda t: [stage.aircraft(way, t)]) == []


def test_a_thrown_thing_falls(stage: Any) -> None:
    def way(t: float) -> tuple[float, float, float]:
        return (-30.0 + 12.0 * t, 60.0, 5.0 + 20.0 * t - 9.81 * t * t / 2)

    for seed in range(1):
        del seed
        stage.play(4.0, lambda t: [stage.radar(way, t)])
    assert not any(change.track.level in {"warning", "critical"} for change in stage.changes)


def test_a_lone_strong_link_where_a_radar_watches_becomes_a_decoy_suspect(stage: Any, each_second: Any) -> None:
    stage.healthy("radar", "radar")
    changes = stage.play(
        20.0,
        lambda t: (
            [stage.link("new" if t == 1.0 else "update", t, family="drone-control", snr_db=45.0)]
            if each_second(t)
            else []
        ),
    )
    (change,) = changes[:1]
    track = change.track
    assert track.kind == "rf_emission"
    assert track.track_id == track.links[0].track_id
    assert track.decoy_score >= 0.6
    assert track.level == "advisory"
    assert any("sees nothing" in reason for reason in track.decoy_reasons)
    assessment = stage.fusion.assess_rf(track.track_id)
    assert assessment.decoy_score >= track.decoy_score


@pytest.mark.parametrize(("watching", "snr_db"), [(False, 45.0), (True, 12.0)])
def test_without_a_radar_or_from_afar_a_link_is_no_decoy(
    stage: Any, each_second: Any, watching: bool, snr_db: float
) -> None:
    stage.healthy("radar", "radar", healthy=watching)
    stage.play(20.0, lambda t: [stage.link("update", t, snr_db=snr_db)] if each_second(t) else [])
    assessment = stage.fusion.assess_rf("01K5SAMP00000000000000000V")
    assert assessment.level == "warning"
    assert not assessment.decoy_score


def test_an_operators_word_counts_and_can_be_taken_back(stage: Any, straight: Any) -> None:
    way = straight(*AWAY)
    stage.play(3.0, lambda t: [stage.radar(way, t)])
    track_id = stage.only().track_id
    for word, level in (("hostile", "critical"), ("friend", "info")):
        assert stage.fusion.set_affiliation(track_id, word, "operator Anna")
        stage.play(7.0, lambda t: [stage.radar(way, t)])
        track = stage.only()
        assert (track.identity.affiliation, track.level) == (word, level)
        assert any("operator Anna" in line for line in track.identity.basis)
    assert stage.fusion.set_affiliation(track_id, "unknown", "operator Anna")
    stage.play(1.0, lambda t: [stage.radar(way, t)])
    assert stage.only().identity.affiliation == "unknown"
    assert not stage.fusion.set_affiliation("01K5SAMP00000000000000000X", "friend", "operator Anna")


def test_no_sensor_ever_says_friend_or_hostile(stage: Any, straight: Any, each_second: Any) -> None:
    stage.healthy("rid", "remote_id")
    way = straight((0.0, 140.0, 20.0), (0.0, -8.0, 0.0))
    stage.play(
        9.0,
        lambda t: [stage.radar(way, t), stage.camera(way, t), *([stage.link("update", t)] if each_second(t) else [])],
    )
    assert {change.track.identity.affiliation for change in stage.changes} == {"unknown"}


def test_everything_ends_at_the_end(stage: Any, straight: Any) -> None:
    way = straight(*AWAY)
    stage.play(3.0, lambda t: [stage.radar(way, t)])
    changes = stage.fusion.close(1_800_000_010 * 10**9)
    assert {(change.kind, change.end_reason) for change in changes if change.kind == "end"} <= {
        ("end", "shutdown"), ("end", "lost"),
    }  # fmt: skip
    assert any(change.kind == "end" for change in changes)


def test_levels_rise() -> None:
    assert LEVELS == ("info", "advisory", "warning", "critical")


def test_same_again_gives_the_same(make_stage: Callable[..., Any], straight: Any, each_second: Any) -> None:
    way = straight(*NEAR)

    def run() -> list[Any]:
        stage = make_stage()
        stage.healthy("rid", "remote_id")
        changes: list[Any] = stage.play(
            8.0, lambda t: [stage.radar(way, t), *([stage.remote_id(way, t)] if each_second(t) else [])]
        )
        return changes

    assert run() == run()
