"""What training and held-out examples are drawn from: receivers, channels, and how far devices differ from records."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from dsp.protocols.record import (
    FmVoicePhy,
    FskPhy,
    Mode,
    NoisePhy,
    OokPhy,
    PulsePhy,
    RfProtocol,
    SporadicTiming,
)

LOOSE_LABELS = ("ism-fsk", "ism-ook", "interference", "pulsed-radar", "fm-voice")
"""Their records stand for kinds of devices: rates and widths are drawn around the record's over a wide range."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Ranges to draw examples from; every pair is (lowest, highest), drawn evenly.

    Parameters
    ----------
    key
        Goes into the seeds: equal seeds of different conditions share nothing.
    sample_rates_hz
        One is chosen among those that the signal fits into.
    snr_db
        In the signal's bandwidth or the slice, whichever is narrower.
    ppm
        Error of transmitter and receiver together.
    noise_dbfs
        Power of the noise in the slice, unless the signal asks for less gain.
    peak_dbfs, clipping_dbfs, clipping_share
        Highest level of the signal's peaks in a usual and in an overloaded receiver, and how many are overloaded.
    neighbour_share, neighbour_db, neighbours
        How often something else is on air, its level relative to the signal's, and packets it may be; the empty name
        stands for a carrier.
    edge_share
        How often the signal lies across the edge of the slice.
    filter_share
        How many receivers have a filter that falls off towards the edges.
    fading_share, fading_hz, fading_depth
        Slow changes of the level.
    echo_share, echo_s, echo_db
        A second way with a delay.
    dc_dbfs, image_dbc
        Direct current, and the mirror image of the signal.
    unquantised_share
        Recordings of more than eight bits.
    unknown_tuning_share
        Recordings whose frequency nobody noted.
    off_grid_share
        How often a carrier lies anywhere in its band instead of on a channel.
    spread
        How far devices differ from their record, 1 for the widest.
    """

    key: int
    sample_rates_hz: tuple[float, ...]
    snr_db: tuple[float, float]
    ppm: float
    noise_dbfs: tuple[float, float]
    peak_dbfs: tuple[float, float]
    clipping_dbfs: tuple[float, float]
    clipping_share: float
    neighbour_share: float
    neighbour_db: tuple[float, float]
    neighbours: tuple[tuple[str, str], ...]
    edge_share: float
    filter_share: float
    fading_share: float
    fading_hz: tuple[float, float]
    fading_depth: tuple[float, float]
    echo_share: float
    echo_s: tuple[float, float]
    echo_db: tuple[float, float]
    dc_dbfs: tuple[float, float]
    image_dbc: tuple[float, float]
    unquantised_share: float
    unknown_tuning_share: float
    off_grid_share: float
    spread: float


TRAINING = Conditions(
    key=0,
    sample_rates_hz=(250e3, 1.0e6, 1.6e6, 2.0e6, 2.4e6, 2.4e6, 2.4e6, 3.2e6),
    snr_db=(-5.0, 35.0),
    ppm=40.0,
    noise_dbfs=(-47.0, -20.0),
    peak_dbfs=(-16.0, -1.0),
    clipping_dbfs=(1.0, 10.0),
    clipping_share=0.15,
    neighbour_share=0.35,
    neighbour_db=(-10.0, 20.0),
    neighbours=(("", ""), ("expresslrs", "100Hz"), ("wmbus", "T"), ("ism-fsk", "17k")),
    edge_share=0.12,
    filter_share=0.5,
    fading_share=0.4,
    fading_hz=(1.0, 60.0),
    fading_depth=(0.0, 0.5),
    echo_share=0.2,
    echo_s=(0.2e-6, 2e-6),
    echo_db=(-15.0, -2.0),
    dc_dbfs=(-75.0, -40.0),
    image_dbc=(-45.0, -28.0),
    unquantised_share=0.1,
    unknown_tuning_share=0.2,
    off_grid_share=0.1,
    spread=1.0,
)
"""Wider than life."""

HELD_OUT = Conditions(
    key=1,
    sample_rates_hz=(300e3, 0.96e6, 1.2e6, 1.8e6, 2.048e6, 2.56e6, 2.88e6),
    snr_db=(-2.0, 30.0),
    ppm=25.0,
    noise_dbfs=(-44.0, -24.0),
    peak_dbfs=(-12.0, -2.0),
    clipping_dbfs=(1.0, 7.0),
    clipping_share=0.2,
    neighbour_share=0.5,
    neighbour_db=(-6.0, 25.0),
    neighbours=(("", ""), ("frsky-r9", "26B"), ("crossfire", "150Hz"), ("zwave", "R3"), ("lorawan", "SF7BW250-up")),
    edge_share=0.1,
    filter_share=0.9,
    fading_share=0.7,
    fading_hz=(2.0, 120.0),
    fading_depth=(0.1, 0.6),
    echo_share=0.4,
    echo_s=(0.5e-6, 4e-6),
    echo_db=(-20.0, -4.0),
    dc_dbfs=(-65.0, -38.0),
    image_dbc=(-50.0, -30.0),
    unquantised_share=0.0,
    unknown_tuning_share=0.2,
    off_grid_share=0.05,
    spread=0.7,
)
"""Other sample rates than any of training, other neighbours, stronger fading and echoes, filters nearly always."""


def varied(protocol: RfProtocol, mode: Mode, spread: float, rng: np.random.Generator) -> Mode:
    """A device that is not quite the record: deviation and clock of keyed signals, width of unspecified ones.

    Parameters
    ----------
    spread
        1 for up to a tenth of the deviation and, for labels that stand for a kind of device, up to half of the rates.
    """
    loose = protocol.label in LOOSE_LABELS

    def factor(tight: float, wide: float) -> float:
        reach = (wide if loose else tight) * spread
        return math.exp(float(rng.uniform(-reach, reach)))

    match mode.phy:
        case FskPhy() as phy:
            rate, deviation = factor(0.002, 0.4), factor(0.1, 0.35)
            width_hz = phy.occupied_hz
            changed = replace(
                phy,
                bit_rate_bps=phy.bit_rate_bps * rate,
                deviation_hz=phy.deviation_hz * (1.0 + 0.1 * (deviation - 1.0) if width_hz else deviation),
            )
            return replace(mode, phy=changed)
        case OokPhy() as phy:
            scale = factor(0.03, 0.3)
            return replace(mode, phy=replace(phy, short_s=phy.short_s * scale, long_s=phy.long_s * scale))
        case NoisePhy() as phy:
            return replace(mode, phy=replace(phy, bandwidth_hz=phy.bandwidth_hz * factor(0.0, 0.7)))
        case FmVoicePhy() as phy:
            return replace(mode, phy=replace(phy, deviation_hz=phy.deviation_hz * factor(0.1, 0.3)))
        case PulsePhy() as phy if loose and isinstance(mode.timing, SporadicTiming):
            scale = factor(0.0, 0.4)
            pulse_s = phy.pulse_s * scale
            width_hz = phy.bandwidth_hz if phy.sweep_hz else phy.bandwidth_hz / scale
            timing = replace(mode.timing, airtime_s=(pulse_s, pulse_s))
            return replace(mode, phy=replace(phy, pulse_s=pulse_s, bandwidth_hz=width_hz), timing=timing)
        case _:
            return mode
