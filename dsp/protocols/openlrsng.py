"""openLRSng: control link of RFM22B and Si4432 modules, GFSK."""

from __future__ import annotations

import math

from dsp.protocols.fsk_airtime import airtime_s
from dsp.protocols.grid import spaced_hz
from dsp.protocols.record import Answer, Band, FskPhy, HopTiming, Mode, Region, RfProtocol

PREAMBLE_BITS = 40
FRAME_OVERHEAD_BYTES = 7
"""Four bytes of header, one of length, a check of 16 bits; the sync word 0x2DD4 comes on top."""
UP_BYTES = 11
"""Eight servo channels of ten bits, the default."""
SIZES_BYTES = (7, 11, 12, 16, 17, 21)
"""Four to sixteen channels."""
DOWN_BYTES = 9
SHAPING_BT = 0.5
"""Fixed in the transceiver."""
TURN_S = 1e-3
"""Assumed time of the receiver to read a packet and answer."""
CHANNELS = 50
"""Numbers 1 to 50 may be drawn for a hop list."""
DEFAULT_HOPS = 6
RATES: tuple[tuple[str, float, float], ...] = (
    # Name, bit/s, deviation Hz.
    ("4k8", 4_800.0, 30e3),
    ("9k6", 9_600.0, 30e3),
    ("19k2", 19_200.0, 30e3),
    ("57k6", 57_600.0, 28.75e3),
    ("125k", 125_000.0, 125e3),
)


def interval_s(bit_rate_bps: float, up_bytes: int = UP_BYTES, *, telemetry: bool = True) -> float:
    """Packet interval: ``(bytes + 15) 8.2 / rate + 2 ms``, with telemetry the same plus 1 ms down, in whole ms."""
    interval_s = (up_bytes + 15) * 8.2 / bit_rate_bps + 2e-3
    if telemetry:
        interval_s += (DOWN_BYTES + 15) * 8.2 / bit_rate_bps + 1e-3
    return math.ceil(interval_s * 1e3 - 1e-9) * 1e-3


def _timing(phy: FskPhy, up_bytes: int, *, telemetry: bool) -> HopTiming:
    up_s = airtime_s(phy, up_bytes + FRAME_OVERHEAD_BYTES)
    down_s = airtime_s(phy, DOWN_BYTES + FRAME_OVERHEAD_BYTES)
    answer = Answer(up_s + TURN_S, down_s, payload_bytes=DOWN_BYTES) if telemetry else None
    return HopTiming(interval_s(phy.bit_rate_bps, up_bytes, telemetry=telemetry), 1, up_s, answer=answer)


def _mode(name: str, bit_rate_bps: float, deviation_hz: float) -> Mode:
    phy = FskPhy(bit_rate_bps, deviation_hz, SHAPING_BT, PREAMBLE_BITS)
    timings = [_timing(phy, size, telemetry=telemetry) for telemetry in (True, False) for size in SIZES_BYTES]
    usual = _timing(phy, UP_BYTES, telemetry=True)
    return Mode(name, phy, usual, UP_BYTES, settings=tuple(each for each in timings if each != usual))


def _band(name: str, region: Region, base_hz: float) -> Band:
    channels_hz = spaced_hz(base_hz + 50e3, 50e3, CHANNELS)
    return Band(name, base_hz, base_hz + 3e6, channels_hz, region=region, used_channels=DEFAULT_HOPS)


PROTOCOL = RfProtocol(
    label="openlrsng",
    family="drone-control",
    summary=(
        "Radio control link: GFSK of 19.2 kb/s as delivered, one packet a frame of 5 to 100 ms and the answer after "
        "it, a new channel every frame, 6 to 24 channels on a grid of 50 kHz"
    ),
    bands=(
        _band("433", "world", 435e6),
        _band("868", "EU", 868e6),
        _band("915", "FCC", 915e6),
    ),
    modes=tuple(_mode(*rate) for rate in RATES),
    sources=(
        (
            "openLRSng/openLRSng at 39d10c9: openLRSng/binding.h (rates, grid, hop list, packets), common.h (interval, "
            "preamble, header)"
        ),
        "Silicon Labs AN440 (Si4432 registers of the deviations)",
    ),
    caveat=(
        "Six hops, eleven bytes and answers are the defaults. Strong links with packets of 7 to 21 bytes, answered or "
        "not, are known by their interval; up to 24 hops, other spacings than 50 kHz and other bases can be set, and "
        "are not. The time between packet and answer is assumed."
    ),
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
