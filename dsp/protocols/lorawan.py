"""LoRaWAN: sensors on LoRa; its 500 kHz down links are the closest innocent relative of ExpressLRS."""

from __future__ import annotations

from dsp.protocols.grid import spaced_hz
from dsp.protocols.lora_airtime import airtime_s
from dsp.protocols.record import Band, ChirpPhy, FskPhy, Mode, RfProtocol, SporadicTiming

SYNC_WORD = 0x34
FRAME_BYTES = (13, 64)
"""Shortest frame (header and check of an empty one) and a long sensor message."""
PERIOD_S = (10.0, 3600.0)


def _mode(name: str, spreading_factor: int, bandwidth_hz: float, *bands: str, down: bool) -> Mode:
    phy = ChirpPhy(spreading_factor, bandwidth_hz, 5, 8, crc=not down, sync_word=SYNC_WORD, inverted=down)
    shortest, longest = FRAME_BYTES
    timing = SporadicTiming((airtime_s(phy, shortest), airtime_s(phy, longest)), PERIOD_S)
    return Mode(name, phy, timing, shortest, bands)


PROTOCOL = RfProtocol(
    label="lorawan",
    family="non-drone",
    summary=(
        "LoRa sensors and their gateways: single packets seconds to hours apart on a fixed grid, sync word 0x34; "
        "down links have inverted chirps and in America 500 kHz"
    ),
    bands=(
        Band("EU868", 863e6, 870e6, (868.1e6, 868.3e6, 868.5e6, *spaced_hz(867.1e6, 200e3, 5)), region="EU"),
        Band("EU868-RX2", 869.4e6, 869.65e6, (869.525e6,), region="EU"),
        Band("US915-up125", 902e6, 915e6, spaced_hz(902.3e6, 200e3, 64), region="FCC"),
        Band("US915-up500", 902.5e6, 914.7e6, spaced_hz(903.0e6, 1.6e6, 8), region="FCC"),
        Band("US915-down", 923e6, 928e6, spaced_hz(923.3e6, 600e3, 8), region="FCC"),
        Band("AU915-up125", 915e6, 928e6, spaced_hz(915.2e6, 200e3, 64), region="AU"),
        Band("AU915-up500", 915.6e6, 927.4e6, spaced_hz(915.9e6, 1.6e6, 8), region="AU"),
        Band("EU433", 433.05e6, 434.79e6, spaced_hz(433.175e6, 200e3, 3), region="EU"),
    ),
    modes=(
        *(
            _mode(f"SF{sf}BW125-up", sf, 125e3, "EU868", "US915-up125", "AU915-up125", "EU433", down=False)
            for sf in range(7, 11)
        ),
        *(_mode(f"SF{sf}BW125-up", sf, 125e3, "EU868", "AU915-up125", "EU433", down=False) for sf in (11, 12)),
        _mode("SF7BW250-up", 7, 250e3, "EU868", down=False),
        _mode("SF8BW500-up", 8, 500e3, "US915-up500", "AU915-up500", down=False),
        Mode(
            "FSK50-up",
            FskPhy(50e3, 25e3, 1.0, preamble_bits=40, sync_bits=24),
            SporadicTiming((0.004, 0.013), PERIOD_S),
            13,
            ("EU868",),
        ),
        *(_mode(f"SF{sf}BW125-down", sf, 125e3, "EU868", "EU868-RX2", down=True) for sf in range(7, 13)),
        *(_mode(f"SF{sf}BW500-down", sf, 500e3, "US915-down", down=True) for sf in range(7, 13)),
    ),
    sources=(
        "LoRaWAN Regional Parameters RP002-1.0.4, EU863-870, EU433, US902-928 and AU915-928 (channels, data rates)",
        "LoRaWAN 1.0.4 specification (frame length, inverted down link); periods are usual practice, not measured",
    ),
)
"""See ``RfProtocol``."""
