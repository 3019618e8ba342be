"""Nothing that a module or a broken clock can say stops the fusion."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest

from firmware_bridge.contacts import AircraftContact, CameraContact, Contact, RadarContact, RemoteIdContact
from node.fusion.fusion import Fusion
from node.fusion.settings import FusionSettings, SensorMount
from node.messages import MessageMaker, NodeIdentity, to_json

SERIAL = "1581F45TB21CP0000XYZ"


def number(rng: random.Random) -> float | None:
    kind = rng.random()
    if kind < 0.25:
        return None
    if kind < 0.35:
        return rng.choice([math.nan, math.inf, -math.inf, 1e308, -1e308, 1e-300, 0.0, 5e-324])
    return rng.uniform(-500, 500) if kind < 0.6 else rng.uniform(0, 60)


def when(rng: random.Random) -> int:
    if rng.random() < 0.3:
        return rng.choice([rng.randrange(20_000_000_000), rng.randrange(-(2**62), 2**62)])
    return rng.randrange(100) * 100_000_000


def name(rng: random.Random) -> str | None:
    return rng.choice([None, "a", SERIAL, "bird", "drone", ""])


def place(rng: random.Random) -> tuple[float | None, float | None]:
    if rng.random() < 0.5:
        return 45.5 + rng.uniform(-0.01, 0.01), 9.25 + rng.uniform(-0.01, 0.01)
    return rng.choice([None, rng.uniform(-90, 90)]), rng.choice([None, rng.uniform(-180, 180)])


def anything(rng: random.Random) -> Contact:
    kind, (lat_deg, lon_deg) = rng.random(), place(rng)
    if kind < 0.5:
        covariance = rng.choice([None, None, ((math.nan,),), ((1.0, 0.0, 0.0),) * 3, ((1.0,), (2.0, 3.0))])
        return RadarContact(
            when(rng), rng.choice(["r1", "r2"]), range_m=number(rng), azimuth_deg=number(rng),
            elevation_deg=number(rng), radial_speed_mps=number(rng), snr_db=number(rng), covariance=covariance,
        )  # fmt: skip
    if kind < 0.65:
        return CameraContact(
            when(rng), "c", label=name(rng), azimuth_deg=number(rng), elevation_deg=number(rng),
            azimuth_error_deg=number(rng), elevation_error_deg=number(rng),
        )  # fmt: skip
    if kind < 0.85:
        return RemoteIdContact(
            when(rng), "i", transmitter=name(rng), rssi_dbm=number(rng), uas_id=name(rng), id_type=name(rng),
            lat_deg=lat_deg, lon_deg=lon_deg, altitude_m=number(rng), speed_mps=number(rng), track_deg=number(rng),
            vertical_speed_mps=number(rng), horizontal_accuracy_m=number(rng),
            position_time_ns=rng.choice([None, when(rng)]),
        )  # fmt: skip
    return AircraftContact(
        when(rng), "a", icao_address=rng.choice([None, 5]), callsign=name(rng), lat_deg=lat_deg, lon_deg=lon_deg,
        altitude_m=number(rng),
        altitude_is_pressure=rng.choice([None, False, True]), speed_mps=number(rng), track_deg=number(rng),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_any_contacts_in_any_order_of_time(seed: int) -> None:
    rng = random.Random(seed)
    fusion = Fusion(FusionSettings(mounts=(SensorMount("r1", reach_m=100.0),)), (45.5, 9.25, 120.0), "test")
    maker = MessageMaker(NodeIdentity("s", "n", lat=45.5, lon=9.25), "22d03a5c-4c81-5cfe-bd0c-cd416b664a86")
    fusion.receiver_health("r1", "radar", healthy=True, time_ns=0)
    fusion.receiver_health("i", "remote_id", healthy=True, time_ns=0)
    changes = []
    for step in range(40):
        for _ in range(rng.randrange(12)):
            fusion.observe_contact(anything(rng))
        changes += fusion.advance(when(rng) if rng.random() < 0.05 else step * 200_000_000)
    changes += fusion.close(10**10)
    assert changes
    for change in changes:
        assert b"NaN" not in to_json(maker.fused(change, None))


def test_a_clock_that_is_set_back_costs_no_more_than_a_new_start(stage: Any, straight: Callable[..., Any]) -> None:
    way = straight((-40.0, 90.0, 30.0), (6.0, -3.0, 0.5))
    stage.play(5.0, lambda t: [stage.radar(way, t)])
    assert len(stage.alive()) == 1
    stage.now_s = -3600.0
    changes = stage.play(3.0, lambda t: [stage.radar(lambda s: way(s + 3600.0), t)])
    assert [change.kind for change in changes][:2] == ["end", "new"]
    assert len(stage.alive()) == 1


def test_contacts_of_a_clock_far_ahead_do_not_fill_the_memory(stage: Any, straight: Callable[..., Any]) -> None:
    way = straight((-40.0, 90.0, 30.0), (6.0, -3.0, 0.5))
    stage.play(3.0, lambda t: [stage.radar(way, t), stage.camera(lambda s: way(s - 1e6), t + 1e6)])
    assert stage.fusion.counters.unusable == 30
    assert len(stage.alive()) == 1


def test_two_radars_that_look_in_different_directions_make_one_track(
    straight: Callable[..., Any], make_stage: Callable[..., Any]
) -> None:
    """One behind the other's back, turned by 180 degrees and 20 m away."""
    stage = make_stage()
    mounts = (SensorMount("radar"), SensorMount("south", east_m=10.0, north_m=200.0, heading_deg=180.0))
    stage.fusion = Fusion(FusionSettings(mounts=mounts), (45.5, 9.25, 120.0), "test")
    way = straight((-40.0, 90.0, 30.0), (6.0, 1.0, 0.5))

    def other(t: float) -> RadarContact:
        seen = stage.radar(lambda s: (10.0 - way(s)[0], 200.0 - way(s)[1], way(s)[2]), t)
        return RadarContact(
            seen.time_ns, "south", seen.range_m, seen.azimuth_deg, seen.elevation_deg, seen.radial_speed_mps
        )

    stage.play(8.0, lambda t: [stage.radar(way, t), other(t)])
    track = stage.only()
    assert {source.name for source in track.sources} == {"radar", "south"}
    assert track.kind == "air_object"
