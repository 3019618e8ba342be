"""Where the node is and how well it knows the time: fixes, their age, the configured place, two witnesses of time."""

from __future__ import annotations

import pytest

from firmware_bridge.contacts import PositionFix
from firmware_bridge.position.node_position import GnssSettings
from node.clock import ClockState
from node.messages import NodeIdentity
from node.messages_track import TimeSource
from node.serial_place import NodeWhereabouts

NOW_NS = 1_795_780_800_000_000_000
S = 1_000_000_000


def node(source: TimeSource | None = "system", *, placed: bool = True) -> NodeIdentity:
    if not placed:
        return NodeIdentity("hill", "mast", time_source=source)
    return NodeIdentity("hill", "mast", lat=56.95, lon=24.1, alt_m=31.0, ce_m=4.0, time_source=source)


def fix(
    time_ns: int = NOW_NS, *, altitude_m: float | None = 40.04, offset_s: float | None = None, error_s: float = 0.15
) -> PositionFix:
    return PositionFix(
        time_ns, "gnss", 56.9501234567, 24.1004, altitude_m, 3.0, satellites=9, fix="3d",
        clock_offset_s=offset_s, clock_offset_error_s=None if offset_s is None else error_s,
    )  # fmt: skip


def place(identity: NodeIdentity) -> tuple[float | None, ...]:
    return identity.lat, identity.lon, identity.alt_m, identity.ce_m


def test_a_fix_counts_while_it_is_fresh_then_the_configured_place_does() -> None:
    where = NodeWhereabouts(node())
    assert place(where.identity(NOW_NS)) == (56.95, 24.1, 31.0, 4.0)
    where.take(fix())
    assert place(where.identity(NOW_NS)) == (56.9501235, 24.1004, 40.0, 7.3)  # three metres in each axis
    assert where.satellites == 9
    assert place(where.identity(NOW_NS + 11 * S)) == (56.95, 24.1, 31.0, 4.0)
    assert "silent" in where.faults(NOW_NS + 11 * S)[0]


def test_what_is_made_of_fixes_is_configured() -> None:
    where = NodeWhereabouts(node(), GnssSettings(fix_timeout_s=60.0, moved_m=10.0))
    where.take(fix())
    assert place(where.identity(NOW_NS + 59 * S))[0] == 56.9501235
    assert "from the configured position" in where.faults(NOW_NS + 59 * S)[0]
    assert place(where.identity(NOW_NS + 61 * S))[0] == 56.95


def test_a_flat_fix_keeps_the_configured_height() -> None:
    where = NodeWhereabouts(node())
    where.take(fix(altitude_m=None))
    assert where.identity(NOW_NS).alt_m == 31.0


def test_without_a_configured_place_there_is_none_until_a_fix_and_then_the_last_one() -> None:
    where = NodeWhereabouts(node(placed=False))
    assert place(where.identity(NOW_NS)) == (None, None, None, None)
    where.take(PositionFix(NOW_NS, "gnss", fix="none"))
    assert place(where.identity(NOW_NS)) == (None, None, None, None)
    assert "no fix" in where.faults(NOW_NS)[0]
    where.take(fix())
    assert where.faults(NOW_NS) == []
    old = where.identity(NOW_NS + 3600 * S)
    assert (old.lat, old.lon) == (56.9501235, 24.1004)


def test_a_node_that_stands_elsewhere_is_a_fault() -> None:
    where = NodeWhereabouts(node())
    where.take(PositionFix(NOW_NS, "gnss", 56.96, 24.1, fix="3d"))
    assert "m from the configured position" in where.faults(NOW_NS)[0]


@pytest.mark.parametrize(
    ("clock", "offset_s", "wanted"),
    [
        (None, None, ("system", None)),
        (ClockState(synchronised=True, max_error_ms=12.34), None, ("ntp", 12.3)),
        (ClockState(synchronised=False, max_error_ms=16e3), None, ("system", None)),
        (ClockState(synchronised=True, max_error_ms=12.34), 0.02, ("ntp", 12.3)),  # sentences are the worse witness
        (ClockState(synchronised=False, max_error_ms=16e3), 0.02, ("gps", 320.0)),
        (ClockState(synchronised=True, max_error_ms=12.34), 3.0, ("gps", 3300.0)),  # a time service that is wrong
        (ClockState(synchronised=True, max_error_ms=900.0), 0.02, ("gps", 320.0)),
    ],
)
def test_the_witness_that_vouches_for_less_error_counts(
    clock: ClockState | None, offset_s: float | None, wanted: tuple[str, float | None]
) -> None:
    where = NodeWhereabouts(node())
    where.take_clock(clock)
    where.take(fix(offset_s=offset_s))
    identity = where.identity(NOW_NS)
    assert (identity.time_source, identity.time_err_ms) == wanted
    later = where.identity(NOW_NS + 60 * S)  # the word on the clock is old
    assert later.time_source != "gps"


def test_a_clock_that_is_plainly_off_is_said_with_its_side() -> None:
    where = NodeWhereabouts(node())
    where.take(fix(offset_s=-7.5))
    assert [fault for fault in where.faults(NOW_NS) if fault.startswith("clock: 7.5 s behind")]
    where.take(fix(offset_s=1.2))
    assert where.faults(NOW_NS) == []  # within what such a measurement can tell


@pytest.mark.parametrize("source", ["recording", "simulated"])
def test_the_time_of_a_recording_or_a_scene_stays_what_it_is(source: TimeSource) -> None:
    where = NodeWhereabouts(node(source))
    where.take_clock(ClockState(synchronised=True, max_error_ms=1.0))
    where.take(fix(offset_s=0.0))
    assert where.identity(NOW_NS).time_source == source
