"""Analog FPV video: frequency-modulated PAL or NTSC."""

from __future__ import annotations

from dsp.protocols.grid import from_to_hz
from dsp.protocols.record import Band, ContinuousTiming, FmVideoPhy, Mode, RfProtocol

PAL_LINE_HZ = 15_625.0
NTSC_LINE_HZ = 4.5e6 / 286.0
PEAK_DEVIATION_HZ = 2.6e6
"""Half of the swing of the instantaneous frequency of a real 5.8 GHz transmitter (1 to 99 %: -2.8 to +2.5 MHz)."""
BANDWIDTH_HZ = 8e6
"""99 % of the power: 5.4 MHz without audio on a real transmitter, 7.6 to 9.3 MHz with audio in a synthetic one."""

PROTOCOL = RfProtocol(
    label="analog-video",
    family="drone-video",
    summary=(
        "Frequency-modulated composite video, always on air: the line rate (15 625 or 15 734 Hz) stands as a comb in "
        "envelope and frequency of any slice within 3 MHz of the carrier"
    ),
    bands=(
        Band(
            "1.2GHz",
            980e6,
            1370e6,
            (1080e6, 1120e6, 1160e6, 1200e6, 1240e6, 1258e6, 1280e6, 1320e6, 1360e6),
        ),
        Band("2.4GHz", 2360e6, 2520e6, (2370e6, 2390e6, 2414e6, 2432e6, 2450e6, 2468e6, 2490e6, 2510e6)),
        Band("5.8GHz", 5635e6, 5955e6, from_to_hz(5658e6, 5917e6, 8)),
    ),
    modes=(
        Mode(
            "pal",
            FmVideoPhy(PAL_LINE_HZ, 50.0, 625, 4_433_618.75, PEAK_DEVIATION_HZ, BANDWIDTH_HZ),
            ContinuousTiming(),
        ),
        Mode(
            "ntsc",
            FmVideoPhy(NTSC_LINE_HZ, 60.0 / 1.001, 525, 315e6 / 88.0, PEAK_DEVIATION_HZ, BANDWIDTH_HZ),
            ContinuousTiming(),
        ),
    ),
    sources=(
        "ITU-R BT.470-6, tables 1 and 2 (line and field rates, subcarriers)",
        "real NTSC FPV transmitter, recording of 777arc/PySDR: deviation and bandwidth measured",
        (
            "channels of 1.2 and 2.4 GHz vary by maker: 1080, 1240 and 1280 MHz confirmed on makers' pages, the others "
            "are common but unverified; 5.8 GHz: the eight channels of the 37 MHz grid (raceband)"
        ),
    ),
    caveat=(
        "Amateur television in the 23 cm band (1240 to 1300 MHz) is the same signal: only place and time tell it from "
        "a drone's camera. 2.4 and 5.8 GHz need a down-converter."
    ),
)
"""See ``RfProtocol``."""
