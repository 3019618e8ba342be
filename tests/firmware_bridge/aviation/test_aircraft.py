"""What is kept of each aircraft, and what is not believed."""

from __future__ import annotations

from firmware_bridge.aviation.aircraft import FORGET_NS, MOST_AIRCRAFT, UNPLACED_NS, AircraftTable, Report

NOW_NS = 1_795_780_800_000_000_000
SECOND_NS = 1_000_000_000


class TestTable:
    def test_a_wild_position_is_refused_and_a_lasting_one_believed(self) -> None:
        table = AircraftTable("adsb")
        place = Report(1, lat_deg=45.0, lon_deg=9.0)
        assert table.take(place, NOW_NS)[0] is not None  # told, but not where
        assert table.place(1, NOW_NS) is None
        first = table.take(place, NOW_NS + SECOND_NS)[0]
        assert first is not None
        assert first.lat_deg == 45.0
        wild = Report(1, lat_deg=46.0, lon_deg=9.0)
        assert table.take(wild, NOW_NS + 2 * SECOND_NS) == (None, True)
        assert table.take(place, NOW_NS + 3 * SECOND_NS)[0] is not None
        told = [table.take(wild, NOW_NS + (4 + step) * SECOND_NS)[0] for step in range(6)]
        assert [contact is not None and contact.lat_deg == 46.0 for contact in told] == [False] * 4 + [True] * 2

    def test_an_aircraft_without_a_place_is_told_once_a_second(self) -> None:
        table = AircraftTable("adsb")
        told = [table.take(Report(1, squawk="7000"), NOW_NS + step * UNPLACED_NS // 10)[0] for step in range(31)]
        assert sum(contact is not None for contact in told) == 4

    def test_old_values_are_not_told_as_new(self) -> None:
        table = AircraftTable("adsb")
        table.take(Report(1, callsign="EZY85MH", altitude_m=1000.0, speed_mps=100.0), NOW_NS)
        contact, _ = table.take(Report(1, squawk="7000"), NOW_NS + 11 * SECOND_NS)
        assert contact is not None
        assert (contact.callsign, contact.altitude_m, contact.speed_mps) == ("EZY85MH", None, None)

    def test_the_silent_are_forgotten_and_many_are_bounded(self) -> None:
        table = AircraftTable("adsb")
        for address in range(1, 3 * MOST_AIRCRAFT):
            table.take(Report(address), NOW_NS)
        assert len(table) == MOST_AIRCRAFT
        table.take(Report(9), NOW_NS + FORGET_NS + 1)
        assert len(table) == 1
