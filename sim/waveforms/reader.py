"""RFID readers: a carrier with commands dipped into it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.record import ReaderPhy, Timing
from sim.waveforms.keyed import keyed
from sim.waveforms.lengths import packet_airtime_s

DELIMITER_S = 12.5e-6
POWER_UP_S = 1.5e-3
"""Carrier before the first command."""
COMMAND_BITS = (22, 4, 18, 4, 4, 8)
"""Lengths of Query, QueryRep, ACK, two more QueryRep, and longer ones in between."""
REPLY_S = (0.15e-3, 2.5e-3)
"""Bare carrier while tags answer, or do not."""


def _command(phy: ReaderPhy, bits: int, one: float, *, first: bool, rng: np.random.Generator) -> list[float]:
    """Lengths of the symbols of a command, each ended by a dip of half a tari; the delimiter comes before."""
    zero_s, one_s = phy.tari_s, one * phy.tari_s
    lengths = [zero_s, zero_s + one_s]
    if first:
        lengths.append(float(rng.uniform(1.1, 2.9)) * (zero_s + one_s))
    return lengths + [one_s if bit else zero_s for bit in rng.integers(0, 2, bits)]


def packet(phy: ReaderPhy, timing: Timing, sample_rate_hz: float, rng: np.random.Generator) -> NDArray[np.complex64]:
    """One stay on a channel, (n,) complex64 with amplitude 1 between the dips.

    With phase reversal the carrier changes its sign in the middle of every dip.
    """
    duration_s = packet_airtime_s(timing, rng)
    dip_s = 0.5 * phy.tari_s
    one = float(rng.uniform(1.5, 2.0))
    lows: list[tuple[float, float]] = []
    at_s = POWER_UP_S
    number = 0
    while True:
        bits = COMMAND_BITS[number % len(COMMAND_BITS)]
        symbols = _command(phy, bits, one, first=bits > 16, rng=rng)
        if at_s + DELIMITER_S + sum(symbols) > duration_s:
            break
        lows.append((at_s, at_s + DELIMITER_S))
        at_s += DELIMITER_S
        for length_s in symbols:
            at_s += length_s
            lows.append((at_s - dip_s, at_s))
        at_s += float(rng.uniform(*REPLY_S))
        number += 1
    if not lows:
        return np.ones(max(round(duration_s * sample_rate_hz), 1), dtype=np.complex64)
    edges = np.asarray(lows)
    dips = keyed(edges[:, 0], edges[:, 1], duration_s, sample_rate_hz)
    wave = 1.0 - phy.depth * dips.real
    if phy.reverses_phase:
        middles = edges.mean(axis=1)
        flips = np.searchsorted(middles, np.arange(len(wave)) / sample_rate_hz)
        wave *= np.where(flips % 2 == 1, -1.0, 1.0)
    width = max(round(0.25 * phy.tari_s * sample_rate_hz), 1)
    # Edges are shaped: they last a quarter of a tari.
    smooth = np.convolve(wave, np.full(width, 1.0 / width), mode="same")
    return np.asarray(smooth, dtype=np.complex64)
