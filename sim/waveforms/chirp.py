"""LoRa packets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.record import ChirpPhy, HopTiming, Timing
from sim.waveforms.carrier_table import from_turns
from sim.waveforms.lengths import packet_airtime_s

DELIMITER_SYMBOLS = 2.25
"""Down-chirps after the sync word."""
SYNC_WORD_SYMBOLS = 2
PIECE_SAMPLES = 1 << 16
"""A packet may be seconds long: it is computed in pieces that fit the cache."""
HEADER_SYMBOLS = 8
"""Every payload has at least one block of eight symbols."""


def payload_length(phy: ChirpPhy, timing: Timing, rng: np.random.Generator) -> int:
    """Payload symbols of a packet that is as long as its timing says.

    A hopping link's packets all have the same length. A sporadic one's are drawn from its range and come in whole
    blocks, ``8 + k CR``.
    """
    before = phy.preamble_symbols + phy.sync_symbols
    if isinstance(timing, HopTiming):
        return max(round(timing.airtime_s / phy.symbol_s - before), HEADER_SYMBOLS)
    symbols = packet_airtime_s(timing, rng) / phy.symbol_s - before
    return HEADER_SYMBOLS + max(round((symbols - HEADER_SYMBOLS) / phy.coding_rate), 0) * phy.coding_rate


def frame(
    phy: ChirpPhy, payload_symbols: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The chirps of a packet: (value from 0 to 2^SF - 1, direction +1 or -1, length in symbols) of each.

    Preamble of zeros, two sync-word symbols (the nibbles times 8 [1]), 2.25 down-chirps, at SF5 and SF6 of the newer
    chips two more zeros, then the payload.

    [1] Tapparel et al., "An Open-Source LoRa Physical Layer Prototype on GNU Radio", SPAWC 2020, III.
    """
    size = 2**phy.spreading_factor
    sync = ((phy.sync_word >> 4) * 8 % size, (phy.sync_word & 0xF) * 8 % size)
    extra = round(phy.sync_symbols - SYNC_WORD_SYMBOLS - DELIMITER_SYMBOLS)
    preamble = int(phy.preamble_symbols)
    body = np.asarray(payload_symbols, dtype=np.float64) % size
    values = np.concatenate((np.zeros(preamble), sync, np.zeros(3), np.zeros(extra), body))
    directions = np.ones(len(values))
    lengths = np.ones(len(values))
    delimiter = preamble + SYNC_WORD_SYMBOLS
    directions[delimiter : delimiter + 3] = -1.0
    lengths[delimiter + 2] = DELIMITER_SYMBOLS - 2.0
    return values, directions, lengths


def packet(
    phy: ChirpPhy,
    timing: Timing,
    sample_rate_hz: float,
    rng: np.random.Generator,
    payload: NDArray[np.integer] | None = None,
) -> NDArray[np.complex64]:
    """One LoRa packet, (n,) complex64 of unit power.

    Within a symbol of value s the frequency is ``B (((s / N + u) mod 1) - 1/2)`` with u from 0 to 1, so the phase in
    turns is ``N ((s / N - 1/2) u + u^2 / 2 - max(u - (1 - s / N), 0))``. It is evaluated at the sample times
    themselves: right at any rate above the bandwidth, and in phase at the symbol boundaries.

    Parameters
    ----------
    payload
        Values of the payload symbols after all coding; None: as many as the timing asks for, uniformly random, as
        whitened and interleaved data are.
    """
    if payload is None:
        payload = rng.integers(2**phy.spreading_factor, size=payload_length(phy, timing, rng))
    values, directions, lengths = frame(phy, payload)
    size = 2**phy.spreading_factor
    starts = np.concatenate(([0.0], np.cumsum(lengths)))
    samples_per_symbol = phy.symbol_s * sample_rate_hz
    edges = np.ceil(starts * samples_per_symbol - 1e-9).astype(np.int64)
    start_values = values / size
    # Phase at the end of each chirp: a whole symbol ends where it began, the quarter one does not.
    ends_turns = directions * _phase_turns(start_values, lengths, size)
    begin_turns = np.concatenate(([0.0], np.cumsum(ends_turns)[:-1]))
    samples = np.empty(edges[-1], dtype=np.complex64)
    for first in range(0, len(samples), PIECE_SAMPLES):
        bounds = np.clip(edges, first, first + PIECE_SAMPLES)
        counts = np.diff(bounds)
        u = np.arange(bounds[0], bounds[-1]) / samples_per_symbol - np.repeat(starts[:-1], counts)
        turns = _phase_turns(np.repeat(start_values, counts), u, size)
        turns *= np.repeat(directions, counts)
        turns += np.repeat(begin_turns % 1.0, counts)
        samples[bounds[0] : bounds[-1]] = from_turns(-turns if phy.inverted else turns)
    return samples


def _phase_turns(start: NDArray[np.float64], u: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    turns = (start - 0.5 + 0.5 * u) * u
    turns -= np.maximum(u - 1.0 + start, 0.0)
    turns *= size
    return turns
