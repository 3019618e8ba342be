"""Emissions without structure: appliances, ignition, switching supplies, noise-like signals."""

from __future__ import annotations

from dsp.protocols.record import Band, ContinuousTiming, Mode, NoisePhy, RfProtocol, SporadicTiming

PROTOCOL = RfProtocol(
    label="interference",
    family="non-drone",
    summary="Noise and impulses of any width without clock, chirp, comb or prefix",
    bands=(Band("anywhere", 1e6, 6e9),),
    modes=(
        Mode("noise", NoisePhy(1e6), ContinuousTiming()),
        Mode("narrow-noise", NoisePhy(150e3), ContinuousTiming()),
        Mode("wide-noise", NoisePhy(6e6), ContinuousTiming()),
        Mode("impulses", NoisePhy(6e6), SporadicTiming((5e-6, 500e-6), (0.005, 0.1))),
        Mode("noise-bursts", NoisePhy(400e3), SporadicTiming((0.002, 0.05), (0.02, 2.0))),
    ),
    sources=("no standard: widths and lengths span what ITU-R P.372 calls man-made noise and what a scanner meets",),
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
