"""Meshtastic: text and position mesh on LoRa, from hand-held radios."""

from __future__ import annotations

from dsp.protocols.grid import spaced_hz
from dsp.protocols.lora_airtime import airtime_s
from dsp.protocols.record import Band, ChirpPhy, Mode, Region, RfProtocol, SporadicTiming

SYNC_WORD = 0x2B
PREAMBLE_SYMBOLS = 16
FRAME_BYTES = (24, 120)
"""16 bytes of header and a short message, to a long message."""
PERIOD_S = (5.0, 900.0)


def _slots(name: str, region: Region, low_hz: float, high_hz: float, bandwidth_hz: float) -> Band:
    """A region's frequency slots, one bandwidth apart: ``low + bandwidth / 2 + k bandwidth``."""
    slots = int((high_hz - low_hz + 1.0) // bandwidth_hz)
    return Band(name, low_hz, high_hz, spaced_hz(low_hz + bandwidth_hz / 2.0, bandwidth_hz, slots), region=region)


def _preset(name: str, spreading_factor: int, bandwidth_hz: float, coding_rate: int) -> Mode:
    phy = ChirpPhy(spreading_factor, bandwidth_hz, coding_rate, PREAMBLE_SYMBOLS, sync_word=SYNC_WORD)
    shortest, longest = FRAME_BYTES
    width = f"{bandwidth_hz / 1e3:.0f}"
    regions = ("US915", "EU433") if bandwidth_hz > 250e3 else ("US915", "EU868", "EU433")
    timing = SporadicTiming((airtime_s(phy, shortest), airtime_s(phy, longest)), PERIOD_S)
    return Mode(name, phy, timing, shortest, tuple(f"{region}-{width}" for region in regions))


PROTOCOL = RfProtocol(
    label="meshtastic",
    family="non-drone",
    summary=(
        "Mesh of hand-held LoRa radios: single packets seconds to minutes apart on one channel; its Turbo presets have "
        "500 kHz, ShortTurbo has the very chirps of ExpressLRS 100Hz"
    ),
    bands=(
        _slots("US915-125", "FCC", 902e6, 928e6, 125e3),
        _slots("US915-250", "FCC", 902e6, 928e6, 250e3),
        _slots("US915-500", "FCC", 902e6, 928e6, 500e3),
        _slots("EU868-125", "EU", 869.4e6, 869.65e6, 125e3),
        _slots("EU868-250", "EU", 869.4e6, 869.65e6, 250e3),
        _slots("EU433-125", "EU", 433e6, 434e6, 125e3),
        _slots("EU433-250", "EU", 433e6, 434e6, 250e3),
        _slots("EU433-500", "EU", 433e6, 434e6, 500e3),
    ),
    modes=(
        _preset("ShortTurbo", 7, 500e3, 5),
        _preset("ShortFast", 7, 250e3, 5),
        _preset("ShortSlow", 8, 250e3, 5),
        _preset("MediumTurbo", 9, 500e3, 5),
        _preset("MediumFast", 9, 250e3, 5),
        _preset("MediumSlow", 10, 250e3, 5),
        _preset("LongTurbo", 11, 500e3, 8),
        _preset("LongFast", 11, 250e3, 5),
        _preset("LongModerate", 11, 125e3, 8),
        _preset("LongSlow", 12, 125e3, 8),
    ),
    sources=(
        "meshtastic/firmware: src/mesh/MeshRadio.h, RadioInterface.cpp (presets, regions, slots, preamble, sync word)",
        "periods are usual practice, not measured",
    ),
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
