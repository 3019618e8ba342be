"""FrSky R9 (ACCESS and ACCST, 868 and 915 MHz): LoRa of SF6 and 500 kHz every 20 ms."""

from __future__ import annotations

from dsp.protocols.grid import spaced_hz
from dsp.protocols.lora_airtime import airtime_s
from dsp.protocols.record import Answer, Band, ChirpPhy, HopTiming, Mode, Region, RfProtocol

PHY = ChirpPhy(6, 500e3, 5, 9, implicit_header=True, crc=False)
PERIOD_S = 0.020
UP_BYTES = 26
UP_BYTES_EU = 14
DOWN_BYTES = 13
DOWN_DELAY_S = 0.0116
HALF_WIDTH_HZ = 250e3


def _band(name: str, region: Region, first_hz: float, spacing_hz: float, channels: int) -> Band:
    channels_hz = spaced_hz(first_hz, spacing_hz, channels)
    low_hz, high_hz = channels_hz[0] - HALF_WIDTH_HZ, channels_hz[-1] + HALF_WIDTH_HZ
    return Band(name, low_hz, high_hz, channels_hz, region=region, order="skip")


def _mode(name: str, up_bytes: int, *bands: str) -> Mode:
    answer = Answer(DOWN_DELAY_S, airtime_s(PHY, DOWN_BYTES), payload_bytes=DOWN_BYTES)
    return Mode(name, PHY, HopTiming(PERIOD_S, 1, airtime_s(PHY, up_bytes), answer=answer), up_bytes, bands)


PROTOCOL = RfProtocol(
    label="frsky-r9",
    family="drone-control",
    summary=(
        "Radio control link: one packet of SF6 and 500 kHz every 20 ms, each on another channel, always the same "
        "number of channels on; the aircraft answers 11.6 ms after its start"
    ),
    bands=(
        _band("868-flex", "EU", 860.0e6, 500e3, 29),
        _band("915-flex", "AU", 915.0e6, 500e3, 29),
        _band("FCC", "FCC", 904.0e6, 500e3, 43),
        _band("EU", "EU", 863.25e6, 250e3, 19),
    ),
    modes=(
        _mode("26B", UP_BYTES, "868-flex", "915-flex", "FCC"),
        _mode("14B-LBT", UP_BYTES_EU, "EU"),
    ),
    sources=(
        (
            "pascallanger/DIY-Multiprotocol-TX-Module, Multiprotocol/FrSkyR9_sx1276.ino (modulation, channels, step, "
            "packets, answer)"
        ),
        "Semtech SX1276 data sheet rev. 7, 4.1.1.7 (air time)",
    ),
    caveat="Its chirps are those of ExpressLRS 200Hz: only the clock of 20 ms, the hops and the grid tell them apart.",
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
