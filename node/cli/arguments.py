"""Values of arguments as people write them."""

from __future__ import annotations

import argparse
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

SUFFIXES = {"k": 1e3, "M": 1e6, "G": 1e9}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_S = 9_000_000_000
"""Year 2255: later times do not fit 64 bits of nanoseconds."""


def hertz(text: str) -> float:
    """``868.3M``, ``2400k``, ``1e6`` or plain Hz."""
    number, scale = (text[:-1], SUFFIXES[text[-1]]) if text[-1:] in SUFFIXES else (text, 1.0)
    try:
        value = float(number) * scale
    except ValueError:
        value = math.nan
    if not (value > 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"{text!r} is no frequency; write for example 868.3M, 2400k or 1e6")
    return round(value, 3)


def moment_ns(text: str) -> int:
    """RFC 3339 (``2026-05-01T12:00:00Z``; without a zone it is UTC) or Unix seconds, in nanoseconds."""
    try:
        seconds = Decimal(text)
    except InvalidOperation:
        pass
    else:
        if not (seconds.is_finite() and 0 <= seconds < LATEST_S):
            raise argparse.ArgumentTypeError(f"{text!r} is no Unix time in seconds")
        return round(seconds * 1_000_000_000)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; write for example 2026-05-01T12:00:00Z or Unix seconds"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000


def positive(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (value > 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"{text!r} must be a number above 0")
    return value
