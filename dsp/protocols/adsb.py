"""Mode S transponders and ADS-B."""

from __future__ import annotations

from dsp.protocols.record import Band, FskPhy, Mode, PulsePhy, RfProtocol, SporadicTiming

PREAMBLE_S = 8e-6
PULSE_S = 0.5e-6
BIT_RATE_BPS = 1e6
BANDWIDTH_HZ = 2.6e6
"""Between the -20 dB points of the spectrum mask of a transponder's reply, roughly."""
REPLY_PULSE_S = 0.45e-6
REPLY_S = 20.75e-6
"""Of a reply in modes A and C, from the first to the second framing pulse."""
UAT_RATE_BPS = 25e6 / 24
PHY = PulsePhy(PULSE_S, BIT_RATE_BPS, BANDWIDTH_HZ)


def _airtime_s(bits: int) -> float:
    return PREAMBLE_S + bits / BIT_RATE_BPS


PROTOCOL = RfProtocol(
    label="adsb",
    family="non-drone",
    summary="Transponders of aircraft: bursts of 64 or 120 µs of half-microsecond pulses on 1090 MHz",
    bands=(Band("1090MHz", 1087e6, 1093e6, (1090e6,)), Band("978MHz", 976.5e6, 979.5e6, (978e6,), region="FCC")),
    modes=(
        Mode("short", PHY, SporadicTiming((_airtime_s(56), _airtime_s(56)), (0.2, 1.0)), 7, ("1090MHz",)),
        Mode("extended", PHY, SporadicTiming((_airtime_s(112), _airtime_s(112)), (0.2, 1.0)), 14, ("1090MHz",)),
        Mode(
            "mode-ac",
            PulsePhy(REPLY_PULSE_S, 0.0, BANDWIDTH_HZ, reply_code=True),
            SporadicTiming((REPLY_S, REPLY_S), (0.005, 0.1)),
            bands=("1090MHz",),
        ),
        Mode(
            "uat",
            FskPhy(UAT_RATE_BPS, 312.5e3, 0.5, preamble_bits=0, sync_bits=36),
            SporadicTiming((276 / UAT_RATE_BPS, 420 / UAT_RATE_BPS), (0.5, 1.0)),
            34,
            ("978MHz",),
        ),
    ),
    sources=(
        "ICAO Annex 10 volume IV, 3.1.2.2 (reply waveform) and 3.1.2.8.6 (extended squitter)",
        "ICAO Annex 10 volume IV, 3.1.1 (modes A and C)",
        "RTCA DO-282B (UAT)",
    ),
)
"""See ``RfProtocol``."""
