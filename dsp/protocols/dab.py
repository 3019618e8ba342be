"""Digital radio."""

from __future__ import annotations

from dsp.protocols.record import Band, ContinuousTiming, Mode, OfdmPhy, RfProtocol

ELEMENT_S = 1 / 2.048e6
SPACING_HZ = 1000.0
PREFIX_S = 504 * ELEMENT_S
CARRIERS = 1536
FRAME_S = 0.096
NULL_S = 2656 * ELEMENT_S
GROUP_FIRST_MHZ = (174.928, 181.936, 188.928, 195.936, 202.928, 209.936, 216.928, 223.936)
"""Blocks 5A to 12A; B, C and D follow 1.712 MHz apart."""
BLOCK_13_MHZ = (230.784, 232.496, 234.208, 235.776, 237.488, 239.2)
BLOCKS_HZ = (
    *(round((first + k * 1.712) * 1e6, 1) for first in GROUP_FIRST_MHZ for k in range(4)),
    *(block * 1e6 for block in BLOCK_13_MHZ),
)

PROTOCOL = RfProtocol(
    label="dab",
    family="non-drone",
    summary="Digital radio: OFDM of 1.5 MHz at 1 kHz, always on air but for a pause of 1.3 ms every 96 ms",
    bands=(Band("III", 174e6, 240e6, BLOCKS_HZ),),
    modes=(
        Mode(
            "I",
            OfdmPhy(SPACING_HZ, PREFIX_S, CARRIERS * SPACING_HZ, frame_s=FRAME_S, null_s=NULL_S),
            ContinuousTiming(),
        ),
    ),
    sources=("ETSI EN 300 401, 14 and table 38 (mode I); blocks of the Geneva 2006 plan",),
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
