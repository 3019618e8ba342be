"""Packets of pulses: Mode S replies, and single pulses or pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.record import PulsePhy, Timing
from sim.waveforms.keyed import keyed
from sim.waveforms.lengths import sporadic_airtime_s
from sim.waveforms.mode_s import PREAMBLE_S, pulse_starts_s, random_frame, with_parity


def packet(
    phy: PulsePhy,
    timing: Timing,
    sample_rate_hz: float,
    rng: np.random.Generator,
    payload: NDArray[np.integer] | None = None,
) -> NDArray[np.complex64]:
    """One burst, (n,) complex64 with amplitude 1 while on, starting anywhere within the first sample.

    With a bit rate: a Mode S reply. Without one: a pulse, and a second at the end if the air time holds two.

    Parameters
    ----------
    payload
        The 32 or 88 bits before the parity; None: a random valid frame as long as the air time says.
    """
    airtime_s = sporadic_airtime_s(timing, rng)
    if phy.bit_rate_bps > 0.0:
        bits = round((airtime_s - PREAMBLE_S) * phy.bit_rate_bps)
        frame = random_frame(bits, rng) if payload is None else with_parity(payload)
        starts_s = pulse_starts_s(frame)
        airtime_s = PREAMBLE_S + len(frame) / phy.bit_rate_bps
    else:
        starts_s = np.array([0.0] if airtime_s < 2.0 * phy.pulse_s else [0.0, airtime_s - phy.pulse_s])
    ends_s = starts_s + phy.pulse_s
    # Adjoining pulses are one.
    joined = starts_s[1:] - ends_s[:-1] < 1e-3 * phy.pulse_s
    starts_s, ends_s = starts_s[np.append(True, ~joined)], ends_s[np.append(~joined, True)]
    shift_s = float(rng.uniform()) / sample_rate_hz
    return keyed(starts_s + shift_s, ends_s + shift_s, airtime_s + shift_s, sample_rate_hz)
