"""Wireless M-Bus: water, heat and gas meters."""

from __future__ import annotations

from dsp.protocols.grid import spaced_hz
from dsp.protocols.record import Band, FskPhy, Mode, RfProtocol, SporadicTiming

PERIOD_S = (8.0, 900.0)

PROTOCOL = RfProtocol(
    label="wmbus",
    family="non-drone",
    summary=(
        "Meters: single 2-FSK packets of 3 to 40 ms, seconds to minutes apart, always on the same channel; modes T and "
        "C are nearly the FSK of drone links"
    ),
    bands=(
        Band("EU868-S", 868.0e6, 868.6e6, (868.3e6,), region="EU"),
        Band("EU868-TC", 868.7e6, 869.2e6, (868.95e6,), region="EU"),
        Band("EU169-N", 169.4e6, 169.475e6, spaced_hz(169.40625e6, 12.5e3, 6), region="EU"),
    ),
    modes=(
        Mode(
            "S",
            FskPhy(32.768e3, 50e3, None, preamble_bits=558, manchester=True),
            SporadicTiming((0.030, 0.060), PERIOD_S),
            40,
            ("EU868-S",),
        ),
        Mode(
            "T",
            FskPhy(100e3, 50e3, None, preamble_bits=38),
            SporadicTiming((0.003, 0.012), PERIOD_S),
            40,
            ("EU868-TC",),
        ),
        Mode(
            "C",
            FskPhy(100e3, 45e3, 0.5, preamble_bits=32),
            SporadicTiming((0.003, 0.010), PERIOD_S),
            40,
            ("EU868-TC",),
        ),
        Mode(
            "N2.4",
            FskPhy(2.4e3, 2.4e3, 0.5, preamble_bits=16),
            SporadicTiming((0.08, 0.35), PERIOD_S),
            40,
            ("EU169-N",),
        ),
        Mode(
            "N4.8",
            FskPhy(4.8e3, 2.4e3, 0.5, preamble_bits=16),
            SporadicTiming((0.04, 0.18), PERIOD_S),
            40,
            ("EU169-N",),
        ),
    ),
    sources=(
        "EN 13757-4:2019, modes S, T, C and N (chip rates, deviations, preambles)",
        "real T and C packets of recordings of wM-Bus meters: about 7 ms on air, measured",
    ),
)
"""See ``RfProtocol``."""
