"""Whether a burst can be of a protocol at all: its frequency and its chirp against the record."""

from __future__ import annotations

from dsp.bursts import Burst, ChirpFinding
from dsp.protocols.record import Band, ChirpPhy, Mode, RfProtocol

BAND_MARGIN_HZ = 150e3
"""Receiver and transmitter are off by up to 30 ppm each, and an emission's middle is measured to some 10 kHz."""


def in_band(band: Band, centre_hz: float) -> bool:
    """Whether a frequency lies in a band, with the margin of cheap oscillators."""
    return band.low_hz - BAND_MARGIN_HZ <= centre_hz <= band.high_hz + BAND_MARGIN_HZ


def chirp_agrees(phy: ChirpPhy, chirp: ChirpFinding) -> bool:
    """Whether a chirp found has the spreading factor, bandwidth and direction of a record's."""
    return (
        phy.spreading_factor == chirp.spreading_factor
        and abs(phy.bandwidth_hz / chirp.bandwidth_hz - 1.0) < 0.02
        and phy.inverted == (chirp.slope_hz_per_s < 0)
    )


def mode_permits(protocol: RfProtocol, mode: Mode, burst: Burst, *, tuning_known: bool) -> bool:
    """Whether one mode of a protocol could have sent a burst."""
    chirp = burst.finding if isinstance(burst.finding, ChirpFinding) else None
    if chirp is not None and not (isinstance(mode.phy, ChirpPhy) and chirp_agrees(mode.phy, chirp)):
        return False
    return not tuning_known or any(in_band(band, burst.centre_hz) for band in protocol.bands_of(mode))


def permits(protocol: RfProtocol, burst: Burst, *, tuning_known: bool) -> bool:
    """Whether some mode of a protocol could have sent a burst."""
    return any(mode_permits(protocol, mode, burst, tuning_known=tuning_known) for mode in protocol.modes)
