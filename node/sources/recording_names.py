"""What the name of a recording says: frequency, rate, time and type, in the ways of rtl_433, SDR# and Gqrx.

Sources
-------
[1] merbanan/rtl_433 ``src/fileformat.c``: ``M`` or ``[kMG]Hz`` is a frequency, ``k`` or ``[kMG]sps`` a rate, upper or
    lower case, left to right, the last one counts.
[2] rtl-wmbus: ``868.950M_1M6`` for 1.6 MS/s; what is too large for a rate, ``868M3``, is a frequency.
[3] SDR#, HDSDR, SDRuno: ``SDRSharp_20160101_231914Z_12kHz_IQ.wav``.
[4] Gqrx: ``gqrx_20180311_120000_868300000_2400000_fc.raw``: UTC, Hz, samples a second, complex float.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from dsp.units import NS_PER_S
from node.sources.recording_options import MAX_RATE_HZ
from node.sources.sample_types import find_sample_type

_SCALES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}
_WORD_OR_NUMBER = re.compile(
    r"[A-Za-z][0-9A-Za-z]*|(\d+(?:\.\d+)?)([A-Za-z]*)(?:(?<=\d[kKmM])(\d+)(?![0-9A-Za-z]|\.\d))?", re.ASCII
)
_UTC_STAMP = re.compile(r"(?<!\d)(\d{8})[_T-]?(\d{6})Z(?![0-9A-Za-z])")
_GQRX = re.compile(r"gqrx_(\d{8})_(\d{6})_(\d+)_(\d+)_fc", re.IGNORECASE)
_HIGHEST_HZ = 1e12
"""Frequencies above are not taken for any."""


@dataclass(frozen=True, slots=True)
class NamedFacts:
    """What a name says; None for what it does not."""

    centre_hz: float | None = None
    sample_rate_hz: float | None = None
    start_ns: int | None = None
    datatype: str | None = None


def read_name(name: str) -> NamedFacts:
    """Read the name of a file, without its folder."""
    if (gqrx := _GQRX.search(name)) is not None:
        day, clock, centre, rate = gqrx.groups()
        return NamedFacts(_positive(float(centre)), _positive(float(rate)), _stamp_ns(day, clock), "cf32_le")
    centre_hz = sample_rate_hz = datatype = None
    for found in _WORD_OR_NUMBER.finditer(name):
        digits, unit, more = found.groups()
        if digits is None:
            sample_type = find_sample_type(found.group())
            datatype = sample_type.name if sample_type is not None else datatype
            continue
        unit = unit.lower()
        if more and unit in {"k", "m"} and "." not in digits:
            value = _positive(float(f"{digits}.{more}") * _SCALES[unit])
            if value is not None and value > MAX_RATE_HZ:
                centre_hz = value
            else:
                sample_rate_hz = value or sample_rate_hz
        elif unit == "k":
            sample_rate_hz = _positive(float(digits) * 1e3) or sample_rate_hz
        elif unit == "m":
            centre_hz = _positive(float(digits) * 1e6) or centre_hz
        elif unit.endswith("hz") and unit[:-2] in _SCALES:
            centre_hz = _positive(float(digits) * _SCALES[unit[:-2]]) or centre_hz
        elif unit.endswith("sps") and unit[:-3] in _SCALES:
            sample_rate_hz = _positive(float(digits) * _SCALES[unit[:-3]]) or sample_rate_hz
    stamp = _UTC_STAMP.search(name)
    return NamedFacts(centre_hz, sample_rate_hz, _stamp_ns(*stamp.groups()) if stamp else None, datatype)


def _positive(value: float) -> float | None:
    """A frequency or rate, if it can be one; to the millihertz, so that 868.3M is 868300000 Hz."""
    return round(value, 3) if 0.0 < value <= _HIGHEST_HZ else None


def _stamp_ns(day: str, clock: str) -> int | None:
    """Unix time of a ``20160101`` and ``231914`` in UTC; None if there is no such time."""
    try:
        moment = datetime.strptime(day + clock, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) * NS_PER_S
