"""DJI DroneID in OcuSync: a burst of nine OFDM symbols every 0.6 s."""

from __future__ import annotations

from dsp.protocols.record import Band, Mode, OfdmPhy, RfProtocol, SporadicTiming

RATE_HZ = 15.36e6
SPACING_HZ = 15e3
CARRIERS = 600
"""601 with the empty one in the middle."""
LONG_PREFIX_S = 80 / RATE_HZ
SHORT_PREFIX_S = 72 / RATE_HZ
PREFIXES_S = (LONG_PREFIX_S, *(SHORT_PREFIX_S,) * 7, LONG_PREFIX_S)
ZADOFF_CHU = ((3, 600), (5, 147))
"""Fourth and sixth symbol."""
BURST_S = len(PREFIXES_S) / SPACING_HZ + sum(PREFIXES_S)
"""643 µs."""
PERIOD_S = 0.6

PROTOCOL = RfProtocol(
    label="dji-droneid",
    family="drone-datalink",
    summary=(
        "Identification broadcast of DJI drones: bursts of 0.64 ms and 9 MHz every 0.6 s, nine OFDM symbols at 15 kHz "
        "of which two are Zadoff-Chu sequences"
    ),
    bands=(
        Band("2.4GHz", 2400e6, 2483.5e6, (2414.5e6, 2429.5e6, 2434.5e6, 2444.5e6, 2459.5e6, 2474.5e6)),
        Band(
            "5.8GHz",
            5716e6,
            5850e6,
            (5721.5e6, 5731.5e6, 5741.5e6, 5756.5e6, 5761.5e6, 5771.5e6, 5786.5e6, 5801.5e6, 5816.5e6, 5831.5e6),
        ),
    ),
    modes=(
        Mode(
            "burst",
            OfdmPhy(
                SPACING_HZ,
                SHORT_PREFIX_S,
                CARRIERS * SPACING_HZ,
                burst_prefixes_s=PREFIXES_S,
                zadoff_chu=ZADOFF_CHU,
            ),
            SporadicTiming((BURST_S, BURST_S), (PERIOD_S, PERIOD_S)),
        ),
    ),
    sources=(
        "RUB-SysSec/DroneSecurity and its NDSS 2023 paper (symbols, roots, prefixes, frequencies)",
        "proto17/dji_droneid (burst about every 600 ms)",
        "real bursts of a Mavic Air 2, recording of RUB-SysSec/DroneSecurity: 0.65 to 0.68 ms, 8.7 MHz, measured",
    ),
    caveat=(
        "2.4 and 5.8 GHz need a down-converter, and a slice of a few MHz sees a part of the burst only. The channels "
        "are those of one tool's list (unverified); older drones leave out the first symbol."
    ),
)
"""See ``RfProtocol``."""
