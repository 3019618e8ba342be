"""TBS Crossfire: two-way control link below 1 GHz, frequency-keyed at 150 Hz, LoRa at 50 Hz."""

from __future__ import annotations

from dsp.protocols.fsk_airtime import airtime_s as fsk_airtime_s
from dsp.protocols.grid import spaced_hz
from dsp.protocols.lora_airtime import airtime_s as lora_airtime_s
from dsp.protocols.record import Answer, Band, ChirpPhy, FskPhy, HopTiming, Mode, RfProtocol

BIT_RATE_BPS = 32e6 / 376
"""Register value of the bit rate in the logged transceiver: 85.106 kb/s."""
DEVIATION_HZ = 42.48e3
CHANNEL_ZERO_HZ = 860.167e6
STEP_HZ = 4260 * 32e6 / 2**19
"""260.01 kHz."""
CHANNELS_868 = 50
"""Channel numbers 0 to 49 occur in the logged hop table."""
FIRST_915_HZ = 902.13e6
CHANNELS_915 = 100
CYCLE = 150
FRAME_S = 1.0 / 150.0
UP_BYTES = 23
"""21 bytes and a check of 16 bits."""
DOWN_BYTES = 13
"""12 bytes and a check of 8 bits."""
FSK = FskPhy(BIT_RATE_BPS, DEVIATION_HZ, None, preamble_bits=32, sync_bits=32)
"""Preamble and sync word (four bytes each) and the lack of pulse shaping are assumed."""
DOWN_DELAY_S = 3.4e-3
"""Assumed: after the up link's packet and half a millisecond to turn round."""
LORA_FRAME_S = 0.020
LORA_DOWN_DELAY_S = 0.011


def _lora(name: str, spreading_factor: int, up_bytes: int, down_bytes: int) -> Mode:
    """A guess at the 50 Hz mode: nothing but its being LoRa is confirmed."""
    phy = ChirpPhy(spreading_factor, 500e3, 5, 8, implicit_header=True, crc=False)
    up_s, down_s = lora_airtime_s(phy, up_bytes), lora_airtime_s(phy, down_bytes)
    answer = Answer(max(LORA_DOWN_DELAY_S, up_s + 0.5e-3), down_s, own_channels=True, payload_bytes=down_bytes)
    return Mode(name, phy, HopTiming(LORA_FRAME_S, 1, up_s, answer=answer), up_bytes, confirmed=False)


PROTOCOL = RfProtocol(
    label="crossfire",
    family="drone-control",
    summary=(
        "Radio control link: 2-FSK at 85.1 kb/s with a deviation of 42.5 kHz, an up and a down packet in every frame "
        "of 6.67 ms, each on a channel of its own hop table on a 260 kHz grid; its 50 Hz mode is LoRa"
    ),
    bands=(
        Band(
            "868",
            CHANNEL_ZERO_HZ - 130e3,
            CHANNEL_ZERO_HZ + (CHANNELS_868 - 1) * STEP_HZ + 130e3,
            spaced_hz(CHANNEL_ZERO_HZ, STEP_HZ, CHANNELS_868),
            region="EU",
            cycle=CYCLE,
        ),
        Band(
            "915",
            902e6,
            928e6,
            spaced_hz(FIRST_915_HZ, STEP_HZ, CHANNELS_915),
            region="FCC",
            first_assumed=True,
            cycle=CYCLE,
        ),
    ),
    modes=(
        Mode(
            "150Hz",
            FSK,
            HopTiming(
                FRAME_S,
                1,
                fsk_airtime_s(FSK, UP_BYTES),
                answer=Answer(
                    DOWN_DELAY_S, fsk_airtime_s(FSK, DOWN_BYTES), own_channels=True, payload_bytes=DOWN_BYTES
                ),
            ),
            UP_BYTES,
        ),
        _lora("50Hz", 6, 23, 13),
        _lora("50Hz-SF7", 7, 16, 8),
    ),
    sources=(
        (
            "g3gg0/CRSF_RevEng at 4db62e5, SPIlog/Program.cs (logged SX1272: bit rate, deviation, channel 0, step, "
            "channel numbers 0 to 49, 150 hops a cycle, 23 bytes up and 13 down)"
        ),
        "secondary source only: some 100 channels in 902 to 928 MHz; LoRa of SF6 and 500 kHz at 50 Hz",
    ),
    caveat=(
        "Sniffed, not published: preamble, sync word, pulse shape, the moment of the down packet and the first channel "
        "at 915 MHz are assumed. Of the 50 Hz mode only that it is LoRa is known; two guesses stand for it, and the "
        "one with SF6 has the chirps and the period of FrSky R9."
    ),
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
