"""Where the node is: a fresh fix, else the configured place, else the last fix, getting worse with time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from firmware_bridge.contacts import PositionFix

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (IUGG)."""
FIX_ERROR_M = 10.0
"""One standard deviation assumed of a fix that tells none: a receiver without corrections in the open."""


@dataclass(frozen=True, slots=True)
class GnssSettings:
    """What is made of the fixes of GNSS receivers.

    Parameters
    ----------
    fix_timeout_s
        Age after which a fix is not fresh any more, and silence after which the receiver is said to be silent.
    drift_mps
        Speed at which the node may have moved since the last fix when it has no configured place: 0 for a mast.
    moved_m
        Distance between fix and configured place beyond which the node was moved or the configuration is wrong.
    """

    fix_timeout_s: float = 10.0
    drift_mps: float = 0.0
    moved_m: float = 100.0

    def __post_init__(self) -> None:
        """Check the limits."""
        if not 1.0 <= self.fix_timeout_s <= 86_400.0:
            raise ValueError(f"fix_timeout_s must be 1 to 86400, not {self.fix_timeout_s}")
        if not 0.0 <= self.drift_mps <= 100.0:
            raise ValueError(f"drift_mps must be 0 to 100, not {self.drift_mps}")
        if not 0.0 < self.moved_m <= 1e6:
            raise ValueError(f"moved_m must be above 0 and at most 1e6, not {self.moved_m}")


@dataclass(frozen=True, slots=True)
class PositionSettings:
    """How the node's position is found.

    Parameters
    ----------
    lat_deg, lon_deg, altitude_m
        Where the node stands, as configured; the altitude above the ellipsoid.
    error_m
        How well that is known, one standard deviation.
    gnss
        What is made of fixes.
    """

    lat_deg: float | None = None
    lon_deg: float | None = None
    altitude_m: float | None = None
    error_m: float = 5.0
    gnss: GnssSettings = field(default_factory=GnssSettings)

    def __post_init__(self) -> None:
        """Check the place."""
        if (self.lat_deg is None) != (self.lon_deg is None):
            raise ValueError("lat_deg must be given with lon_deg")
        if self.lat_deg is not None and not -90.0 <= self.lat_deg <= 90.0:
            raise ValueError(f"lat_deg must be within -90 and 90, not {self.lat_deg}")
        if self.lon_deg is not None and not -180.0 <= self.lon_deg <= 180.0:
            raise ValueError(f"lon_deg must be within -180 and 180, not {self.lon_deg}")
        if not self.error_m > 0.0:
            raise ValueError(f"error_m must be above 0, not {self.error_m}")


@dataclass(frozen=True, slots=True)
class NodePlace:
    """Where the node is at a time.

    Parameters
    ----------
    lat_deg, lon_deg, altitude_m
        WGS 84; altitude above the ellipsoid, None where not known.
    error_m
        Horizontal, one standard deviation.
    source
        ``gnss`` fresh fix, ``static`` configured, ``last`` an old fix.
    age_s
        Of the fix; None for the configured place.
    """

    lat_deg: float
    lon_deg: float
    altitude_m: float | None
    error_m: float
    source: str
    age_s: float | None


class NodePosition:
    """Decides where the node is. Pure: the time is given with each question.

    Parameters
    ----------
    settings
        Configured place and limits.
    """

    def __init__(self, settings: PositionSettings) -> None:
        self._settings = settings
        self._fix: PositionFix | None = None
        self._heard_ns: int | None = None

    def take(self, fix: PositionFix) -> None:
        """Take what a receiver says; one without a position only tells that the receiver lives."""
        self._heard_ns = fix.time_ns
        if fix.lat_deg is not None and fix.lon_deg is not None:
            self._fix = fix

    def at(self, time_ns: int) -> NodePlace | None:
        """Return where the node is, None when nobody knows."""
        settings, fix = self._settings, self._fix
        age_s = abs(time_ns - fix.time_ns) * 1e-9 if fix is not None else math.inf
        static = (
            NodePlace(settings.lat_deg, settings.lon_deg, settings.altitude_m, settings.error_m, "static", None)
            if settings.lat_deg is not None and settings.lon_deg is not None
            else None
        )
        if fix is None or fix.lat_deg is None or fix.lon_deg is None:
            return static
        error_m = fix.horizontal_accuracy_m if fix.horizontal_accuracy_m is not None else FIX_ERROR_M
        fresh = abs(age_s) <= settings.gnss.fix_timeout_s
        if not fresh and static is not None:
            return static
        if not fresh:
            error_m = math.hypot(error_m, settings.gnss.drift_mps * abs(age_s))
        return NodePlace(
            fix.lat_deg, fix.lon_deg, fix.altitude_m, error_m, "gnss" if fresh else "last", max(0.0, age_s)
        )

    def fault(self, time_ns: int) -> str | None:
        """Return what is wrong with the position, for health; None when all is well."""
        settings, fix = self._settings, self._fix
        if self._heard_ns is not None and abs(time_ns - self._heard_ns) * 1e-9 > settings.gnss.fix_timeout_s:
            return f"the GNSS receiver has been silent for {abs(time_ns - self._heard_ns) * 1e-9:.0f} s"
        if self._heard_ns is not None and (
            fix is None or abs(time_ns - fix.time_ns) * 1e-9 > settings.gnss.fix_timeout_s
        ):
            return "the GNSS receiver has no fix; check its antenna and its view of the sky"
        if (
            fix is not None
            and fix.lat_deg is not None
            and fix.lon_deg is not None
            and settings.lat_deg is not None
            and settings.lon_deg is not None
        ):
            away_m = distance_m(settings.lat_deg, settings.lon_deg, fix.lat_deg, fix.lon_deg)
            if away_m > settings.gnss.moved_m:
                return f"the GNSS receiver is {away_m:.0f} m from the configured position: which one is right?"
        return None


def distance_m(lat_deg: float, lon_deg: float, other_lat_deg: float, other_lon_deg: float) -> float:
    """Return the great-circle distance between two places (haversine on the mean sphere, within 0.6 %)."""
    lat, other_lat = math.radians(lat_deg), math.radians(other_lat_deg)
    half_lat = math.sin((other_lat - lat) / 2)
    half_lon = math.sin(math.radians(other_lon_deg - lon_deg) / 2)
    squared = half_lat**2 + math.cos(lat) * math.cos(other_lat) * half_lon**2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(squared)))
