"""Speech on FM: hand-held radios, wireless microphones."""

from __future__ import annotations

from dsp.protocols.grid import spaced_hz
from dsp.protocols.record import Band, ContinuousTiming, FmVoicePhy, Mode, RfProtocol

HAND_HELD = ("VHF", "PMR446", "FRS", "70cm", "33cm")

PROTOCOL = RfProtocol(
    label="fm-voice",
    family="non-drone",
    summary="Speech: a carrier whose frequency moves with the voice, seconds at a time, without clock or symbols",
    bands=(
        Band("VHF", 136e6, 174e6),
        Band("PMR446", 446e6, 446.2e6, spaced_hz(446.00625e6, 12.5e3, 16), region="EU"),
        Band("FRS", 462.5e6, 467.8e6, spaced_hz(462.5625e6, 25e3, 7), region="FCC"),
        Band("70cm", 430e6, 440e6),
        Band("33cm", 902e6, 928e6, region="FCC"),
        Band("microphones", 863e6, 865e6, region="EU"),
    ),
    modes=(
        Mode("12.5kHz", FmVoicePhy(2.5e3, 3e3), ContinuousTiming(), bands=HAND_HELD),
        Mode("25kHz", FmVoicePhy(5e3, 3e3), ContinuousTiming(), bands=HAND_HELD),
        Mode("microphone", FmVoicePhy(30e3, 12e3), ContinuousTiming(), bands=("microphones",)),
    ),
    sources=(
        "ETSI EN 300 086 and EN 303 405 (deviations of 12.5 and 25 kHz channels)",
        "ETSI EN 300 422 (wireless microphones; their deviation is a usual value, unverified)",
    ),
    caveat="A transmission ends with the speaker; the record calls it continuous because no rule says when.",
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
