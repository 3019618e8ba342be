"""From a mode's record to its samples."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.record import (
    CarrierPhy,
    ChirpPhy,
    ContinuousTiming,
    FmVideoPhy,
    FmVoicePhy,
    FskPhy,
    Mode,
    NoisePhy,
    OfdmPhy,
    OokPhy,
    PskPhy,
    PulsePhy,
    ReaderPhy,
    SpreadPhy,
)
from sim.waveforms import chirp, fsk, noise, ofdm, ook, psk, pulses, reader
from sim.waveforms.carrier import CarrierStream
from sim.waveforms.lengths import CONTINUOUS_PIECE_S
from sim.waveforms.spread import spread_stream
from sim.waveforms.video import VideoStream
from sim.waveforms.voice import VoiceStream


class Stream(Protocol):
    """A signal that is always on air, as seen in a slice.

    Attributes
    ----------
    mean_power
        Mean power of the samples: 1 where the slice holds the whole signal, otherwise the share inside the slice.
    """

    mean_power: float

    def read(self, count: int) -> NDArray[np.complex64]:
        """Give the next (count,) complex64 samples; phase and content go on from the last read."""
        ...

    def retune(self, offset_hz: float) -> None:
        """Move the slice: 0 Hz of the samples is now ``offset_hz`` above the signal's centre. Time goes on."""
        ...


def packet(
    mode: Mode, sample_rate_hz: float, rng: np.random.Generator, *, payload: NDArray[np.integer] | None = None
) -> NDArray[np.complex64]:
    """One packet of a mode.

    Parameters
    ----------
    mode
        Its record; of a continuous mode a piece of 20 ms is given.
    sample_rate_hz
        At least the signal's bandwidth.
    rng
        Draws content and length.
    payload
        Content instead of a random one: symbol values for LoRa; bits for FSK (after the sync word), on-off keying and
        Mode S (before the parity); phase steps in eighths of a turn for PSK. Not for the others.

    Returns
    -------
    NDArray[np.complex64]
        (n,) samples centred on 0 Hz; mean power 1 while on, so less over the packet for on-off keying and pulses.

    Raises
    ------
    ValueError
        If a payload is given for a signal that carries none, or the signal has no packets.
    """
    if isinstance(mode.timing, ContinuousTiming):
        if payload is not None:
            raise ValueError(f"mode {mode.name}: a continuous signal takes no payload")
        return stream(mode, sample_rate_hz, rng).read(round(CONTINUOUS_PIECE_S * sample_rate_hz))
    match mode.phy:
        case ChirpPhy() as phy:
            return chirp.packet(phy, mode.timing, sample_rate_hz, rng, payload)
        case FskPhy() as phy:
            return fsk.packet(phy, mode.timing, sample_rate_hz, rng, payload)
        case OokPhy() as phy:
            return ook.packet(phy, mode.timing, sample_rate_hz, rng, payload)
        case PulsePhy() as phy:
            return pulses.packet(phy, mode.timing, sample_rate_hz, rng, payload)
        case PskPhy() as phy:
            return psk.packet(phy, mode.timing, sample_rate_hz, rng, payload)
        case ReaderPhy() as phy if payload is None:
            return reader.packet(phy, mode.timing, sample_rate_hz, rng)
        case OfdmPhy() as phy if payload is None:
            return ofdm.packet(phy, mode.timing, sample_rate_hz, rng)
        case NoisePhy() as phy if payload is None:
            return noise.packet(phy, mode.timing, sample_rate_hz, rng)
        case _ if payload is None:
            raise ValueError(f"mode {mode.name}: {type(mode.phy).__name__} comes as a stream, not in packets")
        case _:
            raise ValueError(f"mode {mode.name}: {type(mode.phy).__name__} takes no payload")


def stream(mode: Mode, sample_rate_hz: float, rng: np.random.Generator, *, offset_hz: float = 0.0) -> Stream:
    """Start a signal that is always on air.

    Parameters
    ----------
    sample_rate_hz
        Rate and width of the slice; may be narrower than the signal.
    offset_hz
        Where 0 Hz of the samples lies relative to the signal's centre.

    Raises
    ------
    ValueError
        If the mode is one of single packets.
    """
    match mode.phy:
        case FmVideoPhy() as phy:
            return VideoStream(phy, sample_rate_hz, rng, offset_hz)
        case FskPhy() as phy:
            return fsk.FskStream(phy, sample_rate_hz, rng, offset_hz)
        case OfdmPhy() as phy:
            return ofdm.ofdm_stream(phy, sample_rate_hz, rng, offset_hz)
        case PskPhy() as phy:
            return psk.psk_stream(phy, sample_rate_hz, rng, offset_hz)
        case SpreadPhy() as phy:
            return spread_stream(phy, sample_rate_hz, rng, offset_hz)
        case FmVoicePhy() as phy:
            return VoiceStream(phy, sample_rate_hz, rng, offset_hz)
        case CarrierPhy() as phy:
            return CarrierStream(phy, sample_rate_hz, rng, offset_hz)
        case NoisePhy() as phy:
            return noise.NoiseStream(phy, sample_rate_hz, rng, offset_hz)
        case _:
            raise ValueError(f"mode {mode.name}: {type(mode.phy).__name__} comes in packets, not as a stream")
