"""How wide a signal is: the bandwidth that signal-to-noise ratios in scenes and truths refer to."""

from __future__ import annotations

from typing import assert_never

from dsp.protocols.record import (
    CarrierPhy,
    ChirpPhy,
    FmVideoPhy,
    FmVoicePhy,
    FskPhy,
    NoisePhy,
    OfdmPhy,
    OokPhy,
    Phy,
    PskPhy,
    PulsePhy,
    ReaderPhy,
    SpreadPhy,
)


def bandwidth_hz(phy: Phy) -> float:
    """Occupied bandwidth in Hz.

    What the record says; for on-off keying the main lobe of the shortest pulse, ``2 / short_s``.
    """
    match phy:
        case OokPhy(short_s=short_s):
            return 2.0 / short_s
        case (
            ChirpPhy(bandwidth_hz=width_hz)
            | FmVideoPhy(bandwidth_hz=width_hz)
            | OfdmPhy(bandwidth_hz=width_hz)
            | PulsePhy(bandwidth_hz=width_hz)
            | CarrierPhy(bandwidth_hz=width_hz)
            | NoisePhy(bandwidth_hz=width_hz)
        ):
            return width_hz
        case FskPhy() | PskPhy() | ReaderPhy() | SpreadPhy() | FmVoicePhy():
            return phy.bandwidth_hz
        case _:
            assert_never(phy)
