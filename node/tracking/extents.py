"""How wide and how long what is heard of a record's packets can be: a piece of something else seldom fits.

The classifier is trained on what the detector finds, torn packets included, and has a name for any of them. A piece of
half a millisecond and twenty kilohertz may well be of a meter whose packets have seven milliseconds and two hundred
kilohertz, but as well of anything else in the band: it is not called by that name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from dsp.bursts import Burst
from dsp.protocols import BY_LABEL
from dsp.protocols.match import in_band
from dsp.protocols.record import (
    Band,
    ContinuousTiming,
    Mode,
    NoisePhy,
    OfdmPhy,
    OokPhy,
    PulsePhy,
    ReaderPhy,
    SlotTiming,
    SporadicTiming,
    SpreadPhy,
)

LEAST_WIDTH, MOST_WIDTH = 0.5, 1.6
"""Measured over the record's bandwidth."""
MOST_PULSE_WIDTH = 3.0
"""The same of pulses, whose edges reach far where they are strong."""
SKIRTS_HZ = 30e3
"""What the window adds to a narrow line."""
HARD_SKIRTS_HZ = 200e3
"""A carrier that is switched hard reaches as far where it is strong: 95 to 201 kHz in recordings of remote controls."""
LEAST_REPLY_WIDTH = 0.15
"""Of replies, which run together: 440 to 650 kHz in recordings at 1090 MHz."""
LEAST_LENGTH, MOST_LENGTH = 0.5, 1.5
"""Measured over the record's shortest and longest time on air."""
LEAST_CONTINUOUS_S = 0.04
"""What is always on air, or for seconds, is not heard for less where it begins and ends by itself."""
MOST_REPLIES_S = 2.5e-3
"""Of replies that run together."""
WHOLE = 2.0
"""Times as long: the shorter of two bursts is a piece."""
ROUNDED_S = 1e-3
"""A length is known to about two frames of the spectrogram."""


@dataclass(frozen=True, slots=True)
class _Extent:
    """Of one mode."""

    bands: tuple[Band, ...]
    low_hz: float
    high_hz: float
    least_s: float
    most_s: float


def fits(label: str, burst: Burst, *, slice_rate_hz: float, tuning_known: bool) -> bool:
    """Whether some mode of a record, in this band, sends something as wide and as long as a burst.

    Where a burst is cut its width or its length is a limit only, and what a slice cannot show cannot be asked for.
    """
    cut_band, cut_time = burst.cut_low or burst.cut_high, burst.cut_start or burst.cut_end
    width_hz, length_s = burst.bandwidth_hz, burst.duration_s
    for extent in _extents(label):
        if width_hz > extent.high_hz or length_s > extent.most_s:
            continue
        if not cut_time and length_s < extent.least_s:
            continue
        if not cut_band and width_hz < min(extent.low_hz, LEAST_WIDTH * slice_rate_hz):
            continue
        if not tuning_known or any(in_band(band, burst.centre_hz) for band in extent.bands):
            return True
    return False


@lru_cache(maxsize=256)
def _extents(label: str) -> tuple[_Extent, ...]:
    protocol = BY_LABEL[label]
    return tuple(_extent(protocol.bands_of(mode), mode) for mode in protocol.modes)


def _extent(bands: tuple[Band, ...], mode: Mode) -> _Extent:
    least_s, most_s = _lengths_s(mode)
    if isinstance(mode.phy, NoisePhy):
        return _Extent(bands, 0.0, float("inf"), 0.0, float("inf"))
    width_hz = 2.0 / mode.phy.short_s if isinstance(mode.phy, OokPhy) else mode.phy.bandwidth_hz
    if isinstance(mode.phy, PulsePhy):
        least_s = 0.0
    # Readers are carriers most of the time; of a wide signal its peaks are heard where it is weak.
    least = 0.0 if isinstance(mode.phy, ReaderPhy | OfdmPhy | SpreadPhy) else LEAST_WIDTH
    most, skirts_hz = MOST_WIDTH, SKIRTS_HZ
    if isinstance(mode.phy, PulsePhy):
        most = MOST_PULSE_WIDTH
        if mode.phy.bit_rate_bps or mode.phy.reply_code:
            least, most_s = LEAST_REPLY_WIDTH, MOST_REPLIES_S
    if isinstance(mode.phy, OokPhy):
        skirts_hz = HARD_SKIRTS_HZ
        least_s = LEAST_LENGTH * mode.phy.short_s  # one of its pulses, where the gaps are long
    return _Extent(bands, least * width_hz, most * width_hz + skirts_hz, least_s, most_s)


def _lengths_s(mode: Mode) -> tuple[float, float]:
    match mode.timing:
        case SporadicTiming(airtime_s=(shortest_s, longest_s), repeats=(_, most)):
            return LEAST_LENGTH * shortest_s, MOST_LENGTH * longest_s * most + ROUNDED_S
        case SlotTiming(airtime_s=airtime_s):
            return LEAST_LENGTH * airtime_s, float("inf")  # slots of a weak one run together
        case ContinuousTiming() if not isinstance(mode.phy, OfdmPhy | SpreadPhy):
            return LEAST_CONTINUOUS_S, float("inf")
        case _:
            return 0.0, float("inf")  # peaks of what is wide come and go


def says_more(burst: Burst, other: Burst) -> bool:
    """Whether a burst says more of its emitter's place and width than another: pieces of packets are short."""
    longer = burst.duration_s / other.duration_s
    return longer > WHOLE or (longer > 1.0 / WHOLE and burst.snr_db > other.snr_db)
