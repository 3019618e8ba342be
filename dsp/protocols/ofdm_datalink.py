"""Digital video and data links of drones below 1.8 GHz: OFDM in bursts or without end."""

from __future__ import annotations

from dsp.protocols.record import Band, ContinuousTiming, Mode, OfdmPhy, RfProtocol, SporadicTiming

BURSTS = SporadicTiming((0.8e-3, 20e-3), (2e-3, 40e-3))
"""Packets of a link that carries video: on air much of the time, in pieces (estimate)."""
HALOW_SPACING_HZ = 31.25e3
HALOW_PREFIX_S = 8e-6
HALOW_TONES = ((1, 26), (2, 56), (4, 114), (8, 242))
"""Channel in MHz, tones in use."""
WIFI_TONES = 52
COFDM_MHZ = (2, 6, 7, 8)
COFDM_TONES = 1705
COFDM_SPACING_8MHZ_HZ = 64e6 / 7 / 2048
"""4.464 kHz in 8 MHz; narrower channels have it in proportion."""
COFDM_GUARD = 1 / 16
PACKET_BANDS = ("US902", "EU863", "L1300")
VIDEO_BANDS = ("UHF", "L1300")


def _cofdm(width_mhz: int) -> Mode:
    spacing_hz = COFDM_SPACING_8MHZ_HZ * width_mhz / 8.0
    phy = OfdmPhy(spacing_hz, COFDM_GUARD / spacing_hz, COFDM_TONES * spacing_hz)
    return Mode(f"cofdm-{width_mhz}MHz", phy, ContinuousTiming(), bands=VIDEO_BANDS)


PROTOCOL = RfProtocol(
    label="ofdm-datalink",
    family="drone-datalink",
    summary=(
        "Digital links: OFDM of 1 to 8 MHz; packets of 1 to 20 ms that fill much of the time (802.11ah, 802.11 clocked "
        "down), or broadcast-like COFDM video without end"
    ),
    bands=(
        Band("US902", 902e6, 928e6, region="FCC"),
        Band("EU863", 863e6, 868.6e6, region="EU"),
        Band("UHF", 300e6, 470e6),
        Band("L1300", 1240e6, 1400e6),
    ),
    modes=(
        *(
            Mode(
                f"halow-{width}MHz",
                OfdmPhy(HALOW_SPACING_HZ, HALOW_PREFIX_S, tones * HALOW_SPACING_HZ),
                BURSTS,
                bands=PACKET_BANDS,
            )
            for width, tones in HALOW_TONES
        ),
        Mode("wifi-5MHz", OfdmPhy(78.125e3, 3.2e-6, WIFI_TONES * 78.125e3), BURSTS, bands=("US902", "L1300")),
        Mode("wifi-10MHz", OfdmPhy(156.25e3, 1.6e-6, WIFI_TONES * 156.25e3), BURSTS, bands=("US902", "L1300")),
        *(_cofdm(width) for width in COFDM_MHZ),
    ),
    sources=(
        "IEEE 802.11-2020, clauses 17 (5 and 10 MHz) and 23 (802.11ah): spacing, prefix, tones",
        "ETSI EN 300 744, 4.4 (2k carriers, spacing, guard interval), scaled to the channel for the video links",
        "vendors' pages of pMDDL900 and Doodle Labs: channels of 1 to 26 MHz, 'COFDM' and '802.11-based', no more",
    ),
    caveat=(
        "No drone link of this kind below 1.8 GHz has a published air interface: bands, packet lengths and which of "
        "the modes occur are unverified. Broadcast television and LTE have the same structure: band, spacing and "
        "bursts tell them apart, not the modulation."
    ),
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
