"""Weather balloons."""

from __future__ import annotations

from dsp.protocols.record import Band, ContinuousTiming, FskPhy, Mode, RfProtocol, SporadicTiming

PROTOCOL = RfProtocol(
    label="radiosonde",
    family="non-drone",
    summary="Weather balloons: narrow FSK in 400 to 406 MHz, without end or one frame of half a second every second",
    bands=(Band("403", 400.15e6, 406e6),),
    modes=(
        Mode(
            "rs41",
            FskPhy(4800.0, 2400.0, 0.5, preamble_bits=320, sync_bits=64),
            SporadicTiming((0.60, 0.61), (1.0, 1.0)),
            320,
        ),
        Mode("dfm", FskPhy(5000.0, 2400.0, None, preamble_bits=0, sync_bits=0, manchester=True), ContinuousTiming()),
        Mode(
            "m10",
            FskPhy(19.2e3, 9.6e3, None, preamble_bits=32, sync_bits=0, manchester=True),
            SporadicTiming((0.09, 0.11), (1.0, 1.0)),
            101,
        ),
    ),
    sources=(
        "rs1729/RS: demod/mod (rates, framing of RS41, DFM and M10); deviations are usual values (unverified)",
        "real DFM sonde, recording of rs1729/RS: continuous 2-FSK",
    ),
)
"""See ``RfProtocol``."""
