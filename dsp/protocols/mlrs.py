"""mLRS: two-way control and telemetry link of the ArduPilot world."""

from __future__ import annotations

from dsp.protocols.fsk_airtime import airtime_s as fsk_airtime_s
from dsp.protocols.grid import spaced_hz
from dsp.protocols.lora_airtime import airtime_s as lora_airtime_s
from dsp.protocols.record import Answer, Band, ChirpPhy, FskPhy, HopTiming, Mode, RfProtocol

FRAME_BYTES = 91
"""Both ways."""
LORA_BANDWIDTH_HZ = 500e3
PREAMBLE_SYMBOLS = 12
HALF_WIDTH_HZ = 250e3
FSK = FskPhy(100e3, 50e3, 1.0, preamble_bits=16, sync_bits=16)


def _lora(name: str, spreading_factor: int, sync_symbols: float, frame_s: float) -> Mode:
    """Both ends' packets have the same length; the second half of the slot is the other end's (assumed)."""
    phy = ChirpPhy(
        spreading_factor,
        LORA_BANDWIDTH_HZ,
        5,
        PREAMBLE_SYMBOLS,
        implicit_header=True,
        crc=False,
        sync_symbols=sync_symbols,
    )
    packet_s = lora_airtime_s(phy, FRAME_BYTES)
    return Mode(
        name,
        phy,
        HopTiming(frame_s, 1, packet_s, answer=Answer(frame_s / 2.0, packet_s, payload_bytes=FRAME_BYTES)),
        FRAME_BYTES,
        ("868", "915", "433", "70cm", "866"),
    )


def _band(name: str, channels_hz: tuple[float, ...], used: int) -> Band:
    return Band(
        name,
        channels_hz[0] - HALF_WIDTH_HZ,
        max(channels_hz) + HALF_WIDTH_HZ,
        channels_hz,
        used_channels=used,
        region={"868": "EU", "915": "FCC", "866": "IN"}.get(name, "world"),  # type: ignore[arg-type]  # values are regions
    )


PROTOCOL = RfProtocol(
    label="mlrs",
    family="drone-control",
    summary=(
        "Radio control and telemetry: 91 bytes each way in every slot, a new channel every slot; 500 kHz LoRa of SF6 "
        "(19 Hz) or SF5 (31 Hz), or GFSK at 100 kb/s (50 Hz)"
    ),
    bands=(
        _band("868", spaced_hz(863.275e6, 525e3, 10), 6),
        _band("915", spaced_hz(902.4e6, 600e3, 43), 25),
        _band("433", (433.36e6, 433.48e6, 433.92e6), 2),
        _band("70cm", spaced_hz(430.4e6, 600e3, 33), 18),
        _band("866", spaced_hz(865.375e6, 525e3, 4), 3),
    ),
    modes=(
        _lora("19Hz", 6, 6.25, 0.053),
        _lora("19Hz7x", 6, 4.25, 0.053),
        _lora("31Hz", 5, 6.25, 0.032),
        Mode(
            "50HzFSK",
            FSK,
            HopTiming(
                0.020,
                1,
                fsk_airtime_s(FSK, FRAME_BYTES),
                answer=Answer(0.010, fsk_airtime_s(FSK, FRAME_BYTES), payload_bytes=FRAME_BYTES),
            ),
            FRAME_BYTES,
        ),
    ),
    sources=(
        (
            "olliw42/mLRS at cf0e341: mLRS/Common/fhss.h (lists), common_conf.h and setup.h (modes, channels used), "
            "sx-drivers (modulation)"
        ),
    ),
    caveat=(
        "When in its slot the other end answers is assumed: half a slot later. At 19 Hz in the 70 cm band only 12 "
        "channels are used. The grid of 868 is that of ExpressLRS."
    ),
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
