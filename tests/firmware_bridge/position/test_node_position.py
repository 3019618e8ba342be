"""Where the node is when its receiver has a fix, loses it, or never had one."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from firmware_bridge.contacts import PositionFix
from firmware_bridge.position.clock_offset import OffsetEstimate
from firmware_bridge.position.node_position import GnssSettings, NodePosition, PositionSettings, distance_m

NOW_NS = 1_795_780_800_000_000_000
SECOND_NS = 1_000_000_000
MAST = PositionSettings(45.5, 9.25, 120.0)
FIX = PositionFix(NOW_NS, "gpsd", 45.5001, 9.2501, 121.0, 3.0, fix="3d")
NO_FIX = PositionFix(NOW_NS, "gpsd", fix="none")


def test_a_fresh_fix_wins_and_the_configured_place_comes_back() -> None:
    node = NodePosition(MAST)
    before = node.at(NOW_NS)
    assert before is not None
    assert (before.source, before.lat_deg, before.age_s) == ("static", 45.5, None)
    node.take(FIX)
    fresh = node.at(NOW_NS + SECOND_NS)
    assert fresh is not None
    assert (fresh.source, fresh.lat_deg, fresh.error_m, fresh.age_s) == ("gnss", 45.5001, 3.0, 1.0)
    stale = node.at(NOW_NS + 11 * SECOND_NS)
    assert stale is not None
    assert (stale.source, stale.lat_deg) == ("static", 45.5)


def test_without_a_configured_place_the_last_fix_gets_worse() -> None:
    node = NodePosition(PositionSettings(gnss=GnssSettings(drift_mps=2.0)))
    assert node.at(NOW_NS) is None
    node.take(NO_FIX)
    assert node.at(NOW_NS) is None
    node.take(FIX)
    old = node.at(NOW_NS + 60 * SECOND_NS)
    assert old is not None
    assert old.source == "last"
    assert old.error_m == pytest.approx(math.hypot(3.0, 120.0))


def test_faults_say_what_to_do() -> None:
    node = NodePosition(MAST)
    assert node.fault(NOW_NS) is None
    node.take(NO_FIX)
    assert "no fix" in (node.fault(NOW_NS) or "")
    assert "silent for 60 s" in (node.fault(NOW_NS + 60 * SECOND_NS) or "")
    node.take(FIX)
    assert node.fault(NOW_NS) is None
    node.take(PositionFix(NOW_NS, "gpsd", 45.6, 9.25, fix="2d"))
    assert "m from the configured position" in (node.fault(NOW_NS) or "")


def test_distance() -> None:
    assert distance_m(0.0, 0.0, 0.0, 1.0) == pytest.approx(111_195, rel=1e-4)
    assert distance_m(45.0, 9.0, 45.0, 9.0) == 0.0
    assert distance_m(0.0, 179.5, 0.0, -179.5) == pytest.approx(111_195, rel=1e-4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lat_deg": 45.0}, "lat_deg must be given with lon_deg"),
        ({"lat_deg": 95.0, "lon_deg": 0.0}, "lat_deg"),
        ({"lat_deg": 0.0, "lon_deg": 181.0}, "lon_deg"),
        ({"error_m": 0.0}, "error_m"),
    ],
)
def test_settings_that_cannot_be_are_named(values: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(PositionSettings(), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values", [{"drift_mps": -1.0}, {"fix_timeout_s": 0.5}, {"moved_m": 0.0}, {"fix_timeout_s": float("nan")}]
)
def test_limits_that_cannot_be_are_named(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        GnssSettings(**values)


def test_the_offset_is_a_median_and_follows_a_step() -> None:
    assert OffsetEstimate().value is None
    estimate = OffsetEstimate()
    for offset in (0.24, 0.25, 0.26, 4.0, 0.25):
        estimate.take(offset, by_pulse=False)
    value = estimate.value
    assert value is not None
    assert value.offset_s == pytest.approx(0.0)
    assert not value.by_pulse
    estimate.take(3600.25, by_pulse=False)
    stepped = estimate.value
    assert stepped is not None
    assert stepped.offset_s == pytest.approx(3600.0)
