"""What Remote ID claims are held against."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from node.fusion.friends import key_pair, sign_list, verified_list
from node.fusion.settings import FusionSettings

SERIAL = "1581F45TB21CP0000XYZ"
FAR = ((-300.0, 400.0, 60.0), (10.0, 0.0, 0.0))
"""Out of reach of the radar."""


def test_honest_claim_is_cooperative_and_unknown(stage: Any, straight: Any, each_second: Any) -> None:
    way = straight(*FAR)
    stage.play(40.0, lambda t: [stage.remote_id(way, t)] if each_second(t) else [])
    track = stage.only()
    identity = track.identity
    assert (track.kind, track.level, track.claimed) == ("remote_id", "advisory", True)
    assert (identity.affiliation, identity.cooperative, identity.dark) == ("unknown", True, False)
    assert identity.remote_id == SERIAL
    assert (identity.spoof_suspect, identity.consistency) == (False, 1.0)
    assert track.range_m == pytest.approx(math.dist(way(stage.now_s), (0, 0, 0)), rel=0.05)


def test_first_position_is_told_at_once(stage: Any, straight: Any) -> None:
    way = straight(*FAR)
    changes = stage.play(0.1, lambda t: [stage.remote_id(way, t)])
    assert [change.kind for change in changes] == ["new"]


def suspect(stage: Any, each: Callable[[float], list[object]], seconds: float = 30.0) -> tuple[str, ...]:
    """Reasons why the only claim is suspected."""
    stage.play(seconds, each)
    track = stage.only()
    assert track.identity.affiliation == "unknown"
    assert track.identity.spoof_suspect
    assert track.level in {"advisory", "warning"}
    reasons: tuple[str, ...] = track.identity.spoof_reasons
    return reasons


def test_a_jump_is_found(stage: Any, straight: Any, each_second: Any) -> None:
    here, there = straight(*FAR), straight((300.0, 900.0, 60.0), (0.0, 0.0, 0.0))
    found = suspect(stage, lambda t: [stage.remote_id(here if t < 8 else there, t)] if each_second(t) else [], 12.0)
    assert any("moved" in reason for reason in found)


def test_impossible_climb_is_found(stage: Any, each_second: Any) -> None:
    found = suspect(
        stage, lambda t: [stage.remote_id(lambda s: (200.0, 400.0, 100.0 * s), t)] if each_second(t) else [], 8.0
    )
    assert any("height" in reason for reason in found)


def test_two_places_at_once_are_found(stage: Any, straight: Any, each_second: Any) -> None:
    here, there = straight((0.0, 500.0, 60.0), (1.0, 0.0, 0.0)), straight((900.0, 500.0, 60.0), (1.0, 0.0, 0.0))

    def each(t: float) -> list[object]:
        if not each_second(t):
            return []
        return [stage.remote_id(here, t), stage.remote_id(there, t, transmitter="02:00:00:00:00:02")]

    assert any("at two places" in reason for reason in suspect(stage, each))


def test_frozen_position_that_claims_to_move_is_found(stage: Any, straight: Any, each_second: Any) -> None:
    way = straight((100.0, 500.0, 60.0), (0.0, 0.0, 0.0))
    found = suspect(stage, lambda t: [stage.remote_id(way, t, speed_mps=12.0)] if each_second(t) else [])
    assert any("never changes" in reason for reason in found)


def test_hovering_is_no_fault(stage: Any, straight: Any, each_second: Any) -> None:
    way = straight((100.0, 500.0, 60.0), (0.0, 0.0, 0.0))

    def each(t: float) -> list[object]:
        if not each_second(t):
            return []
        contact = stage.remote_id(way, t, speed_mps=0.0, position_time_ns=None)
        return [contact]

    stage.play(40.0, each)
    assert not stage.only().identity.spoof_suspect


def test_replay_of_yesterday_is_found(stage: Any, straight: Any, each_second: Any) -> None:
    way = straight(*FAR)

    def each(t: float) -> list[object]:
        if not each_second(t):
            return []
        contact = stage.remote_id(way, t)
        return [stage.remote_id(way, t, position_time_ns=contact.time_ns - 1_000 * 10**9)]

    assert any("replayed" in reason for reason in suspect(stage, each))


def test_level_that_does_not_follow_the_distance_is_found(stage: Any, straight: Any, each_second: Any) -> None:
    way = straight((0.0, 900.0, 60.0), (0.0, -25.0, 0.0))
    rng = stage.rng

    def each(t: float) -> list[object]:
        return [stage.remote_id(way, t, rssi_dbm=-80.0 + 2.0 * rng.standard_normal())] if each_second(t) else []

    stage.play(25.0, each)
    identity = stage.only().identity
    assert identity.consistency is not None
    assert identity.consistency < 0.8


def test_stronger_than_any_transmitter_is_found(stage: Any, straight: Any, each_second: Any) -> None:
    way = straight((0.0, 3000.0, 60.0), (5.0, 0.0, 0.0))
    found = suspect(stage, lambda t: [stage.remote_id(way, t, rssi_dbm=-45.0)] if each_second(t) else [])
    assert any("nearer" in reason for reason in found)


def test_one_address_with_many_names_is_found(stage: Any, straight: Any, each_second: Any) -> None:
    way = straight(*FAR)

    def each(t: float) -> list[object]:
        if not each_second(t):
            return []
        return [stage.remote_id(way, t), stage.remote_id(way, t, "1581F45TB21CP0000XY0")]

    stage.play(10.0, each)
    assert all(track.identity.spoof_suspect for track in stage.alive())
    assert len(stage.alive()) == 2


def test_address_churn_lowers_consistency(stage: Any, straight: Any, each_second: Any) -> None:
    way = straight(*FAR)

    def each(t: float) -> list[object]:
        address = f"02:00:00:00:00:{round(t) % 16:02x}"
        return [stage.remote_id(way, t, transmitter=address)] if each_second(t) else []

    stage.play(20.0, each)
    assert stage.only().identity.consistency < 0.8


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (SERIAL, True),
        ("1581F45TB21CP0000XY", False),
        ("1581F45TB21CP0000OOO", False),
        ("1581545TB2", True),
        ("1581G45TB21CP0000XYZ", False),
        ("drone", False),
        ("", False),
    ],
)
def test_serial_number_format(stage: Any, straight: Any, each_second: Any, text: str, right: bool) -> None:
    way = straight(*FAR)
    stage.play(6.0, lambda t: [stage.remote_id(way, t, text or None, id_type="serial")] if each_second(t) else [])
    consistency = stage.only().identity.consistency
    assert (consistency == 1.0) == (right or not text)


def test_radar_that_sees_nothing_there_is_held_against_it(stage: Any, straight: Any, each_second: Any) -> None:
    way = straight((-30.0, 120.0, 30.0), (4.0, 0.0, 0.0))
    stage.healthy("radar", "radar")
    found = suspect(stage, lambda t: [stage.remote_id(way, t)] if each_second(t) else [], 15.0)
    assert any("sees nothing where it claims to be" in reason for reason in found)


def test_a_radar_that_is_down_proves_nothing(stage: Any, straight: Any, each_second: Any) -> None:
    way = straight((-30.0, 120.0, 30.0), (4.0, 0.0, 0.0))
    stage.healthy("radar", "radar", healthy=False)
    stage.play(15.0, lambda t: [stage.remote_id(way, t)] if each_second(t) else [])
    assert not stage.only().identity.spoof_suspect


def test_a_swarm_of_one_level_is_found_and_the_honest_one_is_not(stage: Any, straight: Any, each_second: Any) -> None:
    ways = [straight((40.0 * number - 100.0, 150.0 * (number + 1), 50.0), (3.0, 1.0, 0.0)) for number in range(5)]
    honest = straight((-40.0, 90.0, 30.0), (6.0, -2.0, 0.0))

    def each(t: float) -> list[object]:
        things: list[object] = [stage.radar(honest, t)]
        if each_second(t):
            things.append(stage.remote_id(honest, t))
            things += [
                stage.remote_id(
                    way, t, f"1581F45TB21CP0000A0{number}", transmitter=f"02:00:00:00:01:0{number}",
                    rssi_dbm=-60.0 + 2.0 * stage.rng.standard_normal(),
                )
                for number, way in enumerate(ways)
            ]  # fmt: skip
        return things

    stage.play(15.0, each)
    suspects = {track.identity.remote_id: track.identity.spoof_suspect for track in stage.alive()}
    assert suspects.pop(SERIAL) is False
    assert len(suspects) == 5
    assert all(suspects.values())


def friends(**changes: Any) -> Any:
    entry = {
        "uas_id": SERIAL, "from": "2027-01-01T00:00:00Z", "until": "2027-02-01T00:00:00Z",
        "lat": 45.5, "lon": 9.25, "radius_m": 1000.0, **changes,
    }  # fmt: skip
    private, public = key_pair()
    text = json.dumps({"schema": "skypicket.friends/1", "issuer": "office", "entries": [entry]}).encode()
    return verified_list(text, sign_list(text, private), public)


def test_friend_on_the_list_who_passes_the_checks_is_assumed_friend(
    make_stage: Callable[..., Any], straight: Any, each_second: Any
) -> None:
    stage = make_stage(friends())
    way = straight((-40.0, 90.0, 30.0), (6.0, -2.0, 0.0))
    stage.play(15.0, lambda t: [stage.radar(way, t), *([stage.remote_id(way, t)] if each_second(t) else [])])
    track = stage.only()
    assert track.identity.affiliation == "assumed_friend"
    assert track.level == "info"
    assert any("signed friendly list of office" in line for line in track.identity.basis)


@pytest.mark.parametrize(
    "changes",
    [{"until": "2027-01-10T00:00:00Z"}, {"lat": 46.0}, {"uas_id": "1581F45TB21CP0000XY0"}, {"ceiling_m": 50.0}],
)
def test_outside_time_area_or_list_nobody_is_a_friend(
    make_stage: Callable[..., Any], straight: Any, each_second: Any, changes: dict[str, Any]
) -> None:
    stage = make_stage(friends(**changes))
    way = straight((-40.0, 90.0, 30.0), (6.0, -2.0, 0.0))
    stage.play(15.0, lambda t: [stage.radar(way, t), *([stage.remote_id(way, t)] if each_second(t) else [])])
    assert stage.only().identity.affiliation == "unknown"


def test_a_friend_who_is_inconsistent_is_none(make_stage: Callable[..., Any], straight: Any, each_second: Any) -> None:
    stage = make_stage(friends())
    stage.healthy("radar", "radar")
    way = straight((-30.0, 120.0, 30.0), (4.0, 0.0, 0.0))
    stage.play(15.0, lambda t: [stage.remote_id(way, t)] if each_second(t) else [])
    identity = stage.only().identity
    assert identity.affiliation == "unknown"
    assert identity.spoof_suspect
    assert any("inconsistent" in line for line in identity.basis)


def test_a_flood_of_names_is_bounded_and_does_not_push_out_the_one_that_is_seen(
    make_stage: Callable[..., Any], straight: Any, each_second: Any
) -> None:
    stage = make_stage(claims_at_most=20)
    way = straight((-40.0, 90.0, 30.0), (6.0, -2.0, 0.0))

    def each(t: float) -> list[object]:
        things: list[object] = [stage.radar(way, t)]
        if each_second(t):
            things.append(stage.remote_id(way, t))
        if t > 3.0:
            things += [
                stage.remote_id(straight((500.0, 50.0 * n, 50.0), (0.0, 0.0, 0.0)), t, f"F{round(10 * t)}-{n}",
                                transmitter=f"02:00:{round(10 * t) % 256:02x}:00:00:{n:02x}")
                for n in range(10)
            ]  # fmt: skip
        return things

    stage.play(8.0, each)
    assert stage.fusion.counters.claims <= 20
    assert SERIAL in {track.identity.remote_id for track in stage.alive() if track.kind == "fused"}


def test_without_a_place_of_the_node_claims_are_told_and_not_compared(straight: Any, stage: Any) -> None:
    from node.fusion.fusion import Fusion

    way = straight(*FAR)
    blind = Fusion(FusionSettings(), None, "test")
    for second in range(1, 6):
        blind.observe_contact(stage.remote_id(way, float(second)))
    (change,) = [one for one in blind.advance(stage.remote_id(way, 6.0).time_ns) if one.kind == "new"]
    assert change.track.range_m is None
    assert change.track.identity.remote_id == SERIAL
