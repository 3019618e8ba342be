"""LTE base stations."""

from __future__ import annotations

from dsp.protocols.record import Band, ContinuousTiming, Mode, OfdmPhy, RfProtocol

SUBCARRIER_SPACING_HZ = 15e3
CYCLIC_PREFIX_S = 144 / 30.72e6
"""Normal prefix of six of the seven symbols of a slot; the first has 160 / 30.72 MHz."""
RESOURCE_BLOCK_HZ = 180e3
RESOURCE_BLOCKS = (("1.4MHz", 6), ("3MHz", 15), ("5MHz", 25), ("10MHz", 50), ("15MHz", 75), ("20MHz", 100))

PROTOCOL = RfProtocol(
    label="lte",
    family="non-drone",
    summary=(
        "Cellular down link: OFDM at 15 kHz, always on air, reference symbols in every slot; strong and close to the "
        "868 and 915 MHz bands"
    ),
    bands=(
        Band("B12", 729e6, 746e6, region="FCC"),
        Band("B13", 746e6, 756e6, region="FCC"),
        Band("B28", 758e6, 803e6),
        Band("B20", 791e6, 821e6, region="EU"),
        Band("B5", 869e6, 894e6),
        Band("B8", 925e6, 960e6),
        Band("B32", 1452e6, 1496e6, region="EU"),
        Band("B31", 462.5e6, 467.5e6),
    ),
    modes=tuple(
        Mode(name, OfdmPhy(SUBCARRIER_SPACING_HZ, CYCLIC_PREFIX_S, blocks * RESOURCE_BLOCK_HZ), ContinuousTiming())
        for name, blocks in RESOURCE_BLOCKS
    ),
    sources=(
        "3GPP TS 36.104, table 5.5-1 (bands) and 5.6-1 (bandwidths)",
        "3GPP TS 36.211, 6.12 (subcarriers, cyclic prefix)",
    ),
)
"""See ``RfProtocol``."""
