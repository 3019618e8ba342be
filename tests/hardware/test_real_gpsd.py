"""A real gpsd with a real receiver: it answers, has a fix, and tells where and when this is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firmware_bridge.contacts import PositionFix
from firmware_bridge.link_settings import LinkState

pytestmark = pytest.mark.hardware


def test_it_tells_where_this_is(
    gpsd_port: str, read_port: Callable[[str, str], Any], record_property: Callable[[str, object], None]
) -> None:
    reading = read_port("gpsd", gpsd_port)
    assert reading.counters.state is LinkState.READING, reading.counters.fault
    assert reading.counters.fault is None
    assert reading.counters.module.malformed == 0
    fixes = [contact for contact in reading.contacts if isinstance(contact, PositionFix)]
    placed = [fix for fix in fixes if fix.lat_deg is not None and fix.lon_deg is not None]
    assert placed, f"{len(fixes)} reports, none with a place: check the antenna and its view of the sky"
    for fix in placed:
        assert reading.began_ns <= fix.time_ns <= reading.ended_ns
    record_property("place", (placed[-1].lat_deg, placed[-1].lon_deg))
