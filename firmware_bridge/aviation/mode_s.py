"""Mode S messages from bits to reports; the only file that imports pyModeS, and that only when a receiver is made.

Extended squitters (DF 17, 18) must pass their 24-bit parity. Short replies (DF 4, 5, 20, 21) carry the address within
the parity, so any bits make one: they count only for aircraft whose squitter was heard.

Positions are compact (CPR): 17 bits each way, even and odd frames on two grids. Both together give the place; with a
place less than ten seconds old one of them is enough.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from firmware_bridge.aviation.aircraft import (
    FEET_PER_MINUTE_MPS,
    FOOT_M,
    KNOT_MPS,
    MOST_AIRCRAFT,
    AircraftTable,
    Report,
)

PAIR_NS = 10_000_000_000
"""Age difference up to which an even and an odd frame make a pair (DO-260B A.1.7.3)."""
_SQUITTERS = frozenset({17, 18})
_REPLIES = frozenset({4, 5, 20, 21})
_ADDRESS_FORMATS = frozenset({0, 2, 6})
"""Control fields of DF 18 whose address is an ICAO address: ADS-B, TIS-B, ADS-R (DO-260B 2.2.3.2.1.5)."""
_SURFACE = range(5, 9)
_PRESSURE = range(9, 19)
_GNSS = range(20, 23)
_IDENTITY = range(1, 5)
_VELOCITY = 19


@dataclass(slots=True)
class _Frames:
    even: tuple[int, int, int] | None = None
    odd: tuple[int, int, int] | None = None


class ModeS:
    """Decodes messages and pairs position frames, for a bounded number of aircraft.

    Parameters
    ----------
    table
        Where aircraft are known by; short replies of others are left out.
    reference_deg
        Latitude and longitude of the receiver; positions on the ground need it.
    """

    def __init__(self, table: AircraftTable, reference_deg: tuple[float, float] | None = None) -> None:
        import pyModeS
        from pyModeS import position

        self._message: Any = pyModeS.Message
        self._errors: tuple[type[Exception], ...] = (pyModeS.DecodeError, ValueError)
        self._cpr: Any = position
        self._table = table
        self._reference_deg = reference_deg
        self._frames: OrderedDict[int, _Frames] = OrderedDict()

    def clear(self) -> None:
        """Forget all position frames."""
        self._frames.clear()

    def decode(self, data: bytes, time_ns: int) -> Report | None:
        """Decode one message of 7 or 14 bytes; None when it tells nothing that can be trusted."""
        df = data[0] >> 3
        if df not in _SQUITTERS and df not in _REPLIES:
            return None
        if df == 18 and data[0] & 7 not in _ADDRESS_FORMATS:
            return None
        try:
            message = self._message(data.hex())
            icao_address = int(message.icao, 16)
            if df in _REPLIES and icao_address not in self._table:
                return None
            values: dict[str, Any] = message.decode()
        except self._errors:
            return None
        if df in _REPLIES:
            return _reply(icao_address, values)
        if values.get("crc_valid") is not True or icao_address == 0:
            return None
        return self._squitter(icao_address, values, time_ns)

    def _squitter(self, icao_address: int, values: dict[str, Any], time_ns: int) -> Report:
        kind = values.get("typecode") or 0
        if kind in _IDENTITY:
            category = values.get("category")
            callsign = values.get("callsign")
            return Report(
                icao_address,
                callsign=str(callsign).strip("_# ") or None if callsign else None,
                category=(0xE - kind) << 4 | int(category) if category else None,
            )
        if kind == _VELOCITY:
            speed, climb = values.get("groundspeed"), values.get("vertical_rate")
            return Report(
                icao_address,
                speed_mps=speed * KNOT_MPS if speed is not None else None,
                track_deg=values.get("track"),
                vertical_speed_mps=climb * FEET_PER_MINUTE_MPS if climb is not None else None,
            )
        place = self._place(icao_address, kind, values, time_ns)
        latitude_deg, longitude_deg = place or (None, None)
        if kind in _SURFACE:
            speed = values.get("groundspeed")
            return Report(
                icao_address,
                lat_deg=latitude_deg,
                lon_deg=longitude_deg,
                speed_mps=speed * KNOT_MPS if speed is not None else None,
                track_deg=values.get("track"),
            )
        altitude = values.get("altitude") if kind in _PRESSURE or kind in _GNSS else None
        return Report(
            icao_address,
            lat_deg=latitude_deg,
            lon_deg=longitude_deg,
            altitude_m=altitude * FOOT_M if altitude is not None else None,
            altitude_is_pressure=kind in _PRESSURE if altitude is not None else None,
        )

    def _place(self, icao_address: int, kind: int, values: dict[str, Any], time_ns: int) -> tuple[float, float] | None:
        parity, latitude, longitude = values.get("cpr_format"), values.get("cpr_lat"), values.get("cpr_lon")
        if parity is None or latitude is None or longitude is None:
            return None
        if kind in _SURFACE:
            if self._reference_deg is None:
                return None
            return _checked(self._cpr.surface_position_with_ref(parity, latitude, longitude, *self._reference_deg))
        frames = self._frames.get(icao_address)
        if frames is None:
            frames = self._frames[icao_address] = _Frames()
            if len(self._frames) > MOST_AIRCRAFT:
                self._frames.popitem(last=False)
        self._frames.move_to_end(icao_address)
        if parity:
            frames.odd = time_ns, latitude, longitude
        else:
            frames.even = time_ns, latitude, longitude
        last = self._table.place(icao_address, time_ns)
        if last is not None:
            return _checked(self._cpr.airborne_position_with_ref(parity, latitude, longitude, *last))
        if frames.even is None or frames.odd is None or abs(frames.even[0] - frames.odd[0]) > PAIR_NS:
            return None
        found = self._cpr.airborne_position_pair(*frames.even[1:], *frames.odd[1:], even_is_newer=not parity)
        return _checked(found) if found is not None else None


def _checked(place: tuple[float, float]) -> tuple[float, float] | None:
    """The place with its longitude within -180 and 180, None when there is no such latitude."""
    latitude_deg, longitude_deg = place
    if abs(latitude_deg) > 90.0:
        return None
    return latitude_deg, (longitude_deg + 180.0) % 360.0 - 180.0


def _reply(icao_address: int, values: dict[str, Any]) -> Report | None:
    altitude, squawk = values.get("altitude"), values.get("squawk")
    if altitude is None and squawk is None:
        return None
    return Report(
        icao_address,
        altitude_m=altitude * FOOT_M if altitude is not None else None,
        altitude_is_pressure=True if altitude is not None else None,
        squawk=squawk,
    )
