"""SiK radios (3DR, Holybro, RFD900): telemetry modems that take turns and hop at every turn."""

from __future__ import annotations

from dsp.protocols.fsk_airtime import airtime_s
from dsp.protocols.grid import spaced_hz
from dsp.protocols.record import Band, FskPhy, Mode, Region, RfProtocol, TdmTiming

PREAMBLE_BITS = 64
"""16 nibbles."""
HEADER_BYTES = 5
"""Network number, length and a check of 16 bits; the sync word 0x2DD4 comes on top."""
IDLE_BYTES = 2
"""A radio without data sends its turn-keeping trailer alone."""
LONGEST_BYTES = 252
SHAPING_BT = 0.5
"""Default of the Si1000 transceiver in its Gaussian mode (unverified)."""
LONGEST_WINDOW_S = 0.130
SHORTEST_NET = 5
"""With so few channels or fewer the grid does not move with the network's number."""
MODES: tuple[tuple[int, float, float, float], ...] = (
    # Air rate kb/s, deviation kHz, window ms, silence ms.
    (2, 1.9, 130.0, 106.0),
    (4, 3.75, 130.0, 52.8),
    (8, 8.1, 130.0, 27.0),
    (16, 16.25, 130.0, 13.7),
    (19, 19.4, 130.0, 11.7),
    (24, 24.0, 130.0, 9.5),
    (32, 31.9, 130.0, 7.5),
    (48, 48.1, 130.0, 5.2),
    (64, 63.75, 114.2, 4.2),
    (96, 96.25, 76.4, 2.9),
    (128, 128.1, 63.7, 2.5),
    (192, 158.75, 51.1, 2.1),
    (250, 158.75, 38.5, 1.7),
)


def _mode(rate_kbps: int, deviation_khz: float, window_ms: float, silence_ms: float) -> Mode:
    phy = FskPhy(rate_kbps * 1e3, deviation_khz * 1e3, SHAPING_BT, PREAMBLE_BITS)
    longest_s = min(airtime_s(phy, HEADER_BYTES + LONGEST_BYTES), window_ms * 1e-3)
    timing = TdmTiming(window_ms * 1e-3, silence_ms * 1e-3, airtime_s(phy, HEADER_BYTES + IDLE_BYTES), longest_s)
    return Mode(f"{rate_kbps}k", phy, timing, IDLE_BYTES)


def _band(name: str, region: Region, low_hz: float, high_hz: float, channels: int) -> Band:
    """Spacing ``(high - low) / (n + 2)``, the first channel half a spacing above the edge, plus the network's own."""
    spacing_hz = (high_hz - low_hz) / (channels + 2)
    return Band(
        name,
        low_hz,
        high_hz,
        spaced_hz(low_hz + spacing_hz / 2.0, spacing_hz, channels),
        region=region,
        base_spread_hz=spacing_hz if channels > SHORTEST_NET else 0.0,
        order="sik",
    )


PROTOCOL = RfProtocol(
    label="sik",
    family="drone-telemetry",
    summary=(
        "Telemetry modems: GFSK of index 2 (64 kb/s as delivered), two ends taking turns in windows of 40 to 130 ms "
        "with a new channel at every turn; idle links send one short packet a turn, busy ones fill it"
    ),
    bands=(
        _band("915", "FCC", 915e6, 928e6, 50),
        _band("868", "EU", 868e6, 870e6, 10),
        _band("433", "world", 433.05e6, 434.79e6, 10),
        _band("470", "world", 470e6, 471e6, 10),
    ),
    modes=tuple(_mode(*row) for row in MODES),
    sources=(
        (
            "ArduPilot/SiK at 50189f2: Firmware/radio/tdm.c (windows), freq_hopping.c (order), main.c (grid), "
            "radio_443x.c and radio_446x.c (packets, deviations)"
        ),
    ),
    caveat=(
        "Windows, silences and deviations of 2, 8, 19, 24 and 48 kb/s are interpolated between those computed from the "
        "firmware. Error correction doubles the air time of a packet. RFD900x has closed firmware of up to 750 kb/s "
        "(unverified), which this record does not describe."
    ),
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
