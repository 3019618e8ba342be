"""Satellite navigation."""

from __future__ import annotations

from dsp.protocols.record import Band, ContinuousTiming, Mode, RfProtocol, SpreadPhy

CHIPS_HZ = 1.023e6

PROTOCOL = RfProtocol(
    label="gnss",
    family="non-drone",
    summary=(
        "Satellites: spread spectrum far below the noise; what is heard above it is a repeater, a simulator or the "
        "preamplifier's own noise shaped by the antenna's filter"
    ),
    bands=(
        Band("L1", 1565e6, 1586e6, (1575.42e6,)),
        Band("L2", 1217e6, 1238e6, (1227.6e6,)),
        Band("L5", 1164e6, 1189e6, (1176.45e6,)),
    ),
    modes=(
        Mode("ca", SpreadPhy(CHIPS_HZ, 1023, 50.0), ContinuousTiming(), bands=("L1", "L2")),
        Mode("l5", SpreadPhy(10.0 * CHIPS_HZ, 10230, 100.0), ContinuousTiming(), bands=("L5",)),
    ),
    sources=("IS-GPS-200 (C/A code, L2C rate), IS-GPS-705 (L5)",),
    caveat="Codes are random in simulation; a receiver that does not despread cannot tell.",
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
