"""Radars: pulses at a steady interval, plain or swept."""

from __future__ import annotations

from dsp.protocols.record import Band, Mode, PulsePhy, RfProtocol, SporadicTiming

PERIOD_S = (0.7e-3, 5e-3)

PROTOCOL = RfProtocol(
    label="pulsed-radar",
    family="non-drone",
    summary="Air surveillance and weather radar: pulses of 1 to 400 µs every 1 to 5 ms while the beam passes",
    bands=(
        Band("L", 1215e6, 1400e6),
        Band("UHF", 420e6, 450e6),
        Band("VHF", 150e6, 170e6),
    ),
    modes=(
        Mode("short", PulsePhy(1e-6, 0.0, 2e6), SporadicTiming((1e-6, 1e-6), PERIOD_S), bands=("L",)),
        Mode("medium", PulsePhy(6e-6, 0.0, 0.33e6), SporadicTiming((6e-6, 6e-6), PERIOD_S)),
        Mode(
            "swept-100us",
            PulsePhy(100e-6, 0.0, 1.2e6, sweep_hz=1.2e6),
            SporadicTiming((100e-6, 100e-6), PERIOD_S),
            bands=("L", "UHF"),
        ),
        Mode(
            "swept-400us",
            PulsePhy(400e-6, 0.0, 0.6e6, sweep_hz=0.6e6),
            SporadicTiming((400e-6, 400e-6), PERIOD_S),
            bands=("L", "UHF"),
        ),
    ),
    sources=("ITU-R M.1463 and M.1462 (characteristics of radars in 1215-1400 and 420-450 MHz); rounded values",),
    caveat="Every radar is different: the modes stand for kinds, not for a type.",
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
