"""Z-Wave home automation."""

from __future__ import annotations

from dsp.protocols.fsk_airtime import airtime_s
from dsp.protocols.record import Band, FskPhy, Mode, RfProtocol, SporadicTiming

PERIOD_S = (5.0, 300.0)
FRAME_BYTES = (10, 64)
R1 = FskPhy(19.2e3, 20e3, None, preamble_bits=160, sync_bits=16, manchester=True)
"""9.6 kb/s, each bit in two halves."""
R2 = FskPhy(40e3, 20e3, None, preamble_bits=160, sync_bits=8)
R3 = FskPhy(100e3, 29.3e3, 0.6, preamble_bits=320, sync_bits=8)


def _mode(name: str, phy: FskPhy, *bands: str) -> Mode:
    shortest, longest = FRAME_BYTES
    timing = SporadicTiming((airtime_s(phy, shortest), airtime_s(phy, longest)), PERIOD_S, repeats=(1, 3))
    return Mode(name, phy, timing, shortest, bands)


PROTOCOL = RfProtocol(
    label="zwave",
    family="non-drone",
    summary="Switches and sensors of a home: FSK packets of 5 to 60 ms and their acknowledgements on two channels",
    bands=(
        Band("EU-R12", 868.3e6, 868.55e6, (868.40e6, 868.42e6), region="EU"),
        Band("EU-R3", 869.7e6, 870.0e6, (869.85e6,), region="EU"),
        Band("US-R12", 908.25e6, 908.6e6, (908.40e6, 908.42e6), region="FCC"),
        Band("US-R3", 915.8e6, 916.2e6, (916.0e6,), region="FCC"),
    ),
    modes=(
        _mode("R1", R1, "EU-R12", "US-R12"),
        _mode("R2", R2, "EU-R12", "US-R12"),
        _mode("R3", R3, "EU-R3", "US-R3"),
    ),
    sources=("ITU-T G.9959 (01/2015), 7.1 (rates, deviations, frequencies); frame lengths and periods are usual ones",),
)
"""See ``RfProtocol``."""
