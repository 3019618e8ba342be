"""Packets of pulses: Mode S replies, and single pulses or pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.record import PulsePhy, Timing
from sim.waveforms.keyed import keyed
from sim.waveforms.lengths import packet_airtime_s
from sim.waveforms.mode_s import PREAMBLE_S, pulse_starts_s, random_frame, with_parity

REPLY_STEP_S = 1.45e-6
REPLY_FRAME_S = 20.3e-6
"""Between the framing pulses of a reply in modes A and C."""
REPLY_PLACES = tuple(place for place in range(1, 14) if place != 7)
"""Places of the twelve data pulses, in steps after the first framing pulse (ICAO Annex 10 volume IV, 3.1.1.6)."""


def _reply_starts_s(rng: np.random.Generator) -> NDArray[np.float64]:
    """Leading edges of a reply with a random code."""
    data = np.array(REPLY_PLACES)[rng.integers(0, 2, len(REPLY_PLACES)) == 1] * REPLY_STEP_S
    return np.concatenate(([0.0], data, [REPLY_FRAME_S]))


def _shaped(phy: PulsePhy, airtime_s: float, sample_rate_hz: float, shift_s: float) -> NDArray[np.complex64]:
    """Rounded pulses (one, or two as far apart as the air time allows) or one swept pulse."""
    count = max(int(np.ceil((airtime_s + shift_s) * sample_rate_hz)), 2)
    time_s = np.arange(count) / sample_rate_hz - shift_s
    if phy.sweep_hz:
        inside = (time_s >= 0.0) & (time_s < airtime_s)
        turns = 0.5 * phy.sweep_hz * time_s * (time_s / airtime_s - 1.0)
        return np.asarray(np.exp(2j * np.pi * turns) * inside, dtype=np.complex64)
    margin_s = 1.5 * phy.pulse_s
    centres_s = (margin_s, airtime_s - margin_s) if airtime_s > 4.0 * margin_s - phy.pulse_s else (airtime_s / 2.0,)
    wave = sum(np.exp(-4.0 * np.log(2.0) * ((time_s - centre_s) / phy.pulse_s) ** 2) for centre_s in centres_s)
    return np.asarray(wave, dtype=np.complex64)


def packet(
    phy: PulsePhy,
    timing: Timing,
    sample_rate_hz: float,
    rng: np.random.Generator,
    payload: NDArray[np.integer] | None = None,
) -> NDArray[np.complex64]:
    """One burst, (n,) complex64 with amplitude 1 while on, starting anywhere within the first sample.

    With a bit rate: a Mode S reply. Without one: a reply in modes A and C if the record says so; otherwise a pulse, and
    a second at the end if the air time holds two, rounded or swept as the record says.

    Parameters
    ----------
    payload
        The 32 or 88 bits before the parity; None: a random valid frame as long as the air time says.
    """
    airtime_s = packet_airtime_s(timing, rng)
    if phy.bit_rate_bps > 0.0:
        bits = round((airtime_s - PREAMBLE_S) * phy.bit_rate_bps)
        frame = random_frame(bits, rng) if payload is None else with_parity(payload)
        starts_s = pulse_starts_s(frame)
        airtime_s = PREAMBLE_S + len(frame) / phy.bit_rate_bps
    elif phy.reply_code:
        starts_s = _reply_starts_s(rng)
    elif phy.gaussian or phy.sweep_hz:
        return _shaped(phy, airtime_s, sample_rate_hz, float(rng.uniform()) / sample_rate_hz)
    else:
        starts_s = np.array([0.0] if airtime_s < 2.0 * phy.pulse_s else [0.0, airtime_s - phy.pulse_s])
    ends_s = starts_s + phy.pulse_s
    # Adjoining pulses are one.
    joined = starts_s[1:] - ends_s[:-1] < 1e-3 * phy.pulse_s
    starts_s, ends_s = starts_s[np.append(True, ~joined)], ends_s[np.append(~joined, True)]
    shift_s = float(rng.uniform()) / sample_rate_hz
    return keyed(starts_s + shift_s, ends_s + shift_s, airtime_s + shift_s, sample_rate_hz)
