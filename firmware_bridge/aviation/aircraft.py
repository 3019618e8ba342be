"""What is known of each aircraft: one message tells a part, a contact should tell all that still holds."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from firmware_bridge.contacts import AircraftContact
from firmware_bridge.position.node_position import distance_m

MOST_AIRCRAFT = 1024
"""Aircraft remembered; a receiver on a hill over a busy region hears about 500. Beyond, the one not heard for longest
is forgotten."""
FORGET_NS = 60_000_000_000
"""Silence after which an aircraft is forgotten; readsb and dump1090 use the same."""
HOLD_NS = 10_000_000_000
"""Age up to which altitude, speed and place are told again; airborne aircraft send each twice a second."""
UNPLACED_NS = 1_000_000_000
"""An aircraft without a position is told at most once in this time."""
FASTEST_MPS = 700.0
"""Ground speed no aircraft of these services exceeds: Mach 2.3 at 11 km."""
SLACK_M = 2_000.0
"""Distance two positions may differ beyond what the speed allows: times of reception, not of position, are compared."""
WRONG_IN_A_ROW = 4
"""Positions that contradict the last one, after which the last one is what was wrong."""

FOOT_M = 0.3048
KNOT_MPS = 1852.0 / 3600.0
FEET_PER_MINUTE_MPS = FOOT_M / 60.0


@dataclass(frozen=True, slots=True)
class Report:
    """What one message tells of one aircraft; None for what it does not tell."""

    icao_address: int
    callsign: str | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None
    altitude_m: float | None = None
    altitude_is_pressure: bool | None = None
    speed_mps: float | None = None
    track_deg: float | None = None
    vertical_speed_mps: float | None = None
    squawk: str | None = None
    category: int | None = None


@dataclass(slots=True)
class _Known:
    heard_ns: int
    told_ns: int | None = None
    callsign: str | None = None
    squawk: str | None = None
    category: int | None = None
    altitude: tuple[int, float, bool | None] | None = None
    motion: tuple[int, float | None, float | None] | None = None
    climb: tuple[int, float] | None = None
    place: tuple[int, float, float] | None = None
    confirmed: bool = False
    wrong: int = 0


class AircraftTable:
    """Collects reports by address. Pure: time comes with the reports.

    A position is told when a second one agrees with it, and refused when it cannot be reached from the last: single
    wrong ones are a known weakness of the position's encoding and of transponders.

    Parameters
    ----------
    device
        Name of the receiver in the configuration.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._known: OrderedDict[int, _Known] = OrderedDict()

    def __len__(self) -> int:
        """Aircraft remembered."""
        return len(self._known)

    def __contains__(self, icao_address: int) -> bool:
        """Whether an aircraft was heard of late."""
        return icao_address in self._known

    def clear(self) -> None:
        """Forget all aircraft."""
        self._known.clear()

    def place(self, icao_address: int, time_ns: int) -> tuple[float, float] | None:
        """Return the last confirmed place of an aircraft while it holds."""
        known = self._known.get(icao_address)
        if known is None or known.place is None or not known.confirmed or time_ns - known.place[0] > HOLD_NS:
            return None
        return known.place[1:]

    def take(self, report: Report, time_ns: int) -> tuple[AircraftContact | None, bool]:
        """Take a report.

        Returns
        -------
        The contact to tell, or None when there is nothing new; and whether the report's position was refused.
        """
        self._forget(time_ns)
        known = self._known.get(report.icao_address)
        if known is None:
            known = self._known[report.icao_address] = _Known(time_ns)
            if len(self._known) > MOST_AIRCRAFT:
                self._known.popitem(last=False)
        known.heard_ns = time_ns
        self._known.move_to_end(report.icao_address)
        known.callsign = report.callsign or known.callsign
        known.squawk = report.squawk or known.squawk
        known.category = report.category if report.category is not None else known.category
        if report.altitude_m is not None:
            known.altitude = time_ns, report.altitude_m, report.altitude_is_pressure
        if report.speed_mps is not None or report.track_deg is not None:
            known.motion = time_ns, report.speed_mps, report.track_deg
        if report.vertical_speed_mps is not None:
            known.climb = time_ns, report.vertical_speed_mps
        placed = refused = False
        if report.lat_deg is not None and report.lon_deg is not None:
            placed = _take_place(known, report.lat_deg, report.lon_deg, time_ns)
            refused = not placed and known.wrong > 0
        if not placed:
            has_place = known.place is not None and known.confirmed and time_ns - known.place[0] <= HOLD_NS
            if has_place or (known.told_ns is not None and time_ns - known.told_ns < UNPLACED_NS):
                return None, refused
        known.told_ns = time_ns
        return self._contact(report.icao_address, known, time_ns, placed=placed), refused

    def _contact(self, icao_address: int, known: _Known, time_ns: int, *, placed: bool) -> AircraftContact:
        altitude = known.altitude if known.altitude and time_ns - known.altitude[0] <= HOLD_NS else None
        motion = known.motion if known.motion and time_ns - known.motion[0] <= HOLD_NS else None
        climb = known.climb if known.climb and time_ns - known.climb[0] <= HOLD_NS else None
        place = known.place if placed else None
        return AircraftContact(
            time_ns,
            self._device,
            icao_address,
            known.callsign,
            place[1] if place else None,
            place[2] if place else None,
            altitude[1] if altitude else None,
            altitude[2] if altitude else None,
            motion[1] if motion else None,
            motion[2] if motion else None,
            climb[1] if climb else None,
            known.squawk,
            known.category,
        )

    def _forget(self, time_ns: int) -> None:
        while self._known:
            icao_address, oldest = next(iter(self._known.items()))
            if time_ns - oldest.heard_ns <= FORGET_NS:
                return
            del self._known[icao_address]


def _take_place(known: _Known, lat_deg: float, lon_deg: float, time_ns: int) -> bool:
    """Whether a position is to be told."""
    last = known.place
    if last is None or time_ns - last[0] > FORGET_NS:
        known.place, known.confirmed, known.wrong = (time_ns, lat_deg, lon_deg), False, 0
        return False
    reach_m = SLACK_M + FASTEST_MPS * abs(time_ns - last[0]) * 1e-9
    if distance_m(last[1], last[2], lat_deg, lon_deg) > reach_m:
        known.wrong += 1
        if not known.confirmed or known.wrong >= WRONG_IN_A_ROW:
            known.place, known.confirmed = (time_ns, lat_deg, lon_deg), False
        return False
    known.place, known.confirmed, known.wrong = (time_ns, lat_deg, lon_deg), True, 0
    return True
