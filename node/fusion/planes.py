"""Aircraft that tell where they are (ADS-B): named so that a radar contact on one raises no alarm."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from firmware_bridge.contacts import AircraftContact
from node.fusion.frame import LocalFrame
from node.fusion.settings import NS_PER_S, FusionSettings

KEPT = 16


@dataclass(frozen=True, slots=True)
class ReportedPlace:
    """One reported position in the local frame; up only from a height above the ellipsoid."""

    time_ns: int
    east_m: float
    north_m: float
    up_m: float | None


@dataclass(slots=True, eq=False)
class Aircraft:
    """One aircraft."""

    icao_address: int
    first_ns: int
    last_ns: int
    contact: AircraftContact
    places: deque[ReportedPlace] = field(default_factory=lambda: deque(maxlen=KEPT))

    @property
    def key(self) -> str:
        """Name among the parts of the picture."""
        return f"aircraft:{self.icao_address:06x}"

    @property
    def name(self) -> str:
        """Callsign, else address."""
        return self.contact.callsign or f"{self.icao_address:06X}"


class AircraftBook:
    """Keeps the aircraft; the one not heard for longest is forgotten first."""

    def __init__(self, settings: FusionSettings) -> None:
        self._settings = settings
        self.aircraft: OrderedDict[int, Aircraft] = OrderedDict()

    def take(self, contact: AircraftContact, frame: LocalFrame | None) -> Aircraft | None:
        """Take a report; None without an address."""
        if contact.icao_address is None:
            return None
        one = self.aircraft.get(contact.icao_address)
        if one is None:
            if len(self.aircraft) >= self._settings.aircraft_at_most:
                self.aircraft.popitem(last=False)
            one = Aircraft(contact.icao_address, contact.time_ns, contact.time_ns, contact)
            self.aircraft[contact.icao_address] = one
        self.aircraft.move_to_end(contact.icao_address)
        one.last_ns, one.contact = max(one.last_ns, contact.time_ns), contact
        if contact.lat_deg is not None and contact.lon_deg is not None and frame is not None:
            altitude_m = None if contact.altitude_is_pressure is not False else contact.altitude_m
            place = ReportedPlace(contact.time_ns, *frame.local(contact.lat_deg, contact.lon_deg, altitude_m))
            if not one.places or (one.places[-1].east_m, one.places[-1].north_m) != (place.east_m, place.north_m):
                one.places.append(place)
        return one

    def age(self, time_ns: int) -> list[Aircraft]:
        """Forget what has not been heard for too long; give it."""
        horizon_ns = time_ns - int(self._settings.aircraft_s * NS_PER_S)
        gone = [one for one in self.aircraft.values() if one.last_ns < horizon_ns]
        for one in gone:
            del self.aircraft[one.icao_address]
        return gone
