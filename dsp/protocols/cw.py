"""Unmodulated carriers: spurs, leaking oscillators, beacons between their characters."""

from __future__ import annotations

from dsp.protocols.record import Band, CarrierPhy, ContinuousTiming, Mode, RfProtocol

PROTOCOL = RfProtocol(
    label="cw",
    family="non-drone",
    summary="A single line without modulation: spurs of the receiver or of appliances, beacons, leaking oscillators",
    bands=(Band("anywhere", 1e6, 6e9),),
    modes=(Mode("carrier", CarrierPhy(), ContinuousTiming()),),
    sources=("by definition; the receiver's own spurs are multiples of its 28.8 MHz crystal",),
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
