"""GSM and GSM-R."""

from __future__ import annotations

from dsp.protocols.grid import spaced_hz
from dsp.protocols.record import Band, ContinuousTiming, FskPhy, Mode, RfProtocol, SlotTiming

BIT_RATE_BPS = 13e6 / 48
DEVIATION_HZ = BIT_RATE_BPS / 4.0
OCCUPIED_HZ = 250e3
"""99 % of the power of Gaussian minimum-shift keying with BT 0.3, ``0.92 bit rate``."""
PHY = FskPhy(BIT_RATE_BPS, DEVIATION_HZ, 0.3, preamble_bits=0, sync_bits=0, occupied_hz=OCCUPIED_HZ)
SLOT_S = 15 / 26e3
"""577 µs."""
BURST_S = 148 / BIT_RATE_BPS
FRAME_S = 8 * SLOT_S
DOWN = ("GSM900-down", "GSM-R-down", "GSM850-down")
UP = ("GSM900-up", "GSM-R-up", "GSM850-up")


def _band(name: str, low_hz: float, first_hz: float, channels: int) -> Band:
    return Band(name, low_hz, low_hz + (channels + 1) * 200e3, spaced_hz(first_hz, 200e3, channels))


PROTOCOL = RfProtocol(
    label="gsm",
    family="non-drone",
    summary=(
        "Telephones and trains: minimum-shift keying at 271 kb/s on a 200 kHz grid; the broadcast carrier of a cell is "
        "always on, telephones send one burst of 0.55 ms in every frame of 4.6 ms, some of them hopping"
    ),
    bands=(
        _band("GSM900-down", 935e6, 935.2e6, 124),
        _band("GSM-R-down", 921e6, 921.2e6, 19),
        _band("GSM850-down", 869e6, 869.2e6, 124),
        _band("GSM900-up", 890e6, 890.2e6, 124),
        _band("GSM-R-up", 876e6, 876.2e6, 19),
        _band("GSM850-up", 824e6, 824.2e6, 124),
    ),
    modes=(
        Mode("bcch", PHY, ContinuousTiming(), bands=DOWN),
        Mode("traffic", PHY, SlotTiming(FRAME_S, BURST_S), bands=(*UP, *DOWN)),
        Mode("traffic-hopping", PHY, SlotTiming(FRAME_S, BURST_S, hops=True), bands=(*UP, *DOWN)),
    ),
    sources=("3GPP TS 45.004 (modulation), TS 45.002 (slots, frames, bursts), TS 45.005 (bands)",),
    caveat="Hopping telephones change channel 217 times a second; the frame of 4.615 ms tells them from a drone.",
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
