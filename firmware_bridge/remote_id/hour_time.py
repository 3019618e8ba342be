"""The time of a Location message, which counts from the last full hour only."""

from __future__ import annotations

_HOUR_NS = 3_600_000_000_000


def absolute_time_ns(time_in_hour_s: float, received_ns: int) -> int:
    """Return the Unix time of a moment given as seconds since some full hour.

    Of all hours, the one that brings it closest to the time of reception is meant: a message from 59:59.9 received at
    00:00.1 belongs to the hour before, and a sender's fast clock may put it in the next.

    Parameters
    ----------
    time_in_hour_s
        0 to 3600.
    received_ns
        Unix time of reception in nanoseconds.
    """
    within_ns = round(time_in_hour_s * 10) * 100_000_000
    hours = round((received_ns - within_ns) / _HOUR_NS)
    return hours * _HOUR_NS + within_ns
