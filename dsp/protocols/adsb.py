"""Mode S transponders and ADS-B."""

from __future__ import annotations

from dsp.protocols.record import Band, Mode, PulsePhy, RfProtocol, SporadicTiming

PREAMBLE_S = 8e-6
PULSE_S = 0.5e-6
BIT_RATE_BPS = 1e6
BANDWIDTH_HZ = 2.6e6
"""Between the -20 dB points of the spectrum mask of a transponder's reply, roughly."""
PHY = PulsePhy(PULSE_S, BIT_RATE_BPS, BANDWIDTH_HZ)


def _airtime_s(bits: int) -> float:
    return PREAMBLE_S + bits / BIT_RATE_BPS


PROTOCOL = RfProtocol(
    label="adsb",
    family="non-drone",
    summary="Transponders of aircraft: bursts of 64 or 120 µs of half-microsecond pulses on 1090 MHz",
    bands=(Band("1090MHz", 1087e6, 1093e6, (1090e6,)),),
    modes=(
        Mode("short", PHY, SporadicTiming((_airtime_s(56), _airtime_s(56)), (0.2, 1.0)), 7),
        Mode("extended", PHY, SporadicTiming((_airtime_s(112), _airtime_s(112)), (0.2, 1.0)), 14),
    ),
    sources=("ICAO Annex 10 volume IV, 3.1.2.2 (reply waveform) and 3.1.2.8.6 (extended squitter)",),
)
"""See ``RfProtocol``."""
