"""POCSAG paging."""

from __future__ import annotations

from dsp.protocols.record import Band, FskPhy, Mode, RfProtocol, SporadicTiming

DEVIATION_HZ = 4.5e3
PREAMBLE_BITS = 576
BATCH_BITS = 544
BATCHES = (1, 8)
PERIOD_S = (2.0, 60.0)


def _mode(rate_bps: float) -> Mode:
    shortest_s, longest_s = ((PREAMBLE_BITS + count * BATCH_BITS) / rate_bps for count in BATCHES)
    phy = FskPhy(rate_bps, DEVIATION_HZ, None, PREAMBLE_BITS, sync_bits=32)
    return Mode(f"{rate_bps:.0f}", phy, SporadicTiming((shortest_s, longest_s), PERIOD_S))


PROTOCOL = RfProtocol(
    label="pocsag",
    family="non-drone",
    summary="Paging: 2-FSK of 512 to 2400 bit/s and 4.5 kHz deviation, transmissions of half a second to some seconds",
    bands=(
        Band("VHF", 138e6, 174e6),
        Band("UHF", 439.9e6, 470e6, (439.9875e6, 448.425e6, 466.075e6, 466.23e6)),
        Band("900", 929e6, 932e6, region="FCC"),
    ),
    modes=tuple(_mode(rate_bps) for rate_bps in (512.0, 1200.0, 2400.0)),
    sources=("ITU-R M.584-2, annex 1 (code); deviation and frequencies are usual ones (unverified)",),
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
