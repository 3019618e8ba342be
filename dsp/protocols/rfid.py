"""UHF RFID readers."""

from __future__ import annotations

from dsp.protocols.grid import spaced_hz
from dsp.protocols.record import Band, Mode, ReaderPhy, RfProtocol, SporadicTiming

DWELL_S = (0.02, 0.4)
"""A reader may stay 0.4 s on a channel in America; inventories end earlier."""
PERIOD_S = (0.05, 1.0)

PROTOCOL = RfProtocol(
    label="rfid",
    family="non-drone",
    summary=(
        "Readers of tags: a strong carrier of up to 0.4 s on a channel, with commands of half a millisecond dipped "
        "into it; in America it hops over fifty channels"
    ),
    bands=(
        Band("EU", 865.6e6, 867.6e6, spaced_hz(865.7e6, 600e3, 4), region="EU"),
        Band("EU-upper", 915e6, 921e6, spaced_hz(916.3e6, 1.2e6, 4), region="EU"),
        Band("FCC", 902e6, 928e6, spaced_hz(902.75e6, 500e3, 50), region="FCC"),
    ),
    modes=(
        Mode("tari25-pr", ReaderPhy(25e-6, 1.0, reverses_phase=True), SporadicTiming(DWELL_S, PERIOD_S)),
        Mode("tari12-dsb", ReaderPhy(12.5e-6, 0.9), SporadicTiming(DWELL_S, PERIOD_S), bands=("FCC",)),
        Mode("tari6-dsb", ReaderPhy(6.25e-6, 0.9), SporadicTiming(DWELL_S, PERIOD_S), bands=("FCC",)),
    ),
    sources=(
        "EPC Gen2 / ISO 18000-63, 6.3.1.2 (interrogator modulation: tari, pulse interval encoding, preamble)",
        "FCC 15.247 (channels, 0.4 s); ETSI EN 302 208 (channels); periods are usual ones",
    ),
    caveat="It hops over 902 to 928 MHz as control links do, but stays far longer and has neither chirp nor keying.",
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
