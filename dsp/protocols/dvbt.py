"""Terrestrial digital television."""

from __future__ import annotations

from dsp.protocols.grid import spaced_hz
from dsp.protocols.record import Band, ContinuousTiming, Mode, OfdmPhy, RfProtocol

ELEMENTARY_8MHZ_S = 7 / 64e6
MODES: tuple[tuple[str, int, int, int, float], ...] = (
    # Name, transform, carriers, channel in MHz, guard interval.
    ("8k-8MHz-1/4", 8192, 6817, 8, 1 / 4),
    ("8k-8MHz-1/8", 8192, 6817, 8, 1 / 8),
    ("8k-8MHz-1/32", 8192, 6817, 8, 1 / 32),
    ("2k-8MHz-1/4", 2048, 1705, 8, 1 / 4),
    ("2k-8MHz-1/32", 2048, 1705, 8, 1 / 32),
    ("8k-7MHz-1/4", 8192, 6817, 7, 1 / 4),
)


def _mode(name: str, points: int, carriers: int, width_mhz: int, guard: float) -> Mode:
    useful_s = points * ELEMENTARY_8MHZ_S * 8 / width_mhz
    phy = OfdmPhy(1.0 / useful_s, guard * useful_s, carriers / useful_s)
    return Mode(name, phy, ContinuousTiming(), bands=("UHF",) if width_mhz == 8 else ("III",))


PROTOCOL = RfProtocol(
    label="dvbt",
    family="non-drone",
    summary="Television: OFDM of 7.6 MHz (6.7 in band III), always on air at full power, carriers 1.1 or 4.5 kHz apart",
    bands=(
        Band("UHF", 470e6, 694e6, spaced_hz(474e6, 8e6, 28)),
        Band("III", 174e6, 230e6, spaced_hz(177.5e6, 7e6, 8)),
    ),
    modes=tuple(_mode(*row) for row in MODES),
    sources=("ETSI EN 300 744, 4.4 (carriers, spacing, guard intervals); channels of Region 1",),
    caveat="Video links of drones may use the very same modulation (COFDM): outside of the broadcast bands it is one.",
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
