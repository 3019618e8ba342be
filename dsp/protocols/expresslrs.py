"""ExpressLRS below 1 GHz: LoRa at 500 kHz, 25 to 250 packets a second, hopping; and its 2-FSK mode."""

from __future__ import annotations

from dsp.protocols.grid import from_to_hz
from dsp.protocols.record import Band, ChirpPhy, FskPhy, HopTiming, Mode, Region, RfProtocol

LORA_BANDWIDTH_HZ = 500e3
SYNC_WORD = 0x12
LEAST_PREAMBLE_LR1121 = 12
"""The LR1121 sends at least 12 preamble symbols at SF5 and SF6, whatever it is told."""
SYNC_SYMBOLS_LR1121 = 6.25
"""Sync word and start-of-frame delimiter of the LR11xx and SX126x at SF5 and SF6."""


def _domain(name: str, region: Region, first_mhz: float, last_mhz: float, channels: int) -> Band:
    """A domain; its sync channel is number ``channels / 2``, rounded down."""
    half_hz = LORA_BANDWIDTH_HZ / 2.0
    return Band(
        name,
        first_mhz * 1e6 - half_hz,
        last_mhz * 1e6 + half_hz,
        from_to_hz(first_mhz * 1e6, last_mhz * 1e6, channels),
        sync_channel=channels // 2,
        region=region,
    )


def _sx127x(
    name: str,
    spreading_factor: int,
    coding_rate: int,
    preamble_symbols: int,
    payload_bytes: int,
    timing: HopTiming,
) -> Mode:
    phy = ChirpPhy(
        spreading_factor,
        LORA_BANDWIDTH_HZ,
        coding_rate,
        preamble_symbols,
        implicit_header=True,
        crc=False,
        sync_word=SYNC_WORD,
    )
    return Mode(name, phy, timing, payload_bytes)


def _lr1121(
    name: str,
    spreading_factor: int,
    coding_rate: int,
    preamble_symbols: int,
    payload_bytes: int,
    timing: HopTiming,
) -> Mode:
    phy = ChirpPhy(
        spreading_factor,
        LORA_BANDWIDTH_HZ,
        coding_rate,
        max(preamble_symbols, LEAST_PREAMBLE_LR1121),
        implicit_header=True,
        crc=False,
        sync_word=SYNC_WORD,
        sync_symbols=SYNC_SYMBOLS_LR1121,
    )
    return Mode(name, phy, timing, payload_bytes)


PROTOCOL = RfProtocol(
    label="expresslrs",
    family="drone-control",
    summary=(
        "Radio control link: 500 kHz LoRa (SF5 to SF9), on air 67 to 93 % of the time, 12.5 to 100 hops a second, "
        "the sync channel once in every round of the channels; the fast mode of the LR1121 is 2-FSK at 300 kb/s"
    ),
    bands=(
        _domain("FCC915", "FCC", 903.5, 926.9, 40),
        _domain("AU915", "AU", 915.5, 926.9, 20),
        _domain("EU868", "EU", 863.275, 869.575, 13),
        _domain("IN866", "IN", 865.375, 866.95, 4),
        _domain("AU433", "AU", 433.42, 434.42, 3),
        _domain("EU433", "EU", 433.1, 434.45, 3),
        _domain("US433", "FCC", 433.25, 438.0, 8),
        _domain("US433W", "FCC", 423.5, 438.0, 20),
        _domain("TH920", "TH", 920.5, 924.7, 8),
    ),
    modes=(
        _sx127x("200Hz", 6, 7, 8, 8, HopTiming(0.005, 4, 0.004384)),
        _sx127x("100HzFull", 6, 8, 8, 13, HopTiming(0.010, 4, 0.006688)),
        _sx127x("100Hz", 7, 7, 8, 8, HopTiming(0.010, 4, 0.008768)),
        _sx127x("50Hz", 8, 7, 10, 8, HopTiming(0.020, 4, 0.01856)),
        _sx127x("25Hz", 9, 7, 10, 8, HopTiming(0.040, 2, 0.02995)),
        _sx127x("D50", 6, 7, 8, 8, HopTiming(0.005, 2, 0.00438, copies=4)),
        _lr1121("250Hz", 5, 8, 8, 8, HopTiming(0.004, 4, 0.003216)),
        _lr1121("200HzFull", 5, 7, 8, 13, HopTiming(0.005, 4, 0.00424)),
        # Air times of the dual-band modes are those of the firmware's table. The symbol formula gives 5.4 and 8.2 ms
        # for the half below 1 GHz, so what is really on air there is unconfirmed.
        _lr1121("X150", 6, 8, 12, 8, HopTiming(1.0 / 150.0, 4, 0.00587)),
        _lr1121("X100Full", 6, 8, 18, 13, HopTiming(0.010, 4, 0.00746)),
        Mode("K1000Full", FskPhy(300e3, 100e3, None, preamble_bits=16), HopTiming(0.001, 2, 0.00066), 13),
    ),
    sources=(
        (
            "ExpressLRS/ExpressLRS at 7702d0f: src/src/common.cpp (modes, air times), src/lib/FHSS/FHSS.cpp and FHSS.h "
            "(domains, hop sequence), src/lib/SX127xDriver, src/lib/LR1121Driver/LR1121.cpp"
        ),
        "Semtech SX1276 data sheet rev. 7, 4.1.1.7 (air time); DS_SX1261-2 rev. 2.1, 6.1.4 (SF5 and SF6)",
    ),
    caveat=(
        "The chirps of 100Hz are those of Meshtastic ShortTurbo: only rate and hops tell them apart. "
        "Air times of X150 and X100Full below 1 GHz are unconfirmed."
    ),
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
