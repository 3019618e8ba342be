"""TETRA: radios of police, fire brigades and works."""

from __future__ import annotations

from dsp.protocols.grid import spaced_hz
from dsp.protocols.record import Band, ContinuousTiming, Mode, PskPhy, RfProtocol, SlotTiming

PHY = PskPhy(18e3, "pi/4-dqpsk", 0.35)
SLOT_S = 85e-3 / 6
"""14.167 ms; four make a frame."""
BURST_S = 231 / 18e3
"""Symbols of a normal burst of the up link with its ramps."""

PROTOCOL = RfProtocol(
    label="tetra",
    family="non-drone",
    summary=(
        "Trunked radio: phase-shift keying at 18 000 symbols a second on a 25 kHz grid; base stations are always on, "
        "mobiles send one burst of 13 ms in every frame of 57 ms"
    ),
    bands=(
        Band("380-down", 390e6, 395e6, spaced_hz(390.0125e6, 25e3, 200), region="EU"),
        Band("410-down", 420e6, 430e6, spaced_hz(420.0125e6, 25e3, 400)),
        Band("450-down", 460e6, 470e6, spaced_hz(460.0125e6, 25e3, 400)),
        Band("380-up", 380e6, 385e6, spaced_hz(380.0125e6, 25e3, 200), region="EU"),
        Band("410-up", 410e6, 420e6, spaced_hz(410.0125e6, 25e3, 400)),
        Band("450-up", 450e6, 460e6, spaced_hz(450.0125e6, 25e3, 400)),
    ),
    modes=(
        Mode("base", PHY, ContinuousTiming(), bands=("380-down", "410-down", "450-down")),
        Mode("mobile", PHY, SlotTiming(4 * SLOT_S, BURST_S), bands=("380-up", "410-up", "450-up")),
    ),
    sources=("ETSI EN 300 392-2, 5 (modulation) and 9 (slots, bursts)",),
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
