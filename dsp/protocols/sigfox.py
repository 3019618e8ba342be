"""Sigfox: sensors at 100 bit/s, each message three times."""

from __future__ import annotations

from dsp.protocols.record import Band, FskPhy, Mode, PskPhy, RfProtocol, SporadicTiming

FRAME_BITS = (112, 208)
"""Up link: 14 bytes around an empty payload, 26 around twelve bytes."""
UP_EU_BPS = 100.0
UP_US_BPS = 600.0
DOWN_BPS = 600.0
DOWN_DEVIATION_HZ = 800.0
PREAMBLE_BITS = 20
PERIOD_S = (600.0, 3600.0)
"""At most 140 messages a day."""


def _up(name: str, rate_bps: float, band: str) -> Mode:
    shortest, longest = FRAME_BITS
    timing = SporadicTiming((shortest / rate_bps, longest / rate_bps), PERIOD_S, repeats=(1, 3))
    return Mode(name, PskPhy(rate_bps, "dbpsk", 0.5, PREAMBLE_BITS), timing, shortest // 8, (band,))


PROTOCOL = RfProtocol(
    label="sigfox",
    family="non-drone",
    summary="Sensors of one or two seconds a message and 100 Hz wide (600 Hz in America), sent up to three times",
    bands=(
        Band("EU-up", 868.034e6, 868.226e6, region="EU"),
        Band("EU-down", 869.429e6, 869.621e6, region="EU"),
        Band("US-up", 902.104e6, 902.296e6, region="FCC"),
        Band("US-down", 905.104e6, 905.296e6, region="FCC"),
    ),
    modes=(
        _up("up100", UP_EU_BPS, "EU-up"),
        _up("up600", UP_US_BPS, "US-up"),
        Mode(
            "down600",
            FskPhy(DOWN_BPS, DOWN_DEVIATION_HZ, 0.5, preamble_bits=91, sync_bits=13),
            SporadicTiming((0.373, 0.373), PERIOD_S),
            15,
            ("EU-down", "US-down"),
        ),
    ),
    sources=(
        "Sigfox connected objects: radio specifications, rev. 1.6 (rates, bands, frame lengths); pulse shape assumed",
    ),
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
