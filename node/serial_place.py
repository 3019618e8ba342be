"""Where the node is and how well it knows the time, as GNSS receivers and the configuration have it."""

from __future__ import annotations

from dataclasses import replace

from firmware_bridge.contacts import PositionFix
from firmware_bridge.position.node_position import GnssSettings, NodePlace, NodePosition, PositionSettings
from node.clock import ClockState
from node.messages import NodeIdentity
from node.messages_track import TimeSource

CIRCLE_95 = 2.448
"""Radius that holds 95 % of a circular normal error, in standard deviations of one axis."""
TIME_SIGMAS = 2.0
CLOCK_OFF_S = 1.0
"""A clock further off than this, by more than the measurement's own error, is wrong: something must set it."""
NS_PER_S = 1_000_000_000


class NodeWhereabouts:
    """Keeps the node's identity up to date: place from a fresh fix, else as configured; time by the better witness.

    Parameters
    ----------
    identity
        As configured. Where its time is that of a recording or a simulation, it stays so.
    gnss
        What is made of fixes.
    """

    def __init__(self, identity: NodeIdentity, gnss: GnssSettings | None = None) -> None:
        self._identity = identity
        error = {} if identity.ce_m is None or not identity.ce_m else {"error_m": identity.ce_m / CIRCLE_95}
        self._settings = PositionSettings(
            identity.lat, identity.lon, identity.alt_m, gnss=gnss or GnssSettings(), **error
        )
        self._position = NodePosition(self._settings)
        self._fix: PositionFix | None = None
        self._clock: ClockState | None = None

    def take(self, fix: PositionFix) -> None:
        """Take what a receiver says."""
        self._position.take(fix)
        self._fix = fix

    def take_clock(self, clock: ClockState | None) -> None:
        """Take the kernel's word on its clock."""
        self._clock = clock

    @property
    def satellites(self) -> int | None:
        """Number the receiver uses."""
        return None if self._fix is None else self._fix.satellites

    def place(self, time_ns: int) -> NodePlace | None:
        """Where the node is."""
        return self._position.at(time_ns)

    def identity(self, time_ns: int) -> NodeIdentity:
        """Who speaks, from where, with what clock, as of now."""
        source, error_ms = self._time(time_ns)
        place = self._position.at(time_ns)
        if place is None or place.source == "static":
            return replace(self._identity, time_source=source, time_err_ms=error_ms)
        altitude_m = place.altitude_m if place.altitude_m is not None else self._identity.alt_m
        return replace(
            self._identity,
            lat=round(place.lat_deg, 7),
            lon=round(place.lon_deg, 7),
            alt_m=None if altitude_m is None else round(altitude_m, 1),
            ce_m=round(CIRCLE_95 * place.error_m, 1),
            time_source=source,
            time_err_ms=error_ms,
        )

    def faults(self, time_ns: int) -> list[str]:
        """What is wrong with place or time, with the cure."""
        found = [] if (fault := self._position.fault(time_ns)) is None else [f"position: {fault}"]
        offset = self._offset(time_ns)
        if offset is not None and abs(offset[0]) > CLOCK_OFF_S + TIME_SIGMAS * offset[1]:
            side = "ahead of" if offset[0] > 0 else "behind"
            found.append(f"clock: {abs(offset[0]):.1f} s {side} GNSS time; let chrony or gpsd set it")
        return found

    def _time(self, time_ns: int) -> tuple[TimeSource | None, float | None]:
        """Source of time and its error: the witness that vouches for less error counts."""
        source = self._identity.time_source
        if source not in {"system", "ntp", None}:
            return source, self._identity.time_err_ms
        clock = self._clock
        if clock is not None:
            source = "ntp" if clock.synchronised else "system"
        error_ms = round(clock.max_error_ms, 1) if clock is not None and clock.synchronised else None
        offset = self._offset(time_ns)
        if offset is None:
            return source, error_ms
        gnss_ms = 1e3 * (abs(offset[0]) + TIME_SIGMAS * offset[1])
        contradicted = error_ms is not None and 1e3 * (abs(offset[0]) - 3.0 * offset[1]) > error_ms
        if error_ms is None or contradicted or gnss_ms < error_ms:
            return "gps", round(gnss_ms, 1)
        return source, error_ms

    def _offset(self, time_ns: int) -> tuple[float, float] | None:
        """How far the clock is ahead of GNSS time, and its error; None without a fresh word of it."""
        fix = self._fix
        if fix is None or fix.clock_offset_s is None or fix.clock_offset_error_s is None:
            return None
        if abs(time_ns - fix.time_ns) > self._settings.gnss.fix_timeout_s * NS_PER_S:
            return None
        return fix.clock_offset_s, fix.clock_offset_error_s
