"""What is collected of a transmitter, and what is forgotten."""

from __future__ import annotations

from firmware_bridge.remote_id.aircraft import CLOCK_TOLERANCE_NS, FORGET_NS, MOST_TRANSMITTERS, Transmitters
from firmware_bridge.remote_id.messages import (
    BasicId,
    Location,
    OperatorId,
    RemoteIdMessage,
    SelfId,
    System,
)
from firmware_bridge.remote_id.observation import Observation

NOW_NS = 1_700_000_000_000_000_000
HOUR_NS = 3_600_000_000_000


def basic(id_type: int, name: str) -> BasicId:
    return BasicId(2, 2, id_type, name.encode(), name)


def heard(*messages: RemoteIdMessage, transmitter: str | None = "02:00:00:00:00:01") -> Observation:
    return Observation(messages, transmitter)


LOCATION = Location(2, status=2, latitude_deg=45.5, longitude_deg=9.25, height_m=60.0, height_over_ground=True)


def test_messages_that_come_one_by_one_make_one_picture() -> None:
    transmitters = Transmitters("rid")
    transmitters.observe(heard(basic(1, "SERIAL")), NOW_NS)
    transmitters.observe(heard(basic(2, "REG-9")), NOW_NS)
    transmitters.observe(heard(System(2, 1, 0, 45.4, 9.2)), NOW_NS)
    transmitters.observe(heard(OperatorId(2, 0, "FIN87")), NOW_NS)
    transmitters.observe(heard(SelfId(2, 0, "Survey")), NOW_NS)
    contact = transmitters.observe(heard(LOCATION), NOW_NS + 1)
    assert (contact.uas_id, contact.id_type, contact.registration) == ("SERIAL", "serial", "REG-9")
    assert (contact.operator_id, contact.operator_lat_deg, contact.operator_location) == ("FIN87", 45.4, "live")
    assert (contact.self_id, contact.status, contact.height_m, contact.height_above) == (
        "Survey",
        "airborne",
        60.0,
        "ground",
    )
    assert (contact.ua_type, contact.protocol_version, contact.time_ns) == (2, 2, NOW_NS + 1)


def test_a_position_is_told_once() -> None:
    transmitters = Transmitters("rid")
    transmitters.observe(heard(LOCATION), NOW_NS)
    assert transmitters.observe(heard(basic(1, "SERIAL")), NOW_NS).lat_deg is None


def test_another_id_behind_the_same_address_takes_nothing_over() -> None:
    transmitters = Transmitters("rid")
    transmitters.observe(heard(basic(1, "FIRST"), OperatorId(2, 0, "OP1"), SelfId(2, 0, "hello")), NOW_NS)
    contact = transmitters.observe(heard(basic(1, "SECOND")), NOW_NS)
    assert (contact.uas_id, contact.operator_id, contact.self_id) == ("SECOND", None, None)


def test_transmitters_do_not_mix() -> None:
    transmitters = Transmitters("rid")
    transmitters.observe(heard(basic(1, "ONE"), transmitter="02:00:00:00:00:01"), NOW_NS)
    assert transmitters.observe(heard(LOCATION, transmitter="02:00:00:00:00:02"), NOW_NS).uas_id is None
    transmitters.observe(heard(basic(1, "NOBODY"), transmitter=None), NOW_NS)
    assert transmitters.observe(heard(LOCATION, transmitter=None), NOW_NS).uas_id is None


def test_a_transmitter_long_silent_is_forgotten() -> None:
    transmitters = Transmitters("rid")
    transmitters.observe(heard(basic(1, "SERIAL")), NOW_NS)
    contact = transmitters.observe(heard(LOCATION), NOW_NS + FORGET_NS + 1)
    assert contact.uas_id is None
    assert len(transmitters) == 1


def test_a_flood_of_forged_transmitters_stays_bounded_and_hides_none() -> None:
    transmitters = Transmitters("rid")
    for number in range(4 * MOST_TRANSMITTERS):
        forged = Observation((basic(1, f"FORGED{number}"),), f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}")
        assert transmitters.observe(forged, NOW_NS + number).uas_id == f"FORGED{number}"
    assert len(transmitters) == MOST_TRANSMITTERS
    real = transmitters.observe(heard(basic(1, "REAL"), LOCATION, transmitter="90:3a:e6:00:00:01"), NOW_NS)
    assert (real.uas_id, real.lat_deg) == ("REAL", 45.5)


def test_the_receivers_clock_is_believed_when_it_can_be_right() -> None:
    transmitters = Transmitters("rid")
    near = Observation((LOCATION,), "02:00:00:00:00:01", heard_ns=NOW_NS - 200_000_000)
    unset = Observation((LOCATION,), "02:00:00:00:00:01", heard_ns=NOW_NS - CLOCK_TOLERANCE_NS - 1)
    assert transmitters.observe(near, NOW_NS).time_ns == NOW_NS - 200_000_000
    assert transmitters.observe(unset, NOW_NS).time_ns == NOW_NS


def test_the_time_of_a_position_becomes_absolute() -> None:
    hour_ns = NOW_NS - NOW_NS % HOUR_NS
    timed = Location(2, latitude_deg=45.5, longitude_deg=9.25, time_in_hour_s=3599.5)
    contact = Transmitters("rid").observe(heard(timed), hour_ns + 200_000_000)
    assert (contact.timestamp_s, contact.position_time_ns) == (3599.5, hour_ns - 500_000_000)
