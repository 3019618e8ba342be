"""Which packets are on a record's grid, and how far off it they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.bursts import Burst
from dsp.protocols.match import in_band
from dsp.protocols.record import Band, Mode, RfProtocol
from dsp.quantile import median
from node.tracking.grids import grid_error_hz, middle_error_hz, middle_of, nearest_of, spacing_hz
from node.tracking.packets import Columns, Packets

GRID_TOLERANCE_HZ = 60e3
"""30 ppm of receiver and of transmitter at 1 GHz."""
WEAK_GRID_TOLERANCE_HZ = 120e3
"""Half of it is the error of a weak carrier about the common offset."""
FIT_CHANNELS = 3
FIT_TIMES = 3.0
FIT_HZ = 10e3
"""So many channels tell two grids apart where one fits so many times better, and the other not within this."""
WEAK_FIT_HZ = 12e3
WEAK_FIT_PACKETS = 5
"""The same of weak packets, by the middle one of their distances: it is 1 to 2 kHz at the demodulator's floor and 4 to
26 kHz 5 dB below it on the grid that they are on, though every tenth is off by a hundred, and 20 to 130 kHz on others.
"""
MOST_WILD = 0.3
"""Of keyed packets on a clock, so many may be off the grid that the others are on: they are strays."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Channels of a record, and how far off the transmitter and the receiver are together."""

    channels_hz: tuple[float, ...]
    offset_hz: float

    def holds(self, burst: Burst) -> bool:
        """Whether a burst is on one of them; of one that the slice's edge cuts nobody knows."""
        channel_hz = self.channels_hz[nearest_of(self.channels_hz, burst.centre_hz - self.offset_hz)]
        off_hz = abs(burst.centre_hz - self.offset_hz - channel_hz)
        return off_hz < GRID_TOLERANCE_HZ or burst.cut_low or burst.cut_high


def clearly_off_hz(best_hz: float, *, faint: bool) -> float:
    """Distance from which on a grid is not the one, where another is so close."""
    return max(WEAK_FIT_HZ if faint else FIT_HZ, FIT_TIMES * best_hz)


def grid_distance_hz(packets: Packets, protocol: RfProtocol | None, mode: Mode | None) -> float:
    """How far packets are from a record's grid; infinite where they are too few, or it is so fine that it fits any."""
    known_hz = packets.known_hz
    few = packets.faint and packets.count < WEAK_FIT_PACKETS
    if len(known_hz) < FIT_CHANNELS or few or protocol is None or mode is None:
        return np.inf
    bands = [band for band in protocol.bands_of(mode) if band.channels_hz and in_band(band, known_hz[0])]
    coarse = [each for each in bands if spacing_hz(each.channels_hz) > 2.0 * GRID_TOLERANCE_HZ]
    if packets.faint:
        errors_hz = [
            middle_error_hz(packets.centre_hz, each.channels_hz, any_offset=each.first_assumed) for each in coarse
        ]
        return min(errors_hz, default=np.inf)
    return min((grid_error_hz(known_hz, each.channels_hz) for each in coarse), default=np.inf)


def without_wild(
    packets: Columns, members: NDArray[np.bool_], bands: tuple[Band, ...]
) -> tuple[NDArray[np.bool_], Grid | None]:
    """Those of the bursts on a clock that are on a record's grid, if most of them are: neighbours keep any clock now
    and then.
    """
    centre_hz = packets.centre_hz[members]
    best, grid = np.ones(len(centre_hz), dtype=np.bool_), None
    most = int((1.0 - MOST_WILD) * len(centre_hz))
    for band in bands:
        if not band.channels_hz or band.first_assumed or spacing_hz(band.channels_hz) < 2.0 * GRID_TOLERANCE_HZ:
            return members, None
        error_hz = np.array([hz - band.channels_hz[nearest_of(band.channels_hz, hz)] for hz in centre_hz.tolist()])
        offset_hz = median(error_hz)
        near = (np.abs(error_hz - offset_hz) < GRID_TOLERANCE_HZ) | ~packets.whole[members]
        if abs(offset_hz) < GRID_TOLERANCE_HZ and np.count_nonzero(near) > most:
            most, best, grid = int(np.count_nonzero(near)), near, Grid(band.channels_hz, offset_hz)
    kept = members.copy()
    kept[members] = best
    return kept, grid


def off_grid_hz(packets: Packets, grid_hz: tuple[float, ...]) -> float:
    """Median distance of the packets from a grid."""
    apart_hz = [abs(centre_hz - grid_hz[nearest_of(grid_hz, centre_hz)]) for centre_hz in packets.centre_hz.tolist()]
    return middle_of(sorted(apart_hz))
