"""Extended squitters of an aircraft, bit by bit (DO-260B, as ICAO Doc 9871 has it): place, velocity, name."""

from __future__ import annotations

import math

from firmware_bridge.aviation.aircraft import FEET_PER_MINUTE_MPS, FOOT_M, KNOT_MPS
from sim.serial_devices.aircraft import CALLSIGN_LETTERS, Told

GENERATOR = 0x1FFF409
"""Polynomial of the parity, 25 bits (Doc 9871 B.2)."""
EXTENDED_SQUITTER, AIRBORNE = 17, 5
"""Downlink format, and the capability of a transponder in the air."""
LIGHT, PRESSURE_PLACE, VELOCITY = 4, 11, 19
"""Type codes: category set A, a place with pressure altitude, velocity."""
LATITUDE_ZONES = 15
CPR_STEPS = 1 << 17
LETTERS = "#ABCDEFGHIJKLMNOPQRSTUVWXYZ##### ###############0123456789######"
"""Six-bit letters."""


def _packed(*fields: tuple[int, int]) -> int:
    """Put fields, each a value and its bits, behind each other."""
    whole = 0
    for value, bits in fields:
        whole = whole << bits | value & (1 << bits) - 1
    return whole


def squitter(address: int, message: int) -> bytes:
    """Fourteen bytes: format, address, 56 bits of message, parity."""
    data = _packed((EXTENDED_SQUITTER, 5), (AIRBORNE, 3), (address, 24), (message, 56)) << 24
    rest = data
    for bit in range(111, 23, -1):
        if rest >> bit & 1:
            rest ^= GENERATOR << bit - 24
    return (data | rest).to_bytes(14, "big")


def longitude_zones(lat_deg: float) -> int:
    """Longitude zones at a latitude, NL of Doc 9871 C.2.6.2."""
    if abs(lat_deg) >= 87.0:
        return 1 if abs(lat_deg) > 87.0 else 2
    narrow = 1 - math.cos(math.pi / (2 * LATITUDE_ZONES))
    return int(2 * math.pi / math.acos(1 - narrow / math.cos(math.radians(lat_deg)) ** 2))


def compact(lat_deg: float, lon_deg: float, *, odd: bool) -> tuple[int, int]:
    """Compact position, 17 bits each (Doc 9871 C.2.6.3)."""
    lat_zone_deg = 360.0 / (4 * LATITUDE_ZONES - odd)
    y = math.floor(CPR_STEPS * (lat_deg % lat_zone_deg) / lat_zone_deg + 0.5)
    seen_lat_deg = lat_zone_deg * (y / CPR_STEPS + math.floor(lat_deg / lat_zone_deg))
    lon_zone_deg = 360.0 / max(1, longitude_zones(seen_lat_deg) - odd)
    x = math.floor(CPR_STEPS * (lon_deg % lon_zone_deg) / lon_zone_deg + 0.5)
    return y % CPR_STEPS, x % CPR_STEPS


def place(one: Told, *, odd: bool) -> bytes:
    """Where it is, on one of the two grids."""
    steps = max(0, min(0x7FF, round((one.altitude_m / FOOT_M + 1000) / 25)))
    altitude = _packed((steps >> 4, 7), (1, 1), (steps, 4))
    y, x = compact(one.lat_deg, one.lon_deg, odd=odd)
    message = _packed((PRESSURE_PLACE, 5), (0, 3), (altitude, 12), (0, 1), (odd, 1), (y, 17), (x, 17))
    return squitter(one.address, message)


def velocity(one: Told) -> bytes:
    """Speed over the ground, and climb."""
    east_kt, north_kt = round(one.east_mps / KNOT_MPS), round(one.north_mps / KNOT_MPS)
    climb = round(one.up_mps / FEET_PER_MINUTE_MPS / 64)
    message = _packed(
        (VELOCITY, 5), (1, 3), (0, 5),
        (east_kt < 0, 1), (min(1023, abs(east_kt) + 1), 10),
        (north_kt < 0, 1), (min(1023, abs(north_kt) + 1), 10),
        (1, 1), (climb < 0, 1), (min(511, abs(climb) + 1), 9), (0, 10),
    )  # fmt: skip
    return squitter(one.address, message)


def identity(one: Told) -> bytes:
    """Its name; a light aircraft."""
    letters = [(LETTERS.index(letter), 6) for letter in one.callsign.ljust(CALLSIGN_LETTERS)]
    return squitter(one.address, _packed((LIGHT, 5), (1, 3), *letters))
